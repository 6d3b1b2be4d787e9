//! `codec` where nothing is encoded, and what cannot be its value.

use std::sync::LazyLock;

use cache_memoize::{Memory, cache_memoize};

static MEMORY: LazyLock<Memory> = LazyLock::new(Memory::default);

#[cache_memoize(codec = Codec::Json)]
fn without_a_backend(id: u64) -> u64 {
    id
}

#[cache_memoize(codec = Codec::Json, backend = MEMORY, store_result = false)]
fn of_a_mark(id: u64) {
    let _ = id;
}

#[cache_memoize(codec = codec_for(id), backend = MEMORY)]
fn by_argument(id: u64) -> u64 {
    id
}

#[cache_memoize(codec = "json", backend = MEMORY)]
fn text(id: u64) -> u64 {
    id
}

#[cache_memoize(codec = |id| Codec::Json, backend = MEMORY)]
fn closure(id: u64) -> u64 {
    id
}

#[cache_memoize(codec, backend = MEMORY)]
fn no_value(id: u64) -> u64 {
    id
}

fn main() {}
