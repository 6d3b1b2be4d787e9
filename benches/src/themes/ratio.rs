//! Hit ratios: of so many calls, how many did a cache of the same capacity answer?

use std::cell::Cell;
use std::convert::Infallible;

use cache_memoize::{Memory, cache_memoize};
use quick_cache::sync::Cache as Quick;

use crate::measure::{Effort, keys};
use crate::print::{Report, Table};

const CAPACITY: u64 = 1_000;

thread_local!(static RUNS: Cell<u64> = const { Cell::new(0) });

fn body(key: u64) -> u64 {
    RUNS.set(RUNS.get() + 1);
    key
}

#[cache_memoize(skip(memory), backend = memory)]
fn ours(memory: &Memory, key: u64) -> u64 {
    body(key)
}

/// The share of calls for which the body did not run.
fn share(trace: &[u64], mut call: impl FnMut(u64) -> u64) -> f64 {
    let before = RUNS.get();
    for &key in trace {
        call(key);
    }
    1.0 - (RUNS.get() - before) as f64 / trace.len() as f64
}

/// Each trace, with caches that nobody used before.
pub fn run(effort: Effort) -> Report {
    let count = if effort == Effort::Quick { 100_000 } else { 1_000_000 };
    let title = format!("Hit ratios of {count} calls, capacity {CAPACITY}");
    let mut table = Table::new(title, ["", "cache_memoize", "quick_cache", "moka::sync"]);
    for (name, trace) in traces(count) {
        let memory = Memory::new(CAPACITY);
        let quick = Quick::<u64, u64>::new(CAPACITY as usize);
        let moka = moka::sync::Cache::<u64, u64>::new(CAPACITY);
        let shares = [
            share(&trace, |key| ours(&memory, key)),
            share(&trace, |key| quick.get_or_insert_with(&key, || Ok::<_, Infallible>(body(key))).unwrap()),
            share(&trace, |key| moka.get_with(key, || body(key))),
        ];
        table.row([name.to_owned()].into_iter().chain(shares.map(|share| format!("{:.1} %", share * 100.0))));
    }
    Report { tables: vec![table], ..Report::default() }
}

fn traces(count: usize) -> [(&'static str, Vec<u64>); 5] {
    let skewed = keys::zipf(20 * CAPACITY, 0.9, count);
    // Every tenth stretch of the time, somebody reads everything once.
    let mut fresh = 1 << 40..;
    let scanned = skewed.iter().enumerate().map(|(at, &key)| match at / 2_000 % 10 {
        9 => fresh.next().expect("there are many numbers"),
        _ => key,
    });
    let scanned = scanned.collect();
    let looped = |universe: u64| (0..count as u64).map(|at| at % universe).collect();
    [
        ("Zipf 0.9 of 20 000 keys", skewed),
        ("the same, with scans: a tenth of the calls", scanned),
        ("a loop of 900 keys", looped(CAPACITY * 9 / 10)),
        ("a loop of 1 500 keys", looped(CAPACITY * 3 / 2)),
        ("uniform, 2 000 keys", keys::uniform(2 * CAPACITY, count)),
    ]
}
