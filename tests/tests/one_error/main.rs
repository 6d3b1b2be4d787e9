//! One mistake is one error, also for an editor: `cargo check --message-format=json` tells of each program here exactly
//! one thing, and that names the cure. In the terminal Cargo folds what is equal; editors and scripts do not.
//!
//! Each mistake is a program of its own in one generated crate, which is checked at once.

mod mistakes;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program with one mistake, or one unused thing, in it.
struct Mistake {
    name: &'static str,
    code: &'static str,
    /// `error`, `warning`, or `nothing`.
    level: &'static str,
    /// What is said, among other things.
    says: &'static str,
}

/// What every program begins with.
const PRELUDE: &str = "\
#![allow(dead_code, unused_imports)]
#![warn(unused_variables, unused_mut)]
use cache_memoize::{Codec, Memory, Shared, cache_memoize};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, LazyLock, OnceLock};
static STORE: LazyLock<Shared> = LazyLock::new(|| Shared::from(Memory::new(100)));
static MEMORY: LazyLock<Memory> = LazyLock::new(|| Memory::new(100));
";

#[test]
fn every_mistake_is_told_once() {
    let told = told(mistakes::ALL);
    let mut wrong = Vec::new();
    for Mistake { name, level, says, .. } in mistakes::ALL {
        let mut messages = told.get(*name).cloned().unwrap_or_default();
        // Programs with an error may have unused arguments.
        messages.retain(|(its, _)| its == "error" || *level == "warning");
        match &*messages {
            [] if *level == "nothing" => {}
            [(its, text)] if its == level && text.contains(says) => {}
            _ => wrong.push(format!(
                "{name}: one {level} with {says:?} was expected, and there are {}:\n{}",
                messages.len(),
                all(&messages)
            )),
        }
    }
    assert!(wrong.is_empty(), "{} of {}\n{}", wrong.len(), mistakes::ALL.len(), wrong.join("\n"));
}

fn all(messages: &[(String, String)]) -> String {
    messages.iter().map(|(level, text)| format!("{level}: {text}\n")).collect()
}

/// What the compiler says of each program: the level, and all of the text.
fn told(mistakes: &[Mistake]) -> BTreeMap<String, Vec<(String, String)>> {
    let work = work();
    write(&work, mistakes);
    let output = Command::new(env!("CARGO"))
        .args(["check", "--quiet", "--offline", "--keep-going", "--message-format=json"])
        .current_dir(&work)
        // Without it, the compiler itself folds what is equal.
        .env("CARGO_INCREMENTAL", "1")
        .env("CARGO_TARGET_DIR", work.join("target"))
        .env_remove("RUSTFLAGS")
        .output()
        .expect("cargo");
    let mut told: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
        if line["reason"] != "compiler-message" {
            continue;
        }
        let (target, message) = (&line["target"]["name"], &line["message"]);
        let (Some(level), Some(text)) = (message["level"].as_str(), message["rendered"].as_str()) else {
            continue;
        };
        // Beside them are remarks such as "aborting due to 2 previous errors".
        let is_summary = message["spans"].as_array().is_none_or(Vec::is_empty);
        if !is_summary {
            told.entry(target.as_str().unwrap_or_default().to_owned())
                .or_default()
                .push((level.to_owned(), text.to_owned()));
        }
    }
    assert!(!told.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    told
}

/// Where the crate is: beside what else is built, so that its dependencies are built once.
fn work() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("one-error")
}

fn write(work: &Path, mistakes: &[Mistake]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let programs = work.join("src/bin");
    let _ = fs::remove_dir_all(&programs);
    fs::create_dir_all(&programs).expect("a directory");
    let manifest = format!(
        "[package]\nname = \"one-error\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n\
         cache-memoize = {{ path = {:?}, features = [\"json\"] }}\n\
         serde = {{ version = \"1\", features = [\"derive\"] }}\n",
        root.join("cache-memoize")
    );
    fs::write(work.join("Cargo.toml"), manifest).expect("a manifest");
    fs::copy(root.join("Cargo.lock"), work.join("Cargo.lock")).expect("the versions of everything else");
    for Mistake { name, code, .. } in mistakes {
        let main = if code.contains("fn main()") { "" } else { "\nfn main() {}\n" };
        fs::write(programs.join(format!("{name}.rs")), format!("{PRELUDE}{code}{main}")).expect("a program");
    }
}
