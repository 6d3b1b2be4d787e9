//! A server that forgets: only misses, never an old value.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

use cache_memoize::{Redis, cache_memoize};
use cache_memoize_tests::Gate;
use cache_memoize_tests::servers::RedisServer;

use crate::subject::{Functions, Subject, patient, wait};

both!(flushed);

fn flushed(functions: Functions) {
    let server = RedisServer::start();
    let subject = Subject::new(functions, patient(server.url()));
    for x in 0..20 {
        subject.warm(x);
        server.command(&["FLUSHALL"]).expect("FLUSHALL");
        assert_eq!(subject.peek(x).unwrap(), None);
        assert!(!subject.hits(x) && subject.hits(x));
        server.command(&["FLUSHALL"]).expect("FLUSHALL");
        assert!(!subject.invalidate(x).unwrap());
        assert!(!subject.hits(x) && subject.hits(x));
    }
    assert_eq!(subject.stats().errors, 0, "{:#}", subject.stats());
}

/// A function that reads a number, waits at a gate, and returns what it has read.
macro_rules! held {
    ($read:ident: $($async:ident)?) => {
        #[cache_memoize(ttl = 600, skip(redis, row, gate), backend = redis)]
        $($async)? fn $read(redis: &Redis, row: &AtomicUsize, gate: &Gate) -> usize {
            let _ = redis;
            let value = row.load(SeqCst);
            gate.pass_first();
            value
        }
    };
}

macro_rules! flushes {
    ($module:ident, $output:path $(, $async:ident)?) => {
        mod $module {
            use super::*;

            held!(read: $($async)?);

            /// The fence is gone, so what was computed is not stored: somebody might have invalidated meanwhile.
            #[test]
            fn during_a_computation() {
                for invalidate in [false, true] {
                    let (server, row, gate) = (RedisServer::start(), AtomicUsize::new(1), Gate::closed());
                    let redis = patient(server.url());
                    thread::scope(|scope| {
                        let call = scope.spawn(|| $output(read(&redis, &row, &gate)));
                        gate.wait_for(1);
                        server.command(&["FLUSHALL"]).expect("FLUSHALL");
                        row.store(2, SeqCst);
                        if invalidate {
                            $output(read_invalidate(&redis)).unwrap();
                        }
                        gate.open();
                        assert_eq!(call.join().unwrap(), 1);
                    });
                    assert_eq!($output(read_peek(&redis)).unwrap(), None, "not stored");
                    assert_eq!($output(read(&redis, &row, &gate)), 2);
                    assert_eq!($output(read_peek(&redis)).unwrap(), Some(2));
                }
            }

            /// Nor may what a refresh was to replace stay, if its fence is lost.
            #[test]
            fn during_a_refresh() {
                let (server, row, gate) = (RedisServer::start(), AtomicUsize::new(1), Gate::closed());
                let redis = patient(server.url());
                $output(read_set(&redis, 0)).unwrap();
                thread::scope(|scope| {
                    let refresh = scope.spawn(|| $output(read_refresh(&redis, &row, &gate)));
                    gate.wait_for(1);
                    server.command(&["FLUSHALL"]).expect("FLUSHALL");
                    // Another process stores what it read before the refresh.
                    let other = patient(server.url());
                    row.store(0, SeqCst);
                    assert_eq!($output(read(&other, &row, &gate)), 0);
                    row.store(1, SeqCst);
                    gate.open();
                    refresh.join().unwrap().expect("it is no failure");
                });
                let left = $output(read_peek(&redis)).unwrap();
                assert_ne!(left, Some(0), "the refresh has returned, so what was there before is gone");
                assert_eq!($output(read(&redis, &row, &gate)), 1);
            }

            /// Only fences, or only the generation, are evicted.
            #[test]
            fn of_one_key_during_a_computation() {
                for which in ["memo{*}:fence", "memo:\u{1f}*"] {
                    let (server, row, gate) = (RedisServer::start(), AtomicUsize::new(1), Gate::closed());
                    let redis = patient(server.url());
                    thread::scope(|scope| {
                        let call = scope.spawn(|| $output(read(&redis, &row, &gate)));
                        gate.wait_for(1);
                        let keys = server.command(&["KEYS", which]);
                        assert_eq!(keys.items().len(), 1, "{which}");
                        server.command(&["DEL", &keys.items()[0].text()]).expect("DEL");
                        row.store(2, SeqCst);
                        $output(read_invalidate(&redis)).unwrap();
                        gate.open();
                        assert_eq!(call.join().unwrap(), 1);
                    });
                    assert_eq!($output(read_peek(&redis)).unwrap(), None, "{which}");
                    assert_eq!($output(read(&redis, &row, &gate)), 2, "{which}");
                }
            }
        }
    };
}

flushes!(flush_of_threads, std::convert::identity);
flushes!(flush_of_tasks, wait, async);

/// A small server that evicts: all values right, nothing refused.
#[test]
fn eviction() {
    #[cache_memoize(ttl = 600, skip(redis), backend = redis)]
    fn text(redis: &Redis, x: usize) -> String {
        let _ = redis;
        x.to_string().repeat(10_000)
    }

    for policy in ["allkeys-lru", "volatile-ttl", "allkeys-random"] {
        let server = RedisServer::start_with(&["--maxmemory", "5mb", "--maxmemory-policy", policy]);
        let redis = patient(server.url());
        for x in (0..600).chain(580..600) {
            assert_eq!(text(&redis, x), x.to_string().repeat(10_000));
        }
        assert!(server.info("evicted_keys").parse::<u64>().unwrap() > 0, "{policy}");
        assert_eq!(text_stats(&redis).errors, 0, "{policy}");
        text_invalidate_all(&redis).unwrap();
        assert_eq!(text_peek(&redis, 599).unwrap(), None, "{policy}");
    }
}
