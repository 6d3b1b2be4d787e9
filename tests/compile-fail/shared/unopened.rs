//! What is not yet a backend.

use std::sync::{LazyLock, OnceLock};

use cache_memoize::{Error, Redis, cache_memoize};

static REDIS: LazyLock<Result<Redis, Error>> = LazyLock::new(|| Redis::open("redis://127.0.0.1/"));
static LATER: OnceLock<Redis> = OnceLock::new();
const NAME: &str = "sessions";

#[cache_memoize(backend = REDIS)]
fn result(id: u64) -> u64 {
    id
}

#[cache_memoize(backend = LATER.get())]
async fn option(id: u64) -> u64 {
    id
}

#[cache_memoize(backend = NAME)]
fn name(id: u64) -> u64 {
    id
}

#[cache_memoize(backend = format!("sessions{id}"))]
fn text(id: u64) -> u64 {
    id
}

fn main() {
    cache_memoize::register("sessions", Redis::open("redis://127.0.0.1/"));
}
