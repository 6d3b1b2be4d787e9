//! Asynchronous functions whose hits wait for nobody, polled by hand: no runtime is in the figures.

use std::convert::Infallible;
use std::sync::LazyLock;
use std::time::Duration;

use cache_memoize::cache_memoize;
use cache_memoize_guard::at_once;
use cached::macros::{cached, concurrent_cached};

use super::*;

/// Ours, not asynchronous: what the goal compares with.
pub const SYNC: &str = "cache_memoize(ttl), not async";
/// `quick_cache`, `get_or_insert_async`: bound, single flight.
pub const QUICK_ASYNC: &str = "quick_cache get_or_insert_async";
/// `moka::future`, `get_with`: bound, TTL, single flight.
pub const MOKA_ASYNC: &str = "moka::future get_with, ttl";

#[cache_memoize(ttl = 3600)]
fn sync(key: u64) -> u64 {
    key
}

#[cache_memoize(ttl = 3600)]
async fn ours(key: u64) -> u64 {
    key
}

#[cached(max_size = 10_000, ttl_secs = 3600)]
async fn cached_one_lock(key: u64) -> u64 {
    key
}

#[concurrent_cached(max_size = 10_000, ttl_secs = 3600)]
async fn cached_concurrent(key: u64) -> u64 {
    key
}

static QUICK_CACHE: LazyLock<quick_cache::sync::Cache<u64, u64>> =
    LazyLock::new(|| quick_cache::sync::Cache::new(CAPACITY));
async fn quick(key: u64) -> u64 {
    QUICK_CACHE.get_or_insert_async(&key, async { Ok::<_, Infallible>(key) }).await.unwrap()
}

static MOKA_CACHE: LazyLock<moka::future::Cache<u64, u64>> = LazyLock::new(|| {
    let builder = moka::future::Cache::builder().max_capacity(CAPACITY as u64);
    builder.time_to_live(Duration::from_secs(3600)).build()
});
async fn moka_with(key: u64) -> u64 {
    MOKA_CACHE.get_with(key, async { key }).await
}

/// Everybody.
pub const ALL: [Contestant; 6] = [
    contestant!(SYNC, sync),
    contestant!(OURS, |key| at_once(ours(key))),
    contestant!(QUICK_ASYNC, |key| at_once(quick(key))),
    contestant!(CACHED, |key| at_once(cached_one_lock(key))),
    contestant!(CONCURRENT, |key| at_once(cached_concurrent(key))),
    contestant!(MOKA_ASYNC, |key| at_once(moka_with(key))),
];
