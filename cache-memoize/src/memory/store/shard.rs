//! A shard: a part of the store with a bound of its own, kept by the eviction policy S3-FIFO.
//!
//! New entries are in the *small* queue, and go first if they are not used. Entries that were used move to the *main*
//! queue. An entry that is stored again soon after it was evicted (it has a *ghost*) goes to main at once. So a scan
//! does not push out the entries in use, and a hit writes nothing but that it was one.
//!
//! The caller holds the shard's lock: for reading in the methods that take `&self`, for writing in those that take
//! `&mut self`. The data of an entry lie in columns at the number of its slot: the slot itself, its weight, and either
//! an entry or a pair. Between operations a number is either in the index and in one queue, or in the list of free
//! slots.

use std::ops::Range;
use std::sync::Arc;

use super::super::Capacity;
use super::Displaced;
use super::ghosts::Ghosts;
use super::index::Index;
use super::pairs::{AnyPairs, Pair};
use super::queue::Queue;
use super::seen::{Content, Seen};
use super::slot::{Life, Queued, Slot};
use crate::entry::{AnyEntry, Freshness, Generation};
use crate::key::part::CopyOf;

pub(super) struct Shard {
    /// The most that all entries together may weigh.
    bound: u64,
    /// The most entries that there can be.
    most: usize,
    /// The numbers of slots in use.
    index: Index,
    slots: Vec<Slot>,
    /// The numbers of slots that are not in use.
    free: Vec<u32>,
    /// The weights of entries, by slot. Empty as long as all weigh one.
    weights: Vec<u32>,
    /// Entries stored behind a pointer, by slot.
    entries: Vec<Option<Arc<dyn AnyEntry>>>,
    /// `Copy` keys and values, stored inline, by slot.
    pairs: Option<Box<dyn AnyPairs>>,
    small: Queue,
    main: Queue,
    ghosts: Ghosts,
}

/// An entry that is to be stored.
#[derive(Clone, Copy)]
pub(crate) struct New<'n> {
    pub(crate) hash: u64,
    pub(crate) ticket: u64,
    pub(crate) generation: &'n Arc<Generation>,
    pub(crate) life: Life,
    pub(crate) entry: &'n Arc<dyn AnyEntry>,
    /// The entry as a pair, if it may be stored as one.
    pub(crate) pair: Option<&'n dyn Pair>,
    /// The entry that it replaces, by its ticket: one of the same key, or of a key with the same hash where there are
    /// too many of those.
    pub(crate) replaces: Option<u64>,
}

/// An entry that was removed, to be dropped outside the lock.
pub(crate) struct Gone {
    pub(crate) hash: u64,
    pub(crate) ticket: u64,
    pub(crate) generation: Arc<Generation>,
    #[expect(dead_code, reason = "only to be dropped")]
    entry: Option<Arc<dyn AnyEntry>>,
}

impl Shard {
    pub(super) fn new(bound: u64, capacity: Capacity) -> Self {
        let most = match capacity {
            Capacity::Entries(_) => {
                usize::try_from(bound).map_or(Index::MOST, |bound| bound.min(Index::MOST))
            }
            Capacity::Weight(_) | Capacity::Unbounded => Index::MOST,
        };
        Self::empty(bound, most)
    }

    const fn empty(bound: u64, most: usize) -> Self {
        Self {
            bound,
            most,
            index: Index::EMPTY,
            slots: Vec::new(),
            free: Vec::new(),
            weights: Vec::new(),
            entries: Vec::new(),
            pairs: None,
            small: Queue::EMPTY,
            main: Queue::EMPTY,
            ghosts: Ghosts::NONE,
        }
    }

    /// The number of the first candidate.
    #[inline]
    fn find(&self, hash: u64) -> Option<usize> {
        self.index.find(hash, |at| self.slots[at].hash == hash)
    }

    /// The number of the first candidate that `is_it` accepts.
    pub(super) fn find_if(&self, hash: u64, is_it: impl Fn(&Slot) -> bool) -> Option<usize> {
        self.index.find(hash, |at| self.slots[at].hash == hash && is_it(&self.slots[at]))
    }

    /// See [`Store::look`](super::Store::look).
    #[inline]
    pub(super) fn look<K: 'static, V: 'static>(&self, hash: u64, use_it: bool) -> Option<Seen<K, V>> {
        let at = self.find(hash)?;
        Some(Seen::of(&self.slots[at], self.content(at), use_it))
    }

