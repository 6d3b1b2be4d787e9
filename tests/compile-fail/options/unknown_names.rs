//! Names that are nowhere.

use cache_memoize::cache_memoize;

#[cache_memoize(extra = locale)]
fn extra(id: u64) -> u64 {
    id
}

#[cache_memoize(bypass_if = user.is_admin)]
fn bypass_if(id: u64) -> u64 {
    id
}

#[cache_memoize(args_rewrite = rewritten)]
fn args_rewrite(id: u64) -> u64 {
    id
}

#[cache_memoize(on_miss = |id| log_miss(id))]
fn told(id: u64) -> u64 {
    id
}

#[cache_memoize(backend = REDIS)]
fn backend(id: u64) -> u64 {
    id
}

#[cache_memoize(ttl = LIFETIME)]
fn ttl(id: u64) -> u64 {
    id
}

fn main() {}
