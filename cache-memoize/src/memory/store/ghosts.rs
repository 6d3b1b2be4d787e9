//! Ghosts: the entries that were evicted lately, by a part of their hash. An entry that is stored again soon was
//! evicted too early.

use super::one_of;

pub(super) struct Ghosts(Vec<u16>);

impl Ghosts {
    pub(super) const NONE: Self = Self(Vec::new());

    /// Remembers an evicted entry. There are half as many ghosts as entries: fewer would miss keys that return, more
    /// would admit keys that are rarely used.
    pub(super) fn note(&mut self, hash: u64, entries: usize) {
        if self.0.len() < entries / 2 {
            // A larger list forgets all ghosts, which costs little: the store has grown, so many of its entries are
            // new.
            self.0 = vec![0; entries / 2 + entries / 8];
        }
        if let Some(at) = self.position(hash) {
            self.0[at] = mark(hash);
        }
    }

    /// Whether an entry with this hash was evicted lately.
    pub(super) fn has(&self, hash: u64) -> bool {
        self.position(hash).is_some_and(|at| self.0[at] == mark(hash))
    }

    fn position(&self, hash: u64) -> Option<usize> {
        (!self.0.is_empty()).then(|| one_of(self.0.len(), hash))
    }
}

/// The mark of a ghost: a part of the hash that is never zero, which stands for no ghost.
fn mark(hash: u64) -> u16 {
    (hash >> 32) as u16 | 1
}
