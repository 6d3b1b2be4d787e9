//! A hit among a million: there memory is slow, and what lies together counts.

use std::convert::Infallible;
use std::sync::LazyLock;
use std::time::Duration;

use cache_memoize::cache_memoize;
use cached::macros::{cached, concurrent_cached};
use memoize::memoize;

use crate::contestants::by_hand::Sharded;
use crate::contestants::{
    CACHED, CONCURRENT, Contestant, MACROS, MEMOIZE, MOKA, OURS, QUICK, SHARDED, contestant,
};
use crate::measure::rounds::{self, Times};
use crate::measure::{Effort, keys, threads};
use crate::print::goal::nanoseconds;
use crate::print::{Goal, Report, Table, digits};

const ENTRIES: u64 = 1_000_000;
/// Above it, so that nobody evicts.
const CAPACITY: usize = 1_300_000;
const THEME: &str = "growth";

#[cache_memoize(ttl = 3600, capacity = CAPACITY)]
fn ours(key: u64) -> u64 {
    key
}

#[cached(max_size = 1_300_000, ttl_secs = 3600)]
fn cached_one_lock(key: u64) -> u64 {
    key
}

#[concurrent_cached(max_size = 1_300_000, ttl_secs = 3600)]
fn cached_concurrent(key: u64) -> u64 {
    key
}

#[memoize(SharedCache, Capacity: 1_300_000, TimeToLive: Duration::from_secs(3600))]
fn memoized(key: u64) -> u64 {
    key
}

static QUICK_CACHE: LazyLock<quick_cache::sync::Cache<u64, u64>> =
    LazyLock::new(|| quick_cache::sync::Cache::new(CAPACITY));
fn quick(key: u64) -> u64 {
    QUICK_CACHE.get_or_insert_with(&key, || Ok::<_, Infallible>(key)).unwrap()
}

static TABLE: LazyLock<Sharded<u64, u64>> = LazyLock::new(Sharded::default);
fn sharded(key: u64) -> u64 {
    TABLE.get(&key, || key, || key)
}

static MOKA_CACHE: LazyLock<moka::sync::Cache<u64, u64>> = LazyLock::new(|| {
    let builder = moka::sync::Cache::builder().max_capacity(CAPACITY as u64);
    builder.time_to_live(Duration::from_secs(3600)).build()
});
fn moka_with(key: u64) -> u64 {
    MOKA_CACHE.get_with(key, || key)
}

const ALL: [Contestant; 7] = [
    contestant!(SHARDED, sharded),
    contestant!(QUICK, quick),
    contestant!(OURS, ours),
    contestant!(CACHED, cached_one_lock),
    contestant!(CONCURRENT, cached_concurrent),
    contestant!(MEMOIZE, memoized),
    contestant!(MOKA, moka_with),
];

/// Skewed and uniform.
pub fn run(effort: Effort) -> Report {
    let everything: Vec<u64> = (0..ENTRIES).collect();
    ALL.iter().for_each(|contestant| (contestant.run)(&everything));
    let count = if effort == Effort::Quick { 100_000 } else { 400_000 };
    let skewed = keys::zipf(ENTRIES, 1.0, count);
    let uniform = keys::uniform(ENTRIES, count);
    let mut report = Report::default();
    for (name, keys) in [("Zipf 1.0", skewed), ("uniform", uniform)] {
        let one = turns(std::slice::from_ref(&keys), effort);
        let mut swapped = keys.clone();
        swapped.rotate_left(count / 2);
        let two = turns(&[keys, swapped], effort);
        let mut table = Table::new(
            format!("A hit among a million entries, {name}"),
            ["", "1 thread", &format!("÷ {SHARDED}"), "2 threads"],
        );
        for name in one.names() {
            let ratio = digits(one.ratio(name, SHARDED).median);
            table.row([name.into(), nanoseconds(one.lowest(name)), ratio, nanoseconds(two.lowest(name))]);
        }
        let what = format!("a million entries, {name}");
        report.goals.push(Goal::paired(THEME, what.clone(), &one, OURS, SHARDED, 1.25));
        let peer = one.fastest(&MACROS);
        let figures = (nanoseconds(one.lowest(OURS)), format!("{}: {peer}", nanoseconds(one.lowest(peer))));
        report.goals.push(Goal::at_least(THEME, what, figures, one.ratio(peer, OURS).median, 3.0));
        report.tables.push(table);
    }
    report
}

/// One pass each, of so many keys that no processor's cache remembers the pass before.
fn turns(lists: &[Vec<u64>], effort: Effort) -> Times {
    let names = ALL.iter().map(|contestant| contestant.name).collect();
    let rounds = if effort == Effort::Quick { 5 } else { 15 };
    rounds::paired(names, rounds, |index| threads::nanoseconds(ALL[index].run, lists, 1))
}
