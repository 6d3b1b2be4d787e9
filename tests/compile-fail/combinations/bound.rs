//! A backend has a bound of its own, and a weigher needs one.

use cache_memoize::{Memory, cache_memoize};
use std::sync::LazyLock;

static MEMORY: LazyLock<Memory> = LazyLock::new(Memory::default);

#[cache_memoize(backend = MEMORY, capacity = 100)]
fn capacity(id: u64) -> u64 {
    id
}

#[cache_memoize(backend = MEMORY, weigher = |_, _| 1)]
fn weigher(id: u64) -> u64 {
    id
}

#[cache_memoize(weigher = |_, _| 1)]
fn weigher_alone(id: u64) -> u64 {
    id
}

#[cache_memoize(capacity = unbounded, weigher = |_, _| 1)]
fn weigher_for_nothing(id: u64) -> u64 {
    id
}

fn main() {}
