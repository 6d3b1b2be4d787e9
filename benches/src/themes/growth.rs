//! What a hit costs as a program has more and more memoized functions.

use std::path::Path;
use std::process::Command;

use crate::measure::Effort;
use crate::print::goal::nanoseconds;
use crate::print::{Goal, Report, Table, digits};

/// Builds the program with the many functions, and runs it.
pub fn run(effort: Effort) -> Report {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let output = Command::new("cargo")
        .args(["run", "--release", "--quiet", "--bin", "growth", "--manifest-path"])
        .arg(manifest)
        .args(["--", if effort == Effort::All { "all" } else { "quick" }])
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut table = Table::new(
        "A hit in a program with many memoized functions",
        ["", "of one, all others in use", "÷ with one", "of all in turn, as many entries in all"],
    );
    let mut goals = Vec::new();
    let mut alone = 0.0;
    // Of functions, by their number: what instances of one function are measured against.
    let mut functions = Vec::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let fields: Vec<&str> = line.split('|').collect();
        let [kind, count, hot, entries, each] = fields[..] else { continue };
        let (hot, each): (f64, f64) = (hot.parse().expect("a number"), each.parse().expect("a number"));
        if count == "1" {
            alone = hot;
        } else {
            let figures = (nanoseconds(hot), format!("{}: itself, alone", nanoseconds(alone)));
            goals.push(Goal::at_most("growth", format!("{count} {kind}"), figures, hot / alone, 1.2));
        }
        match functions.iter().find(|(number, _)| *number == count) {
            None => functions.push((count.to_owned(), each)),
            Some(&(_, functions)) => {
                let figures =
                    (nanoseconds(each), format!("{}: {count} functions in turn", nanoseconds(functions)));
                goals.push(Goal::at_most(
                    "growth",
                    format!("{count} {kind}, in turn"),
                    figures,
                    each / functions,
                    1.2,
                ));
            }
        }
        let each = format!("{} ({entries} entries)", nanoseconds(each));
        table.row([format!("{count} {kind}"), nanoseconds(hot), digits(hot / alone), each]);
    }
    Report { goals, tables: vec![table], ..Report::default() }
}
