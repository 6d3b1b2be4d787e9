//! Which keys are probably there: a call that expects a hit asks for the value alone, which is the cheapest question;
//! one that does not asks for the value or to begin a computation, which saves a round trip. To be wrong costs one.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::time::Deadline;

/// A power of two. Keys share places; the one that came last has it.
const PLACES: usize = 4096;

/// 64 KiB for each function that uses a shared backend.
pub(crate) struct Hints(Box<[Hint]>);

#[derive(Default)]
struct Hint {
    /// The hash of the key; zero for none.
    key: AtomicU64,
    /// Until when.
    deadline: AtomicU64,
}

impl Default for Hints {
    fn default() -> Self {
        Self((0..PLACES).map(|_| Hint::default()).collect())
    }
}

impl Hints {
    fn place(&self, hash: u64) -> &Hint {
        &self.0[hash as usize % PLACES]
    }

    /// Whether the key was there when last heard of, and is not known to have expired since.
    pub(crate) fn expects(&self, hash: u64) -> bool {
        let hint = self.place(hash);
        hint.key.load(Relaxed) == hash && !Deadline::from_ticks(hint.deadline.load(Relaxed)).has_passed()
    }

    /// The key is there.
    pub(crate) fn there(&self, hash: u64, until: Deadline) {
        let hint = self.place(hash);
        // The two are not one step: a mixture is one more wrong hint.
        if hint.key.load(Relaxed) != hash {
            hint.key.store(hash, Relaxed);
        }
        if hint.deadline.load(Relaxed) != until.ticks() {
            hint.deadline.store(until.ticks(), Relaxed);
        }
    }

    /// The key is not there.
    pub(crate) fn gone(&self, hash: u64) {
        let _ = self.place(hash).key.compare_exchange(hash, 0, Relaxed, Relaxed);
    }

    /// Nothing is there.
    pub(crate) fn all_gone(&self) {
        self.0.iter().for_each(|hint| hint.key.store(0, Relaxed));
    }
}
