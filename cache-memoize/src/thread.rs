//! What each thread has of its own.

use std::cell::{Cell, RefCell};

use crate::memory::front::Fronts;
use crate::numbers::Numbers;
use crate::sync::door::thread_local;

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

static NUMBERS: Numbers = Numbers::new();

impl Number {
    const NONE: usize = usize::MAX;

    #[cold]
    fn take(&self) -> usize {
        self.0.set(NUMBERS.take());
        self.0.get()
    }
}

impl Drop for Number {
    fn drop(&mut self) {
        if self.0.get() != Self::NONE {
            NUMBERS.give_back(self.0.get());
        }
    }
}
