//! What is guarded: the calls that programs make all day.
//!
//! So many keys that the luck of a seeded hash averages out, and few enough for any cache to hold them.

use std::hash::Hash;
use std::hint::black_box;
use std::sync::{Arc, LazyLock};

use cache_memoize::{Memory, cache_memoize};
use cache_memoize_guard::at_once;

/// Prepares, and gives what carries out so many operations.
pub struct Workload {
    pub name: &'static str,
    pub prepare: fn() -> Box<dyn FnMut(u64)>,
}

pub const ALL: [Workload; 9] = [
    Workload { name: "hit, u64", prepare: || hits(number) },
    Workload { name: "hit, (&str, u32)", prepare: || hits(|key| text(NAMES[key as usize % 4], key as u32)) },
    Workload { name: "hit, value String", prepare: || hits(string) },
    Workload { name: "hit, value Arc<[u8]>", prepare: || hits(shared) },
    Workload { name: "hit, async", prepare: || hits(|key| at_once(later(key))) },
    Workload { name: "hit, generic function", prepare: || hits(generic) },
    Workload { name: "hit, named Memory", prepare: || hits(named) },
    Workload { name: "miss and store", prepare: misses },
    Workload { name: "miss, store, evict", prepare: evictions },
];

const KEYS: u64 = 1_000;
const NAMES: [&str; 4] = ["alice", "bob", "a longer name of a customer", "x"];

#[cache_memoize(ttl = 3600)]
fn number(key: u64) -> u64 {
    key
}

#[cache_memoize(ttl = 3600)]
fn text(name: &str, number: u32) -> u64 {
    name.len() as u64 + u64::from(number)
}

#[cache_memoize(ttl = 3600)]
fn string(key: u64) -> String {
    format!("the value of {key:08}")
}

#[cache_memoize(ttl = 3600)]
fn shared(key: u64) -> Arc<[u8]> {
    vec![key as u8; 1024].into()
}

#[cache_memoize(ttl = 3600)]
async fn later(key: u64) -> u64 {
    key
}

#[cache_memoize(ttl = 3600)]
fn generic<K: Copy + Hash + Eq + Send + Sync + 'static>(key: K) -> K {
    key
}

static MEMORY: LazyLock<Memory> = LazyLock::new(|| Memory::new(10_000));

#[cache_memoize(ttl = 3600, backend = MEMORY)]
fn named(key: u64) -> u64 {
    key
}

#[cache_memoize(ttl = 3600, capacity = 200_000)]
fn roomy(key: u64) -> u64 {
    key
}

#[cache_memoize(ttl = 3600, capacity = 10_000)]
fn full(key: u64) -> u64 {
    key
}

/// Every key in turn, each of them stored before.
fn hits<R: 'static>(call: fn(u64) -> R) -> Box<dyn FnMut(u64)> {
    // Until the thread has copies of all: it does not take every one at once.
    (0..KEYS * 50).for_each(|key| drop(black_box(call(key % KEYS))));
    Box::new(move |operations| {
        for operation in 0..operations {
            black_box(call(black_box(operation % KEYS)));
        }
    })
}

/// Keys that nobody asked for before, and room for them.
fn misses() -> Box<dyn FnMut(u64)> {
    // Where there is memory for all that there can be, and nothing has to grow any more.
    fresh(roomy, 180_000)
}

/// The same, where each has to replace another.
fn evictions() -> Box<dyn FnMut(u64)> {
    fresh(full, 40_000)
}

fn fresh(call: fn(u64) -> u64, first: u64) -> Box<dyn FnMut(u64)> {
    let mut keys = 0..;
    let mut work = move |operations| {
        for key in keys.by_ref().take(operations as usize) {
            black_box(call(black_box(key)));
        }
    };
    work(first);
    Box::new(work)
}
