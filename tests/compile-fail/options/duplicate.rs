//! An option that is given twice.

use cache_memoize::cache_memoize;

#[cache_memoize(ttl = 5, ttl = 10)]
fn same_name(id: u64) -> u64 {
    id
}

#[cache_memoize(ttl = 5, timeout = 10)]
fn name_and_alias(id: u64) -> u64 {
    id
}

#[cache_memoize(5, ttl = 10)]
fn bare_and_named(id: u64) -> u64 {
    id
}

#[cache_memoize(skip(a), skip(b))]
fn two_lists(a: u64, b: u64) -> u64 {
    a + b
}

fn main() {}
