//! The fence: what began before an invalidation is not stored after it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

use cache_memoize::Redis;
use cache_memoize::backend::{Begun, Fence};
use cache_memoize_tests::servers::{Cluster, RedisServer};

use crate::store::{Store, begin, both_ways, key, patient};

fn on_a_server(story: impl Fn(&Store, &RedisServer)) {
    let server = RedisServer::start();
    for store in both_ways(&patient(server.url())) {
        server.command(&["FLUSHALL"]).expect("FLUSHALL");
        story(&store, &server);
    }
}

/// Everything that fences off a computation.
const INVALIDATIONS: [&str; 3] = ["remove", "remove_all", "set"];

fn invalidate(store: &Store, how: &str) {
    match how {
        "remove" => {
            store.remove(&key("one"));
        }
        "remove_all" => store.remove_all(),
        _ => store.set(&key("one"), b"set"),
    }
}

#[test]
fn what_began_before_is_not_stored() {
    on_a_server(|store, _| {
        let key = key("one");
        for name in INVALIDATIONS {
            let fence = store.fence(&key);
            invalidate(store, name);
            let left = store.read(&key);
            assert!(!store.commit(&key, &fence, b"old"), "{name}");
            assert_eq!(store.read(&key), left, "{name}");

            let fence = store.fence(&key);
            invalidate(store, name);
            let left = store.read(&key);
            assert!(!store.refresh(&key, &fence, Some(b"old")), "{name}");
            assert!(!store.refresh(&key, &fence, None), "{name}");
            assert_eq!(store.read(&key), left.filter(|_| name != "set"), "{name}: its fence had ended");
        }
    });
}

#[test]
fn what_began_after_is_stored_beside_the_old() {
    on_a_server(|store, _| {
        let key = key("one");
        for name in INVALIDATIONS {
            let old = store.fence(&key);
            invalidate(store, name);
            let new = store.fence(&key);
            assert!(store.commit(&key, &new, b"new"), "{name}");
            assert!(!store.commit(&key, &old, b"old"), "{name}");
            assert_eq!(store.read(&key).as_deref(), Some(&b"new"[..]), "{name}");
        }
    });
}

#[test]
fn of_two_computations_the_later_wins() {
    on_a_server(|store, _| {
        let key = key("one");
        let (first, second, third) = (store.fence(&key), store.fence(&key), store.fence(&key));
        assert!(store.commit(&key, &second, b"second"));
        assert!(!store.commit(&key, &first, b"first"));
        assert_eq!(store.read(&key).as_deref(), Some(&b"second"[..]));
        assert!(store.refresh(&key, &third, Some(b"third")));
        assert_eq!(store.read(&key).as_deref(), Some(&b"third"[..]));
    });
}

#[test]
fn a_refresh_without_a_value_removes() {
    on_a_server(|store, _| {
        let key = key("one");
        store.set(&key, b"old");
        let (earlier, refresh) = (store.fence(&key), store.fence(&key));
        assert!(store.refresh(&key, &refresh, None));
        assert_eq!(store.read(&key), None);
        assert!(!store.commit(&key, &earlier, b"earlier"));
        assert_eq!(store.read(&key), None);
    });
}

#[test]
fn a_lost_fence_stores_nothing_and_costs_a_refresh_its_value() {
    on_a_server(|store, server| {
        let key = key("one");
        store.set(&key, b"old");
        let (fill, refresh) = (store.fence(&key), store.fence(&key));
        server.command(&["DEL", "{one}:fence"]).expect("DEL");
        assert!(!store.commit(&key, &fill, b"fill"));
        assert_eq!(store.read(&key).as_deref(), Some(&b"old"[..]));
        assert!(!store.refresh(&key, &refresh, Some(b"refreshed")));
        assert_eq!(store.read(&key), None);
    });
}

#[test]
fn lost_generations_never_come_back() {
    on_a_server(|store, server| {
        let key = key("one");
        store.set(&key, b"old");
        let fence = store.fence(&key);
        server.command(&["DEL", "\u{1f}{tests::group}"]).expect("DEL");
        assert_eq!(store.read(&key), None);
        assert!(!store.remove(&key));
        assert!(!store.commit(&key, &fence, b"older"));
        assert_eq!(store.read(&key), None);
        let fence = store.fence(&key);
        assert!(store.commit(&key, &fence, b"new"));
        assert_eq!(store.read(&key).as_deref(), Some(&b"new"[..]));
    });
}

