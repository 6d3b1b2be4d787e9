//! `cache_err` without errors that could be stored.

use cache_memoize::cache_memoize;
use std::io;

#[cache_memoize(cache_err = true)]
fn no_result(id: u64) -> Option<u64> {
    Some(id)
}

#[cache_memoize(cache_err = true)]
fn error_that_is_not_clone(id: u64) -> io::Result<u64> {
    Ok(id)
}

#[cache_memoize(cache_err = |error| error.kind() == io::ErrorKind::NotFound)]
async fn some_errors(id: u64) -> Result<u64, io::Error> {
    Ok(id)
}

#[cache_memoize(cache_err = |_| true)]
fn nothing(id: u64) {
    let _ = id;
}

fn main() {}