    /// See [`Store::look_past`](super::Store::look_past).
    pub(super) fn look_past<K: 'static, V: 'static>(
        &self,
        rivals: &[u64],
        hash: u64,
        use_it: bool,
    ) -> Option<Seen<K, V>> {
        let at = self.find_if(hash, |slot| !rivals.contains(&slot.ticket))?;
        Some(Seen::of(&self.slots[at], self.content(at), use_it))
    }

    /// A copy of the content of a slot.
    #[inline]
    pub(super) fn content<K: 'static, V: 'static>(&self, at: usize) -> Content<K, V> {
        match self.entry(at) {
            Some(entry) => Content::Entry(entry.clone()),
            None => match self.pairs.as_deref().and_then(|pairs| pairs.copy(at)) {
                Some((key, value)) => Content::Pair(key, value),
                None => Content::Foreign,
            },
        }
    }

    /// A copy of the key of a slot, or the entry.
    pub(super) fn key<K: 'static>(&self, at: usize, copy: Option<CopyOf<K>>) -> Content<K, ()> {
        if let Some(entry) = self.entry(at) {
            return Content::Entry(entry.clone());
        }
        let key = || Some(copy?(self.pairs.as_ref()?.key(at)?.downcast_ref()?));
        key().map_or(Content::Foreign, |key| Content::Pair(key, ()))
    }

    pub(super) fn slot(&self, at: usize) -> &Slot {
        &self.slots[at]
    }

    /// The entry of a slot, unless it is a pair.
    #[inline]
    fn entry(&self, at: usize) -> Option<&Arc<dyn AnyEntry>> {
        self.entries.get(at)?.as_ref()
    }

    fn weight(&self, at: usize) -> u32 {
        self.weights.get(at).copied().unwrap_or(1)
    }

    /// Stores an entry in the place of the one that it replaces, and evicts others until it is within the bound. All
    /// that has to go ends up in `displaced`, the new entry itself if it is heavier than the bound.
    pub(super) fn insert(&mut self, new: New<'_>, displaced: &mut Displaced) {
        let New { hash, ticket, generation, life, entry, pair, replaces } = new;
        let old = replaces.and_then(|old| self.remove_if(hash, |slot| slot.ticket == old));
        // An entry that is computed again was in use.
        let queue = if old.is_some() || self.ghosts.has(hash) { Queued::Main } else { Queued::Small };
        if let Some(old) = old {
            displaced.push(old);
        }
        let weight = u64::from(life.weight());
        if weight > self.bound {
            displaced.push(Gone { hash, ticket, generation: generation.clone(), entry: None });
            return;
        }
        while (self.small.weight + self.main.weight > self.bound - weight || self.len() == self.most)
            && let Some(gone) = self.evict()
        {
            displaced.push(gone);
        }
        let at = self.vacancy();
        self.slots[at] = Slot::new(hash, ticket, generation.clone(), life, queue);
        let room = self.room();
        if weight > 1 || !self.weights.is_empty() {
            put(&mut self.weights, at, life.weight(), 1, room);
        }
        // Only an entry of weight one is stored as a pair.
        let is_pair = pair.is_some_and(|pair| weight == 1 && pair.put(&mut self.pairs, at, room));
        if !is_pair {
            put(&mut self.entries, at, Some(entry.clone()), None, room);
        }
        self.enter(at);
    }

    /// The number of a slot that is not in use.
    fn vacancy(&mut self) -> usize {
        if let Some(at) = self.free.pop() {
            return at as usize;
        }
        if self.slots.len() == self.slots.capacity() {
            // Grows by a quarter, not to the double: unused memory costs as much as memory in use.
            let more = (self.slots.len() / 4).max(4).min(self.most - self.slots.len());
            self.slots.reserve_exact(more);
            self.index = Index::with_room(self.room());
            self.slots.iter().enumerate().for_each(|(at, slot)| self.index.insert(slot.hash, at));
        }
        self.slots.push(Slot::vacant());
        self.slots.len() - 1
    }

    /// Makes room by one entry. Each turn of the loop takes one use from the oldest entry of a queue and moves that
    /// entry on, so it ends at an entry without uses, or at an ended one.
    fn evict(&mut self) -> Option<Gone> {
        /// The part of the bound that the small queue has at least: one of so many. Just enough to notice entries that
        /// are used again at once.
        const SMALL: u64 = 32;
        loop {
            let from_small = self.small.weight > self.bound / SMALL || self.main.oldest().is_none();
            let at = if from_small { self.small.oldest()? } else { self.main.oldest()? };
            let slot = &mut self.slots[at];
            if !slot.spend_use() || slot.freshness() == Freshness::Ended {
                if from_small {
                    self.ghosts.note(slot.hash, self.slots.len());
                }
                return Some(self.remove(at));
            }
            self.take_out(at);
            if from_small {
                self.slots[at].promote();
            }
            self.put_in(at);
        }
    }

    /// Removes the entry with this hash that `is_it` accepts.
    pub(super) fn remove_if(&mut self, hash: u64, is_it: impl Fn(&Slot) -> bool) -> Option<Gone> {
        let at = self.find_if(hash, is_it)?;
        Some(self.remove(at))
    }

    fn remove(&mut self, at: usize) -> Gone {
        self.take_out(at);
        let slot = std::mem::replace(&mut self.slots[at], Slot::vacant());
        let (hash, ticket) = (slot.hash, slot.ticket);
        self.index.remove(hash, at);
        self.free.push(at as u32);
        let entry = self.entries.get_mut(at).and_then(Option::take);
        Gone { hash, ticket, generation: slot.into_generation(), entry }
    }

    /// Puts a slot into the index, where it is found, and into its queue, from which it is evicted.
    fn enter(&mut self, at: usize) {
        self.index.insert(self.slots[at].hash, at);
        self.put_in(at);
    }

    /// Puts a slot into its queue.
    fn put_in(&mut self, at: usize) {
        let weight = self.weight(at);
        let queue = if self.slots[at].queue() == Queued::Small { &mut self.small } else { &mut self.main };
        queue.push(&mut self.slots, at, weight);
    }

    /// Takes a slot out of its queue.
    fn take_out(&mut self, at: usize) {
        let weight = self.weight(at);
        let queue = if self.slots[at].queue() == Queued::Small { &mut self.small } else { &mut self.main };
        queue.take_out(&mut self.slots, at, weight);
    }

    /// Visits the slots with numbers in this range; whether there are more.
    pub(super) fn visit(&self, range: Range<usize>, visit: &mut impl FnMut(&Slot)) -> bool {
        let slots = &self.slots[range.start.min(self.slots.len())..range.end.min(self.slots.len())];
        slots.iter().filter(|slot| !slot.is_vacant()).for_each(visit);
        range.end < self.slots.len()
    }

    fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// The number of entries that memory is allocated for.
    pub(super) fn room(&self) -> usize {
        self.slots.capacity()
    }

    /// Whether most of the memory is not in use.
    pub(super) fn is_sparse(&self) -> bool {
        const FEW: usize = 64;
        self.room() > FEW && self.len() < self.room() / 4
    }

    /// Gives back the memory of free slots: numbers all entries anew, in the order of the queues. Ghosts are forgotten.
    pub(super) fn shrink(&mut self) {
        let Self { mut slots, weights, mut entries, mut pairs, small, main, .. } =
            std::mem::replace(self, Self::empty(self.bound, self.most));
        let from: Vec<usize> = small.iter(&slots).chain(main.iter(&slots)).collect();
        if let Some(pairs) = &mut pairs {
            pairs.rearrange(&from);
        }
        self.pairs = pairs;
        if !weights.is_empty() {
            self.weights = from.iter().map(|&at| weights.get(at).copied().unwrap_or(1)).collect();
        }
        if entries.iter().any(Option::is_some) {
            self.entries = from.iter().map(|&at| entries.get_mut(at).and_then(Option::take)).collect();
        }
        self.slots = from.iter().map(|&at| std::mem::replace(&mut slots[at], Slot::vacant())).collect();
        self.index = Index::with_room(self.room());
        (0..from.len()).for_each(|at| self.enter(at));
    }
}

/// Sets an element of a column, and fills up the column with `filler` where it is shorter.
fn put<T: Clone>(column: &mut Vec<T>, at: usize, element: T, filler: T, room: usize) {
    if column.len() <= at {
        column.reserve_exact(room - column.len());
        column.resize(at + 1, filler);
    }
    column[at] = element;
}
