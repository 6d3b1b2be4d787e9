//! `store_result = false` keeps no value that other options could be about.

use cache_memoize::cache_memoize;

#[cache_memoize(ttl = 5, store_result = false, cache_if = |_| true)]
fn cache_if(id: u64) {
    let _ = id;
}

#[cache_memoize(ttl = 5, store_result = false, cache_none = false)]
fn cache_none(id: u64) {
    let _ = id;
}

#[cache_memoize(ttl = 5, store_result = false, cache_err = true)]
fn cache_err(id: u64) -> Result<(), String> {
    let _ = id;
    Ok(())
}

#[cache_memoize(ttl = 5, store_result = false, capacity = 5, weigher = |_, _| 1)]
fn weigher(id: u64) {
    let _ = id;
}

#[cache_memoize(ttl = 5, store_result = false, single_flight = false)]
fn single_flight(id: u64) {
    let _ = id;
}

fn main() {}
