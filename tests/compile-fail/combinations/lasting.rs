//! What would be made anew at every call is no cache.

use std::sync::Arc;

use cache_memoize::{Memory, Redis, Shared, cache_memoize};

#[cache_memoize(backend = Memory::new(100))]
fn new(id: u64) -> u64 {
    id
}

#[cache_memoize(backend = &Memory::builder().unbounded().build())]
fn built(id: u64) -> u64 {
    id
}

#[cache_memoize(backend = Redis::open("redis://127.0.0.1/").unwrap())]
fn opened(id: u64) -> u64 {
    id
}

#[cache_memoize(backend = Redis::builder().url("redis://127.0.0.1/").build()?)]
fn built_redis(id: u64) -> Result<u64, cache_memoize::Error> {
    Ok(id)
}

#[cache_memoize(backend = Shared::from(Memory::new(100)))]
fn wrapped(id: u64) -> u64 {
    id
}

#[cache_memoize(backend = Arc::new(cache_memoize::Memory::default()))]
fn counted(id: u64) -> u64 {
    id
}

#[cache_memoize(backend = {
    let redis = <Redis>::open("redis://127.0.0.1/").expect("a valid URL");
    redis
})]
async fn block(id: u64) -> u64 {
    id
}

#[cache_memoize(backend = if id > 5 { Memory::new(5) } else { Memory::new(10) })]
fn either(id: u64) -> u64 {
    id
}

fn main() {
    let _ = new(1) + built(1) + opened(1) + wrapped(1) + counted(1) + either(1);
    drop(block(1));
    let _ = built_redis(1);
}
