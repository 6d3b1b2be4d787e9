//! Options about results do not see the arguments.

use cache_memoize::cache_memoize;
use std::time::Duration;

#[cache_memoize(cache_if = |value| *value > limit)]
fn cache_if(limit: u64) -> u64 {
    limit
}

#[cache_memoize(ttl = |_| Duration::from_secs(seconds))]
fn ttl(seconds: u64) -> u64 {
    seconds
}

#[cache_memoize(ttl = seconds)]
fn fixed_ttl(seconds: u64) -> u64 {
    seconds
}

#[cache_memoize(cache_err = |error| error == expected)]
fn cache_err(expected: &str) -> Result<u64, String> {
    Err(expected.to_owned())
}

#[cache_memoize(capacity = 100, weigher = |_, _| weight)]
fn weigher(weight: u32) -> u64 {
    weight.into()
}

#[cache_memoize(capacity = size)]
fn capacity(size: u64) -> u64 {
    size
}

fn main() {}
