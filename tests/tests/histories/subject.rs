//! What is done at random, to functions whose bodies do the worst at random.

use std::panic::resume_unwind;

use cache_memoize::testing::{History, Summary};
use cache_memoize_tests::random::{Random, locally, seed};

/// What can be done to a key.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Call,
    Peek,
    Invalidate,
    InvalidateAll,
    Set,
    Refresh,
}

/// How often which, for a whole round: each mix finds something else.
pub(crate) type Mix = [(u64, Kind); 6];

pub(crate) const MIXES: [Mix; 4] =
    [mix(60, 10, 10, 4, 8, 8), mix(40, 20, 40, 0, 0, 0), mix(50, 10, 0, 10, 15, 15), mix(85, 5, 4, 1, 2, 3)];

const fn mix(call: u64, peek: u64, invalidate: u64, all: u64, set: u64, refresh: u64) -> Mix {
    use Kind::{Call, Invalidate, InvalidateAll, Peek, Refresh, Set};
    [
        (call, Call),
        (peek, Peek),
        (invalidate, Invalidate),
        (all, InvalidateAll),
        (set, Set),
        (refresh, Refresh),
    ]
}

/// An error that all who wait can share.
#[derive(Clone, Debug)]
pub(crate) struct Shared;

/// One that they cannot.
#[derive(Debug)]
pub(crate) struct Unshared;

/// What a body does beside computing.
#[derive(Clone, Copy)]
pub(crate) enum Fate {
    Return,
    Fail,
    Panic,
}

impl Fate {
    fn next() -> Self {
        locally(|random| random.weighted(&[(90, Self::Return), (6, Self::Fail), (4, Self::Panic)]))
    }

    pub(crate) fn met<E>(self, value: u64, error: E) -> Result<u64, E> {
        match self {
            Self::Return => Ok(value),
            Self::Fail => Err(error),
            // Without the message that a panic prints.
            Self::Panic => resume_unwind(Box::new("a body that panics")),
        }
    }
}

/// The body of a function: a number, after a while, or not.
pub(crate) fn body<E>(history: &History<u64>, key: u64, error: E) -> Result<u64, E> {
    let value = history.computed(key);
    linger();
    Fate::next().met(value, error)
}

/// The same in a task.
pub(crate) async fn body_later<E>(history: &History<u64>, key: u64, error: fn() -> E) -> Result<u64, E> {
    let value = history.computed(key);
    for _ in 0..locally(|random| random.below(5)) {
        tokio::task::yield_now().await;
    }
    linger();
    Fate::next().met(value, error())
}

/// Lets others go first, or keeps the processor, or neither.
pub(crate) fn linger() {
    match locally(|random| random.below(4)) {
        0 => std::thread::yield_now(),
        1 => (0..locally(|random| random.below(2_000))).for_each(|_| std::hint::spin_loop()),
        2 => (0..3).for_each(|_| std::thread::yield_now()),
        _ => {}
    }
}

/// Rounds with seeds of their own, until there were enough operations; then says what was searched.
pub(crate) fn rounds(
    name: &str,
    history: &History<u64>,
    operations: u64,
    mut round: impl FnMut(&mut Random, Mix),
) -> Summary {
    let first = seed("HISTORIES_SEED");
    let operations = std::env::var("HISTORIES_OPERATIONS")
        .map_or(operations, |many| many.parse().expect("HISTORIES_OPERATIONS is a number"));
    let mut sum = Summary::default();
    for seed in first.. {
        let mut random = Random::new(seed);
        let mix = MIXES[random.below(MIXES.len() as u64) as usize];
        round(&mut random, mix);
        match history.check_and_forget() {
            Ok(summary) => sum += summary,
            Err(violation) => {
                panic!("{name}, HISTORIES_SEED={seed}, after {} operations: {violation}", sum.operations())
            }
        }
        if sum.operations() >= operations {
            break;
        }
    }
    println!("{name}: {sum}");
    sum
}
