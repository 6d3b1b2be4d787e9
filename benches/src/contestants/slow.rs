//! Functions with a body that may be slow, and that counts how often it runs.

use std::convert::Infallible;
use std::sync::LazyLock;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::sleep;
use std::time::Duration;

use cache_memoize::cache_memoize;
use cached::macros::{cached, concurrent_cached};
use memoize::memoize;

use super::{CACHED, CAPACITY, CONCURRENT, MEMOIZE, MOKA, OURS, QUICK};

/// A function, and who memoizes it.
#[derive(Clone, Copy)]
pub struct Slow {
    /// Who.
    pub name: &'static str,
    /// One call.
    pub call: fn(u64) -> u64,
}

/// Keys from here on take [`LONG`].
pub const SLOW: u64 = 1 << 40;
/// How long a slow body takes.
pub const LONG: Duration = Duration::from_millis(300);
/// How often slow bodies ran, of whomever.
pub static RUNS: AtomicU64 = AtomicU64::new(0);

fn body(key: u64) -> u64 {
    if key >= SLOW {
        RUNS.fetch_add(1, Relaxed);
        sleep(LONG);
    }
    key
}

#[cache_memoize(ttl = 3600)]
fn ours(key: u64) -> u64 {
    body(key)
}

#[cached(max_size = 10_000, ttl_secs = 3600)]
fn plain(key: u64) -> u64 {
    body(key)
}

#[cached(max_size = 10_000, ttl_secs = 3600, sync_writes = true)]
fn sync_writes(key: u64) -> u64 {
    body(key)
}

#[cached(max_size = 10_000, ttl_secs = 3600, sync_writes = "by_key")]
fn by_key(key: u64) -> u64 {
    body(key)
}

#[concurrent_cached(max_size = 10_000, ttl_secs = 3600)]
fn cached_concurrent(key: u64) -> u64 {
    body(key)
}

#[memoize(SharedCache, Capacity: 10_000, TimeToLive: Duration::from_secs(3600))]
fn memoized(key: u64) -> u64 {
    body(key)
}

fn quick(key: u64) -> u64 {
    static CACHE: LazyLock<quick_cache::sync::Cache<u64, u64>> =
        LazyLock::new(|| quick_cache::sync::Cache::new(CAPACITY));
    CACHE.get_or_insert_with(&key, || Ok::<_, Infallible>(body(key))).unwrap()
}

fn moka_with(key: u64) -> u64 {
    static CACHE: LazyLock<moka::sync::Cache<u64, u64>> = LazyLock::new(|| {
        let builder = moka::sync::Cache::builder().max_capacity(CAPACITY as u64);
        builder.time_to_live(Duration::from_secs(3600)).build()
    });
    CACHE.get_with(key, || body(key))
}

/// Everybody.
pub const ALL: [Slow; 8] = [
    Slow { name: OURS, call: ours },
    Slow { name: QUICK, call: quick },
    Slow { name: MOKA, call: moka_with },
    Slow { name: CACHED, call: plain },
    Slow { name: "#[cached(…, sync_writes = true)]", call: sync_writes },
    Slow { name: "#[cached(…, sync_writes = \"by_key\")]", call: by_key },
    Slow { name: CONCURRENT, call: cached_concurrent },
    Slow { name: MEMOIZE, call: memoized },
];
