//! Another program's bytes in the hash of a fence: they cost a run, once.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use cache_memoize::{Redis, cache_memoize};
use cache_memoize_tests::servers::RedisServer;
use cache_memoize_tests::stored;

use crate::no_panic;

static RUNS: AtomicU64 = AtomicU64::new(0);

#[cache_memoize(ttl = 600, backend = redis, skip(redis), prefix = "fenced")]
fn fenced(redis: &Redis, x: u64) -> u64 {
    RUNS.fetch_add(1, SeqCst);
    x + 1
}

#[test]
fn a_fence_with_garbage_in_it_heals() {
    no_panic();
    let server = RedisServer::start();
    let redis = Redis::builder().url(server.url()).timeout(Duration::from_secs(20)).build().unwrap();
    let (most, token) = (i64::MAX.to_string(), "0123456789abcdef");
    let beyond = (1_u64 << 53).to_string();
    let garbage: &[&[&str]] = &[
        &["e", token, "t", &most],
        &["e", token, "t", &beyond],
        &["e", token, "t", "-1"],
        &["e", token, "t", "1e3"],
        &["e", token, "t", " 1"],
        &["e", token, "t", "x"],
        &["e", "short"],
        &["e", ""],
        &["e", "longer than sixteen bytes"],
        &["e", token, "f", &most],
        &["e", token, "f", "nan"],
        &["e", token, "f", "inf"],
        &["e", token, "f", "-9"],
        &["e", token, "n", &most],
        &["e", token, "n", "x"],
        &["e", token, "n", "-5"],
        &["e", token, "o", "short", "u", "9"],
        &["e", token, "o", token, "u", "0x7fffffffff"],
        &["e", token, "o", token, "g", "x"],
        &["e", token, "l", "x"],
        &["t", "x"],
        &["t", &most],
        &["n", "x"],
        &["0123456789abcdef", "x"],
        &["\u{0}", "\u{0}"],
    ];
    for (x, fields) in (0..).zip(garbage) {
        let key = fenced_cache_key(&redis, x);
        let fence = stored::fence(&key);
        let mut command = vec!["HSET", &fence];
        command.extend(*fields);
        let spoil = || server.command(&command).expect("HSET");
        spoil();
        fenced_set(&redis, x, 7).unwrap_or_else(|error| panic!("{fields:?}: {error}"));
        assert_eq!(fenced_peek(&redis, x).expect("peek"), Some(7), "{fields:?}");
        fenced_invalidate(&redis, x).expect("invalidate");
        spoil();
        let runs = RUNS.load(SeqCst);
        for _ in 0..3 {
            assert_eq!(fenced(&redis, x), x + 1, "{fields:?}");
        }
        assert_eq!(RUNS.load(SeqCst) - runs, 1, "{fields:?}: stored at once");
        let left = server.command(&["PTTL", &fence]).int();
        assert!(left == -2 || left >= 0, "{fields:?}: it ends by itself, {left}");
    }
    assert_eq!(fenced_stats(&redis).errors, 0);
}
