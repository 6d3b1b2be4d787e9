//! Options about results do not see the arguments.

use cache_memoize::cache_memoize;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Limit {
    max: usize,
}

#[cache_memoize(cache_if = |value| *value > limit)]
fn cache_if(limit: u64) -> u64 {
    limit
}

#[cache_memoize(ttl = |_| std::time::Duration::from_secs(seconds))]
fn ttl(seconds: u64) -> u64 {
    seconds
}

#[cache_memoize(cache_if = |value| !value.is_empty() && value.len() < limit.max)]
fn field(limit: Limit) -> Vec<u64> {
    vec![limit.max as u64]
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
