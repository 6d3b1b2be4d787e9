//! Keys with equal hashes, *rivals*: a type may hash a part of itself.
//!
//! The store finds entries by hash alone, and comparing keys runs code of the user's, which must not happen under a lock.
//! So an operation that changes what a key has compares the key with all entries under its hash first, outside locks, and
//! then sees within the lock of the key whether it knows all that are there.

use super::Inner;
use super::store::{Content, Here, Slot};
use crate::entry::is_large;
use crate::flight::table::AtKey;

/// The most keys of one hash that are kept at a time. Each costs every look at one of the others a comparison.
pub(crate) const MOST: usize = 64;

/// A key, to be compared with those of entries.
pub(crate) trait Compare {
    /// Keeps a copy of the key of an entry. Under the lock of the store: runs no code of the user's.
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
        // The one before was taken out to be compared: nothing is dropped here.
        self.copied = Some((self.copy)(here));
    }
    fn is_same(&mut self) -> bool {
        self.copied.take().is_some_and(|copied| (self.is_same)(&copied))
    }
}

/// A copy of the key of an entry, for values of the type `V`.
pub(crate) fn key_of<K: 'static, V: 'static>(here: &Here<'_>) -> Content<K, ()> {
    // A large value lies in no pair, and must not be on the stack.
    if const { is_large::<V>() } { key_beside::<K, ()>(here) } else { key_beside::<K, V>(here) }
}

fn key_beside<K: 'static, V: 'static>(here: &Here<'_>) -> Content<K, ()> {
    match here.content::<K, V>() {
        Content::Pair(key, _) => Content::Pair(key, ()),
        Content::Entry(entry) => Content::Entry(entry),
        Content::Foreign => Content::Foreign,
    }
}

/// The entries under a hash, by their tickets.
#[derive(Default)]
pub(crate) struct Known {
    /// That of the key itself.
    pub(crate) own: Option<u64>,
    /// Those of its rivals.
    rivals: Vec<u64>,
}

impl Known {
    fn has(&self, slot: &Slot) -> bool {
        self.own == Some(slot.ticket) || self.rivals.contains(&slot.ticket)
    }

    /// What a new entry of the key takes the place of: the one before, or the oldest of too many rivals.
    pub(crate) fn replaced(&self) -> Option<u64> {
        self.own.or_else(|| if self.rivals.len() < MOST { None } else { self.rivals.iter().min().copied() })
    }
}

impl Inner {
    /// Locks a key, and says what is there under its hash.
    pub(super) fn at_known(&self, hash: u64, compare: &mut dyn Compare) -> (AtKey<'_>, Known) {
        let mut known = Known::default();
        loop {
            while let Some(here) = self.store.here(hash, |slot| !known.has(slot)) {
                let ticket = here.slot().ticket;
                compare.copy(&here);
                drop(here);
                match compare.is_same() {
                    // Another one was it before: that has gone, or the user's `Eq` says now this and now that.
                    true => known.rivals.extend(known.own.replace(ticket)),
                    false => known.rivals.push(ticket),
                }
            }
            let key = self.flights.at(hash);
            if self.store.here(hash, |slot| !known.has(slot)).is_none() {
                // What went meanwhile is no rival any more.
                known.rivals.retain(|&ticket| self.store.here(hash, |slot| slot.ticket == ticket).is_some());
                return (key, known);
            }
        }
    }
}
