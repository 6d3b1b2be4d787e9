//! §4 A key names one call of one function: whatever compiles, on every place that two functions can both reach, also
//! when each of them runs in another process. And a companion is about the entry of its function.
#![allow(missing_docs)]
#![allow(
    clippy::extra_unused_type_parameters,
    clippy::needless_borrows_for_generic_args,
    reason = "odd signatures are what is tried here"
)]

mod attack;
mod blocks;
mod claims;
mod companions;
mod groups;
mod news;
mod types;
mod worlds;

use std::cell::Cell;
use std::sync::LazyLock;

use cache_memoize::{Memory, Redis, Shared, register};
use cache_memoize_tests::servers::RedisServer;

thread_local! {
    static RUNS: Cell<usize> = const { Cell::new(0) };
}

/// What a body calls so that the test knows that it ran. Each test has a thread of its own.
fn ran() {
    RUNS.set(RUNS.get() + 1);
}

/// How many bodies ran in `act`.
fn runs<T>(act: impl FnOnce() -> T) -> usize {
    let before = RUNS.get();
    drop(act());
    RUNS.get() - before
}

/// A runtime that runs everything on the thread of the test.
fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// The places that functions can share, each with all functions of this suite in it.
static TYPED: LazyLock<Memory> = LazyLock::new(|| Memory::new(100_000));
static BYTES: LazyLock<Shared> = LazyLock::new(|| Shared::from(Memory::new(100_000)));

/// Has the name that functions of this suite know it by.
fn registered() {
    news::listen();
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| register("identity", Memory::new(100_000)));
}

/// A server, for as long as the program runs.
static REDIS: LazyLock<Redis> = LazyLock::new(|| {
    let server = Box::leak(Box::new(RedisServer::start()));
    Redis::builder().url(server.url()).timeout(std::time::Duration::from_secs(20)).build().unwrap()
});
