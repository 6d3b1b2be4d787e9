//! Registered backends are for shared caches.

use cache_memoize::cache_memoize;

#[cache_memoize(backend = "sessions")]
fn session(token: &str) -> Option<u64> {
    token.parse().ok()
}

#[cache_memoize(ttl = 5, cache_alias = "sessions")]
fn by_the_other_name(token: &str) -> Option<u64> {
    token.parse().ok()
}

fn main() {}
