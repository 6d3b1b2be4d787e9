//! Arguments that cannot be part of a key in a `Memory` that the user named.

use std::sync::LazyLock;

use cache_memoize::{Memory, cache_memoize};

static MEMORY: LazyLock<Memory> = LazyLock::new(Memory::default);

#[derive(Clone, serde::Serialize)]
struct Filter {
    boost: f64,
}

struct Handle;

#[cache_memoize(backend = MEMORY)]
fn by_value(filter: Filter, id: u64) -> u64 {
    filter.boost as u64 + id
}

#[cache_memoize(backend = MEMORY)]
async fn in_a_tuple(pair: &(u64, Filter)) -> u64 {
    pair.0
}

#[cache_memoize(backend = MEMORY)]
fn value(id: u64) -> Result<Handle, String> {
    Err(id.to_string())
}

fn main() {}
