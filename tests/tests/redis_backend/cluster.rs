//! What is particular to Redis Cluster: slots that move, masters that die and hang.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

use cache_memoize::backend::{Begun, CallMode, Key};
use cache_memoize::{ErrorKind, Redis};
use cache_memoize_tests::servers::{Cluster, RedisServer, wait_until};

use crate::store::{RUNTIME, Store, begin, both_ways, key, timed};

/// Masters are given up after a second and a half.
const SETTINGS: [&str; 2] = ["--cluster-node-timeout", "1500"];

fn redis(cluster: &Cluster) -> Redis {
    Redis::builder().cluster(cluster.urls()).build().expect("valid settings")
}

/// Works, with the deadline of a service, once it has connected.
fn works(store: &Store) {
    wait_until("a connection", || store.try_read(&key("warm")).is_ok());
}

#[test]
fn a_slot_that_moves_is_followed() {
    let cluster = Cluster::start(3, 0);
    for store in both_ways(&redis(&cluster)) {
        works(&store);
        let moved = key("moved");
        store.set(&moved, b"value");
        let fence = store.fence(&moved);
        let owner = cluster.owner_of(moved.text());
        let moving = cluster.begin_move(cluster.slot_of(moved.text()), (owner + 1) % 3);
        assert!(store.read(&moved).is_some(), "not moved yet");
        moving.move_keys();
        assert!(store.read(&moved).is_some(), "ASK");
        let took = timed(|| moving.finish()).1;
        println!("moved in {took:?}");
        assert!(store.read(&moved).is_some(), "MOVED");
        assert!(store.commit(&moved, &fence, b"new"), "its fence moved with it");
        assert_eq!(store.read(&moved).as_deref(), Some(&b"new"[..]));
        assert!(store.remove(&moved));
    }
}

/// Reads until it works, and says how long that took and how slow the slowest call was.
fn recover(store: &Store, text: &str) -> (Duration, Duration, usize) {
    let (began, mut slowest, mut failed) = (Instant::now(), Duration::ZERO, 0);
    loop {
        let (read, took) = timed(|| store.try_read(&key(text)));
        slowest = slowest.max(took);
        match read {
            Ok(_) => return (began.elapsed(), slowest, failed),
            Err(error) => {
                assert!(matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Unavailable), "{error}");
                failed += 1;
            }
        }
        assert!(began.elapsed() < Duration::from_secs(30), "never again");
    }
}

#[test]
fn a_master_that_dies_is_replaced() {
    let cluster = Cluster::start_with(3, 1, &SETTINGS);
    let text = cluster.key_of(0, 0);
    let stores = both_ways(&redis(&cluster));
    stores.iter().for_each(works);
    stores[0].set(&key(&text), b"value");
    let owner = cluster.owner_of(&text);
    cluster.node(owner).kill();
    std::thread::scope(|scope| {
        for store in &stores {
            scope.spawn(|| println!("killed: {:?} {:?}", store.call, recover(store, &text)));
        }
    });
    cluster.wait_for_failover(&text, owner);
    for store in &stores {
        let (took, slowest, _) = recover(store, &text);
        assert!(
            took < Duration::from_secs(2) && slowest < Duration::from_millis(250),
            "{took:?} {slowest:?}"
        );
        store.set(&key(&text), b"value");
    }
}

#[test]
fn a_master_that_hangs_is_replaced() {
    let cluster = Cluster::start_with(3, 1, &SETTINGS);
    let text = cluster.key_of(0, 0);
    let other = cluster.key_of(1, 0);
    let stores = both_ways(&redis(&cluster));
    stores.iter().for_each(works);
    stores[0].set(&key(&text), b"value");
    let owner = cluster.owner_of(&text);
    cluster.node(owner).stop();
    let recovered = [AtomicBool::new(false), AtomicBool::new(false)];
    let began = Instant::now();
    std::thread::scope(|scope| {
        for (store, recovered) in stores.iter().zip(&recovered) {
            scope.spawn(|| {
                let recovery = recover(store, &text);
                recovered.store(true, SeqCst);
                println!("hung: {:?} {recovery:?}", store.call);
                assert!(recovery.1 < Duration::from_millis(250));
            });
            // Calls to other masters succeed meanwhile, and must not hide what happens.
            scope.spawn(|| {
                while !recovered.load(SeqCst) && began.elapsed() < Duration::from_secs(30) {
                    let _ = store.try_read(&key(&other));
                }
            });
        }
    });
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    cluster.node(owner).cont();
}

