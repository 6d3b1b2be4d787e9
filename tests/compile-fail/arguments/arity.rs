//! Closures that take another number of parameters than they are given.

use cache_memoize::cache_memoize;

#[cache_memoize(args_rewrite = |id| *id)]
fn args_rewrite(id: u64, trace: u64) -> u64 {
    id + trace
}

#[cache_memoize(skip(trace), args_rewrite = |id, _trace| *id)]
fn args_rewrite_of_what_is_left(id: u64, trace: u64) -> u64 {
    id + trace
}

#[cache_memoize(key = || String::new())]
fn key(id: u64) -> u64 {
    id
}

#[cache_memoize(on_hit = |id| println!("{id}"))]
fn on_hit(id: u64, trace: u64) -> u64 {
    id + trace
}

#[cache_memoize(on_miss = |a, b, c| println!("{a}{b}{c}"))]
fn on_miss(id: u64, trace: u64) -> u64 {
    id + trace
}

#[cache_memoize(cache_if = |id, value| id == value)]
fn cache_if(id: u64) -> u64 {
    id
}

#[cache_memoize(cache_err = || true)]
fn cache_err(id: u64) -> Result<u64, String> {
    Ok(id)
}

#[cache_memoize(capacity = 100, weigher = |value| value)]
fn weigher(id: u64) -> u64 {
    id
}

#[cache_memoize(ttl = || std::time::Duration::from_secs(5))]
fn ttl(id: u64) -> u64 {
    id
}

#[cache_memoize(cache_err = true, err_ttl = |error, more| more)]
fn err_ttl(id: u64) -> Result<u64, String> {
    Ok(id)
}

struct Store;

impl Store {
    #[cache_memoize(skip(self), on_hit = |id| println!("{id}"))]
    fn method(&self, id: u64) -> u64 {
        id
    }
}

fn main() {}
