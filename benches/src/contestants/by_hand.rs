//! Tables as one would write them for a single function.

use std::hash::{BuildHasher, Hash};
use std::sync::{Arc, LazyLock, RwLock};
use std::thread::available_parallelism;
use std::time::Duration;

use coarsetime::Instant;
use hashbrown::{Equivalent, HashTable};
use quick_cache::DefaultHashBuilder;

struct Entry<K, V> {
    key: K,
    value: V,
    deadline: Instant,
}

/// As many locks as `quick_cache` has; entries lie in the tables themselves. A TTL, no bound, no single flight.
pub struct Sharded<K, V> {
    shards: Vec<RwLock<HashTable<Entry<K, V>>>>,
    hasher: DefaultHashBuilder,
}

const TTL: Duration = Duration::from_secs(3600);

impl<K: Hash + Eq, V: Clone> Default for Sharded<K, V> {
    fn default() -> Self {
        let count = (available_parallelism().map_or(1, usize::from) * 4).next_power_of_two();
        Self {
            shards: (0..count).map(|_| RwLock::default()).collect(),
            hasher: DefaultHashBuilder::default(),
        }
    }
}

impl<K: Hash + Eq, V: Clone> Sharded<K, V> {
    /// The value, computed if it is not there or too old. Hashes once.
    pub fn get<Q: Hash + Equivalent<K>>(
        &self,
        key: &Q,
        own: impl FnOnce() -> K,
        body: impl FnOnce() -> V,
    ) -> V {
        let hash = self.hasher.hash_one(key);
        // The table looks at the highest bits and at the lowest.
        let shard = &self.shards[(hash >> 32) as usize & (self.shards.len() - 1)];
        if let Some(entry) = shard.read().unwrap().find(hash, |entry| key.equivalent(&entry.key))
            && Instant::now() < entry.deadline
        {
            return entry.value.clone();
        }
        let value = body();
        let entry = Entry { key: own(), value: value.clone(), deadline: Instant::now() + TTL.into() };
        let mut table = shard.write().unwrap();
        match table.find_mut(hash, |other| other.key == entry.key) {
            Some(old) => *old = entry,
            None => drop(table.insert_unique(hash, entry, |entry| self.hasher.hash_one(&entry.key))),
        }
        value
    }
}

/// `name` and a number, borrowed: hashes like what it is equivalent to.
#[derive(Hash, PartialEq, Eq)]
pub struct Pair<'a>(pub &'a str, pub u32);

impl Equivalent<(String, u32)> for Pair<'_> {
    fn equivalent(&self, key: &(String, u32)) -> bool {
        self.0 == key.0 && self.1 == key.1
    }
}

/// Texts that tell keys apart late.
pub static TEXTS: LazyLock<Vec<Arc<str>>> =
    LazyLock::new(|| (0..crate::measure::keys::FEW).map(|key| format!("customer-{key:08}").into()).collect());

/// The text of a key.
#[inline]
pub fn text(key: u64) -> &'static str {
    static PLAIN: LazyLock<Vec<&'static str>> = LazyLock::new(|| TEXTS.iter().map(|text| &**text).collect());
    PLAIN[key as usize % PLAIN.len()]
}
