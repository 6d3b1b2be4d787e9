//! What each thread has of its own.

use std::any::Any;
use std::cell::{Cell, RefCell};

use crate::id_pool::IdPool;
use crate::sync::shim::thread_local;

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

/// Tables of any types, by number.
pub(crate) struct Fronts {
    tables: Vec<Option<Box<dyn Any>>>,
    /// What was found once, by a part of its hash: one look at a million entries must not push out those in use. The
    /// last four of each place.
    once: Vec<u64>,
    refused: u8,
}

impl Fronts {
    const fn new() -> Self {
        Self { tables: Vec::new(), once: Vec::new(), refused: 0 }
    }

    #[inline]
    pub(crate) fn get<T: 'static>(&self, number: usize) -> Option<&T> {
        self.tables.get(number)?.as_deref()?.downcast_ref()
    }

    pub(crate) fn get_or_default<T: Default + 'static>(&mut self, number: usize) -> &mut T {
        if self.tables.len() <= number {
            self.tables.resize_with(number + 1, || None);
        }
        let place = &mut self.tables[number];
        // What had the number before may have been of another type.
        let table = place.take().filter(|table| table.is::<T>());
        let table = place.insert(table.unwrap_or_else(|| Box::new(T::default())));
        table.downcast_mut().expect("it is of that type")
    }

    /// Whether it was found before, or it is one of some others: many that are found in turn may have the same place.
    #[inline]
    pub(crate) fn admits(&mut self, hash: u64) -> bool {
        const PLACES: usize = 1024;
        const OTHERS: u8 = 8;
        let Some(last) = self.once.get_mut(hash as usize % PLACES) else {
            self.once.resize(PLACES, 0);
            return false;
        };
        let tag = hash >> 16 & 0xffff;
        let is_there = |place: u32| *last >> (16 * place) & 0xffff == tag;
        if is_there(0) || is_there(1) || is_there(2) || is_there(3) {
            return true;
        }
        *last = *last << 16 | tag;
        self.refused = (self.refused + 1) % OTHERS;
        self.refused == 0
    }
}

/// The number, to be given back.
struct Number(Cell<usize>);

static NUMBERS: IdPool = IdPool::new();

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
