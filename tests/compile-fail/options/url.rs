//! A URL where the name of a registered backend belongs.

use cache_memoize::cache_memoize;

#[cache_memoize(backend = "redis://:secret@127.0.0.1/")]
fn of_a_server(id: u64) -> u64 {
    id
}

#[cache_memoize(cache_alias = "redis+unix:///run/redis.sock", ttl = 5)]
fn of_a_socket(id: u64) -> u64 {
    id
}

fn main() {}
