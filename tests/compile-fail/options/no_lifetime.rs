//! Expressions that are no lifetime.

use cache_memoize::cache_memoize;

const MINUTES: &str = "5m";

#[cache_memoize(ttl = MINUTES)]
fn text_in_a_const(id: u64) -> u64 {
    id
}

#[cache_memoize(ttl = String::from("5m"))]
fn text_at_run_time(id: u64) -> u64 {
    id
}

#[cache_memoize(ttl = 1 < 2)]
fn truth_value(id: u64) -> u64 {
    id
}

#[cache_memoize(ttl = 1.5 * 60.0)]
async fn fraction(id: u64) -> u64 {
    id
}

#[cache_memoize(ttl = |id| *id)]
fn closure_giving_seconds(id: u64) -> u64 {
    id
}

#[cache_memoize(cache_err = true, err_ttl = MINUTES)]
fn errors_too(id: u64) -> Result<u64, String> {
    Ok(id)
}

fn main() {}
