//! Numbers that no 64 bits hold.

use cache_memoize::cache_memoize;

#[cache_memoize(capacity = 20_000_000_000_000_000_000)]
fn bounded(id: u64) -> u64 {
    id
}

#[cache_memoize(ttl = 20_000_000_000_000_000_000)]
fn lasting(id: u64) -> u64 {
    id
}

fn main() {}
