//! Expressions that are no backend.

use cache_memoize::cache_memoize;

struct Pool;

static POOL: Pool = Pool;

#[cache_memoize(backend = POOL)]
fn something_else(id: u64) -> u64 {
    id
}

#[cache_memoize(backend = &POOL)]
async fn reference_to_something_else(id: u64) -> u64 {
    id
}

struct Users {
    pool: Pool,
}

impl Users {
    #[cache_memoize(skip(self), backend = self.pool)]
    fn user(&self, id: u64) -> u64 {
        id
    }
}

fn main() {}
