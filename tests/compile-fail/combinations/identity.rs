//! A key that is written whole leaves nothing to add.

use cache_memoize::cache_memoize;

#[cache_memoize(key = |id| id.to_string(), args_rewrite = |id| *id)]
fn args_rewrite(id: u64) -> u64 {
    id
}

#[cache_memoize(key = |id| id.to_string(), extra = id)]
fn extra(id: u64) -> u64 {
    id
}

#[cache_memoize(key_generator_callable = |id| id.to_string(), version = 2)]
fn version(id: u64) -> u64 {
    id
}

#[cache_memoize(prefix = "posts", key = |id| id.to_string())]
fn prefix(id: u64) -> u64 {
    id
}

fn main() {}
