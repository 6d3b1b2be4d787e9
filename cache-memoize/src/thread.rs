//! What each thread has of its own.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Mutex;

use crate::memory::front::Fronts;
use crate::sync::door::thread_local;
use crate::sync::lock;

/// All of it together, so that a hit finds it once.
pub(crate) struct Local {
    pub(crate) fronts: RefCell<Fronts>,
    number: Number,
}

thread_local! {
    static LOCAL: Local =
        const { Local { fronts: RefCell::new(Fronts::new()), number: Number(Cell::new(Number::NONE)) } };
}

/// What this thread has; `None` when it has nearly ended.
#[inline]
pub(crate) fn with<R>(work: impl FnOnce(&Local) -> R) -> Option<R> {
    LOCAL.try_with(work).ok()
}

impl Local {
    /// No two threads have the same number at a time. The first ones are small.
    #[inline]
    pub(crate) fn number(&self) -> usize {
        match self.number.0.get() {
            Number::NONE => self.number.take(),
            number => number,
        }
    }
}

/// The number, to be given back.
struct Number(Cell<usize>);

/// How many there are, and those of threads that have ended, the lowest first.
static NUMBERS: Mutex<(usize, BinaryHeap<Reverse<usize>>)> = Mutex::new((0, BinaryHeap::new()));

impl Number {
    const NONE: usize = usize::MAX;

    #[cold]
    fn take(&self) -> usize {
        let (count, free) = &mut *lock(&NUMBERS);
        let number = free.pop().map_or_else(
            || {
                *count += 1;
                *count - 1
            },
            |Reverse(number)| number,
        );
        self.0.set(number);
        number
    }
}

impl Drop for Number {
    fn drop(&mut self) {
        if self.0.get() != Self::NONE {
            // The lock hands what this thread has written to the next one with its number.
            lock(&NUMBERS).1.push(Reverse(self.0.get()));
        }
    }
}
