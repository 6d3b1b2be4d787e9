//! Expressions that are no capacity.

use cache_memoize::cache_memoize;

const MANY: &str = "many";

#[cache_memoize(capacity = MANY)]
fn text(id: u64) -> u64 {
    id
}

#[cache_memoize(capacity = 1e6 as f64)]
fn fraction(id: u64) -> u64 {
    id
}

fn main() {}
