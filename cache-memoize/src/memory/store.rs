//! The concurrent store of a memory: `quick_cache`, keyed by the hash of the key.
//!
//! Why by the hash, when a map could compare keys itself: comparing runs the user's `Eq`, which must not happen
//! under a lock. So the store finds a candidate and the caller compares outside. Two keys with the same 64-bit
//! seeded hash take each other's place, which costs a miss and nothing else.

use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use quick_cache::sync::Cache;
use quick_cache::{Lifecycle, OptionsBuilder, Weighter};

use super::Capacity;
use super::entry::AnyEntry;
use crate::sync::door::Point;

/// A hasher for what is a hash already.
#[derive(Default, Clone, Copy)]
pub(crate) struct HashIsHash(u64);

impl Hasher for HashIsHash {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, _: &[u8]) {
        unreachable!("only hashes are hashed here");
    }
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// Entries know their weight.
#[derive(Clone)]
struct ByWeight;

impl Weighter<u64, Arc<dyn AnyEntry>> for ByWeight {
    fn weight(&self, _: &u64, entry: &Arc<dyn AnyEntry>) -> u64 {
        // An entry without weight would be exempt from eviction.
        u64::from(entry.weight()).max(1)
    }
}

/// Entries that had to make room, to be dropped outside the lock.
#[derive(Clone)]
struct HandBack;

/// What an insertion displaced. Nearly always nothing or one entry, which needs no allocation.
#[derive(Default)]
pub(crate) struct Displaced {
    first: Option<Arc<dyn AnyEntry>>,
    more: Vec<Arc<dyn AnyEntry>>,
}

impl Displaced {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<dyn AnyEntry>> {
        self.first.iter().chain(&self.more)
    }
}

impl Lifecycle<u64, Arc<dyn AnyEntry>> for HandBack {
    type RequestState = Displaced;

    fn on_evict(&self, displaced: &mut Displaced, _: u64, entry: Arc<dyn AnyEntry>) {
        match displaced.first {
            None => displaced.first = Some(entry),
            Some(_) => displaced.more.push(entry),
        }
    }
}

pub(crate) struct Store {
    cache: Cache<u64, Arc<dyn AnyEntry>, ByWeight, BuildHasherDefault<HashIsHash>, HandBack>,
    point: Point,
}

impl Store {
    pub(crate) fn new(capacity: Capacity) -> Self {
        let bound = capacity.number().unwrap_or(u64::MAX / 2);
        let shards = shards(capacity, bound);
        let options = OptionsBuilder::new()
            .shards(shards as usize)
            // Only sizes the memory of what was evicted lately, by which a scan is told from a return.
            .estimated_items_capacity(bound.min(1 << 20) as usize)
            // Rounded down: shards of equal size never hold more than the bound together.
            .weight_capacity(bound / shards * shards)
            .build()
            .expect("both capacities are given");
        let cache = Cache::with_options(options, ByWeight, BuildHasherDefault::default(), HandBack);
        Self { cache, point: Point::new() }
    }

    #[inline]
    pub(crate) fn get(&self, hash: u64) -> Option<Arc<dyn AnyEntry>> {
        self.point.pass();
        self.cache.get(&hash)
    }

    /// Like [`get`](Self::get), without counting as use.
    pub(crate) fn peek(&self, hash: u64) -> Option<Arc<dyn AnyEntry>> {
        self.point.pass();
        self.cache.peek(&hash)
    }

    pub(crate) fn insert(&self, entry: Arc<dyn AnyEntry>) -> Displaced {
        let mut displaced = Displaced::default();
        self.point.pass();
        self.cache.insert_with_lifecycle(entry.header().hash, entry, &mut displaced);
        displaced
    }

    pub(crate) fn remove(&self, hash: u64) -> Option<Arc<dyn AnyEntry>> {
        self.point.pass();
        self.cache.remove(&hash).map(|(_, entry)| entry)
    }

    /// Removes the entry with that hash if it is the one in question.
    pub(crate) fn remove_if(
        &self,
        hash: u64,
        is_it: impl FnOnce(&Arc<dyn AnyEntry>) -> bool,
    ) -> Option<Arc<dyn AnyEntry>> {
        self.point.pass();
        self.cache.remove_if(&hash, is_it).map(|(_, entry)| entry)
    }

    /// Visits every entry, without a lock.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(&Arc<dyn AnyEntry>)) {
        self.point.pass();
        self.cache.iter().for_each(|(_, entry)| visit(&entry));
    }
}

/// How many parts the bound is split into, each with a lock of its own.
fn shards(capacity: Capacity, bound: u64) -> u64 {
    // A bound that is split finely evicts early.
    const PER_SHARD: u64 = 1024;
    match capacity {
        // An entry heavier than a part could not be kept at all, which nobody would expect of it.
        Capacity::Weight(_) => 1,
        Capacity::Entries(_) | Capacity::Unbounded => {
            let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
            let most = (bound / PER_SHARD).clamp(1, 4 * threads);
            1 << most.ilog2()
        }
    }
}
