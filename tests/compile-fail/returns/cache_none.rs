//! `cache_none` without a `None`.

use cache_memoize::cache_memoize;

#[cache_memoize(cache_none = false)]
fn value(id: u64) -> u64 {
    id
}

#[cache_memoize(cache_none = false)]
async fn result(id: u64) -> Result<u64, String> {
    Ok(id)
}

#[cache_memoize(cache_none = false)]
fn nothing(id: u64) {
    let _ = id;
}

fn main() {}
