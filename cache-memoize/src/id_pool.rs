//! A pool of small numbers for objects that come and go. It gives out the lowest that is free.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Mutex;

use crate::sync::lock;

/// Gives out numbers from 0.
pub(crate) struct IdPool(Mutex<Given>);

struct Given {
    /// All numbers below this one were given out.
    below: usize,
    /// Numbers that were given back.
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

    /// Gives a number back. The lock orders memory: the next taker of the number sees everything that was written
    /// before.
    pub(crate) fn give_back(&self, number: usize) {
        lock(&self.0).free.push(Reverse(number));
    }
}
