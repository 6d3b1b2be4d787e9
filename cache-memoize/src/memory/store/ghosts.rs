//! What was evicted lately, by a part of its hash. Who comes back soon was evicted too early.

use super::one_of;

pub(super) struct Ghosts(Vec<u16>);

impl Ghosts {
    pub(super) const NONE: Self = Self(Vec::new());

    /// There should be half as many as there are entries: fewer miss who comes back, and more let in who comes seldom.
    pub(super) fn note(&mut self, hash: u64, entries: usize) {
        if self.0.len() < entries / 2 {
            // What is forgotten here costs little: that many entries are new.
            self.0 = vec![0; entries / 2 + entries / 8];
        }
        if let Some(place) = self.place(hash) {
            self.0[place] = mark(hash);
        }
    }

    /// Whether it was evicted lately.
    pub(super) fn are_of(&self, hash: u64) -> bool {
        self.place(hash).is_some_and(|place| self.0[place] == mark(hash))
    }

    fn place(&self, hash: u64) -> Option<usize> {
        (!self.0.is_empty()).then(|| one_of(self.0.len(), hash))
    }
}

/// Zero is the mark of nothing.
fn mark(hash: u64) -> u16 {
    (hash >> 32) as u16 | 1
}
