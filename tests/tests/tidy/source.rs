//! The sources of the workspace: files, the modules that they are, and the modules that they name.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A file of Rust.
pub(crate) struct Source {
    /// From the folder of the workspace.
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// A module of a crate, as the names that lead to it: `["memory", "store", "slot"]`.
pub(crate) type Module = Vec<String>;

/// The folder of the workspace.
pub(crate) fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests are a folder of the workspace")
}

/// The sources in a folder, and in those below it.
pub(crate) fn sources(folder: &str) -> Vec<Source> {
    let mut sources = Vec::new();
    collect(&workspace().join(folder), &mut sources);
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(!sources.is_empty(), "no sources in {folder}");
    sources
}

fn collect(folder: &Path, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).expect("a folder can be read") {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != "target") {
                collect(&path, sources);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a source is text");
            let path = path.strip_prefix(workspace()).expect("it is in the workspace").to_owned();
            sources.push(Source { path, text });
        }
    }
}

impl Source {
    /// The module that the file is, in the crate with that folder of sources.
    pub(crate) fn module(&self, crate_folder: &str) -> Module {
        let path = self.path.strip_prefix(crate_folder).expect("it is of this crate").with_extension("");
        let mut module: Module = path.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        if module.last().is_some_and(|last| last == "mod" || last == "lib") {
            module.pop();
        }
        module
    }

    /// Whether the file is compiled for tests alone: they look at everything.
    pub(crate) fn is_of_tests(&self) -> bool {
        const TESTS: [&str; 5] = ["tests", "fuzzing", "model", "drift", "golden"];
        self.path.with_extension("").iter().any(|part| TESTS.iter().any(|test| part == *test))
    }

    /// The text without comments, and without what is at its end for tests.
    pub(crate) fn code(&self) -> String {
        let code = self.text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let code = code.split("\n#[cfg(all(test").next().unwrap_or_default();
        code.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
    }

    /// Every path of the crate that the file names from its root, or by `super`.
    pub(crate) fn paths(&self, crate_folder: &str) -> BTreeSet<Module> {
        let (code, own) = (self.code(), self.module(crate_folder));
        let mut paths = BTreeSet::new();
        for (start, words) in
            [("crate::", Vec::new()), ("super::", own[..own.len().saturating_sub(1)].to_vec())]
        {
            for (at, _) in code.match_indices(start) {
                let is_inner = code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_')
                    || code[..at].ends_with("::");
                if !is_inner {
                    follow(&code[at + start.len()..], words.clone(), &mut paths);
                }
            }
        }
        paths
    }
}

/// Follows a path, and all of its branches, to its ends.
fn follow(text: &str, mut module: Module, paths: &mut BTreeSet<Module>) {
    let mut rest = text;
    loop {
        let word: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        rest = &rest[word.len()..];
        match word.as_str() {
            "" => break,
            "super" => drop(module.pop()),
            "self" => {}
            _ => module.push(word),
        }
        match rest.strip_prefix("::") {
            Some(further) => rest = further,
            None => break,
        }
    }
    match rest.strip_prefix('{') {
        Some(branches) => branch(branches, &module, paths),
        None => drop(paths.insert(module)),
    }
}

/// Follows what stands between braces.
fn branch(text: &str, module: &Module, paths: &mut BTreeSet<Module>) {
    let mut depth = 0;
    let mut is_start = true;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return,
            '}' => depth -= 1,
            ',' => is_start = true,
            c if c.is_whitespace() => {}
            _ if is_start && depth == 0 => {
                follow(&text[at..], module.clone(), paths);
                is_start = false;
            }
            _ => {}
        }
    }
}

#[test]
fn paths_are_followed() {
    let text = "use crate::a::{self, b::C, d::{e, f}};\nuse super::g::H;\nlet x = super::super::i();";
    let source = Source { path: "s/one/two/three.rs".into(), text: text.into() };
    let paths: Vec<String> = source.paths("s").into_iter().map(|path| path.join("::")).collect();
    assert_eq!(paths, ["a", "a::b::C", "a::d::e", "a::d::f", "one::i", "one::two::g::H"]);
}
