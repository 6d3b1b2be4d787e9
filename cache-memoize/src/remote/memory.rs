//! [`Memory`] in the place of a shared backend: under a registered name it holds bytes, as its stand-in would.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use super::Shared;
use crate::backend::{
    Backend, Begin, Begun, Bucket, CallMode, Commit, Fence, Fences, Group, Key, Leader, Left, Marks, Read,
    Reply, Stored,
};
use crate::entry::{AnyEntry, Entry};
use crate::entry::{Freshness, FunctionState, Windows};
use crate::memory::rivals::{By, Compare};
use crate::memory::store::{Content, Life};
use crate::memory::{Adapter, Inner, Leftovers, Memory};
use crate::stats::Stats;
use crate::sync::lock;

/// The fences and groups of a memory that holds bytes, beside its store.
#[derive(Default)]
pub(crate) struct Bytes {
    fences: Fences,
    groups: Mutex<HashMap<Group, Arc<FunctionState>>>,
}

impl Adapter for Bytes {
    fn invalidate_all(&self, memory: &Arc<Inner>) {
        self.fences.change_everything(|| {
            // A group without entries has none to end: its computations are fenced off.
            lock(&self.groups).values().for_each(|scope| memory.invalidate_all(scope));
        });
    }

    fn stats(&self) -> Stats {
        lock(&self.groups).values().map(|scope| scope.stats(None)).fold(Stats::default(), Stats::plus)
    }
}

/// Tells bytes from the typed entries of functions that name the memory by an expression.
const IDENT: u64 = u64::MAX;

type BytesEntry = Entry<String, Held>;

/// A value, and how long it is kept after its lifetime.
struct Held {
    value: Vec<u8>,
    stale: Duration,
}

impl From<Memory> for Shared {
    /// The memory as a place for bytes.
    fn from(memory: Memory) -> Self {
        Self::new(ByteMemory(memory))
    }
}

struct ByteMemory(Memory);

impl ByteMemory {
    fn bytes(&self) -> &Bytes {
        self.0.inner().adapter()
    }

    fn hash(&self, key: &Key) -> u64 {
        self.0.inner().secret.seed(IDENT).hash(|hasher| key.text().hash(hasher))
    }

    fn group(&self, group: &Group) -> Arc<FunctionState> {
        let mut groups = lock(&self.bytes().groups);
        match groups.get(group) {
            Some(scope) => scope.clone(),
            None => groups
                .entry(group.to_owned())
                .or_insert_with(|| FunctionState::new("", Arc::default()))
                .clone(),
        }
    }

    /// The value, and how long it is kept after its lifetime.
    fn find(&self, key: &Key) -> Option<(Stored, Duration)> {
        let inner = self.0.inner();
        let hash = self.hash(key);
        let mut rivals = Vec::new();
        loop {
            let seen = inner.store.look_past::<String, Held>(&rivals, hash, true)?;
            if seen.freshness() != Freshness::Fresh {
                inner.reclaim(hash, seen.ticket);
            } else if let Some(held) = typed(&seen.content, key).and_then(|entry| entry.value.get()) {
                let stored = Stored::new(&*held.value).left(Left::of(seen.lifespan.fresh_until.left()));
                return Some((stored, held.stale));
            }
            rivals.push(seen.ticket);
        }
    }

    fn get(&self, key: &Key) -> Option<Stored> {
        self.find(key).map(|(stored, _)| stored)
    }

    fn store(&self, key: &Key, held: Held, kept: Option<Duration>) -> Leftovers {
        let scope = self.group(key.group());
        let value = OnceLock::from(held);
        let entry: Arc<dyn AnyEntry> = Arc::new(Entry { ident: IDENT, key: key.text().to_owned(), value });
        let life = Life::new(kept, Windows::default(), 1);
        self.0.inner().set(self.hash(key), &entry, life, None, &mut compare(key), || scope.generation())
    }

    fn take(&self, key: &Key) -> bool {
        let (leftovers, was_there) = self.0.inner().invalidate(self.hash(key), &mut compare(key));
        drop(leftovers);
        was_there
    }
}

