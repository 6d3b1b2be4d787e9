//! Under which name the crate that is being compiled knows the runtime.
//!
//! A `Cargo.toml` may rename a dependency (`memo = { package = "cache-memoize", … }`), and generated code must
//! then say `::memo`. Three questions to a few lines of TOML do not need a TOML parser, which would be most of
//! what there is to build here; whatever they get wrong, `crate = path` puts right.

use std::collections::HashMap;
use std::fs;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Mutex;

use proc_macro2::Span;
use syn::{Ident, Path, parse_quote};

const PACKAGE: &str = "cache-memoize";

/// `::cache_memoize`, or what it is renamed to.
pub(crate) fn runtime() -> Path {
    let name = std::env::var_os("CARGO_MANIFEST_DIR").and_then(|directory| known_as(directory.into()));
    let name = name.unwrap_or_else(|| PACKAGE.to_owned()).replace('-', "_");
    let ident = Ident::new(&name, Span::call_site());
    parse_quote!(::#ident)
}

/// What the package in that directory calls the runtime; asked once for each package, for a language server
/// expands the macros of many in one process.
fn known_as(directory: PathBuf) -> Option<String> {
    static KNOWN: Mutex<Option<HashMap<PathBuf, Option<String>>>> = Mutex::new(None);
    let mut known = KNOWN.lock().ok()?;
    let known = known.get_or_insert_default();
    known.entry(directory).or_insert_with_key(|directory| look_up(directory)).clone()
}

fn look_up(directory: &FilePath) -> Option<String> {
    let own = fs::read_to_string(directory.join("Cargo.toml")).ok()?;
    let dependencies = dependencies(&own);
    if dependencies.iter().any(|dependency| dependency.name == PACKAGE && dependency.package.is_none()) {
        return None;
    }
    let renamed = |dependency: &&Dependency| dependency.package.as_deref() == Some(PACKAGE);
    if let Some(dependency) = dependencies.iter().find(renamed) {
        return Some(dependency.name.clone());
    }
    // `memo.workspace = true`: the renaming is in the root.
    let root = directory.ancestors().skip(1).find_map(|directory| {
        let text = fs::read_to_string(directory.join("Cargo.toml")).ok()?;
        text.contains("[workspace").then_some(text)
    })?;
    let inherited: Vec<String> =
        self::dependencies(&root).iter().filter(renamed).map(|dependency| dependency.name.clone()).collect();
    dependencies.into_iter().map(|dependency| dependency.name).find(|name| inherited.contains(name))
}

/// A line or a table of dependencies.
struct Dependency {
    name: String,
    package: Option<String>,
}

/// `[dependencies]`, `[dev-dependencies]`, `[target.….dependencies]`, `[workspace.dependencies]`, and tables of
/// their own such as `[dependencies.memo]`.
fn dependencies(manifest: &str) -> Vec<Dependency> {
    let mut found: Vec<Dependency> = Vec::new();
    let mut section = Section::Other;
    for line in manifest.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            section = Section::of(header.trim_end_matches(']').trim());
            if let Section::Dependency(name) = &section {
                found.push(Dependency { name: name.clone(), package: None });
            }
            continue;
        }
        let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) else {
            continue;
        };
        let key = key.trim().trim_matches('"');
        match &section {
            Section::Dependencies => {
                let name = key.split('.').next().unwrap_or(key).trim().to_owned();
                let package = value.split_once("package").and_then(|(_, rest)| quoted(rest));
                found.push(Dependency { name, package });
            }
            Section::Dependency(_) if key == "package" => {
                if let Some(dependency) = found.last_mut() {
                    dependency.package = quoted(value);
                }
            }
            Section::Dependency(_) | Section::Other => {}
        }
    }
    found
}

enum Section {
    Dependencies,
    Dependency(String),
    Other,
}

impl Section {
    fn of(header: &str) -> Self {
        const ENDING: &str = "dependencies";
        if header.ends_with(ENDING) {
            return Self::Dependencies;
        }
        match header.rsplit_once('.') {
            Some((table, name)) if table.ends_with(ENDING) => {
                Self::Dependency(name.trim_matches('"').to_owned())
            }
            _ => Self::Other,
        }
    }
}

/// The first string in quotes.
fn quoted(text: &str) -> Option<String> {
    let text = text.split_once(['"', '\''])?.1;
    Some(text.split_once(['"', '\''])?.0.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(manifest: &str) -> Vec<(String, Option<String>)> {
        dependencies(manifest).into_iter().map(|dependency| (dependency.name, dependency.package)).collect()
    }

    #[test]
    fn dependencies_are_found_in_every_form() {
        let manifest = r#"
            [package]
            name = "app"
            [dependencies]
            # memo = { package = "nothing" }
            memo = { version = "1", package = "cache-memoize" }
            serde.workspace = true
            [target.'cfg(unix)'.dev-dependencies]
            plain = "1"
            [build-dependencies.other]
            package = 'cache-memoize'
            [features]
            memo = []
        "#;
        let package = Some("cache-memoize".to_owned());
        let expected = [("memo", package.clone()), ("serde", None), ("plain", None), ("other", package)];
        assert_eq!(names(manifest), expected.map(|(name, package)| (name.to_owned(), package)));
    }
}
