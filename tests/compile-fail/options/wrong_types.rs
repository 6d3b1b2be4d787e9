//! Closures and expressions that give something else than their options need.

use cache_memoize::cache_memoize;

#[cache_memoize(bypass_if = id)]
fn bypass_if(id: u64) -> u64 {
    id
}

#[cache_memoize(cache_if = |value| *value)]
fn cache_if(id: u64) -> u64 {
    id
}

#[cache_memoize(cache_err = |error| error.len())]
fn cache_err(id: u64) -> Result<u64, String> {
    Ok(id)
}

#[cache_memoize(key = |id| *id)]
fn key(id: u64) -> u64 {
    id
}

#[cache_memoize(prefix = PREFIX)]
fn prefix(id: u64) -> u64 {
    id
}
const PREFIX: u64 = 5;

#[cache_memoize(capacity = 100, weigher = |_, value| *value)]
fn weigher(id: u64) -> u64 {
    id
}

#[cache_memoize(args_rewrite = id)]
fn args_rewrite(id: u64) -> u64 {
    id
}

fn main() {}