fn typed<'c, V>(content: &'c Content<String, V>, key: &Key) -> Option<&'c BytesEntry> {
    let Content::Entry(entry) = content else { return None };
    entry.typed::<String, Held>().filter(|entry| entry.ident == IDENT && entry.key == key.text())
}

fn compare(key: &Key) -> impl Compare {
    By::new(|here| here.key::<String>(None), |found: &Content<String, ()>| typed(found, key).is_some())
}

impl Backend for ByteMemory {
    fn name(&self) -> String {
        "memory".to_owned()
    }

    fn read<'a>(&'a self, key: &'a Key, _: Read, _: CallMode) -> Reply<'a, Option<Stored>> {
        Reply::now(Ok(self.get(key)))
    }

    fn begin<'a>(&'a self, key: &'a Key, begin: Begin, _: CallMode) -> Reply<'a, Begun> {
        Reply::now(Ok(self.bytes().fences.begin(key, &begin, || self.get(key))))
    }

    fn commit<'a>(&'a self, key: &'a Key, commit: Commit<'a>, _: CallMode) -> Reply<'a, bool> {
        let mut leftovers = Leftovers::default();
        let there = || self.get(key);
        let stored = self.bytes().fences.commit(key, &commit, there, |value| match value {
            Some(value) => {
                let held = Held { value: value.to_vec(), stale: commit.stale };
                leftovers = self.store(key, held, commit.kept());
            }
            None => drop(self.take(key)),
        });
        // Displaced entries may be typed ones of other functions, with destructors of their own: outside the lock.
        drop(leftovers);
        Reply::now(Ok(stored))
    }

    fn release<'a>(&'a self, key: &'a Key, fence: &'a Fence, _: CallMode) -> Reply<'a, ()> {
        self.bytes().fences.release(key, fence);
        Reply::now(Ok(()))
    }

    fn fail<'a>(&'a self, key: &'a Key, fence: &'a Fence, _: CallMode) -> Reply<'a, ()> {
        self.bytes().fences.fail(key, fence);
        Reply::now(Ok(()))
    }

    fn leader<'a>(&'a self, key: &'a Key, _: CallMode) -> Reply<'a, Option<Leader>> {
        Reply::now(Ok(self.bytes().fences.leader(key)))
    }

    fn renew<'a>(&'a self, key: &'a Key, fence: &'a Fence, lease: Duration, _: CallMode) -> Reply<'a, bool> {
        Reply::now(Ok(self.bytes().fences.renew(key, fence, lease)))
    }

    fn remove<'a>(&'a self, key: &'a Key, _: CallMode) -> Reply<'a, bool> {
        Reply::now(Ok(self.bytes().fences.change(key, || self.take(key))))
    }

    fn remove_all<'a>(&'a self, group: &'a Group, _: CallMode) -> Reply<'a, ()> {
        let scope = self.group(group);
        self.bytes().fences.change_all(group, || self.0.inner().invalidate_all(&scope));
        Reply::now(Ok(()))
    }

    fn keeps_stale(&self) -> bool {
        true
    }

    fn expire<'a>(&'a self, key: &'a Key, _: CallMode) -> Reply<'a, bool> {
        let mut leftovers = Leftovers::default();
        let was_there = self.bytes().fences.change(key, || {
            let Some((found, stale)) = self.find(key) else { return false };
            if stale.is_zero() {
                return self.take(key);
            }
            if found.left.is_more_than(stale) {
                leftovers = self.store(key, Held { value: found.value, stale }, Some(stale));
            }
            true
        });
        drop(leftovers);
        Reply::now(Ok(was_there))
    }

    // A memory is one domain, whatever the namespaces of those who bring bytes.
    fn marks<'a>(&'a self, _: &'a str, buckets: &'a [Bucket], _: CallMode) -> Reply<'a, Marks> {
        Reply::now(Ok(self.bytes().fences.marks("", buckets)))
    }

    fn mark<'a>(&'a self, _: &'a str, buckets: &'a [Bucket], _: CallMode) -> Reply<'a, ()> {
        self.bytes().fences.mark("", buckets);
        Reply::now(Ok(()))
    }
}
