//! Functions that no option can make right.

use cache_memoize::cache_memoize;

#[cache_memoize(ttl = 5)]
const fn constant(id: u64) -> u64 {
    id
}

#[cache_memoize(ttl = 5)]
extern "C" fn foreign(id: u64) -> u64 {
    id
}

#[cache_memoize(ttl = 5)]
fn changing(#[cfg_attr(all(), cfg(all()))] id: u64) -> u64 {
    id
}

trait Source {
    #[cache_memoize(ttl = 5)]
    fn load(&self, id: u64) -> u64;
}

fn main() {}
