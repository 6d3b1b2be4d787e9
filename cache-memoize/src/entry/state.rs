//! The state of one function in one place: its counters, its current generation, and the version of thread-local
//! copies.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::{Generation, Windows, version};
use crate::stats::{Counters, Past, Stats};
use crate::sync::shim::{Mutex, lock};

/// The state of one function in one place.
pub(crate) struct FunctionState {
    common: Arc<StateCore>,
    generation: Mutex<Arc<Generation>>,
}

/// The part of a [`FunctionState`] that entries keep alive.
pub(crate) struct StateCore {
    pub(crate) counters: Counters,
    /// The path of the function.
    pub(crate) function: &'static str,
    /// For how long its entries are kept beyond their lifetime.
    pub(crate) windows: Windows,
    /// The function's version counter: moved on when the thread-local copies of its entries become void; see
    /// [`version`].
    version: AtomicU64,
    /// The sums of the function's counters in memories that are gone.
    past: Arc<Past>,
}

impl Drop for StateCore {
    fn drop(&mut self) {
        self.counters.leave_to(&self.past);
    }
}

impl Deref for FunctionState {
    type Target = StateCore;

    #[inline]
    fn deref(&self) -> &StateCore {
        &self.common
    }
}

impl StateCore {
    /// The current version for thread-local copies of the entry with this hash.
    #[inline]
    pub(crate) fn version(&self, hash: u64) -> u64 {
        version::current(hash, &self.version)
    }

    /// Voids all thread-local copies of the function's entries, so that each thread asks the store again.
    pub(crate) fn void_copies(&self) {
        version::void_all(&self.version);
    }
}

impl FunctionState {
    pub(crate) fn new(function: &'static str, past: Arc<Past>) -> Arc<Self> {
        // Each state counts from a multiple of 2^32 of its own, so that no two states ever have a version in common.
        static STATES: AtomicU64 = AtomicU64::new(0);
        let version = AtomicU64::new(STATES.fetch_add(1, Relaxed) << 32);
        let windows = Windows::default();
        let common = Arc::new(StateCore { counters: Counters::default(), function, windows, version, past });
        let generation = Mutex::new(Generation::new(common.clone()));
        Arc::new(Self { common, generation })
    }

    pub(crate) fn generation(&self) -> Arc<Generation> {
        lock(&self.generation).clone()
    }

    /// Ends the current generation and begins the next: no entry or computation of the old one is served or shared any
    /// more.
    pub(crate) fn end_generation(&self) {
        let mut current = lock(&self.generation);
        // Under the lock: a thread that finds the next generation here may rely on the end of the one before. Else, of
        // two threads that do this at once, one could return while entries that the other is about to end are still
        // served.
        version::void_all_while(&self.version, || current.end());
        *current = Generation::new(self.common.clone());
    }

    pub(crate) fn stats(&self, capacity: Option<u64>) -> Stats {
        self.counters.snapshot(self.generation().entries(), capacity)
    }
}
