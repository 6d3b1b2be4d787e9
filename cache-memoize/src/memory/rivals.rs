//! Rivals: different keys with equal hashes, since a type may hash only a part of itself.
//!
//! The store finds entries by hash alone, and comparing keys runs user code, which must not happen under a lock. So an
//! operation that changes the entry of a key first compares the key with all entries under its hash, outside locks.
//! Then it takes the lock of the key and checks that it has compared all entries that are there now; if not, it starts
//! over with the new ones.

use super::Inner;
use super::store::{Content, Here, Slot};
use crate::entry::is_large;
use crate::flight::table::AtKey;

/// The most keys of one hash that the store keeps at a time. Each costs a look at any of the others one comparison.
pub(crate) const MOST: usize = 64;

/// A key, to be compared with those of entries.
pub(crate) trait Compare {
    /// Keeps a copy of the key of an entry. Called under the store's lock, so it runs no user code.
    fn copy(&mut self, here: &Here<'_>);
    /// Whether the copied key is this one.
    fn is_same(&mut self) -> bool;
}

/// [`Compare`] made of two functions: one copies, the other compares.
pub(crate) struct By<C, F, G> {
    copy: F,
    is_same: G,
    copied: Option<C>,
}

impl<C, F: Fn(&Here<'_>) -> C, G: Fn(&C) -> bool> By<C, F, G> {
    pub(crate) fn new(copy: F, is_same: G) -> Self {
        Self { copy, is_same, copied: None }
    }
}

impl<C, F: Fn(&Here<'_>) -> C, G: Fn(&C) -> bool> Compare for By<C, F, G> {
    fn copy(&mut self, here: &Here<'_>) {
        // The copy before was taken out to be compared, so the assignment drops nothing.
        self.copied = Some((self.copy)(here));
    }
    fn is_same(&mut self) -> bool {
        self.copied.take().is_some_and(|copied| (self.is_same)(&copied))
    }
}

/// A copy of the key of an entry, for values of the type `V`.
pub(crate) fn key_of<K: 'static, V: 'static>(here: &Here<'_>) -> Content<K, ()> {
    // A large value is in no pair, and there must be no room for it on the stack.
    if const { is_large::<V>() } { key_in_pair_with::<K, ()>(here) } else { key_in_pair_with::<K, V>(here) }
}

fn key_in_pair_with<K: 'static, V: 'static>(here: &Here<'_>) -> Content<K, ()> {
    match here.content::<K, V>() {
        Content::Pair(key, _) => Content::Pair(key, ()),
        Content::Entry(entry) => Content::Entry(entry),
        Content::Foreign => Content::Foreign,
    }
}

/// The entries under a hash that were compared with a key, by their tickets.
#[derive(Default)]
pub(crate) struct Known {
    /// The entry of the key itself.
    pub(crate) own: Option<u64>,
    /// The entries of its rivals.
    rivals: Vec<u64>,
}

impl Known {
    fn has(&self, slot: &Slot) -> bool {
        self.own == Some(slot.ticket) || self.rivals.contains(&slot.ticket)
    }

    /// The entry that a new one of the key replaces: the key's own, or the oldest of too many rivals.
    pub(crate) fn replaced(&self) -> Option<u64> {
        self.own.or_else(|| if self.rivals.len() < MOST { None } else { self.rivals.iter().min().copied() })
    }
}

impl Inner {
    /// Locks a key, after comparing it with all entries under its hash.
    pub(super) fn at_known(&self, hash: u64, compare: &mut dyn Compare) -> (AtKey<'_>, Known) {
        let mut known = Known::default();
        loop {
            while let Some(here) = self.store.here(hash, |slot| !known.has(slot)) {
                let ticket = here.slot().ticket;
                compare.copy(&here);
                drop(here);
                match compare.is_same() {
                    // Another entry was taken for the key's own before. It has gone, or the user's `Eq` contradicts
                    // itself: either way it counts as a rival.
                    true => known.rivals.extend(known.own.replace(ticket)),
                    false => known.rivals.push(ticket),
                }
            }
            // Entries are stored under this lock alone: from here on no other one can come.
            let key = self.flights.at(hash);
            if self.store.here(hash, |slot| !known.has(slot)).is_none() {
                // Entries that have gone meanwhile are no rivals any more.
                known.rivals.retain(|&ticket| self.store.here(hash, |slot| slot.ticket == ticket).is_some());
                return (key, known);
            }
        }
    }
}
