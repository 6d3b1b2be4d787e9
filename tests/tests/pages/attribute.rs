//! The page of the attribute: every option and every companion is on it, and found by searching for its name.

use std::fs;

use super::markdown::Page;
use super::{none_of, root};

/// The options with their other spellings, as the attribute's table has them.
fn options() -> Vec<String> {
    let table =
        fs::read_to_string(root().join("cache-memoize-macros/src/args/options.rs")).expect("the table");
    let rows = table.lines().filter_map(|line| line.trim_start().strip_prefix("option!(")?.split_once(','));
    let names = rows.map(|(names, _)| names).filter(|names| !names.contains('$'));
    names.flat_map(|names| names.split(" or ")).map(|name| name.trim_start_matches("r#").to_owned()).collect()
}

#[test]
fn every_option_and_companion_is_described_and_found() {
    let read =
        |path: &str| fs::read_to_string(root().join("cache-memoize-macros").join(path)).expect("a file");
    let source = read("src/lib.rs");
    let pages = [read("docs/options.md"), read("docs/options-shared.md"), read("docs/companions.md")];
    let headings: Vec<String> = pages.iter().flat_map(|page| Page::parse(page).headings()).collect();

    let options = options();
    assert!(options.len() > 20, "{options:?}");
    let mut faults = Vec::new();
    for option in &options {
        if !source.contains(&format!("\"{option}\"")) {
            faults.push(format!("`{option}` has no `doc(alias)`"));
        }
        if !headings.iter().any(|heading| heading.contains(&format!("`{option}`"))) {
            faults.push(format!("`{option}` has no heading"));
        }
    }
    let companions =
        ["_invalidate", "_invalidate_all", "_refresh", "_set", "_peek", "_cache_key", "_uncached", "_stats"];
    for companion in companions {
        if !source.contains(&format!("\"{companion}\"")) {
            faults.push(format!("`{companion}` has no `doc(alias)`"));
        }
        if !pages[2].contains(&format!("| `f{companion}(")) {
            faults.push(format!("`{companion}` has no row"));
        }
    }
    none_of(&faults);
}
