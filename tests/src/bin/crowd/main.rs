//! A crowd in a process of its own, for histories of several: `crowd` *origin* *seed* *threads* *tasks* *keys*
//! *milliseconds*, and the words for `World::open`. Prints its histories in the end, each line after the number of
//! the function.
#![allow(missing_docs)]

use std::fmt::Write;
use std::time::Duration;

use cache_memoize_tests::crowd::{Plan, World};

fn main() {
    let words: Vec<_> = std::env::args().skip(1).collect();
    let [origin, seed, threads, tasks, keys, millis, place @ ..] = words.as_slice() else {
        panic!("too few words: {words:?}")
    };
    let number = |word: &str| word.parse::<u64>().expect("a number");
    let world = World::open(u16::try_from(number(origin)).expect("a small number"), place);
    world.run(Plan {
        seed: number(seed),
        threads: number(threads),
        tasks: number(tasks),
        keys: number(keys),
        time: Duration::from_millis(number(millis)),
    });
    for stats in world.stats() {
        assert_eq!(stats.in_flight, 0, "{stats:#}");
    }
    let mut text = String::new();
    for (function, history) in world.histories().iter().enumerate() {
        for line in history.lines() {
            writeln!(text, "{function} {line}").expect("memory");
        }
    }
    print!("{text}");
}
