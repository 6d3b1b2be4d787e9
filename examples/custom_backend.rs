//! A backend of one's own: a map, for one process. What is hard about a backend, the fence, comes from the library.
//!
//! Run it: `cargo run --example custom_backend --features shared`

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

use cache_memoize::backend::{Backend, Begin, Begun, CallMode, Commit, Fence, Fences, Group, Key, Reply};
use cache_memoize::{Shared, cache_memoize};

/// A value, and until when it lives.
type Entry = (Vec<u8>, Option<Instant>);

#[derive(Default)]
pub(crate) struct Map {
    entries: Mutex<HashMap<Key, Entry>>,
    fences: Fences,
}

impl Map {
    fn get(&self, key: &Key) -> Option<Vec<u8>> {
        let entries = self.entries.lock().unwrap();
        let (value, deadline) = entries.get(key)?;
        deadline.is_none_or(|deadline| Instant::now() < deadline).then(|| value.clone())
    }

    fn put(&self, key: &Key, value: &[u8], lifetime: Option<Duration>) {
        let entry = (value.to_vec(), lifetime.map(|lifetime| Instant::now() + lifetime));
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

    fn read<'a>(&'a self, key: &'a Key, _: CallMode) -> Reply<'a, Option<Vec<u8>>> {
        Ok(self.get(key)).into()
    }

    fn begin<'a>(&'a self, key: &'a Key, begin: Begin, _: CallMode) -> Reply<'a, Begun> {
        Ok(self.fences.begin(key, &begin, || self.get(key))).into()
    }

    fn commit<'a>(&'a self, key: &'a Key, commit: Commit<'a>, _: CallMode) -> Reply<'a, bool> {
        let stored = self.fences.commit(key, &commit, |value| match value {
            Some(value) => self.put(key, value, commit.lifetime),
            None => drop(self.take(key)),
        });
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