#[test]
fn an_emptied_server_only_costs_misses() {
    on_a_server(|store, server| {
        let key = key("one");
        store.set(&key, b"old");
        let fence = store.fence(&key);
        server.command(&["FLUSHALL"]).expect("FLUSHALL");
        assert_eq!(store.read(&key), None);
        assert!(!store.commit(&key, &fence, b"old"));
        assert!(!store.renew(&key, &fence, Duration::from_secs(1)));
        store.release(&key, &fence);
        assert!(!store.remove(&key));
        assert_eq!(store.read(&key), None);
    });
}

/// Removes, sets and computes at the same time, from several stores, and looks for a value that is older than an
/// invalidation that had returned. Values are what a source said when the computation began.
fn race(stores: &[Store], rounds: Duration) {
    let source = AtomicU64::new(1);
    // What was current when the last invalidation began that has returned: nothing older may be read.
    let least = AtomicU64::new(0);
    let end = Instant::now() + rounds;
    let committed = AtomicU64::new(0);
    let hits = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for (number, store) in stores.iter().enumerate() {
            let (source, least, committed, hits) = (&source, &least, &committed, &hits);
            scope.spawn(move || {
                let key = key("raced");
                while Instant::now() < end {
                    let lower = least.load(SeqCst);
                    let seen = match store.begin(&key, begin()) {
                        Begun::Value(stored) => stored.value,
                        Begun::Fence(fence) => {
                            let read = source.load(SeqCst);
                            compute(number);
                            if number % 2 == 0 {
                                committed.fetch_add(
                                    store.commit(&key, &fence, &read.to_be_bytes()).into(),
                                    SeqCst,
                                );
                            } else {
                                store.refresh(&key, &fence, Some(&read.to_be_bytes()));
                            }
                            continue;
                        }
                        other => panic!("{other:?}"),
                    };
                    let seen = u64::from_be_bytes(seen.try_into().expect("eight bytes"));
                    assert!(seen >= lower, "read {seen} after {lower} was invalidated");
                    hits.fetch_add(1, SeqCst);
                }
            });
        }
        let store = &stores[0];
        let (source, least) = (&source, &least);
        scope.spawn(move || {
            for turn in 0_u64.. {
                if Instant::now() >= end {
                    break;
                }
                let now = source.fetch_add(1, SeqCst) + 1;
                match turn % 4 {
                    0 | 1 => {
                        store.remove(&key("raced"));
                    }
                    2 => store.remove_all(),
                    // A computation that began later may have overtaken it, with a value that is as new.
                    _ => drop(store.try_set(&key("raced"), &now.to_be_bytes(), None).expect("set")),
                }
                least.store(now, SeqCst);
                std::thread::sleep(Duration::from_micros(200 * (turn % 7)));
            }
        });
    });
    assert!(committed.load(SeqCst) > 10, "nothing was raced");
    assert!(hits.load(SeqCst) > 10, "nothing was raced");
}

/// A body that takes its time, differently each time.
fn compute(number: usize) {
    static TURN: AtomicU64 = AtomicU64::new(0);
    let turn = TURN.fetch_add(1, SeqCst);
    std::thread::sleep(Duration::from_micros((turn * 7919 + number as u64 * 104_729) % 3000));
}

#[test]
fn no_process_reads_what_was_invalidated() {
    let server = RedisServer::start();
    let stores: Vec<Store> = (0..3).flat_map(|_| both_ways(&patient(server.url()))).collect();
    race(&stores, Duration::from_secs(3));
}

#[test]
fn no_process_reads_what_was_invalidated_in_a_cluster() {
    let cluster = Cluster::start(3, 0);
    let redis = || Redis::builder().cluster(cluster.urls()).timeout(Duration::from_secs(10)).build();
    let stores: Vec<Store> = (0..2).flat_map(|_| both_ways(&redis().expect("valid settings"))).collect();
    race(&stores, Duration::from_secs(3));
}

#[test]
fn tickets_are_all_different() {
    on_a_server(|store, _| {
        let tickets = std::sync::Mutex::new(BTreeSet::new());
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let Fence { epoch, ticket, .. } = store.fence(&key("one"));
                        assert!(tickets.lock().unwrap().insert((epoch, ticket)));
                    }
                });
            }
        });
        assert_eq!(tickets.lock().unwrap().len(), 400);
    });
}
