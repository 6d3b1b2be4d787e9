//! Errors that no other process could read.

use std::sync::LazyLock;

use cache_memoize::{Memory, Shared, cache_memoize};

static SHARED: LazyLock<Shared> = LazyLock::new(|| Shared::from(Memory::new(10)));

#[derive(Clone)]
struct Post;

#[derive(Clone)]
struct Fault;

#[cache_memoize(backend = SHARED, cache_err = true)]
fn error(id: u64) -> Result<u64, Fault> {
    Ok(id)
}

#[cache_memoize(backend = SHARED, cache_err = |error| true)]
async fn value_and_error(id: u64) -> Result<Post, Fault> {
    let _ = id;
    Err(Fault)
}

#[cache_memoize(backend = SHARED, cache_err = true)]
fn not_even_in_memory(id: u64) -> Result<u64, std::io::Error> {
    Ok(id)
}

#[cache_memoize(backend = SHARED, cache_err = true)]
fn no_error(id: u64) -> u64 {
    id
}

#[cache_memoize(backend = SHARED, cache_err = true)]
fn borrowed_error(id: u64) -> Result<u64, &'static str> {
    Ok(id)
}

fn main() {}
