//! A call whose server is gone, when the breaker knows it.

use std::sync::LazyLock;

use cache_memoize::{Redis, cache_memoize};

use crate::contestants::{Contestant, contestant};
use crate::measure::{Effort, keys, rounds};
use crate::print::goal::nanoseconds;
use crate::print::{Goal, Report, Table};

/// Nobody listens at this port any more.
static GONE: LazyLock<Redis> = LazyLock::new(|| {
    let port =
        std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its number").port();
    Redis::open(format!("redis://127.0.0.1:{port}/")).expect("an address")
});

#[inline(never)]
fn body(key: u64) -> u64 {
    key
}

#[cache_memoize(ttl = 3600, backend = GONE)]
fn ours(key: u64) -> u64 {
    body(key)
}

#[cache_memoize(ttl = 3600, backend = GONE)]
async fn ours_later(key: u64) -> u64 {
    body(key)
}

const BODY: &str = "the body alone";
const ALL: [Contestant; 3] = [
    contestant!(BODY, body),
    contestant!("cache_memoize, breaker open", ours),
    contestant!("cache_memoize, breaker open, async", |key| cache_memoize_guard::at_once(ours_later(key))),
];

/// Over the body.
pub fn run(effort: Effort) -> Report {
    // Until the breaker is open, callers notice for themselves that nobody is there; a task would wait for that.
    for key in 0..100 {
        ours(key);
    }
    let times = rounds::hits(&ALL, &[keys::few()], effort);
    let mut table =
        Table::new("A call on a Redis that is gone, breaker open", ["", "1 thread", "allocations"]);
    let mut goals = Vec::new();
    for contestant in &ALL {
        let name = contestant.name;
        let allocations = format!("{:.2}", contestant.allocations(&keys::few()));
        table.row([name.to_owned(), nanoseconds(times.lowest(name)), allocations]);
        if name != BODY {
            let over = times.lowest(name) - times.lowest(BODY);
            let met = over <= 1_000.0;
            goals.push(Goal::plain(
                "Redis down",
                name,
                nanoseconds(over),
                "the body",
                "≤ 1 µs over the body",
                met,
            ));
        }
    }
    Report { goals, tables: vec![table], ..Report::default() }
}
