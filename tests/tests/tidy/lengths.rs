//! No function is longer than a screen.

use crate::source::{Source, sources};

/// In lines, from the one with `fn` to the one with the brace that ends it.
const LONGEST: usize = 60;

/// A function that is still to be cut.
const TO_BE_CUT: &str = "cache-memoize-macros/src/expand/function.rs";

#[test]
fn functions_are_short() {
    let folders = ["cache-memoize/src", "cache-memoize-macros/src", "tests/src", "examples", "benches/src"];
    let sources = folders.into_iter().flat_map(sources).filter(|source| !source.is_of_tests());
    let long: Vec<String> = sources.flat_map(|source| too_long(&source)).collect();
    let long: Vec<String> = long.into_iter().filter(|long| !long.contains(TO_BE_CUT)).collect();
    assert!(long.is_empty(), "these functions have more than {LONGEST} lines: {long:#?}");
}

fn too_long(source: &Source) -> Vec<String> {
    let lines: Vec<&str> = source.text.lines().collect();
    let long = |(at, line): (usize, &&str)| {
        let indent = line.len() - line.trim_start().len();
        let name = function(line)?;
        // One of a trait may have no body.
        let head = lines[at..].iter().find(|line| line.ends_with(['{', ';', '}']))?;
        if !head.ends_with('{') {
            return None;
        }
        let end = format!("{}}}", " ".repeat(indent));
        let length = lines[at..].iter().position(|line| **line == end)? + 1;
        (length > LONGEST).then(|| format!("{}:{} {name} ({length})", source.path.display(), at + 1))
    };
    lines.iter().enumerate().filter_map(long).collect()
}

/// The name of the function whose body begins there.
fn function(line: &str) -> Option<&str> {
    let (before, after) = line.split_once("fn ")?;
    let is_head = before.split_whitespace().all(|word| {
        matches!(word, "pub" | "const" | "async" | "unsafe" | "extern" | "\"C\"") || word.starts_with("pub(")
    });
    let name = after.split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
    (is_head && !name.is_empty()).then_some(name)
}

#[test]
fn long_functions_are_found() {
    let long = format!(
        "impl S {{\n    pub(crate) async fn long(\n        x: u8,\n    ) {{\n{}    }}\n}}\n",
        "        x;\n".repeat(57)
    );
    let source = Source { path: "s.rs".into(), text: long };
    assert_eq!(too_long(&source), ["s.rs:2 long (61)"]);
}
