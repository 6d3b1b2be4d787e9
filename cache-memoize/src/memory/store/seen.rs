//! The answer to a look into the store: copies, since no user code may run under the lock.

use std::sync::Arc;

use super::slot::Slot;
use crate::entry::StateCore;
use crate::entry::{AnyEntry, Freshness, Lifespan};

/// The content of a candidate.
pub(crate) enum Content<K, V> {
    /// A copy of a pair.
    Pair(K, V),
    Entry(Arc<dyn AnyEntry>),
    /// A pair of other types.
    Foreign,
}

/// A candidate as it was at the moment of the look.
pub(crate) struct Seen<K, V> {
    pub(crate) ticket: u64,
    pub(crate) lifespan: Lifespan,
    pub(crate) content: Content<K, V>,
    /// Whether its generation had not ended.
    is_alive: bool,
    /// The address of the state of the function that stored it.
    stored_by: *const StateCore,
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
            stored_by: Arc::as_ptr(&generation.of),
        }
    }

    /// Whether it may be used.
    #[inline]
    pub(crate) fn freshness(&self) -> Freshness {
        if self.is_alive { self.lifespan.freshness() } else { Freshness::Ended }
    }

    /// Whether the function with this state stored the entry. Only then may it copy the entry: the end of its
    /// generation voids copies of entries that it stored, and not of those that another function with the same prefix
    /// did.
    #[inline]
    pub(crate) fn is_stored_by(&self, state: &StateCore) -> bool {
        std::ptr::eq(self.stored_by, state)
    }
}
