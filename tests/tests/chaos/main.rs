//! Functions on a backend that fails on purpose: whatever it does, a function returns a value that is right for its key
//! and no older than the last invalidation that was acknowledged; a companion that failed says so; and when the faults
//! end, the next calls hit.
//!
//! What happens depends on a seed, which is printed when a story fails. `CHAOS_SEEDS=1000` has a thousand times as many of
//! them, `CHAOS_SEED=17` only that one.
#![allow(missing_docs)]

mod certain;
mod functions;
mod handing_over;
mod judge;
mod storm;
mod storms;
mod tasks;
mod tool;
mod trait_promises;
mod updates;

use std::ops::RangeInclusive;

/// The seeds of a story that has so many.
fn seeds(count: u64) -> RangeInclusive<u64> {
    let number = |name| std::env::var(name).ok().map(|text| text.parse().expect("a number"));
    match number("CHAOS_SEED") {
        Some(seed) => seed..=seed,
        None => 1..=count * number("CHAOS_SEEDS").unwrap_or(1),
    }
}

/// Says which seed found it, if there was something to find.
fn tells_seed(seed: u64, story: impl FnOnce()) {
    struct Tell(u64);
    impl Drop for Tell {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("CHAOS_SEED={} finds this again", self.0);
            }
        }
    }
    let _tell = Tell(seed);
    story();
}
