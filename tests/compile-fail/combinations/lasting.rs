//! What would be made anew at every call is no cache.

use cache_memoize::{Memory, cache_memoize};

#[cache_memoize(backend = Memory::new(100))]
fn new(id: u64) -> u64 {
    id
}

#[cache_memoize(backend = &Memory::builder().unbounded().build())]
fn built(id: u64) -> u64 {
    id
}

fn main() {
    new(1);
    built(1);
}
