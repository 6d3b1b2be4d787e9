//! A queue, first in, first out: a doubly linked list through the slots, from which any slot can be taken out.

use super::slot::{Links, Slot};

#[derive(Clone, Copy)]
pub(super) struct Queue {
    oldest: u32,
    youngest: u32,
    /// The weight of all entries in it.
    pub(super) weight: u64,
}

impl Queue {
    pub(super) const EMPTY: Self = Self { oldest: Links::END, youngest: Links::END, weight: 0 };

    pub(super) fn oldest(&self) -> Option<usize> {
        (self.oldest != Links::END).then_some(self.oldest as usize)
    }

    pub(super) fn push(&mut self, slots: &mut [Slot], at: usize, weight: u32) {
        let this = at as u32;
        match self.youngest {
            Links::END => self.oldest = this,
            youngest => slots[youngest as usize].links.younger = this,
        }
        slots[at].links = Links { older: self.youngest, younger: Links::END };
        self.youngest = this;
        self.weight += u64::from(weight);
    }

    pub(super) fn take_out(&mut self, slots: &mut [Slot], at: usize, weight: u32) {
        let Links { older, younger } = slots[at].links;
        match older {
            Links::END => self.oldest = younger,
            older => slots[older as usize].links.younger = younger,
        }
        match younger {
            Links::END => self.youngest = older,
            younger => slots[younger as usize].links.older = older,
        }
        self.weight -= u64::from(weight);
    }

    /// The numbers of its slots, from the oldest on.
    pub(super) fn iter(self, slots: &[Slot]) -> impl Iterator<Item = usize> {
        std::iter::successors(self.oldest(), |&at| {
            let younger = slots[at].links.younger;
            (younger != Links::END).then_some(younger as usize)
        })
    }
}
