//! A counter for what happens too often for threads to meet at it.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::thread::{self, Local};

/// The first threads have stripes of their own, on which nobody else writes; all others share one.
pub(crate) struct Striped {
    own: Box<[Stripe]>,
    shared: Stripe,
}

/// A cache line.
#[repr(align(64))]
#[derive(Default)]
struct Stripe(AtomicU64);

/// How many threads have stripes of their own.
static OWNERS: LazyLock<usize> = LazyLock::new(|| {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    (2 * processors).clamp(8, 64)
});

impl Default for Striped {
    fn default() -> Self {
        Self { own: (0..*OWNERS).map(|_| Stripe::default()).collect(), shared: Stripe::default() }
    }
}

impl Striped {
    pub(crate) fn bump(&self) {
        if thread::with(|local| self.bump_on(local)).is_none() {
            self.shared.0.fetch_add(1, Relaxed);
        }
    }

    /// The same on the thread that has this.
    #[inline]
    pub(crate) fn bump_on(&self, local: &Local) {
        match self.own.get(local.number()) {
            Some(Stripe(own)) => own.store(own.load(Relaxed) + 1, Relaxed),
            None => drop(self.shared.0.fetch_add(1, Relaxed)),
        }
    }

    pub(super) fn sum(&self) -> u64 {
        self.own.iter().chain([&self.shared]).map(|stripe| stripe.0.load(Relaxed)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stripes_add_up() {
        let counter = Striped::default();
        for _ in 0..3 {
            std::thread::scope(|scope| {
                for _ in 0..*OWNERS + 3 {
                    scope.spawn(|| (0..1000).for_each(|_| counter.bump()));
                }
            });
        }
        assert_eq!(counter.sum(), 3000 * (*OWNERS as u64 + 3));
    }
}
