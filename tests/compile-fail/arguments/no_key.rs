//! Arguments that cannot be part of a key.

use cache_memoize::cache_memoize;
use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

#[derive(PartialEq, Eq, Clone)]
struct NotHash;

#[derive(PartialEq, Hash, Clone)]
struct NotEq;

#[derive(PartialEq, Eq, Hash)]
struct NotClone;

#[derive(PartialEq, Eq, Hash, Clone)]
struct NotSend(*const u8);

#[derive(PartialEq, Eq, Hash, Clone)]
struct Lifetime<'a>(&'a str);

#[cache_memoize(ttl = 5)]
fn not_hash(id: NotHash) -> u64 {
    let _ = id;
    1
}

#[cache_memoize(ttl = 5)]
fn not_eq(id: &NotEq) -> u64 {
    let _ = id;
    1
}

#[cache_memoize(ttl = 5)]
async fn not_clone(id: NotClone) -> u64 {
    let _ = id;
    1
}

#[cache_memoize(ttl = 5)]
fn not_send(id: NotSend, other: u64) -> u64 {
    let _ = id;
    other
}

#[cache_memoize(ttl = 5)]
fn not_sync(id: Rc<Cell<u64>>) -> u64 {
    id.get()
}

#[cache_memoize(ttl = 5)]
fn map(settings: HashMap<String, u64>) -> u64 {
    settings.len() as u64
}

#[cache_memoize(ttl = 5)]
fn function(f: impl Fn() -> u64) -> u64 {
    f()
}

#[cache_memoize(ttl = 5)]
fn object(id: &dyn std::fmt::Debug) -> u64 {
    let _ = id;
    1
}

#[cache_memoize(ttl = 5)]
fn part_of_a_tuple((id, _): (u64, NotHash)) -> u64 {
    id
}

#[cache_memoize(ttl = 5)]
fn elements(ids: &[NotHash]) -> usize {
    ids.len()
}

fn main() {}
