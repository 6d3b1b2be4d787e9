//! What other caches have, under their names.

use cache_memoize::cache_memoize;

#[cache_memoize(ttl_secs = 60, ttl_millis = 5, result = true, option = true, max_size = 10)]
fn cached(id: u64) -> u64 {
    id
}

#[cache_memoize(refresh = true, result_fallback = true, time_refresh = true, sync_writes = "default")]
fn cached_later(id: u64) -> u64 {
    id
}

#[cache_memoize(time_to_live = 60, time_to_idle = 60, max_capacity = 5, eviction_listener = |_, _, _| ())]
fn moka(id: u64) -> u64 {
    id
}

#[cache_memoize(maxsize = 128, typed = true)]
fn lru_cache(id: u64) -> u64 {
    id
}

#[cache_memoize(cacheNames = "users", keyGenerator = "users", cacheManager = "redis", sync = true)]
fn spring(id: u64) -> u64 {
    id
}

#[cache_memoize(ttl = 5, tti = 5, tags = ["a"], near = 5, on_evict = |_| (), stale_while_revalidate = 5)]
fn later(id: u64) -> u64 {
    id
}

#[cache_memoize(unbounded)]
fn alone(id: u64) -> u64 {
    id
}

#[cache_memoize(Capacity: 123, TimeToLive: 5, SharedCache, tags("a"))]
fn memoize(id: u64) -> u64 {
    id
}

fn main() {}
