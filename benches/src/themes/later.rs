//! A hit of an asynchronous function.

use cache_memoize_guard::callgrind;

use crate::contestants::later::{ALL, SYNC};
use crate::contestants::{Contestant, OURS};
use crate::measure::{Effort, keys, rounds};
use crate::print::goal::nanoseconds;
use crate::print::{Goal, Report, Table, digits};

const THEME: &str = "asynchronous hit";

/// Nanoseconds and allocations; instructions where there is a valgrind.
pub fn run(effort: Effort) -> Report {
    let times = rounds::hits(&ALL, &[keys::few()], effort);
    let mut table = Table::new(
        "An asynchronous hit, u64 → u64, polled once by hand",
        ["", "1 thread", "÷ ours, not async", "instructions", "allocations"],
    );
    let mut goals = Vec::new();
    let mut counts = Vec::new();
    for contestant in &ALL {
        let name = contestant.name;
        let instructions = callgrind::available()
            .then(|| callgrind::per_operation(&["count", "async", name], 20_000).expect("callgrind counts"));
        counts.push((name, instructions));
        let allocations = contestant.allocations(&keys::few());
        if name == OURS {
            goals.push(Goal::plain(THEME, "allocations", digits(allocations), "", "0", allocations == 0.0));
        }
        table.row([
            name.to_owned(),
            nanoseconds(times.lowest(name)),
            digits(times.ratio(name, SYNC).median),
            instructions.map_or("–".into(), digits),
            format!("{allocations:.2}"),
        ]);
    }
    let counted = |name| counts.iter().find(|(other, _)| *other == name).and_then(|(_, count)| *count);
    if let (Some(ours), Some(sync)) = (counted(OURS), counted(SYNC)) {
        let figures = (format!("{} instructions", digits(ours)), format!("{}: {SYNC}", digits(sync)));
        goals.push(Goal::at_most(THEME, "u64 → u64, instructions", figures, ours / sync, 1.2));
    } else {
        goals.push(Goal::paired(THEME, "u64 → u64 (no valgrind here)", &times, OURS, SYNC, 1.2));
    }
    Report { goals, tables: vec![table], ..Report::default() }
}

/// Hits of one contestant, under callgrind.
pub fn count(contestant: &str, operations: u64) {
    let contestant = Contestant::of(&ALL, contestant);
    let keys: Vec<u64> = (0..operations).map(|operation| operation % keys::FEW).collect();
    (contestant.run)(&keys::few());
    (contestant.run)(&keys::few());
    callgrind::counted_here(&mut || (contestant.run)(&keys));
}
