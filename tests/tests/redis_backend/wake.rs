//! Those who wait for the computation of another process are told when there is something to see.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use cache_memoize::Redis;
use cache_memoize::backend::Begun;
use cache_memoize_tests::servers::{Cluster, RedisServer, wait_until};

use crate::store::{RUNTIME, Store, begin, both_ways, key, open};

/// Waits on a runtime of its own, and says when it was woken.
fn waiting(store: &Store, text: &'static str) -> mpsc::Receiver<Instant> {
    let (sender, receiver) = mpsc::channel();
    let store = store.clone();
    RUNTIME.spawn(async move {
        loop {
            let changed = store.backend().changed(&key(text), store.call).await;
            changed.expect("a listener");
            if sender.send(Instant::now()).is_err() {
                return;
            }
        }
    });
    receiver
}

fn is_told(leader: &Store, follower: &Store) {
    let one = key("one");
    let lead = || match leader.begin(&one, begin().over(true).lead(true)) {
        Begun::Fence(fence) => fence,
        other => panic!("{other:?}"),
    };
    let fence = lead();
    let told = waiting(follower, "one");
    // It is woken when it begins to listen, and then for each change.
    told.recv_timeout(Duration::from_secs(10)).expect("woken when it listens");
    let next = |what: &str, began: Instant| {
        let at = told.recv_timeout(Duration::from_secs(10)).expect(what);
        println!("{what}: told after {:?}", at.saturating_duration_since(began));
    };
    let quiet = || while told.recv_timeout(Duration::from_millis(100)).is_ok() {};
    quiet();

    let began = Instant::now();
    assert!(leader.commit(&one, &fence, b"value"));
    next("commit", began);
    quiet();
    let fence = lead();
    let began = Instant::now();
    leader.release(&one, &fence);
    next("release", began);
    quiet();
    lead();
    let began = Instant::now();
    leader.remove(&one);
    next("remove", began);
    quiet();
    let fence = lead();
    let began = Instant::now();
    leader.set(&one, b"value");
    next("a refresh beside the leader", began);
    leader.release(&one, &fence);
    quiet();

    // Nobody leads: nobody is told.
    leader.set(&one, b"value");
    leader.remove(&one);
    assert!(told.recv_timeout(Duration::from_millis(200)).is_err());
    // Another key: nobody is told.
    let Begun::Fence(fence) = leader.begin(&key("two"), begin().lead(true)) else { panic!("no value") };
    leader.release(&key("two"), &fence);
    assert!(told.recv_timeout(Duration::from_millis(200)).is_err());
}

#[test]
fn a_follower_is_told() {
    let server = RedisServer::start();
    for way in [0, 1] {
        is_told(&both_ways(&open(&server))[way], &both_ways(&open(&server))[way]);
    }
}

#[test]
fn a_follower_is_told_in_a_cluster() {
    let cluster = Cluster::start(3, 0);
    let redis = || {
        let builder = Redis::builder().cluster(cluster.urls()).timeout(Duration::from_secs(5));
        builder.build().expect("valid settings")
    };
    is_told(&both_ways(&redis())[0], &both_ways(&redis())[1]);
}

#[test]
fn a_listener_comes_back_and_goes_away() {
    let server = RedisServer::start();
    let store = &both_ways(&open(&server))[1];
    let told = waiting(store, "one");
    told.recv_timeout(Duration::from_secs(10)).expect("woken when it listens");
    // Dead, and not only cut off: a listener that is back before the other has looked and waits anew wakes it once for both.
    server.kill();
    told.recv_timeout(Duration::from_secs(10)).expect("woken when the connection is lost");
    server.restart();
    told.recv_timeout(Duration::from_secs(10)).expect("woken when it listens again");
    let subscribers = || server.info("pubsub_channels").parse::<usize>().unwrap();
    wait_until("a listener that is back", || subscribers() == 1);
    while told.recv_timeout(Duration::from_millis(200)).is_ok() {}
    let Begun::Fence(fence) = store.begin(&key("one"), begin().lead(true)) else { panic!("no value") };
    store.release(&key("one"), &fence);
    told.recv_timeout(Duration::from_secs(10)).expect("told by the new connection");
    assert_eq!(subscribers(), 1);
}
