//! Three faulty functions, three errors.

use cache_memoize::cache_memoize;
use std::collections::HashMap;

struct Post;

#[cache_memoize(ttl = 5)]
fn argument(settings: HashMap<String, u64>) -> usize {
    settings.len()
}

#[cache_memoize(ttl = 5)]
fn result(id: u64) -> Post {
    let _ = id;
    Post
}

#[cache_memoize(ttl = 5)]
fn parameter<T: ToString>(id: T) -> String {
    id.to_string()
}

fn main() {}
