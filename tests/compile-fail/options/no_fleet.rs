//! `single_flight = "fleet"` where no other process is: a `Memory`, however it is named.
//! Under the name of a registered backend it is not known, for that may be a server.

use std::sync::{Arc, LazyLock};

use cache_memoize::{Memory, cache_memoize};

static MEMORY: LazyLock<Memory> = LazyLock::new(Memory::default);

#[cache_memoize(backend = MEMORY, single_flight = "fleet")]
fn in_a_static(id: u64) -> u64 {
    id
}

struct Repository {
    cache: Arc<Memory>,
}

impl Repository {
    #[cache_memoize(backend = self.cache, single_flight = "fleet", skip(self))]
    async fn in_a_field(&self, id: u64) -> u64 {
        id
    }
}

#[cache_memoize(backend = MEMORY, single_flight = "fleet", store_result = false)]
fn of_a_mark(id: u64) {
    let _ = id;
}

fn main() {}
