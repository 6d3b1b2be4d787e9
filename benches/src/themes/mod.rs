//! What is measured, a file for each theme.

mod adverse;
mod big;
mod build;
mod growth;
mod hit;
mod later;
mod memory;
mod miss;
mod named;
mod ratio;
pub mod redis;
mod stampede;

use crate::measure::Effort;
use crate::print::Report;

/// A theme, by the name that the command line knows it by.
pub struct Theme {
    /// The name.
    pub name: &'static str,
    /// Measures.
    pub run: fn(Effort) -> Report,
    /// Whether a quick look has time for it.
    pub quick: bool,
}

/// In the order of the goals. Misses come after hits: they leave the caches full of keys that nobody asks for again.
pub const ALL: [Theme; 12] = [
    Theme { name: "hit", run: hit::run, quick: true },
    Theme { name: "named", run: named::run, quick: true },
    Theme { name: "async", run: later::run, quick: true },
    Theme { name: "miss", run: miss::run, quick: true },
    Theme { name: "stampede", run: stampede::run, quick: true },
    Theme { name: "memory", run: memory::run, quick: true },
    Theme { name: "growth", run: growth::run, quick: false },
    Theme { name: "big", run: big::run, quick: true },
    Theme { name: "ratio", run: ratio::run, quick: true },
    Theme { name: "adverse", run: adverse::run, quick: false },
    Theme { name: "redis", run: redis::run, quick: true },
    Theme { name: "build", run: build::run, quick: false },
];

/// What a theme does in a process of its own.
pub fn cell(theme: &str, arguments: &[&str]) -> String {
    match theme {
        "memory" => memory::cell(arguments),
        "adverse" => adverse::cell(arguments),
        "redis" => redis::cell(arguments),
        _ => panic!("no cells: {theme}"),
    }
}

/// What a theme does under callgrind.
pub fn count(theme: &str, contestant: &str, operations: u64) {
    match theme {
        "async" => later::count(contestant, operations),
        "hit" => hit::count(contestant, operations),
        _ => panic!("nothing to count: {theme}"),
    }
}
