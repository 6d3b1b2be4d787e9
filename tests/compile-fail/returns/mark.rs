//! `store_result = false` would lose what these return.

use cache_memoize::cache_memoize;

#[cache_memoize(ttl = 5, store_result = false)]
fn value(id: u64) -> u64 {
    id
}

#[cache_memoize(ttl = 5, store_result = false)]
async fn value_in_a_result(id: u64) -> Result<u64, String> {
    Ok(id)
}

#[cache_memoize(ttl = 5, store_result = false)]
fn option(id: u64) -> Option<()> {
    let _ = id;
    Some(())
}

struct Post;

#[cache_memoize(ttl = 5, store_result = false)]
fn not_even_cacheable(id: u64) -> Result<Post, String> {
    let _ = id;
    Ok(Post)
}

fn main() {}
