//! `Cluster`.

use std::time::Duration;

use cache_memoize_tests::servers::resp::Connection;
use cache_memoize_tests::servers::{Cluster, Value};

fn ask(cluster: &Cluster, node: usize, words: &[&str]) -> Value {
    Connection::to_port(cluster.node(node).port(), Duration::from_secs(5)).unwrap().command(words).unwrap()
}

fn starts_with(value: &Value, code: &str) -> bool {
    value.error().is_some_and(|why| why.starts_with(code))
}

#[test]
fn slots_move_step_by_step() {
    let cluster = Cluster::start(2, 0);
    assert_eq!((cluster.owner_of_slot(0), cluster.owner_of_slot(16383)), (0, 1));
    assert_eq!(cluster.slot_of("123456789"), 12739, "the value in the specification");
    assert_eq!(cluster.slot_of("a{b}c"), cluster.slot_of("b"));

    let key = cluster.key_of(0, 1);
    let (other, absent) = (format!("{{{key}}}other"), format!("{{{key}}}absent"));
    assert_ne!(cluster.key_of(0, 2), key);
    for key in [&key, &other] {
        assert_eq!(ask(&cluster, 0, &["SET", key, "v"]), "OK");
    }
    assert!(starts_with(&ask(&cluster, 1, &["GET", &key]), "MOVED"));

    let moving = cluster.begin_move(cluster.slot_of(&key), 1);
    assert_eq!(moving.from(), 0);
    assert_eq!(ask(&cluster, 0, &["GET", &key]), "v");
    assert!(starts_with(&ask(&cluster, 0, &["GET", &absent]), "ASK"));
    assert!(starts_with(&ask(&cluster, 0, &["MGET", &key, &absent]), "TRYAGAIN"));
    moving.move_keys();
    assert!(starts_with(&ask(&cluster, 0, &["GET", &key]), "ASK"));
    assert!(starts_with(&ask(&cluster, 1, &["GET", &key]), "MOVED"));
    let mut asking = Connection::to_port(cluster.node(1).port(), Duration::from_secs(5)).unwrap();
    asking.command(&["ASKING"]).unwrap();
    assert_eq!(asking.command(&["GET", &key]).unwrap(), "v");
    assert_eq!(cluster.owner_of(&key), 0, "until the end");
    moving.finish();
    assert_eq!(cluster.owner_of(&key), 1);
    assert_eq!(
        ask(&cluster, 1, &["MGET", &key, &other]).items(),
        [Value::Bytes(b"v".to_vec()), Value::Bytes(b"v".to_vec())]
    );
    assert!(starts_with(&ask(&cluster, 0, &["GET", &key]), "MOVED"));
}

#[test]
fn replicas_take_over_from_a_dead_a_hung_and_a_living_master() {
    let cluster = Cluster::start(3, 1);
    assert_eq!([0, 1, 2].map(|master| cluster.replicas_of(master)), [[3], [4], [5]]);
    let keys = [0, 1, 2].map(|master| cluster.key_of(master, 1));
    for (master, key) in keys.iter().enumerate() {
        assert_eq!(ask(&cluster, master, &["SET", key, "v"]), "OK");
        cluster.node(master).wait_until_replicated();
    }

    assert_eq!(cluster.fail_over(2), 5);
    assert_eq!(cluster.owner_of(&keys[2]), 5);
    assert_eq!(ask(&cluster, 5, &["GET", &keys[2]]), "v");

    cluster.node(0).kill();
    assert_eq!(cluster.wait_for_failover(&keys[0], 0), 3);
    assert_eq!(ask(&cluster, 3, &["GET", &keys[0]]), "v");
    cluster.node(0).restart();
    cluster.wait_until_healthy();
    assert_eq!(cluster.replicas_of(3), [0], "the dead one is back as a replica");

    cluster.node(1).stop();
    assert_eq!(cluster.wait_for_failover(&keys[1], 1), 4);
    cluster.node(1).cont();
    cluster.wait_until_healthy();
    assert_eq!(cluster.owner_of(&keys[1]), 4);
    assert_eq!(ask(&cluster, 4, &["GET", &keys[1]]), "v");
}
