//! Live bytes for an entry, and when an expired one gives them back. Each in a process of its own.

use std::cell::RefCell;
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::LazyLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

use cache_memoize::cache_memoize;
use cached::Cached;
use cached::macros::cached;

use crate::measure::{Effort, allocator, cells};
use crate::print::{Goal, Report, Table, digits};

const ENTRIES: u64 = 100_000;
/// Room for all: shards are never equally full.
const CAPACITY: usize = 130_000;
const TTL: Duration = Duration::from_secs(1);

#[cache_memoize(ttl = 3600, capacity = CAPACITY)]
fn ours(key: u64) -> u64 {
    key
}

#[cache_memoize(ttl = 1, capacity = CAPACITY)]
fn ours_soon(key: u64) -> u64 {
    key
}

#[cached(max_size = 130_000, ttl_secs = 3600)]
fn cached_long(key: u64) -> u64 {
    key
}

#[cached(max_size = 130_000, ttl_secs = 1)]
fn cached_soon(key: u64) -> u64 {
    key
}

static QUICK: LazyLock<quick_cache::sync::Cache<u64, u64>> =
    LazyLock::new(|| quick_cache::sync::Cache::new(CAPACITY));
static MOKA: LazyLock<moka::sync::Cache<u64, u64>> = LazyLock::new(|| moka(Duration::from_secs(3600)));
static MOKA_SOON: LazyLock<moka::sync::Cache<u64, u64>> = LazyLock::new(|| moka(TTL));

fn moka(ttl: Duration) -> moka::sync::Cache<u64, u64> {
    moka::sync::Cache::builder().max_capacity(CAPACITY as u64).time_to_live(ttl).build()
}

thread_local!(static LOCAL: RefCell<HashMap<u64, u64>> = RefCell::default());

/// Who, how it stores, and how many entries it has then.
type Filled = (&'static str, fn(u64), fn() -> u64);

const FILLED: [Filled; 5] = [
    ("cache_memoize(ttl)", |key| ignore(ours(key)), || ours_stats().entries),
    (
        "quick_cache by hand",
        |key| ignore(QUICK.get_or_insert_with(&key, || Ok::<_, Infallible>(key)).unwrap()),
        || QUICK.len() as u64,
    ),
    (
        "moka get_with, ttl",
        |key| ignore(MOKA.get_with(key, || key)),
        || {
            MOKA.run_pending_tasks();
            MOKA.entry_count()
        },
    ),
    (
        "#[cached(max_size, ttl_secs)]",
        |key| ignore(cached_long(key)),
        || CACHED_LONG.read().cache_size() as u64,
    ),
    (
        "HashMap, std hasher",
        |key| {
            LOCAL.with_borrow_mut(|map| map.insert(key, key));
        },
        || LOCAL.with_borrow(|map| map.len() as u64),
    ),
];

/// Who, and how it stores.
type Expiring = (&'static str, fn(u64));

const EXPIRING: [Expiring; 3] = [
    ("cache_memoize(ttl)", |key| ignore(ours_soon(key))),
    ("moka get_with, ttl", |key| ignore(MOKA_SOON.get_with(key, || key))),
    ("#[cached(max_size, ttl_secs)]", |key| ignore(cached_soon(key))),
];

/// Both tables.
pub fn run(_: Effort) -> Report {
    let mut table = Table::new(
        format!("Live bytes for an entry, u64 → u64, {ENTRIES} entries"),
        ["", "bytes", "÷ quick_cache", "allocations"],
    );
    let filled = FILLED.map(|(name, ..)| {
        let said = cells::cell("memory", &["fill", name]);
        let mut figures = said.split(' ').map(|figure| figure.parse::<f64>().expect("a number"));
        (name, figures.next().unwrap(), figures.next().unwrap())
    });
    let [(_, ours, _), (quick_name, quick, _), ..] = filled;
    for (name, bytes, allocations) in filled {
        table.row([name.to_owned(), digits(bytes), digits(bytes / quick), format!("{allocations:.2}")]);
    }
    let figures = (format!("{} bytes", digits(ours)), format!("{}: {quick_name}", digits(quick)));
    let mut goals =
        vec![Goal::at_most("memory", format!("an entry, {ENTRIES} of them"), figures, ours / quick, 1.3)];

    let title = "Expired entries that nobody reads again, TTL of 1 s: bytes given back after it ran out";
    let mut reclaimed = Table::new(title, ["", "after"]);
    for (name, _) in EXPIRING {
        let after = cells::cell("memory", &["expire", name]);
        if name == EXPIRING[0].0 {
            let soon =
                after.strip_suffix(" s").is_some_and(|after| after.parse::<f64>().is_ok_and(|s| s <= 1.0));
            goals.push(Goal::plain(
                "memory",
                "expired entries given back after",
                &after,
                "",
                "within a TTL: 1 s",
                soon,
            ));
        }
        reclaimed.row([name.to_owned(), after]);
    }
    Report { goals, tables: vec![table, reclaimed], ..Report::default() }
}

/// One contestant.
pub fn cell(arguments: &[&str]) -> String {
    match *arguments {
        ["fill", name] => fill(name),
        ["expire", name] => expire(name),
        _ => panic!("fill or expire: {arguments:?}"),
    }
}

fn fill(name: &str) -> String {
    let (_, store, entries) = FILLED.iter().find(|(other, ..)| *other == name).expect("a contestant");
    allocator::watch();
    (0..ENTRIES).for_each(store);
    let allocations = allocator::watched() as f64 / ENTRIES as f64;
    let entries = entries();
    format!("{:.1} {allocations:.2}", allocator::live() as f64 / entries as f64)
}

fn expire(name: &str) -> String {
    let (_, store) = EXPIRING.iter().find(|(other, _)| *other == name).expect("a contestant");
    allocator::watch();
    (0..ENTRIES).for_each(store);
    let stored = Instant::now();
    let full = allocator::live();
    // Tables may stay for the next entries, at what an entry has in them: what is counted is most of the rest.
    let mut least = full;
    while stored.elapsed() < TTL * 5 {
        sleep(Duration::from_millis(10));
        let live = allocator::live();
        least = least.min(live);
        if live < full / 2 {
            return format!("{:.2} s", (stored.elapsed().as_secs_f64() - TTL.as_secs_f64()).max(0.0));
        }
    }
    format!("not in 4 s ({} % left)", least * 100 / full)
}

fn ignore(_: u64) {}
