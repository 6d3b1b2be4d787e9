//! What is not awaited.

use cache_memoize::{Memory, cache_memoize};

async fn hit(_: &u64) {}

async fn tenant() -> u64 {
    1
}

async fn memory() -> Memory {
    Memory::default()
}

#[cache_memoize(on_hit = |id| async move { hit(id).await })]
async fn block(id: u64) -> u64 {
    id
}

#[cache_memoize(on_hit = hit)]
async fn path(id: u64) -> u64 {
    id
}

#[cache_memoize(on_miss = |id| hit(id))]
async fn closure(id: u64) -> u64 {
    id
}

#[cache_memoize(extra = tenant().await)]
async fn extra(id: u64) -> u64 {
    id
}

#[cache_memoize(args_rewrite = |id| (*id, tenant().await))]
async fn rewritten(id: u64) -> u64 {
    id
}

#[cache_memoize(backend = memory().await)]
async fn backend(id: u64) -> u64 {
    id
}

fn main() {}
