//! What a hit costs in a program with one memoized function, with a hundred, with thousands. For the theme `growth`.
//!
//! A program of its own, because that many functions take their time to compile.

mod functions;
mod instances;

use std::hint::black_box;
use std::time::Instant;

use cache_memoize_benches::measure::{Effort, rounds};

type Call = fn(u64) -> u64;

const KEYS: u64 = 1_000;

fn main() {
    let effort = match std::env::args().nth(1).as_deref() {
        Some("all") => Effort::All,
        _ => Effort::Quick,
    };
    grow("functions", &functions::all(), &[1, 100, 1_000], effort);
    grow("instances of a generic function", &instances::all(), &[1, 100, 1_000], effort);
}

/// Prints a line for each count: what a hit of the first function costs when so many are in use; and of all in turn,
/// with as many entries in all.
fn grow(kind: &str, calls: &[Call], counts: &[usize], effort: Effort) {
    let first = calls[0];
    let mut used = 0;
    for &count in counts {
        for &call in &calls[used..count] {
            black_box(call(0));
        }
        used = count;
        let hot = lowest(effort, |passes| {
            for _ in 0..passes {
                for key in 0..KEYS {
                    black_box(first(black_box(key)));
                }
            }
            passes * KEYS
        });
        // Each call another function, as many entries however many there are.
        let all = counts[counts.len() - 1] as u64;
        let turns: Vec<(Call, u64)> =
            (0..all).map(|n| (calls[n as usize % count], n / count as u64)).collect();
        let each = lowest(effort, |passes| {
            for _ in 0..passes {
                for &(call, key) in &turns {
                    black_box(call(black_box(key)));
                }
            }
            passes * all
        });
        println!("{kind}|{count}|{hot:.2}|{all}|{each:.2}");
    }
}

/// The least nanoseconds of an operation, of work that carries out so many passes and says how many operations it was.
fn lowest(effort: Effort, work: impl Fn(u64) -> u64) -> f64 {
    work(2);
    let times = rounds::paired(vec!["this"], effort.rounds() * 3, |_| {
        let began = Instant::now();
        let operations = work(10);
        began.elapsed().as_nanos() as f64 / operations as f64
    });
    times.lowest("this")
}
