//! Values that no other process could read.

use std::sync::LazyLock;

use cache_memoize::{Memory, Shared, cache_memoize};

static SHARED: LazyLock<Shared> = LazyLock::new(|| Shared::from(Memory::new(10)));

#[derive(Clone)]
struct Post {
    id: u64,
}

struct Handle;

type Found<T> = Result<T, std::io::Error>;

#[cache_memoize(backend = SHARED)]
fn plain(id: u64) -> Post {
    Post { id }
}

#[cache_memoize(backend = SHARED)]
async fn result(id: u64) -> Found<Vec<Post>> {
    Ok(vec![Post { id }])
}

#[cache_memoize(backend = SHARED)]
fn option(id: u64) -> Option<Post> {
    Some(Post { id })
}

#[cache_memoize(backend = SHARED)]
fn borrowed(id: u64) -> &'static str {
    if id > 0 { "some" } else { "none" }
}

#[cache_memoize(backend = SHARED)]
async fn borrowed_perhaps(id: u64) -> Result<Option<&'static [u8]>, std::io::Error> {
    Ok((id > 0).then_some(&[1]))
}

#[cache_memoize(backend = SHARED)]
fn generic<T: Clone + Send + Sync + From<u8> + 'static>(id: u64) -> T {
    T::from(id as u8)
}

#[cache_memoize(backend = SHARED)]
fn not_even_in_memory(id: u64) -> Result<Handle, u64> {
    Err(id)
}

#[cache_memoize(backend = "posts")]
fn by_name(id: u64) -> Post {
    Post { id }
}

#[cache_memoize(backend = SHARED, store_result = false)]
fn mark(id: u64) -> Post {
    Post { id }
}

#[cache_memoize(backend = SHARED)]
fn error_that_is_not_stored(id: u64) -> Result<u64, Post> {
    Ok(id)
}

fn main() {}
