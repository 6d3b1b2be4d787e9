//! What somebody who looks gets to see: copies, for nothing of the user's may run under the lock.

use std::sync::Arc;

use super::slot::Slot;
use crate::entry::StateCore;
use crate::entry::{AnyEntry, Freshness, Lifespan};

/// What a candidate holds.
pub(crate) enum Content<K, V> {
    /// A copy.
    Pair(K, V),
    Entry(Arc<dyn AnyEntry>),
    /// Of other types.
    Foreign,
}

/// What was there when somebody looked.
pub(crate) struct Seen<K, V> {
    pub(crate) ticket: u64,
    pub(crate) lifespan: Lifespan,
    pub(crate) content: Content<K, V>,
    /// Of a generation that lives.
    is_alive: bool,
    /// What stored it, by address.
    common: *const StateCore,
}

impl<K, V> Seen<K, V> {
    #[inline]
    pub(super) fn of(slot: &Slot, content: Content<K, V>, use_it: bool) -> Self {
        if use_it {
            slot.note_use();
        }
        let generation = slot.generation();
        Self {
            ticket: slot.ticket,
            lifespan: slot.lifespan(),
            content,
            is_alive: generation.is_alive_here(),
            common: Arc::as_ptr(&generation.of),
        }
    }

    /// How it may be used.
    #[inline]
    pub(crate) fn freshness(&self) -> Freshness {
        if self.is_alive { self.lifespan.freshness() } else { Freshness::Ended }
    }

    /// Whether the function itself stored that: the end of its generation voids the copies of what it stored, and not of
    /// what another one with the same prefix did.
    #[inline]
    pub(crate) fn is_stored_by(&self, common: &StateCore) -> bool {
        std::ptr::eq(self.common, common)
    }
}
