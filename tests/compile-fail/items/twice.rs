//! Two of them would not know of each other's entries.

use cache_memoize::cache_memoize;

#[cache_memoize(ttl = 60)]
#[cache_memoize(capacity = 100)]
fn twice(id: u64) -> u64 {
    id
}

#[cache_memoize(companions = false)]
#[cache_memoize::cache_memoize(companions = false)]
fn quietly(id: u64) -> u64 {
    id
}

fn main() {
    twice(1);
    twice_invalidate(1);
    quietly(1);
}
