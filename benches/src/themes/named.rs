//! What it costs us that a function is generic, or that its cache has a name.

use std::hash::Hash;
use std::sync::LazyLock;

use cache_memoize::{Memory, cache_memoize};

use crate::contestants::{Contestant, contestant};
use crate::measure::{Effort, keys, rounds};
use crate::print::goal::nanoseconds;
use crate::print::{Report, Table, digits};

#[cache_memoize(ttl = 3600)]
fn plain(key: u64) -> u64 {
    key
}

#[cache_memoize(ttl = 3600)]
fn generic<K: Copy + Hash + Eq + Send + Sync + 'static>(key: K) -> K {
    key
}

static MEMORY: LazyLock<Memory> = LazyLock::new(|| Memory::new(10_000));

#[cache_memoize(ttl = 3600, backend = MEMORY)]
fn named(key: u64) -> u64 {
    key
}

struct Owner {
    cache: Memory,
}

impl Owner {
    #[cache_memoize(ttl = 3600, skip(self), backend = self.cache)]
    fn own(&self, key: u64) -> u64 {
        key
    }
}

static OWNER: LazyLock<Owner> = LazyLock::new(|| Owner { cache: Memory::new(10_000) });

const PLAIN: &str = "a plain function";

const ALL: [Contestant; 4] = [
    contestant!(PLAIN, plain),
    contestant!("a generic function", generic),
    contestant!("backend = a static Memory", named),
    contestant!("backend = self.cache", |key| OWNER.own(key)),
];

/// Ours beside ours.
pub fn run(effort: Effort) -> Report {
    let times = rounds::hits(&ALL, &[keys::few()], effort);
    let mut table = Table::new("A hit, u64 → u64, ours only", ["", "1 thread", "÷ plain", "allocations"]);
    for contestant in &ALL {
        let name = contestant.name;
        let allocations = format!("{:.2}", contestant.allocations(&keys::few()));
        let ratio = digits(times.ratio(name, PLAIN).median);
        table.row([name.to_owned(), nanoseconds(times.lowest(name)), ratio, allocations]);
    }
    Report { tables: vec![table], ..Report::default() }
}
