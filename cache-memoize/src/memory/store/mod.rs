//! The concurrent, bounded store of a memory, asked by the hash of the key.
//!
//! Why by the hash, when a map could compare keys itself: comparing runs the user's `Eq`, which must not happen under a
//! lock. So the store finds a candidate, and the caller compares outside. Where keys have equal hashes the caller asks
//! for the next candidate; see [`rivals`](super::rivals).
//!
//! Why a store of our own: the data that decide about an entry (its fence, its end) also decide about eviction and
//! reclaiming, so all of them are in one slot. And keys and values of known `Copy` types lie side by side instead of
//! behind a pointer each, where a million of them would cost a million cache misses.

mod ghosts;
mod index;
mod pairs;
mod queue;
mod seen;
mod shard;
mod slot;

use std::sync::{RwLock, RwLockReadGuard};

pub(crate) use pairs::{Copier, Pair, copier};
pub(crate) use seen::{Content, Seen};
use shard::Shard;
pub(crate) use shard::{Gone, New};
pub(crate) use slot::{Life, Slot};

use super::Capacity;
use crate::entry::version;
use crate::key::part::CopyOf;
use crate::sync::{read, shim, write};

/// The entries that an insertion displaced, to be dropped outside the lock. Nearly always none or one, which needs no
/// allocation.
#[derive(Default)]
pub(crate) struct Displaced {
    first: Option<Gone>,
    more: Vec<Gone>,
}

impl Displaced {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Gone> {
        self.first.iter().chain(&self.more)
    }

    fn push(&mut self, gone: Gone) {
        match self.first {
            None => self.first = Some(gone),
            Some(_) => self.more.push(gone),
        }
    }
}

/// Shards by the hash of the key, each with a lock and a part of the bound.
pub(crate) struct Store {
    shards: Box<[RwLock<Shard>]>,
}

/// A candidate, with the lock on its shard: no user code may run before this is dropped.
pub(crate) struct Here<'s> {
    shard: RwLockReadGuard<'s, Shard>,
    at: usize,
}

impl Here<'_> {
    pub(crate) fn slot(&self) -> &Slot {
        self.shard.slot(self.at)
    }

    /// A copy of the content.
    pub(crate) fn content<K: 'static, V: 'static>(&self) -> Content<K, V> {
        self.shard.content(self.at)
    }

    /// A copy of the key, or the entry.
    pub(crate) fn key<K: 'static>(&self, copy: Option<CopyOf<K>>) -> Content<K, ()> {
        self.shard.key(self.at, copy)
    }
}

impl Store {
    pub(crate) fn new(capacity: Capacity) -> Self {
        let bound = capacity.number().unwrap_or(u64::MAX);
        let shards = shards(capacity, bound);
        // Rounded down, so that all shards together never hold more than the bound.
        let shard = || RwLock::new(Shard::new(bound / shards, capacity));
        Self { shards: (0..shards).map(|_| shard()).collect() }
    }

    #[inline]
    fn shard(&self, hash: u64) -> &RwLock<Shard> {
        shim::pass();
        // Within a shard, the index and the ghosts use the lower bits.
        &self.shards[(hash >> 48) as usize & (self.shards.len() - 1)]
    }

    /// The first candidate under this hash. With `use_it` it counts as used. The caller compares the key.
    #[inline]
    pub(crate) fn look<K: 'static, V: 'static>(&self, hash: u64, use_it: bool) -> Option<Seen<K, V>> {
        read(self.shard(hash)).look(hash, use_it)
    }

    /// The first candidate under this hash that is not among `rivals`, the entries of other keys, by their tickets.
    #[inline(never)]
    pub(crate) fn look_past<K: 'static, V: 'static>(
        &self,
        rivals: &[u64],
        hash: u64,
        use_it: bool,
    ) -> Option<Seen<K, V>> {
        read(self.shard(hash)).look_past(rivals, hash, use_it)
    }

    /// The first candidate of any types under this hash that `is_it` accepts, with the lock on it.
    pub(crate) fn here(&self, hash: u64, is_it: impl Fn(&Slot) -> bool) -> Option<Here<'_>> {
        let shard = read(self.shard(hash));
        let at = shard.find_if(hash, is_it)?;
        Some(Here { shard, at })
    }

    /// Stores an entry. Voids the copies of all entries that it displaces, and the copies that a thread may be about to
    /// make of the entry that was there until now.
    pub(crate) fn insert(&self, new: New<'_>) -> Displaced {
        let mut displaced = Displaced::default();
        let mut shard = write(self.shard(new.hash));
        shard.insert(new, &mut displaced);
        // Still under the lock, so before any thread can have seen the change.
        version::void(new.hash);
        displaced.iter().filter(|gone| gone.hash != new.hash).for_each(|gone| version::void(gone.hash));
        displaced
    }

    /// Removes the entry with this hash that `is_it` accepts, and voids its copies.
    pub(crate) fn remove_if(&self, hash: u64, is_it: impl Fn(&Slot) -> bool) -> Option<Gone> {
        let mut shard = write(self.shard(hash));
        let gone = shard.remove_if(hash, is_it)?;
        version::void(hash);
        Some(gone)
    }

    /// Visits every entry that stays in the store during the visit, a part of them at a time under a lock.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(&Slot)) {
        const AT_A_TIME: usize = 1024;
        shim::pass();
        for shard in &self.shards {
            let mut from = 0;
            while read(shard).visit(from..from + AT_A_TIME, &mut visit) {
                from += AT_A_TIME;
            }
        }
    }

    /// The number of entries that memory is allocated for.
    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        self.shards.iter().map(|shard| read(shard).room()).sum()
    }

    /// Gives back the memory of shards that are mostly empty. A visit to all entries at the same time may miss some.
    pub(crate) fn shrink(&self) {
        for shard in &self.shards {
            if read(shard).is_sparse() {
                write(shard).shrink();
            }
        }
    }
}

/// A number below `count`, by the lower half of a hash.
#[inline]
fn one_of(count: usize, hash: u64) -> usize {
    (((hash & 0xffff_ffff) * count as u64) >> 32) as usize
}

/// The number of shards: a power of two.
fn shards(capacity: Capacity, bound: u64) -> u64 {
    /// The least bound of a shard: a bound that is split finely evicts early.
    const PER_SHARD: u64 = 1024;
    match capacity {
        // An entry heavier than the bound of a shard could not be kept, though it is not heavier than the capacity.
        Capacity::Weight(_) => 1,
        Capacity::Entries(_) | Capacity::Unbounded => {
            let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
            let most = (bound / PER_SHARD).clamp(1, 4 * threads);
            1 << most.ilog2()
        }
    }
}

#[cfg(test)]
mod tests;
