//! Results without a name, or none at all.

use cache_memoize::cache_memoize;

#[cache_memoize(ttl = 5)]
fn opaque(id: u64) -> impl Iterator<Item = u64> {
    0..id
}

#[cache_memoize(ttl = 5)]
fn opaque_in_an_option(id: u64) -> Option<impl Fn() -> u64> {
    Some(move || id)
}

#[cache_memoize(ttl = 5)]
fn never(id: u64) -> ! {
    panic!("{id}")
}

fn main() {}
