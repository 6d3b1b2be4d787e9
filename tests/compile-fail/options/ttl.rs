//! Lifetimes that are none, in the attribute's own words.

use cache_memoize::cache_memoize;

#[cache_memoize(ttl = 0)]
fn zero(id: u64) -> u64 {
    id
}

#[cache_memoize(0)]
fn bare_zero(id: u64) -> u64 {
    id
}

#[cache_memoize(ttl = "0s")]
fn zero_in_words(id: u64) -> u64 {
    id
}

#[cache_memoize(ttl = "300")]
fn without_unit(id: u64) -> u64 {
    id
}

#[cache_memoize(ttl = "5 mimutes")]
fn unit_misspelt(id: u64) -> u64 {
    id
}

#[cache_memoize(ttl = "soon")]
fn no_number(id: u64) -> u64 {
    id
}

#[cache_memoize(ttl = "1.5h")]
fn fraction_in_words(id: u64) -> u64 {
    id
}

#[cache_memoize(ttl = 1.5)]
fn fraction(id: u64) -> u64 {
    id
}

#[cache_memoize(ttl = 5s)]
fn without_quotes(id: u64) -> u64 {
    id
}

#[cache_memoize(ttl = -5)]
fn negative(id: u64) -> u64 {
    id
}

#[cache_memoize(ttl = true)]
fn no_lifetime(id: u64) -> u64 {
    id
}

#[cache_memoize(cache_err = true, err_ttl = 0)]
fn errors_too(id: u64) -> Result<u64, String> {
    Ok(id)
}

fn main() {}
