//! Everything that we want to be, measured beside peers, as a table:
//! `cargo run --release --manifest-path benches/Cargo.toml --bin goals -- quick`.
//!
//! `quick` takes a minute or two, `all` much longer, and it writes `cache-memoize/docs/how-fast-it-is.md`; names of
//! themes measure those. Trust in this order: instructions and allocations, ratios, nanoseconds.

use std::path::Path;
use std::process::Command;

use cache_memoize_benches::measure::Effort;
use cache_memoize_benches::print::{Report, goal, page};
use cache_memoize_benches::themes::{self, ALL, Theme};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["cell", theme, ref rest @ ..] => println!("{}", themes::cell(theme, rest)),
        ["count", theme, contestant, operations] => {
            themes::count(theme, contestant, operations.parse().expect("a number"));
        }
        ["quick"] => drop(run(Effort::Quick, |theme| theme.quick)),
        ["all"] => {
            let report = run(Effort::All, |_| true);
            let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cache-memoize/docs");
            page::write(&docs, &report, &machine());
        }
        [] => {
            let names: Vec<&str> = ALL.iter().map(|theme| theme.name).collect();
            eprintln!("quick | all | [full] {}", names.join(" "));
        }
        ["full", ref names @ ..] => drop(run(Effort::All, |theme| names.contains(&theme.name))),
        ref names => drop(run(Effort::Quick, |theme| names.contains(&theme.name))),
    }
}

fn run(effort: Effort, wanted: impl Fn(&Theme) -> bool) -> Report {
    let mut report = Report::default();
    for theme in ALL.iter().filter(|theme| wanted(theme)) {
        eprintln!("measuring: {}", theme.name);
        let found = (theme.run)(effort);
        found.tables.iter().for_each(|table| print!("{table}"));
        report.and(found);
    }
    print!("{}", goal::table(&report.goals));
    report
}

/// Where it was measured.
fn machine() -> String {
    let rustc = Command::new("rustc").arg("-V").output().map(|output| output.stdout).unwrap_or_default();
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    format!(
        "Measured with {} on {} {}, {processors} processors.",
        String::from_utf8_lossy(&rustc).trim(),
        std::env::consts::OS,
        std::env::consts::ARCH
    )
}
