//! Every mistake of one attribute is reported.

use cache_memoize::cache_memoize;

#[cache_memoize(tll = 5, capacity = 0, skip(connection), on_hit = |id, more| println!("{id}{more}"))]
fn f(id: u64) -> u64 {
    id
}

fn main() {}
