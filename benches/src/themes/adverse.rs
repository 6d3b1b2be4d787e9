//! Whoever wants to hurt a cache: scans, floods of keys that never come back, one key for all, everything out of date
//! at once. What is left of the hit ratio of those who do nothing unusual, and how much memory it takes.

use std::cell::Cell;
use std::convert::Infallible;
use std::thread::sleep;
use std::time::Duration;

use cache_memoize::{Memory, cache_memoize};
use fastrand::Rng;

use crate::measure::{Effort, allocator, cells, keys};
use crate::print::{Report, Table};

const CAPACITY: u64 = 10_000;
const TTL: Duration = Duration::from_millis(200);
const WHO: [&str; 3] = ["cache_memoize(ttl)", "quick_cache by hand, no ttl", "moka get_with, ttl"];

thread_local!(static RUNS: Cell<u64> = const { Cell::new(0) });

fn body(key: u64) -> u64 {
    RUNS.set(RUNS.get() + 1);
    key
}

#[cache_memoize(ttl = 3600, skip(memory), backend = memory)]
fn ours(memory: &Memory, key: u64) -> u64 {
    body(key)
}

#[cache_memoize(ttl = TTL, skip(memory), backend = memory)]
fn ours_soon(memory: &Memory, key: u64) -> u64 {
    body(key)
}

/// Each in a process of its own.
pub fn run(_: Effort) -> Report {
    let mut table = Table::new(
        format!(
            "Adverse calls around ordinary ones (Zipf 0.9 of 100 000 keys), capacity {CAPACITY}: hit ratio of the ordinary"
        ),
        [
            "",
            "alone",
            "+ scan",
            "+ flood",
            "+ one hot key",
            "all expired, 20 times",
            "live bytes",
            "after 1 s",
            "peak RSS",
        ],
    );
    for name in WHO {
        let said = cells::cell("adverse", &[name]);
        table.row([name].into_iter().chain(said.split('|')));
    }
    Report { tables: vec![table], ..Report::default() }
}

/// One contestant: the cells of its row.
pub fn cell(arguments: &[&str]) -> String {
    allocator::watch();
    match *arguments {
        [name] if name == WHO[0] => {
            let memory = Memory::new(CAPACITY);
            row(|key| ours(&memory, key), |key| ours_soon(&memory, key))
        }
        [name] if name == WHO[1] => {
            let cache = quick_cache::sync::Cache::<u64, u64>::new(CAPACITY as usize);
            let call = |key| cache.get_or_insert_with(&key, || Ok::<_, Infallible>(body(key))).unwrap();
            row(call, call)
        }
        [name] if name == WHO[2] => {
            let cache = |ttl| moka::sync::Cache::builder().max_capacity(CAPACITY).time_to_live(ttl).build();
            let (long, soon) = (cache(Duration::from_secs(3600)), cache(TTL));
            row(|key| long.get_with(key, || body(key)), |key| soon.get_with(key, || body(key)))
        }
        _ => panic!("nobody: {arguments:?}"),
    }
}

/// `call` of a cache whose entries live long, `soon` of one whose entries do not.
fn row(call: impl Fn(u64) -> u64, soon: impl Fn(u64) -> u64) -> String {
    const CALLS: usize = 200_000;
    // Not the cache's, which is there already, tables and all.
    let cache = allocator::live();
    let ordinary = keys::zipf(100_000, 0.9, CALLS);
    let trace = allocator::live() - cache;
    let mut random = Rng::with_seed(3);
    // What comes between two ordinary calls.
    let share = |call: &dyn Fn(u64) -> u64, between: &mut dyn FnMut(usize)| {
        let mut ran = 0;
        for (at, &key) in ordinary.iter().enumerate() {
            between(at);
            let before = RUNS.get();
            call(key);
            ran += RUNS.get() - before;
        }
        format!("{:.1} %", (1.0 - ran as f64 / CALLS as f64) * 100.0)
    };
    let alone = share(&call, &mut |_| ());
    let scan = share(&call, &mut |at| ignore(call((1 << 41) + at as u64 % 50_000)));
    let flood = share(&call, &mut |_| (0..3).for_each(|_| ignore(call(random.u64(1 << 42..)))));
    let hot = share(&call, &mut |_| (0..3).for_each(|_| ignore(call(1 << 43))));
    let expired = share(&soon, &mut |at| {
        if at % (CALLS / 20) == 0 {
            sleep(TTL + TTL / 4);
        }
    });
    let live = allocator::live() - trace;
    sleep(Duration::from_secs(1));
    let later = allocator::live() - trace;
    let peak =
        allocator::peak_resident().map_or("–".into(), |bytes| format!("{:.1} MB", bytes as f64 / 1e6));
    let kilobytes = |bytes: i64| format!("{:.0} kB", bytes as f64 / 1e3);
    [alone, scan, flood, hot, expired, kilobytes(live), kilobytes(later), peak].join("|")
}

fn ignore(_: u64) {}
