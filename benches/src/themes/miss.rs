//! A miss with a body that costs nothing, in a cache that is full: a key that nobody asked for before, another goes.

use std::time::Instant;

use crate::contestants::{CACHED, CONCURRENT, Contestant, MEMOIZE, MOKA, OURS, QUICK, number};
use crate::measure::{Effort, allocator, rounds};
use crate::print::goal::nanoseconds;
use crate::print::{Goal, Report, Table, digits};

const WHO: [&str; 6] = [OURS, QUICK, MOKA, CACHED, CONCURRENT, MEMOIZE];
const TURN: u64 = 2_000;

/// Nanoseconds and allocations.
pub fn run(effort: Effort) -> Report {
    let contestants = WHO.map(|name| Contestant::of(&number::number::ALL, name));
    // Never one that any theme uses.
    let mut next = 1_u64 << 50;
    let mut fresh = |count: u64| {
        let keys: Vec<u64> = (next..next + count).collect();
        next += count;
        keys
    };
    contestants.iter().for_each(|contestant| (contestant.run)(&fresh(30_000)));
    let times = rounds::paired(WHO.to_vec(), effort.rounds() * 3, |index| {
        let keys = fresh(TURN);
        let began = Instant::now();
        (contestants[index].run)(&keys);
        began.elapsed().as_nanos() as f64 / TURN as f64
    });
    let mut table = Table::new(
        "A miss, u64 → u64, in a full cache",
        ["", "1 thread", &format!("÷ {QUICK}"), "allocations"],
    );
    let mut goals = vec![Goal::paired("miss", "u64 → u64, full cache", &times, OURS, QUICK, 1.5)];
    for contestant in &contestants {
        let name = contestant.name;
        let keys = fresh(TURN);
        let allocations = allocator::allocations(|| (contestant.run)(&keys)) as f64 / TURN as f64;
        if name == OURS {
            goals.push(Goal::plain(
                "miss",
                "allocations",
                digits(allocations),
                "",
                "≤ 2",
                allocations < 2.01,
            ));
        }
        let ratio = digits(times.ratio(name, QUICK).median);
        table.row([name.to_owned(), nanoseconds(times.lowest(name)), ratio, format!("{allocations:.2}")]);
    }
    Report { goals, tables: vec![table], ..Report::default() }
}
