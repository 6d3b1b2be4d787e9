//! A backend of one's own: a map, for one process. What is hard about a backend, the fence, comes from the library.
//!
//! Run it: `cargo run --example custom_backend --features shared`

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

use cache_memoize::backend::{
    Backend, Begin, Begun, Bucket, CallMode, Changes, Commit, Fence, Fences, Group, Key, Left, Marks, Read,
    Reply, Stored,
};
use cache_memoize::{Shared, cache_memoize};

struct Entry {
    value: Vec<u8>,
    /// Until when it is kept, its stale window included.
    until: Option<Instant>,
    stale: Duration,
}

#[derive(Default)]
pub(crate) struct Map {
    entries: Mutex<HashMap<Key, Entry>>,
    fences: Fences,
}

impl Map {
    fn get(&self, key: &Key) -> Option<Stored> {
        let entries = self.entries.lock().unwrap();
        let Entry { value, until, .. } = entries.get(key)?;
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        (left != Some(Duration::ZERO)).then(|| Stored::new(&**value).left(Left::of(left)))
    }

    fn put(&self, key: &Key, value: &[u8], commit: &Commit<'_>) {
        let until = commit.kept().map(|kept| Instant::now() + kept);
        let entry = Entry { value: value.to_vec(), until, stale: commit.stale };
        self.entries.lock().unwrap().insert(key.clone(), entry);
    }

    fn take(&self, key: &Key) -> bool {
        let there = self.get(key).is_some();
        self.entries.lock().unwrap().remove(key);
        there
    }
}

impl Backend for Map {
    fn name(&self) -> String {
        "a map".to_owned()
    }

    fn read<'a>(&'a self, key: &'a Key, _: Read, _: CallMode) -> Reply<'a, Option<Stored>> {
        Ok(self.get(key)).into()
    }

    fn begin<'a>(&'a self, key: &'a Key, begin: Begin, _: CallMode) -> Reply<'a, Begun> {
        Ok(self.fences.begin(key, &begin, || self.get(key))).into()
    }

    fn commit<'a>(&'a self, key: &'a Key, commit: Commit<'a>, _: CallMode) -> Reply<'a, bool> {
        let stored = self.fences.commit(
            key,
            &commit,
            || self.get(key),
            |value| match value {
                Some(value) => self.put(key, value, &commit),
                None => drop(self.take(key)),
            },
        );
        Ok(stored).into()
    }

    fn release<'a>(&'a self, key: &'a Key, fence: &'a Fence, _: CallMode) -> Reply<'a, ()> {
        self.fences.release(key, fence);
        Ok(()).into()
    }

    fn renew<'a>(&'a self, key: &'a Key, fence: &'a Fence, lease: Duration, _: CallMode) -> Reply<'a, bool> {
        Ok(self.fences.renew(key, fence, lease)).into()
    }

    fn remove<'a>(&'a self, key: &'a Key, _: CallMode) -> Reply<'a, bool> {
        Ok(self.fences.change(key, || self.take(key))).into()
    }

    fn remove_all<'a>(&'a self, group: &'a Group, _: CallMode) -> Reply<'a, ()> {
        let remove = || self.entries.lock().unwrap().retain(|key, _| key.group() != group);
        self.fences.change_all(group, remove);
        Ok(()).into()
    }

    // What follows may be left out. Then functions with stale options and tags do without them.

    fn keeps_stale(&self) -> bool {
        true
    }

    fn expire<'a>(&'a self, key: &'a Key, _: CallMode) -> Reply<'a, bool> {
        let expire = || {
            let there = self.get(key).is_some();
            let mut entries = self.entries.lock().unwrap();
            if let Some(entry) = entries.get_mut(key) {
                let end = Instant::now() + entry.stale;
                entry.until = Some(entry.until.map_or(end, |until| until.min(end)));
            }
            there
        };
        Ok(self.fences.change(key, expire)).into()
    }

    fn marks<'a>(&'a self, namespace: &'a str, buckets: &'a [Bucket], _: CallMode) -> Reply<'a, Marks> {
        Ok(self.fences.marks(namespace, buckets)).into()
    }

    fn mark<'a>(&'a self, namespace: &'a str, buckets: &'a [Bucket], _: CallMode) -> Reply<'a, ()> {
        self.fences.mark(namespace, buckets);
        Ok(()).into()
    }

    fn changes(&self, namespace: &str, every: Duration) -> Option<Changes> {
        Some(self.fences.changes(namespace, every))
    }
}

static MAP: LazyLock<Shared> = LazyLock::new(|| Shared::new(Map::default()));

#[cache_memoize(ttl = 60, backend = MAP)]
fn shout(text: &str) -> String {
    println!("  shouting {text}");
    text.to_uppercase()
}

pub(crate) fn main() -> Result<(), cache_memoize::Error> {
    println!("first call:");
    assert_eq!(shout("hello"), "HELLO");
    println!("second call, from {}:", MAP.backend().name());
    assert_eq!(shout("hello"), "HELLO");
    assert_eq!(shout_stats().hits, 1);
    assert!(shout_invalidate("hello")?);
    println!("after an invalidation:");
    assert_eq!(shout("hello"), "HELLO");

    // What every backend must do, checked with what comes with the library.
    let (one, other) = (Map::default(), Map::default());
    cache_memoize::testing::conformance(&[&one]);
    cache_memoize::testing::conformance(&[&other, &other]);
    println!("it keeps the promises of a backend");
    Ok(())
}
