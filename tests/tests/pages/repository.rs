//! The Markdown files, as they are read in the repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::markdown::Page;
use super::{none_of, root};

/// All Markdown files of the repository.
fn files() -> Vec<PathBuf> {
    let root = root();
    let mut folders = vec![root.clone()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            let name = entry.file_name().unwrap_or_default().to_string_lossy();
            if entry.is_symlink() || name == "target" || name.starts_with('.') {
                continue;
            }
            if entry.is_dir() {
                folders.push(entry);
            } else if name.ends_with(".md")
                && !entry.starts_with(root.join("examples"))
                && !is_for_rustdoc(&entry)
            {
                files.push(entry);
            }
        }
    }
    assert!(files.len() > 15, "{files:?}");
    files
}

/// The definitions of links that rustdoc takes in place of those in the pages.
fn is_for_rustdoc(file: &Path) -> bool {
    file.ends_with("docs/links.md")
}

fn page(file: &Path) -> Page {
    Page::parse(&fs::read_to_string(file).expect("a page"))
}

/// Why a target that is named in a file is dead.
fn fault(file: &Path, target: &str) -> Option<String> {
    if target.contains("://") {
        return None;
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let there = if path.is_empty() { file.to_owned() } else { file.with_file_name(path) };
    let is_alive = there.exists()
        && (anchor.is_empty() || page(&there).anchors().iter().any(|heading| heading == anchor));
    (!is_alive).then(|| format!("{}: {target}", file.display()))
}

#[test]
fn every_link_leads_somewhere() {
    let mut faults = Vec::new();
    for file in files() {
        let page = page(&file);
        let defined = page.definitions();
        let targets = page.links().into_iter().chain(defined.iter().map(|(_, target)| target.clone()));
        faults.extend(targets.filter_map(|target| fault(&file, &target)));
        for label in
            page.labels().iter().filter(|label| !defined.iter().any(|(defined, _)| defined == *label))
        {
            faults.push(format!("{}: [{label}] is not defined", file.display()));
        }
    }
    none_of(&faults);
}

/// A relative link of a page is dead on docs.rs, unless `links.md` says where it leads there.
#[test]
fn every_link_of_a_documented_page_is_defined_for_rustdoc() {
    let mut faults = Vec::new();
    for docs in ["cache-memoize/docs", "cache-memoize-macros/docs"] {
        let docs = root().join(docs);
        let known = page(&docs.join("links.md")).definitions();
        for file in files().iter().filter(|file| file.starts_with(&docs)) {
            let page = page(file);
            for (label, target) in page.definitions() {
                if !target.contains("://") && !known.iter().any(|(known, _)| *known == label) {
                    faults.push(format!("{}: [{label}]: {target} is not in links.md", file.display()));
                }
            }
            for link in page.links().iter().filter(|link| !link.contains("://") && !link.starts_with('#')) {
                faults.push(format!("{}: ({link}) needs a label, and a line in links.md", file.display()));
            }
        }
    }
    none_of(&faults);
}

/// Where Markdown is read, lines that rustdoc hides are seen, and copied into syntax errors.
#[test]
fn no_page_has_hidden_lines() {
    let hidden = |line: &&String| line.trim_start() == "#" || line.trim_start().starts_with("# ");
    let mut faults = Vec::new();
    for file in files() {
        faults
            .extend(page(&file).rust.iter().filter(hidden).map(|line| format!("{}: {line}", file.display())));
    }
    none_of(&faults);
}

#[test]
fn tests_that_pages_name_exist() {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output();
    let listed = String::from_utf8(listed.expect("git").stdout).expect("paths");
    let mut faults = Vec::new();
    for name in ["guarantees.md", "limits.md", "redis.md", "how-it-is-checked.md"] {
        let file = root().join("cache-memoize/docs").join(name);
        for code in page(&file).code() {
            let is_a_file = code.contains('/') && code.ends_with(".rs") && !code.contains(' ');
            if is_a_file && !listed.lines().any(|path| path.ends_with(&code)) {
                faults.push(format!("{name}: {code}"));
            }
        }
    }
    none_of(&faults);
}

#[test]
fn the_readme_is_a_shop_window() {
    let readme = fs::read_to_string(root().join("README.md")).expect("a README");
    assert!(readme.len() <= 12 << 10, "{} bytes", readme.len());
    let first_screen = readme.lines().take(30).collect::<Vec<_>>().join("\n");
    for command in ["cargo run --example quickstart", "./test.sh"] {
        assert!(first_screen.contains(command), "{command} is not on the first screen");
    }
}
