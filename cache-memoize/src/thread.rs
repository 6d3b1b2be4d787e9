//! The state of one thread: its number, and its tables of cached entries.

use std::any::Any;
use std::cell::{Cell, RefCell};

use crate::id_pool::IdPool;
use crate::sync::shim::thread_local;

/// The thread-local state, in one variable, so that a hit looks it up once.
pub(crate) struct Local {
    pub(crate) tables: RefCell<Tables>,
    number: ThreadNumber,
}

thread_local! {
    static LOCAL: Local =
        const { Local { tables: RefCell::new(Tables::new()), number: ThreadNumber(Cell::new(ThreadNumber::NONE)) } };
}

/// Runs `work` with the state of this thread; `None` when the thread is ending and has lost it.
#[inline]
pub(crate) fn with<R>(work: impl FnOnce(&Local) -> R) -> Option<R> {
    LOCAL.try_with(work).ok()
}

impl Local {
    /// The number of this thread. No two threads have the same at a time, and numbers are as small as possible.
    #[inline]
    pub(crate) fn number(&self) -> usize {
        match self.number.0.get() {
            ThreadNumber::NONE => self.number.take(),
            number => number,
        }
    }
}

/// Tables of any types, by number; and the filter that admits entries to them.
pub(crate) struct Tables {
    tables: Vec<Option<Box<dyn Any>>>,
    /// The admission filter: hashes that were seen once, the last four of each bucket by 16 bits each. Without it, one
    /// look at each of a million entries would push out the entries in use.
    seen_once: Vec<u64>,
    /// Counts refusals, up to the one that is admitted.
    refused: u8,
}

impl Tables {
    const fn new() -> Self {
        Self { tables: Vec::new(), seen_once: Vec::new(), refused: 0 }
    }

    #[inline]
    pub(crate) fn get<T: 'static>(&self, number: usize) -> Option<&T> {
        self.tables.get(number)?.as_deref()?.downcast_ref()
    }

    pub(crate) fn get_or_default<T: Default + 'static>(&mut self, number: usize) -> &mut T {
        if self.tables.len() <= number {
            self.tables.resize_with(number + 1, || None);
        }
        let cell = &mut self.tables[number];
        // The number may have been given back, with a table of another type, and given out again.
        let table = cell.take().filter(|table| table.is::<T>());
        let table = cell.insert(table.unwrap_or_else(|| Box::new(T::default())));
        table.downcast_mut().expect("it is of that type")
    }

    /// Whether to copy the entry with this hash: yes on the second sighting of a hash, and for every eighth refusal,
    /// since a cycle of many keys would otherwise evict each other's marks.
    #[inline]
    pub(crate) fn admits(&mut self, hash: u64) -> bool {
        const BUCKETS: usize = 1024;
        const REFUSALS: u8 = 8;
        let Some(last_four) = self.seen_once.get_mut(hash as usize % BUCKETS) else {
            self.seen_once.resize(BUCKETS, 0);
            return false;
        };
        let mark = hash >> 16 & 0xffff;
        let is_there = |position: u32| *last_four >> (16 * position) & 0xffff == mark;
        if is_there(0) || is_there(1) || is_there(2) || is_there(3) {
            return true;
        }
        *last_four = *last_four << 16 | mark;
        self.refused = (self.refused + 1) % REFUSALS;
        self.refused == 0
    }
}

/// The number of a thread, which is given back when the thread ends.
struct ThreadNumber(Cell<usize>);

static NUMBERS: IdPool = IdPool::new();

impl ThreadNumber {
    const NONE: usize = usize::MAX;

    #[cold]
    fn take(&self) -> usize {
        self.0.set(NUMBERS.take());
        self.0.get()
    }
}

impl Drop for ThreadNumber {
    fn drop(&mut self) {
        if self.0.get() != Self::NONE {
            NUMBERS.give_back(self.0.get());
        }
    }
}
