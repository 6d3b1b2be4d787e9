//! Imports go downward through the table of layers in ARCHITECTURE.md.

use std::collections::BTreeMap;
use std::fs;

use crate::source::{sources, workspace};

const RUNTIME: &str = "cache-memoize/src";

/// Imports that are still to be turned round.
const TO_BE_TURNED: [&str; 1] = ["cache-memoize/src/site/instance.rs imports `place::Place`"];

#[test]
fn imports_go_downward() {
    let layers = layers();
    let mut upward = Vec::new();
    for source in sources(RUNTIME) {
        let module = source.module(RUNTIME);
        let Some(from) = module.first() else { continue };
        if source.is_of_tests() {
            continue;
        }
        let own = layer(&layers, from);
        for path in source.paths(RUNTIME) {
            let Some(to) = path.first().filter(|to| to.starts_with(char::is_lowercase)) else { continue };
            // The attribute, which tools for tests use as everybody does.
            if to != "cache_memoize" && layer(&layers, to) < own {
                upward.push(format!("{} imports `{}`", source.path.display(), path.join("::")));
            }
        }
    }
    upward.retain(|import| !TO_BE_TURNED.contains(&import.as_str()));
    assert!(upward.is_empty(), "these imports go upward, by the table in ARCHITECTURE.md: {upward:#?}");
}

/// The place of a module in the table, from above.
fn layer(layers: &BTreeMap<String, usize>, module: &str) -> usize {
    *layers.get(module).unwrap_or_else(|| panic!("`{module}` is in no layer of ARCHITECTURE.md"))
}

/// The modules of the table whose head is `| layer | modules |`: in the second column, between backticks.
fn layers() -> BTreeMap<String, usize> {
    let text = fs::read_to_string(workspace().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md is there");
    let table = text.lines().skip_while(|line| !line.starts_with("| layer | modules |")).skip(2);
    let rows = table.take_while(|line| line.starts_with('|')).enumerate();
    let modules = rows.flat_map(|(row, line)| {
        let column = line.split('|').nth(2).unwrap_or_default();
        let names = column.split('`').skip(1).step_by(2).map(|name| name.trim_end_matches('/').to_owned());
        names.map(|name| (name, row)).collect::<Vec<_>>()
    });
    modules.collect()
}