#[test]
fn a_cluster_that_is_down_costs_the_deadline_at_most() {
    let cluster = Cluster::start(3, 0);
    let stores = both_ways(&redis(&cluster));
    stores.iter().for_each(works);
    cluster.nodes().iter().for_each(|node| node.kill());
    for store in &stores {
        for _ in 0..5 {
            let (read, took) = timed(|| store.try_read(&key("one")));
            println!("{:?} {took:?} {}", store.call, read.as_ref().expect_err("all are dead"));
            assert!(took < Duration::from_millis(250), "{took:?}");
        }
    }
    for store in both_ways(&redis(&cluster)) {
        let (read, took) = timed(|| store.try_read(&key("one")));
        println!("new: {:?} {took:?} {}", store.call, read.as_ref().expect_err("all are dead"));
        assert!(took < Duration::from_millis(250), "{took:?}");
    }
}

/// A key and a group whose generation is on another node.
fn apart(cluster: &Cluster) -> (Key, usize) {
    let (text, group) = (cluster.key_of(0, 0), cluster.key_of(1, 0));
    let other = cluster.owner_of(&group);
    assert_ne!(cluster.owner_of(&text), other);
    (Key::new(text, group), other)
}

fn leads_soon(store: &Store, key: &Key) {
    let began = Instant::now();
    wait_until("the end of a leader that is gone", || {
        matches!(store.try_begin(key, begin().lead(true)), Ok(Begun::Fence(_)))
    });
    println!("{:?}: {:?}", store.call, began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(5), "not by its lease");
    assert!(!store.remove(key));
}

fn is_led(node: &RedisServer, key: &Key) -> bool {
    node.command(&["HEXISTS", &format!("{{{}}}:fence", key.text()), "o"]).int() == 1
}

#[test]
fn a_leader_whose_generation_is_not_heard_leads_no_more() {
    let cluster = Cluster::start(3, 0);
    let (key, other) = apart(&cluster);
    for store in both_ways(&redis(&cluster)) {
        works(&store);
        store.set(&key, b"value");
        assert!(store.remove(&key));
        cluster.node(other).stop();
        let error = store.try_begin(&key, begin().lead(true)).expect_err("the generation is not known");
        assert_eq!(error.kind(), ErrorKind::Timeout);
        cluster.node(other).cont();
        leads_soon(&store, &key);
    }
}

#[test]
fn a_leader_that_is_dropped_between_its_answers_leads_no_more() {
    let cluster = Cluster::start(3, 0);
    let (key, other) = apart(&cluster);
    let redis = Redis::builder().cluster(cluster.urls()).timeout(Duration::from_secs(10)).build();
    let store = Store { redis: redis.expect("valid settings"), call: CallMode::ASYNC };
    store.set(&key, b"value");
    assert!(store.remove(&key));
    let owner = cluster.node(cluster.owner_of(key.text()));
    cluster.node(other).stop();
    let task = {
        let (store, key) = (store.clone(), key.clone());
        RUNTIME.spawn(async move { store.backend().begin(&key, begin().lead(true), CallMode::ASYNC).await })
    };
    wait_until("a leader", || is_led(owner, &key));
    task.abort();
    wait_until("the end of a leader that is gone", || !is_led(owner, &key));
    cluster.node(other).cont();
    leads_soon(&store, &key);
}

#[test]
fn a_hit_runs_no_script_and_begin_runs_one() {
    let cluster = Cluster::start(3, 0);
    let store = Store { redis: redis(&cluster), call: CallMode::ASYNC };
    works(&store);
    let one = key("one");
    let fence = store.fence(&one);
    assert!(store.commit(&one, &fence, b"value"));
    let ((), owner) = cluster.node(cluster.owner_of(one.text())).commands_of(|| {
        assert!(store.read(&one).is_some());
        assert!(matches!(store.begin(&one, begin()), Begun::Value(_)));
    });
    println!("{owner:?}");
    assert_eq!(owner.get("evalsha"), Some(&1), "{owner:?}");
}
