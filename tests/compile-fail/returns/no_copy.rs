//! Results that the cache cannot keep.

use cache_memoize::cache_memoize;
use std::rc::Rc;
use std::sync::Mutex;

struct Post;

type Loaded<T> = Result<T, String>;

#[cache_memoize(ttl = 5)]
fn not_clone(id: u64) -> Post {
    let _ = id;
    Post
}

#[cache_memoize(ttl = 5)]
async fn not_clone_in_async(id: u64) -> Post {
    let _ = id;
    Post
}

#[cache_memoize(ttl = 5)]
fn not_clone_in_a_result(id: u64) -> Result<Post, String> {
    let _ = id;
    Ok(Post)
}

#[cache_memoize(ttl = 5)]
fn not_clone_in_a_result_by_another_name(id: u64) -> Loaded<Post> {
    let _ = id;
    Ok(Post)
}

#[cache_memoize(ttl = 5)]
fn not_clone_in_a_list(id: u64) -> Vec<Post> {
    let _ = id;
    vec![]
}

#[cache_memoize(ttl = 5)]
fn not_send(id: u64) -> Rc<str> {
    id.to_string().into()
}

#[cache_memoize(ttl = 5)]
fn guard(id: u64) -> Option<Mutex<u64>> {
    Some(Mutex::new(id))
}

#[cache_memoize(ttl = 5)]
fn object(id: u64) -> Box<dyn Fn() -> u64> {
    Box::new(move || id)
}

fn main() {}
