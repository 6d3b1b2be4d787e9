//! `codec` where no bytes are, and what is no codec.

use std::sync::LazyLock;

use cache_memoize::{Codec, Memory, Shared, cache_memoize};

static SHARED: LazyLock<Shared> = LazyLock::new(|| Shared::from(Memory::new(10)));
static MEMORY: LazyLock<Memory> = LazyLock::new(Memory::default);

struct Json;

#[cache_memoize(backend = MEMORY, codec = Codec::Json)]
fn in_memory(id: u64) -> u64 {
    id
}

#[cache_memoize(backend = SHARED, codec = Json)]
fn something_else(id: u64) -> u64 {
    id
}

#[cache_memoize(backend = SHARED, codec = &Json)]
async fn reference_to_something_else(id: u64) -> u64 {
    id
}

fn main() {}
