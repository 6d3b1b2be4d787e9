//! Options that mean nothing without another.

use cache_memoize::cache_memoize;

#[cache_memoize(err_ttl = 5)]
fn err_ttl(id: u64) -> Result<u64, String> {
    Ok(id)
}

#[cache_memoize(single_flight = "fleet")]
fn fleet(id: u64) -> u64 {
    id
}

#[cache_memoize(cache_err = true, ttl = |id| std::time::Duration::from_secs(*id))]
fn lifetime_of_errors(id: u64) -> Result<u64, String> {
    Ok(id)
}

#[cache_memoize(cache_exceptions = |error| error.is_empty(), timeout = |id| std::time::Duration::from_secs(*id))]
fn by_the_other_names(id: u64) -> Result<u64, String> {
    Ok(id)
}

fn main() {}
