//! Striped counters, for events too frequent for threads to share a cache line.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::Stats;
use crate::thread::{self, Local};

/// The events that are counted.
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

/// The live counters behind [`Stats`]. The first threads have a stripe each, to which no other thread writes; all other
/// threads write to one.
pub(crate) struct Counters {
    /// By the number of the thread.
    own: Box<[Stripe]>,
    others: Stripe,
}

/// One number for each [`Count`], in a cache line.
#[repr(align(64))]
#[derive(Default)]
struct Stripe([AtomicU64; COUNTS]);

/// The number of threads that have a stripe of their own.
static OWNERS: LazyLock<usize> = LazyLock::new(|| {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    (2 * processors).clamp(8, 64)
});

impl Default for Counters {
    fn default() -> Self {
        Self { own: (0..*OWNERS).map(|_| Stripe::default()).collect(), others: Stripe::default() }
    }
}

impl Counters {
    /// Counts one event.
    pub(crate) fn count(&self, count: Count) {
        self.add([(count, 1)]);
    }

    /// Counts a computation that begins.
    pub(crate) fn begins(&self) {
        self.add([(Count::Misses, 1), (Count::InFlight, 1)]);
    }

    /// Counts a computation that has landed, and maybe stored its value.
    pub(crate) fn lands(&self, stored: bool) {
        self.add([(Count::InFlight, u64::MAX), (Count::Stores, stored.into())]);
    }

    fn add<const N: usize>(&self, changes: [(Count, u64); N]) {
        let on_this =
            |local: &Local| changes.iter().for_each(|&(count, more)| self.add_on(local, count, more));
        if thread::with(on_this).is_none() {
            for (count, more) in changes {
                self.others.0[count as usize].fetch_add(more, Relaxed);
            }
        }
    }

    /// Counts one event on the thread that has this state.
    #[inline]
    pub(crate) fn count_on(&self, local: &Local, count: Count) {
        self.add_on(local, count, 1);
    }

    #[inline]
    fn add_on(&self, local: &Local, count: Count, more: u64) {
        match self.own.get(local.number()) {
            Some(Stripe(own)) => {
                // No read-modify-write: this thread alone writes to its stripe.
                let own = &own[count as usize];
                own.store(own.load(Relaxed).wrapping_add(more), Relaxed);
            }
            None => drop(self.others.0[count as usize].fetch_add(more, Relaxed)),
        }
    }

    pub(crate) fn snapshot(&self, entries: u64, capacity: Option<u64>) -> Stats {
        let stripes = || self.own.iter().chain([&self.others]);
        let sum = |count: Count| {
            stripes().fold(0, |sum: u64, Stripe(own)| sum.wrapping_add(own[count as usize].load(Relaxed)))
        };
        Stats {
            hits: sum(Count::Hits),
            misses: sum(Count::Misses),
            joined: sum(Count::Joined),
            stores: sum(Count::Stores),
            entries,
            evictions: sum(Count::Evictions),
            expirations: sum(Count::Expirations),
            // Below zero for a moment when a task has moved to another thread: its end may be seen before its
            // beginning.
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
    fn a_computation_may_land_on_another_thread_than_it_began_on() {
        let counters = Counters::default();
        counters.begins();
        counters.begins();
        std::thread::scope(|scope| drop(scope.spawn(|| counters.lands(false))));
        assert_eq!(counters.snapshot(0, None).in_flight, 1);
        counters.lands(false);
        assert_eq!(counters.snapshot(0, None).in_flight, 0);
    }
}
