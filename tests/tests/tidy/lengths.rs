//! No function is longer than a screen.

use crate::source::{Source, sources};

/// In lines, from the one with `fn` to the one with the brace that ends it.
const LONGEST: usize = 60;

#[test]
fn functions_are_short() {
    let folders = [
        "cache-memoize/src",
        "cache-memoize-macros/src",
        "tests/src",
        "tests/tests",
        "examples",
        "benches/src",
    ];
    let long: Vec<String> =
        folders.into_iter().flat_map(sources).flat_map(|source| too_long(&source)).collect();
    assert!(long.is_empty(), "these functions have more than {LONGEST} lines: {long:#?}");
}

fn too_long(source: &Source) -> Vec<String> {
    let lines: Vec<&str> = source.text.lines().collect();
    let long = |(at, line): (usize, &&str)| {
        let indent = line.len() - line.trim_start().len();
        let name = function(line)?;
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
    // One of a trait, or within one line, has no body that ends further down.
    (is_head && !name.is_empty() && !line.ends_with(';') && !line.ends_with('}')).then_some(name)
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
