//! Bounds of waiting that are none.

use cache_memoize::cache_memoize;

const MINUTES: &str = "5m";

#[cache_memoize(max_wait = 0)]
fn zero(id: u64) -> u64 {
    id
}

#[cache_memoize(max_wait = "0ms")]
fn zero_in_words(id: u64) -> u64 {
    id
}

#[cache_memoize(max_wait = "300")]
fn without_unit(id: u64) -> u64 {
    id
}

#[cache_memoize(max_wait = "5 mimutes")]
fn unit_misspelt(id: u64) -> u64 {
    id
}

#[cache_memoize(max_wait = 5s)]
fn without_quotes(id: u64) -> u64 {
    id
}

#[cache_memoize(max_wait = -5)]
fn negative(id: u64) -> u64 {
    id
}

#[cache_memoize(max_wait = |value| std::time::Duration::from_secs(*value))]
fn by_the_value(id: u64) -> u64 {
    id
}

#[cache_memoize(max_wait = seconds)]
fn by_an_argument(seconds: u64) -> u64 {
    seconds
}

#[cache_memoize(max_wait = MINUTES)]
fn text_in_a_const(id: u64) -> u64 {
    id
}

#[cache_memoize(single_flight = false, max_wait = 5)]
fn nobody_waits(id: u64) -> u64 {
    id
}

#[cache_memoize(maxwait = 5)]
fn misspelt(id: u64) -> u64 {
    id
}

fn main() {}
