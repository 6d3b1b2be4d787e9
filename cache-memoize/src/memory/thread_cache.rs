//! The cached: copies of what this thread found in stores lately, found again without a lock and without writing
//! anything that another thread reads.
//!
//! Nobody tells a cached anything: its copies are of a [time](crate::entry::version), and void when that has passed.
//!
//! Its thread may sleep for ever, and must not keep alive what has left the store. So only small values without
//! destructors are copied, and short keys; of other entries it has weak references.

use std::any::Any;
use std::hash::Hasher;
use std::mem::needs_drop;
use std::sync::{Arc, Weak};

use hashbrown::HashTable;

use crate::entry::{AnyEntry, Entry};
use crate::id_pool::IdPool;
use crate::key::parts::Key;
use crate::stats::{Count, Counters};
use crate::sync::shim::MODELLED;
use crate::thread::{self, Local};
use crate::time::Deadline;

/// The most copies of one function's entries that a thread has, and their size in bytes.
const MOST: usize = 4096;
const MOST_BYTES: usize = 1 << 20;

/// What is larger is left to the store.
const LARGEST: usize = 1024;

/// Copies, or what else there is of entries.
type Front<T> = HashTable<Found<T>>;

/// In as few cache lines as can be.
#[repr(align(32))]
struct Found<T> {
    /// Both the hash of the key and the time: neither is needed by itself.
    stamp: u64,
    it: T,
}

impl<T> Found<T> {
    fn is_of(&self, hash: u64, time: u64) -> bool {
        self.stamp == hash ^ time
    }
}

const fn min(one: usize, other: usize) -> usize {
    if one < other { one } else { other }
}

/// A plain key and its value, which has no destructor.
pub(crate) struct Copied<K, V> {
    pub(crate) key: K,
    pub(crate) value: V,
    pub(crate) deadline: Deadline,
}

/// What a cached has of an entry with a destructor.
pub(crate) struct WeakEntry<K, V> {
    hash: u64,
    deadline: Deadline,
    entry: Weak<Entry<K, V>>,
}

impl<K, V> WeakEntry<K, V> {
    /// The entry, if it is still there and may be served.
    #[inline]
    pub(crate) fn entry(&self) -> Option<Arc<Entry<K, V>>> {
        if self.deadline.has_passed() { None } else { self.entry.upgrade() }
    }

    pub(crate) fn is_under_the_hash_of(&self, other: &Self) -> bool {
        self.hash == other.hash
    }
}

/// What it has of this entry.
pub(crate) fn weak<K: Send + Sync + 'static, V: Send + Sync + 'static>(
    entry: Arc<dyn AnyEntry>,
    hash: u64,
    deadline: Deadline,
) -> Option<WeakEntry<K, V>> {
    let entry: Arc<dyn Any + Send + Sync> = entry;
    entry.downcast().ok().map(|entry| WeakEntry { hash, deadline, entry: Arc::downgrade(&entry) })
}

/// Where all threads have the cached of a function in a memory. When that is gone, another one gets the number, and finds
/// copies of a time that is not its own.
pub(crate) struct Number(usize);

static NUMBERS: IdPool = IdPool::new();

impl Number {
    pub(crate) fn new() -> Self {
        // The model has one, in each of its many executions.
        Self(if MODELLED { 0 } else { NUMBERS.take() })
    }
}

impl Drop for Number {
    fn drop(&mut self) {
        if !MODELLED {
            NUMBERS.give_back(self.0);
        }
    }
}

/// What a cached has of the entries of a function.
pub(crate) enum Kept {
    Copy,
    Weak,
    Nothing,
}

impl Kept {
    pub(crate) const fn of<K: Key, V>() -> Self {
        if K::IS_PLAIN && !needs_drop::<V>() && size_of::<Copied<K::Owned, V>>() <= LARGEST {
            Self::Copy
        } else if size_of::<Entry<K::Owned, V>>() <= LARGEST {
            Self::Weak
        } else {
            Self::Nothing
        }
    }
}

/// Whether a key that would be copied is, with all that it owns, no larger than entries may be.
pub(crate) fn is_short(key: &impl Key) -> bool {
    /// Hashing sees all of it.
    struct Length(usize);
    impl Hasher for Length {
        fn write(&mut self, bytes: &[u8]) {
            self.0 += bytes.len();
        }
        fn finish(&self) -> u64 {
            0
        }
    }
    let mut length = Length(0);
    key.hash(&mut length);
    length.0 <= LARGEST
}

/// What this thread found under that hash at this time, if `take` can use it. Counts a hit.
#[inline]
pub(crate) fn recall<T: 'static, V>(
    number: &Number,
    hash: u64,
    time: u64,
    counters: &Counters,
    take: impl FnOnce(&T) -> Option<V>,
) -> Option<V> {
    thread::with(|local| {
        // User code in `take` may call memoized functions, which then find the fronts borrowed: by readers, as here.
        let fronts = local.fronts.try_borrow().ok()?;
        let cached: &Front<T> = fronts.get(number.0)?;
        let value = take(&cached.find(hash, |found| found.is_of(hash, time))?.it)?;
        counters.count_on(local, Count::Hits);
        Some(value)
    })
    .flatten()
}

/// Counts a hit that the store had; whether it is worth while to keep what was found.
#[inline]
pub(crate) fn admits(hash: u64, counters: &Counters) -> bool {
    let admits = |local: &Local| {
        counters.count_on(local, Count::Hits);
        MODELLED || local.fronts.try_borrow_mut().is_ok_and(|mut fronts| fronts.admits(hash))
    };
    thread::with(admits).unwrap_or_else(|| {
        counters.count(Count::Hits);
        false
    })
}

/// Keeps what was found under that hash, looking at that time, in the place of what `is_old`.
pub(crate) fn keep<T: 'static>(
    number: &Number,
    hash: u64,
    time: u64,
    it: T,
    is_old: impl Fn(&T, &T) -> bool,
) {
    thread::with(|local| put(local, number.0, hash, Found { stamp: hash ^ time, it }, is_old));
}

fn put<T: 'static>(
    local: &Local,
    number: usize,
    hash: u64,
    found: Found<T>,
    is_old: impl Fn(&T, &T) -> bool,
) {
    let Ok(mut fronts) = local.fronts.try_borrow_mut() else { return };
    let cached: &mut Front<T> = fronts.get_or_default(number);
    if let Some(old) = cached.find_mut(hash, |old| is_old(&old.it, &found.it)) {
        *old = found;
        return;
    }
    if cached.len() == cached.capacity() {
        let larger = 2 * cached.capacity();
        let room = if larger <= const { most::<T>() } { larger } else { cached.capacity() };
        // Nothing is moved, for that would need the hash of each. It is soon found again.
        *cached = Front::with_capacity(room.max(4));
    }
    cached.insert_unique(hash, found, |_| unreachable!("there is room"));
}

const fn most<T>() -> usize {
    min(MOST, MOST_BYTES / size_of::<Found<T>>())
}
