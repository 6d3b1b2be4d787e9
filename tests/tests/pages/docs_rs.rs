//! The documentation as rustdoc builds it: every page that can be reached from the front, and every link on it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use super::{none_of, root};

/// Links to published pages are looked up in the built ones.
const PUBLISHED: &str = "https://docs.rs/cache-memoize/latest/";
/// Links into the repository are looked up in it.
const FILES: [&str; 2] = [
    "https://github.com/cache-memoize/cache-memoize/blob/main/",
    "https://github.com/cache-memoize/cache-memoize/tree/main/",
];

/// Where a link leads.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    /// A place on a page that was built.
    Built(PathBuf, String),
    /// A file of the repository.
    File(PathBuf),
}

/// Builds the documentation, and says where it is.
fn built() -> PathBuf {
    let target =
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).parent().expect("the folder of targets").to_owned();
    let status = Command::new(env!("CARGO"))
        .args(["doc", "--quiet", "--no-deps", "--all-features"])
        .args(["--package", "cache-memoize", "--package", "cache-memoize-macros", "--target-dir"])
        .arg(&target)
        .current_dir(root())
        .status();
    assert!(status.expect("cargo").success());
    target.join("doc")
}

/// The values of an attribute in a page.
fn values<'p>(page: &'p str, attribute: &str) -> Vec<&'p str> {
    let mark = format!(" {attribute}=\"");
    page.split(&*mark).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// `a/b/../c` is `a/c`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(normal.pop()),
            other => normal.push(other),
        }
    }
    normal
}

fn target(docs: &Path, page: &Path, link: &str) -> Option<Target> {
    if let Some(path) = FILES.iter().find_map(|prefix| link.strip_prefix(prefix)) {
        return Some(Target::File(root().join(path)));
    }
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let path = match path.strip_prefix(PUBLISHED) {
        Some(path) => docs.join(path),
        None if path.contains("://") || path.starts_with("data:") => return None,
        None if path.is_empty() => page.to_owned(),
        None => normal(&page.with_file_name(path)),
    };
    Some(Target::Built(path, anchor.to_owned()))
}

#[test]
fn every_link_is_alive() {
    let docs = built();
    let mut pages = BTreeMap::new();
    let mut faults = BTreeSet::new();
    let mut to_visit =
        ["cache_memoize", "cache_memoize_macros"].map(|name| docs.join(name).join("index.html")).to_vec();
    let mut links = BTreeSet::new();
    while let Some(path) = to_visit.pop() {
        if pages.contains_key(&path) || path.extension().is_none_or(|extension| extension != "html") {
            continue;
        }
        let page = fs::read_to_string(&path).unwrap_or_default();
        for link in values(&page, "href") {
            // Of other crates, whose documentation rustdoc repeats where their blanket impls apply. It denies ours.
            if link.contains("::") && !link.contains("://") || link.starts_with("dispatcher#") {
                continue;
            }
            let Some(target) = target(&docs, &path, link) else { continue };
            if let Target::Built(page, _) = &target {
                to_visit.push(page.clone());
            }
            links.insert((path.clone(), link.to_owned(), target));
        }
        pages.insert(path, page);
    }
    for (page, link, target) in &links {
        let is_alive = match target {
            Target::File(path) => path.exists(),
            Target::Built(path, anchor) => {
                // Lines of sources are marked by a script.
                let is_line = path.to_string_lossy().contains("/src/");
                let has =
                    |page: &String| is_line || anchor.is_empty() || values(page, "id").contains(&&**anchor);
                pages.get(path).map_or(path.exists(), |page| path.exists() && has(page))
            }
        };
        if !is_alive {
            let page = page.strip_prefix(&docs).unwrap_or(page).display();
            faults.insert(format!("{page}: {link}"));
        }
    }
    assert!(links.len() > 500 && pages.len() > 50, "{} links on {} pages", links.len(), pages.len());
    none_of(&faults.into_iter().collect::<Vec<_>>());
}
