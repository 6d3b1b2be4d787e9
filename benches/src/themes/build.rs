//! What a cache costs at build time: `scripts/bench-build.sh`, and what it prints.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::measure::Effort;
use crate::print::{Goal, Report, Table, digits};

const THEME: &str = "build";

/// Some minutes.
pub fn run(_: Effort) -> Report {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/bench-build.sh");
    let output = Command::new("bash").arg(script).stderr(Stdio::inherit()).output().expect("bash runs");
    assert!(output.status.success(), "scripts/bench-build.sh: {}", output.status);
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let rows = |kind: &str| rows(&lines, kind);
    let (crates, functions) = (rows("crates"), rows("function"));
    let of = |rows: &[(String, Vec<f64>)], name: &str| {
        rows.iter().find(|row| row.0 == name).map(|row| row.1.clone()).expect("the script knows them")
    };

    let mut dependencies =
        Table::new("The only dependency, default features, clean debug build", ["", "crates", "CPU seconds"]);
    for (name, figures) in &crates {
        dependencies.row([full_name(name).to_owned(), format!("{}", figures[0]), digits(figures[1])]);
    }
    let mut each = Table::new(
        "Each of 200 functions, more than one that is not memoized, debug: CPU ms; lines of expanded code",
        ["", "full build", "one edited", "lines"],
    );
    for (name, figures) in &functions {
        each.row(
            [full_name(name).to_owned()].into_iter().chain(figures.iter().map(|figure| digits(*figure))),
        );
    }

    let (ours, cached) = (of(&crates, "ours"), of(&crates, "cached"));
    let function = of(&functions, "ours");
    let peer = of(&functions, "cached");
    let seconds = (format!("{} CPU s", digits(ours[1])), format!("{}: cached 4.1", digits(cached[1])));
    let plain = |what: &str, index: usize, unit: &str, limit: f64| {
        let ours = format!("{} {unit}", digits(function[index]));
        let peer = format!("{} {unit}: cached 4.1", digits(peer[index]));
        Goal::plain(THEME, what, ours, peer, format!("≤ {limit} {unit}"), function[index] <= limit)
    };
    let goals = vec![
        Goal::plain(
            THEME,
            "crates",
            format!("{}", ours[0]),
            format!("{}: cached 4.1", cached[0]),
            "≤ 15",
            ours[0] <= 15.0,
        ),
        Goal::at_most(THEME, "clean debug build", seconds, ours[1] / cached[1], 0.4),
        plain("a function, full build", 0, "ms", 4.0),
        plain("a function, when one is edited", 1, "ms", 1.0),
        plain("a function, expanded", 2, "lines", 25.0),
    ];
    Report { goals, tables: vec![dependencies, each], ..Report::default() }
}

/// The figures of one kind, by name.
fn rows(lines: &str, kind: &str) -> Vec<(String, Vec<f64>)> {
    let fields = lines.lines().map(|line| line.split('|').collect::<Vec<_>>());
    let rows = fields.filter(|fields| fields[0] == kind);
    let figures = |fields: &[&str]| fields.iter().map(|figure| figure.parse().expect("a number")).collect();
    rows.map(|fields| (fields[1].to_owned(), figures(&fields[2..]))).collect()
}

fn full_name(name: &str) -> &str {
    match name {
        "ours" => "cache-memoize",
        "quick" => "quick_cache 0.7, by hand",
        "moka" => "moka 0.12",
        "cached" => "cached 4.1",
        "memoize" => "memoize 0.6",
        _ => name,
    }
}
