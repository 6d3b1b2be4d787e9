//! Each file says in its first line what its one job is.

use crate::source::sources;

#[test]
fn each_file_says_what_it_is_for() {
    let folders = ["cache-memoize/src", "cache-memoize-macros/src", "tests/src", "examples", "benches/src"];
    let silent: Vec<_> = folders
        .into_iter()
        .flat_map(sources)
        .filter(|source| !source.text.starts_with("//!") && !source.text.starts_with("#![doc"))
        .map(|source| source.path)
        .collect();
    assert!(
        silent.is_empty(),
        "these files do not begin with a line `//! …` that says what they are for: {silent:#?}"
    );
}
