//! What was evicted lately, by a part of its hash. Who comes back soon was evicted too early.

pub(super) struct Ghosts(Vec<u16>);

impl Ghosts {
    pub(super) const NONE: Self = Self(Vec::new());

    /// There should be about as many as there are entries.
    pub(super) fn note(&mut self, hash: u64, entries: usize) {
        if self.0.len() < entries {
            // What is forgotten here costs little: that many entries are new.
            self.0 = vec![0; entries.next_power_of_two()];
        }
        let at = self.place(hash);
        self.0[at] = mark(hash);
    }

    /// Whether it was evicted lately.
    pub(super) fn are_of(&self, hash: u64) -> bool {
        !self.0.is_empty() && self.0[self.place(hash)] == mark(hash)
    }

    fn place(&self, hash: u64) -> usize {
        hash as usize & (self.0.len() - 1)
    }
}

/// Zero is the mark of nothing.
fn mark(hash: u64) -> u16 {
    (hash >> 32) as u16 | 1
}
