//! Small numbers for things that come and go, the lowest that is free.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Mutex;

use crate::sync::lock;

/// Gives out numbers from 0.
pub(crate) struct IdPool(Mutex<Given>);

struct Given {
    /// All numbers below it were given out,
    below: usize,
    /// and these have come back.
    free: BinaryHeap<Reverse<usize>>,
}

impl IdPool {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(Given { below: 0, free: BinaryHeap::new() }))
    }

    pub(crate) fn take(&self) -> usize {
        let given = &mut *lock(&self.0);
        given.free.pop().map_or_else(
            || {
                given.below += 1;
                given.below - 1
            },
            |Reverse(number)| number,
        )
    }

    /// Whoever takes it next sees all that was written before.
    pub(crate) fn give_back(&self, number: usize) {
        lock(&self.0).free.push(Reverse(number));
    }
}
