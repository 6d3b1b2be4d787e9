//! Counters of what happens too often for threads to meet at them.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::Stats;
use crate::thread::{self, Local};

/// What is counted.
#[derive(Clone, Copy)]
pub(crate) enum Count {
    Hits,
    Misses,
    Joined,
    Stores,
    Evictions,
    Expirations,
    InFlight,
    Errors,
}

const COUNTS: usize = Count::Errors as usize + 1;

/// The live counters behind [`Stats`]. The first threads have stripes of their own, on which nobody else writes; all
/// others share one.
pub(crate) struct Counters {
    own: Box<[Stripe]>,
    shared: Stripe,
}

/// A cache line.
#[repr(align(64))]
#[derive(Default)]
struct Stripe([AtomicU64; COUNTS]);

/// How many threads have stripes of their own.
static OWNERS: LazyLock<usize> = LazyLock::new(|| {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    (2 * processors).clamp(8, 64)
});

impl Default for Counters {
    fn default() -> Self {
        Self { own: (0..*OWNERS).map(|_| Stripe::default()).collect(), shared: Stripe::default() }
    }
}

impl Counters {
    /// One more.
    pub(crate) fn count(&self, what: Count) {
        self.add([(what, 1)]);
    }

    /// A computation begins.
    pub(crate) fn begins(&self) {
        self.add([(Count::Misses, 1), (Count::InFlight, 1)]);
    }

    /// One has landed, and maybe stored its value.
    pub(crate) fn lands(&self, stored: bool) {
        self.add([(Count::InFlight, u64::MAX), (Count::Stores, stored.into())]);
    }

    fn add<const N: usize>(&self, changes: [(Count, u64); N]) {
        let on_this = |local: &Local| changes.iter().for_each(|&(what, more)| self.add_on(local, what, more));
        if thread::with(on_this).is_none() {
            for (what, more) in changes {
                self.shared.0[what as usize].fetch_add(more, Relaxed);
            }
        }
    }

    /// One more, on the thread that has this.
    #[inline]
    pub(crate) fn count_on(&self, local: &Local, what: Count) {
        self.add_on(local, what, 1);
    }

    #[inline]
    fn add_on(&self, local: &Local, what: Count, more: u64) {
        match self.own.get(local.number()) {
            Some(Stripe(own)) => {
                let own = &own[what as usize];
                own.store(own.load(Relaxed).wrapping_add(more), Relaxed);
            }
            None => drop(self.shared.0[what as usize].fetch_add(more, Relaxed)),
        }
    }

    pub(crate) fn snapshot(&self, entries: u64, capacity: Option<u64>) -> Stats {
        let stripes = || self.own.iter().chain([&self.shared]);
        let sum = |what: Count| {
            stripes().fold(0, |sum: u64, Stripe(own)| sum.wrapping_add(own[what as usize].load(Relaxed)))
        };
        Stats {
            hits: sum(Count::Hits),
            misses: sum(Count::Misses),
            joined: sum(Count::Joined),
            stores: sum(Count::Stores),
            entries,
            evictions: sum(Count::Evictions),
            expirations: sum(Count::Expirations),
            // A task that moved on to another thread meanwhile may be seen to end and not to begin.
            in_flight: sum(Count::InFlight).cast_signed().max(0).cast_unsigned(),
            errors: sum(Count::Errors),
            capacity,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stripes_add_up() {
        let counters = Counters::default();
        for _ in 0..3 {
            std::thread::scope(|scope| {
                for _ in 0..*OWNERS + 3 {
                    scope.spawn(|| (0..1000).for_each(|_| counters.count(Count::Hits)));
                }
            });
        }
        let stats = counters.snapshot(0, None);
        assert_eq!((stats.hits, stats.misses), (3000 * (*OWNERS as u64 + 3), 0));
    }

    #[test]
    fn what_began_on_one_thread_may_land_on_another() {
        let counters = Counters::default();
        counters.begins();
        counters.begins();
        std::thread::scope(|scope| drop(scope.spawn(|| counters.lands(false))));
        assert_eq!(counters.snapshot(0, None).in_flight, 1);
        counters.lands(false);
        assert_eq!(counters.snapshot(0, None).in_flight, 0);
    }
}
