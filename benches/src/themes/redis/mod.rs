//! A hit on Redis beside the same `GET` and decoding by hand with the same client; and what it costs that Redis is gone.

mod down;
mod load;
pub mod post;

use crate::measure::server::Server;
use crate::measure::{Effort, cells};
use crate::print::{Goal, Report, Table, digits};

const HIT: &str = "Redis hit";

/// On TCP and on a unix socket, asynchronous and not; then without a server.
pub fn run(effort: Effort) -> Report {
    let mut report = Report::default();
    if std::process::Command::new("redis-server").arg("--version").output().is_err() {
        eprintln!("no redis-server here: not measured");
        return report;
    }
    let server = Server::start();
    for (name, url) in [("TCP", server.tcp()), ("a unix socket", server.unix())] {
        let rounds = if effort == Effort::Quick { "3" } else { "15" };
        let said = cells::cell_with_server("redis", &url, &[rounds]);
        report.and(rows(name, &said));
    }
    report.and(down::run(effort));
    report
}

/// What [`load::run`] printed.
fn rows(socket: &str, said: &str) -> Report {
    let mut table = Table::new(
        format!(
            "A hit on Redis over {socket}, a struct of seven fields, bincode: operations/s; p50 and p99 in µs"
        ),
        ["callers", "ours", "by hand", "÷", "cached 4.1", "÷", "ours p50", "p99", "by hand p50", "p99"],
    );
    let mut goals = Vec::new();
    for line in said.lines() {
        let fields: Vec<&str> = line.split('|').collect();
        let [callers, figures @ ..] = &fields[..] else { continue };
        let figures: Vec<f64> = figures.iter().map(|figure| figure.parse().expect("a number")).collect();
        let cell = |index: usize| match figures[index] {
            nothing if nothing.is_nan() => "–".to_owned(),
            figure if figure >= 1_000.0 => format!("{:.0}", figure),
            figure => digits(figure),
        };
        table.row([(*callers).to_owned()].into_iter().chain((0..9).map(cell)));
        let figures_of = (format!("{} /s", cell(0)), format!("{} /s: by hand", cell(1)));
        goals.push(Goal::at_least(HIT, format!("{callers}, {socket}"), figures_of, figures[2], 0.95));
    }
    Report { goals, tables: vec![table], ..Report::default() }
}

/// One server.
pub fn cell(arguments: &[&str]) -> String {
    match *arguments {
        [url, rounds] => load::run(url, rounds.parse().expect("a number")),
        _ => panic!("an address and the number of rounds: {arguments:?}"),
    }
}
