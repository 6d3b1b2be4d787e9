//! The pages that people read: whether every link is alive in the repository and on docs.rs, every file that a page names
//! is there, and the README keeps to its size.

mod attribute;
mod docs_rs;
mod markdown;
mod repository;

use std::path::{Path, PathBuf};

/// The root of the repository.
fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    root.canonicalize().expect("the repository is there")
}

/// Fails with all of them, if there are any.
fn none_of(faults: &[String]) {
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
