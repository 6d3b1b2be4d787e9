//! A hit: 1 000 warm keys, of one thread and of several, on keys that all share and on keys of their own.

use cache_memoize_guard::callgrind;

use crate::contestants::{
    CACHED, CONCURRENT, Contestant, LOCAL, MACROS, OURS, QUICK, QUICK_SEEDED, number, text,
};
use crate::measure::rounds::{self, Times};
use crate::measure::{Effort, keys, threads};
use crate::print::goal::nanoseconds;
use crate::print::{Goal, Report, Table, digits};

/// A kind of key and value.
struct Shape {
    name: &'static str,
    contestants: &'static [Contestant],
    threads: bool,
}

const SHAPES: [Shape; 7] = [
    Shape { name: "u64 → u64", contestants: &number::number::ALL, threads: true },
    Shape { name: "(&str, u32) → u64", contestants: &text::pair::ALL, threads: true },
    Shape { name: "&str → u64", contestants: &text::one::ALL, threads: true },
    Shape { name: "u64 → Arc<[u8]>", contestants: &number::bytes::ALL, threads: true },
    Shape { name: "u64 → Arc<struct>", contestants: &number::record::ALL, threads: false },
    Shape { name: "u64 → String", contestants: &number::string::ALL, threads: false },
    Shape { name: "u64 → [u64; 32], Copy", contestants: &number::array::ALL, threads: false },
];

/// Who asks for what.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spread {
    /// All for the same keys.
    Hot,
    /// Each for its own.
    Own,
    /// All for a single one.
    One,
}

impl Spread {
    const ALL: [Self; 3] = [Self::Hot, Self::Own, Self::One];

    fn name(self) -> &'static str {
        match self {
            Self::Hot => "the same keys",
            Self::Own => "own keys",
            Self::One => "one key",
        }
    }

    fn lists(self, threads: usize) -> Vec<Vec<u64>> {
        (0..threads)
            .map(|thread| match self {
                Self::Hot => {
                    let mut keys = keys::few();
                    let length = keys.len();
                    // Not in step.
                    keys.rotate_left(length / threads * thread);
                    keys
                }
                // So that whoever is bounded has room for all.
                Self::Own => keys::few().iter().map(|key| key + keys::FEW * (thread as u64 % 8)).collect(),
                Self::One => vec![7; keys::FEW as usize],
            })
            .collect()
    }
}

/// All shapes.
pub fn run(effort: Effort) -> Report {
    let mut report = Report::default();
    for shape in &SHAPES {
        report.and(measure(shape, effort));
    }
    report
}

fn measure(shape: &Shape, effort: Effort) -> Report {
    let one = rounds::hits(shape.contestants, &[keys::few()], effort);
    let mut crowds: Vec<(usize, Spread, Times)> = Vec::new();
    if shape.threads {
        for count in threads::counts().into_iter().filter(|&count| count > 1) {
            for spread in Spread::ALL {
                crowds.push((count, spread, rounds::hits(shape.contestants, &spread.lists(count), effort)));
            }
        }
    }
    let mut report = Report::default();
    report.tables.push(table(shape, &one, &crowds));
    report.goals = goals(shape, &one, &crowds);
    if shape.name == SHAPES[0].name {
        report.bars = one.names().map(|name| (name.to_owned(), one.lowest(name))).collect();
    }
    report
}

fn table(shape: &Shape, one: &Times, crowds: &[(usize, Spread, Times)]) -> Table {
    let crowd = crowds.iter().map(|(count, spread, _)| format!("{count} threads, {}", spread.name()));
    let head = ["".to_owned(), "1 thread".to_owned(), format!("÷ {QUICK}")].into_iter().chain(crowd);
    // Whoever shares nothing tells what the machine adds.
    let control = shape.contestants[0].name;
    let slowed = crowds.iter().map(|(_, _, times)| times.beside(control, one)).fold(1.0, f64::max);
    let note = match slowed {
        slowed if slowed > 1.2 && control.starts_with("thread-local") => {
            format!(" (not a quiet machine: beside others, {control} takes {} × its time)", digits(slowed))
        }
        _ => String::new(),
    };
    let title = format!("A hit, {}{note}", shape.name);
    let mut table = Table::new(title, head.chain(["allocations".to_owned()]));
    for contestant in shape.contestants {
        let name = contestant.name;
        let ratio = one.ratio(name, QUICK);
        let single = [
            name.to_owned(),
            nanoseconds(one.lowest(name)),
            format!("{} (of the lowest: {})", digits(ratio.median), digits(ratio.lowest)),
        ];
        let crowd = crowds.iter().map(|(_, _, times)| nanoseconds(times.lowest(name)));
        let allocations = format!("{:.2}", contestant.allocations(&keys::few()));
        table.row(single.into_iter().chain(crowd).chain([allocations]));
    }
    table
}

fn goals(shape: &Shape, one: &Times, crowds: &[(usize, Spread, Times)]) -> Vec<Goal> {
    let name = shape.name;
    let faster = |theme, what: String, times: &Times, peers: &[&'static str], limit| {
        let peer = times.fastest(peers);
        let figures =
            (nanoseconds(times.lowest(OURS)), format!("{}: {peer}", nanoseconds(times.lowest(peer))));
        Goal::at_least(theme, what, figures, times.ratio(peer, OURS).median, limit)
    };
    match name {
        "u64 → u64" => {
            let mut goals = vec![
                Goal::paired("hit, 1 thread", name, one, OURS, QUICK, 1.0),
                Goal::paired("hit, 1 thread", name, one, OURS, LOCAL, 3.0),
                faster("hit, 1 thread", name.into(), one, &[CACHED, CONCURRENT], 4.0),
            ];
            for (count, spread, times) in crowds {
                let what = format!("{name}, {count} threads, {}", spread.name());
                let own = (
                    nanoseconds(times.lowest(OURS)),
                    format!("{}: itself, 1 thread", nanoseconds(one.lowest(OURS))),
                );
                let ratio = times.beside(OURS, one);
                goals.push(Goal::at_most("hit, threads", what.clone(), own, ratio, 1.2));
                goals.push(faster("hit, threads", what, times, &MACROS, 8.0));
            }
            goals
        }
        "(&str, u32) → u64" | "&str → u64" => {
            let allocations = Contestant::of(shape.contestants, OURS).allocations(&keys::few());
            vec![
                Goal::plain(
                    "text and borrowed keys",
                    format!("{name}, allocations"),
                    format!("{allocations:.2}"),
                    "",
                    "0",
                    allocations == 0.0,
                ),
                Goal::paired("text and borrowed keys", name, one, OURS, QUICK_SEEDED, 1.0),
                faster("text and borrowed keys", name.into(), one, &[CACHED, CONCURRENT], 3.0),
            ]
        }
        _ => vec![Goal::paired("values", name, one, OURS, QUICK, 1.0)],
    }
}

/// Hits of one contestant, under callgrind.
pub fn count(contestant: &str, operations: u64) {
    let contestant = Contestant::of(&number::number::ALL, contestant);
    let keys: Vec<u64> = (0..operations).map(|operation| operation % keys::FEW).collect();
    (contestant.run)(&keys::few());
    (contestant.run)(&keys::few());
    callgrind::counted_here(&mut || (contestant.run)(&keys));
}
