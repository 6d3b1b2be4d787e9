//! Rounds of random operations, each judged when it is over.

use cache_memoize::testing::{History, Summary};
use cache_memoize_tests::crowd::{MIXES, Mix};
use cache_memoize_tests::random::{Random, seed};

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
