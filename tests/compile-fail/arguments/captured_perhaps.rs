//! What binds names of its own may or may not mean the argument; the compiler knows.

use cache_memoize::cache_memoize;

#[cache_memoize(cache_if = |value| value.iter().all(|item| *item > limit))]
fn cache_if(limit: u64) -> Vec<u64> {
    vec![limit]
}

// No capture: these are the closures' own.
#[cache_memoize(cache_if = |value| value.iter().all(|limit| *limit > 5))]
fn inner_parameter(limit: u64) -> Vec<u64> {
    vec![limit]
}

#[cache_memoize(cache_if = |limit| *limit > 5)]
fn own_parameter(limit: u64) -> u64 {
    limit
}

#[cache_memoize(cache_if = |value| matches!(value, Some(limit) if *limit > 5))]
fn pattern(limit: u64) -> Option<u64> {
    Some(limit)
}

fn main() {}
