//! Functions that take another number of arguments than they are given, or others.

use cache_memoize::cache_memoize;

fn one(id: &u64) -> u64 {
    *id
}

fn two(_: &str, _: &str) {}

fn yes(_: &u64, _: &u64) -> bool {
    true
}

#[cache_memoize(args_rewrite = one)]
fn args_rewrite(id: u64, trace: u64) -> u64 {
    id + trace
}

#[cache_memoize(on_hit = two)]
fn on_hit(id: u64, trace: u64) -> u64 {
    id + trace
}

#[cache_memoize(on_miss = two)]
fn on_miss(id: u64) -> u64 {
    id
}

#[cache_memoize(cache_if = yes)]
fn cache_if(id: u64) -> u64 {
    id
}

fn main() {}
