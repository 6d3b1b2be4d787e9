//! Type parameters with too few bounds for a key.

use cache_memoize::cache_memoize;
use std::fmt::Debug;
use std::hash::Hash;

#[cache_memoize(ttl = 5)]
fn no_bounds<T>(id: T) -> u64 {
    let _ = id;
    1
}

#[cache_memoize(ttl = 5)]
fn some_bounds<T: Hash + Eq + Debug>(id: &T) -> String {
    format!("{id:?}")
}

#[cache_memoize(ttl = 5)]
fn all_but_static<T>(id: T) -> u64
where
    T: Hash + Eq + Clone + Send + Sync,
{
    let _ = id;
    1
}

#[cache_memoize(ttl = 5)]
async fn slice<T: Copy>(ids: &[T]) -> usize {
    ids.len()
}

fn main() {}
