//! Type parameters with too few bounds for a result.

use cache_memoize::cache_memoize;

#[cache_memoize(ttl = 5)]
fn no_bounds<T: Default>(id: u64) -> T {
    let _ = id;
    T::default()
}

#[cache_memoize(ttl = 5)]
fn too_few<T: Default + Clone>(id: u64) -> Vec<T> {
    let _ = id;
    vec![T::default()]
}

#[cache_memoize(ttl = 5)]
async fn in_a_result<T: Default, E>(id: u64) -> Result<T, E> {
    let _ = id;
    Ok(T::default())
}

#[cache_memoize(skip(make), ttl = 5)]
fn made<T>(make: fn() -> T) -> T
where
    T: Clone + Send + Sync,
{
    make()
}

fn main() {}
