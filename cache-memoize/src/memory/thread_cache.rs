//! The thread cache: copies of the values that this thread found in stores lately, found again without a lock and
//! without writing anything that another thread reads.
//!
//! No message tells a thread cache of changes: each copy has a [version](crate::entry::version), and is void when that
//! is no longer the current one.
//!
//! The thread may sleep for ever, and must not keep alive what has left the store. So only small values without
//! destructors are copied, under short keys; of other entries the cache holds weak references.

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

/// The most entries of one function that a thread caches, and their size in bytes.
const MOST: usize = 4096;
const MOST_BYTES: usize = 1 << 20;

/// The largest size in bytes of a key with its value that is cached. Larger ones are left to the store.
const LARGEST: usize = 1024;

/// One thread's cached entries of one function in one memory: `T` is [`Copied`] or [`WeakEntry`].
type Table<T> = HashTable<Cached<T>>;

/// A cached entry with its tag. Aligned so that it lies in as few cache lines as possible.
#[repr(align(32))]
struct Cached<T> {
    /// The hash of the key and the version of the copy in one number, since neither is needed by itself.
    tag: u64,
    item: T,
}

impl<T> Cached<T> {
    fn new(hash: u64, version: u64, item: T) -> Self {
        Self { tag: hash ^ version, item }
    }

    fn is_of(&self, hash: u64, version: u64) -> bool {
        self.tag == hash ^ version
    }
}

const fn min(one: usize, other: usize) -> usize {
    if one < other { one } else { other }
}

/// A copy of a plain key and of its value, which has no destructor.
pub(crate) struct Copied<K, V> {
    pub(crate) key: K,
    pub(crate) value: V,
    pub(crate) deadline: Deadline,
}

/// A weak reference to an entry with a destructor.
pub(crate) struct WeakEntry<K, V> {
    hash: u64,
    deadline: Deadline,
    entry: Weak<Entry<K, V>>,
}

impl<K, V> WeakEntry<K, V> {
    /// The entry, if it still exists and may be served.
    #[inline]
    pub(crate) fn entry(&self) -> Option<Arc<Entry<K, V>>> {
        if self.deadline.has_passed() { None } else { self.entry.upgrade() }
    }

    pub(crate) fn is_under_the_hash_of(&self, other: &Self) -> bool {
        self.hash == other.hash
    }
}

/// A weak reference to this entry, if it is of these types.
pub(crate) fn weak<K: Send + Sync + 'static, V: Send + Sync + 'static>(
    entry: Arc<dyn AnyEntry>,
    hash: u64,
    deadline: Deadline,
) -> Option<WeakEntry<K, V>> {
    let entry: Arc<dyn Any + Send + Sync> = entry;
    entry.downcast().ok().map(|entry| WeakEntry { hash, deadline, entry: Arc::downgrade(&entry) })
}

/// The number under which all threads cache the entries of one function in one memory. When that function or memory is
/// gone, another gets the number; the copies that it finds have versions which it never has.
pub(crate) struct CacheId(usize);

static IDS: IdPool = IdPool::new();

impl CacheId {
    pub(crate) fn new() -> Self {
        // The model has one function in each of its many executions.
        Self(if MODELLED { 0 } else { IDS.take() })
    }
}

impl Drop for CacheId {
    fn drop(&mut self) {
        if !MODELLED {
            IDS.give_back(self.0);
        }
    }
}

/// How a thread keeps the entries of a function: as copies, as weak references, or not at all.
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

/// Whether a key that would be copied is, with all that it owns, no larger than [`LARGEST`].
pub(crate) fn is_short(key: &impl Key) -> bool {
    /// A hasher that counts bytes: hashing feeds it all of the key.
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

/// The value that `take` makes of this thread's cached entry with this hash and version, if there is one. Counts a hit.
#[inline]
pub(crate) fn recall<T: 'static, V>(
    cache: &CacheId,
    hash: u64,
    version: u64,
    counters: &Counters,
    take: impl FnOnce(&T) -> Option<V>,
) -> Option<V> {
    thread::with(|local| {
        // User code in `take` may call memoized functions. Those find the tables borrowed for reading: they can read
        // them as well, and add nothing.
        let tables = local.tables.try_borrow().ok()?;
        let table: &Table<T> = tables.get(cache.0)?;
        let value = take(&table.find(hash, |cached| cached.is_of(hash, version))?.item)?;
        counters.count_on(local, Count::Hits);
        Some(value)
    })
    .flatten()
}

/// Counts a hit of the store; whether the entry is worth caching in this thread.
#[inline]
pub(crate) fn admits(hash: u64, counters: &Counters) -> bool {
    let admits = |local: &Local| {
        counters.count_on(local, Count::Hits);
        MODELLED || local.tables.try_borrow_mut().is_ok_and(|mut tables| tables.admits(hash))
    };
    thread::with(admits).unwrap_or_else(|| {
        counters.count(Count::Hits);
        false
    })
}

/// Caches an entry that was found under `hash` in a look that began at `version`. It replaces an older one of its key,
/// which `is_old` recognises.
pub(crate) fn keep<T: 'static>(
    cache: &CacheId,
    hash: u64,
    version: u64,
    item: T,
    is_old: impl Fn(&T, &T) -> bool,
) {
    thread::with(|local| put(local, cache.0, hash, Cached::new(hash, version, item), is_old));
}

fn put<T: 'static>(local: &Local, cache: usize, hash: u64, new: Cached<T>, is_old: impl Fn(&T, &T) -> bool) {
    let Ok(mut tables) = local.tables.try_borrow_mut() else { return };
    let table: &mut Table<T> = tables.get_or_default(cache);
    if let Some(old) = table.find_mut(hash, |old| is_old(&old.item, &new.item)) {
        *old = new;
        return;
    }
    if table.len() == table.capacity() {
        let larger = 2 * table.capacity();
        let room = if larger <= const { most::<T>() } { larger } else { table.capacity() };
        // A new table, with nothing moved into it: that would need the hash of each entry. Entries in use are soon
        // cached again.
        *table = Table::with_capacity(room.max(4));
    }
    table.insert_unique(hash, new, |_| unreachable!("there is room"));
}

const fn most<T>() -> usize {
    min(MOST, MOST_BYTES / size_of::<Cached<T>>())
}
