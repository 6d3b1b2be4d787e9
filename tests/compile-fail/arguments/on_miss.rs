//! Arguments that are gone when `on_miss` is called.

use cache_memoize::cache_memoize;

#[derive(PartialEq, Eq, Hash)]
struct Query;

#[cache_memoize(skip(query), on_miss = |_query, id| println!("{id}"))]
fn consumed(query: Query, id: u64) -> u64 {
    drop(query);
    id
}

fn log<T>(_: &T, _: &u64) {}

#[cache_memoize(skip(query), on_miss = log)]
async fn any<T>(query: T, id: u64) -> u64 {
    drop(query);
    id
}

fn main() {}
