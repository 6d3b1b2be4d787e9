//! Where a call goes: a memory, and what the function has in it.

use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};

use super::lead::{Lead, Purpose};
use super::lookup::{Lookup, Miss};
use super::turn::Turn;
use crate::flight::Leader;
use crate::hooks;
use crate::key::parts::Key;
use crate::memory::entry::{AnyEntry, Entry};
use crate::memory::front::{self, Copied, Kept, Led};
use crate::memory::seed::Seed;
use crate::memory::stamp;
use crate::memory::store::{Content, Copier, Life, Pair, Seen, copier};
use crate::memory::{Memory, Scope};
use crate::policy::{Policy, Verdict};
use crate::shape::Shape;
use crate::stats::Stats;

/// A function in a memory.
pub(crate) struct Tenant {
    scope: Arc<Scope>,
    ident: u64,
    front: front::Number,
    seed: Seed,
    /// Whether its keys and values may be stored as pairs.
    pairs: bool,
}

impl Tenant {
    /// `ident` tells its entries from those of others. In a memory of its `own`, the first one may store pairs.
    pub(crate) fn new(memory: &Memory, scope: Arc<Scope>, ident: u64, own: bool) -> Self {
        let inner = memory.inner();
        let pairs = own && inner.reside(ident);
        Self { scope, ident, front: front::Number::new(), seed: inner.secret.seed(ident), pairs }
    }
}

/// The cache that a call uses, and what the function is there.
#[derive(Clone, Copy)]
pub struct Target<'m> {
    pub(crate) memory: &'m Memory,
    tenant: &'m Tenant,
}

impl<'m> Target<'m> {
    pub(crate) fn new(memory: &'m Memory, tenant: &'m Tenant) -> Self {
        Self { memory, tenant }
    }

    #[inline]
    fn hash(&self, key: &impl Key) -> u64 {
        self.tenant.seed.hash(|hasher| key.hash(hasher))
    }

    /// Step one: a hit, or what is needed to go on without the borrowed arguments.
    #[inline]
    pub fn lookup<K: Key, S: Shape>(self, key: K, _: S) -> Lookup<K::Owned, S> {
        if hooks::is_off() {
            return Lookup::Bypass;
        }
        let hash = self.hash(&key);
        // Before the store is asked: see `stamp`.
        let time = self.tenant.scope.time(hash);
        match self.recall(hash, time, &key) {
            Some(value) => Lookup::Hit(value),
            None => self.look_further(hash, time, key),
        }
    }

    /// What this thread has found before.
    #[inline]
    fn recall<K: Key, V: Clone + Send + Sync + 'static>(&self, hash: u64, time: u64, key: &K) -> Option<V> {
        let counters = &self.tenant.scope.counters;
        match const { Kept::of::<K, V>() } {
            Kept::Copy => {
                front::recall(&self.tenant.front, hash, time, counters, |copied: &Copied<K::Owned, V>| {
                    let is_it = key.is_same(&copied.key) && !copied.deadline.has_passed();
                    is_it.then(|| copied.value.clone())
                })
            }
            Kept::Lead => {
                front::recall(&self.tenant.front, hash, time, counters, |led: &Led<K::Owned, V>| {
                    let entry = led.entry()?;
                    entry.value.get().filter(|_| key.is_same(&entry.key)).cloned()
                })
            }
            Kept::Nothing => None,
        }
    }

    /// What is rare is kept apart: it would make the code of a hit large and slow.
    #[inline(never)]
    fn look_further<K: Key, S: Shape>(&self, hash: u64, time: u64, key: K) -> Lookup<K::Owned, S> {
        let inner = self.memory.inner();
        let Some(seen) = inner.store.look::<K::Owned, S::Shared>(hash, true) else {
            return Lookup::Miss(self.miss(hash, Some(time), key));
        };
        if !seen.is_fresh() {
            inner.reclaim(hash, seen.ticket);
            return Lookup::Miss(self.miss(hash, None, key));
        }
        let Some(value) = self.mine(&seen.content, &key).cloned() else {
            return Lookup::Miss(self.miss(hash, None, key));
        };
        let is_worth_keeping = front::admits(hash, &self.tenant.scope.counters);
        if is_worth_keeping && stamp::is_settled(time) && seen.is_stored_by(&self.tenant.scope) {
            self.remember(hash, time, key, &value, seen);
        }
        Lookup::Hit(value)
    }

    /// Keeps for this thread what it found in the store.
    fn remember<K: Key, V: Clone + Send + Sync + 'static>(
        &self,
        hash: u64,
        time: u64,
        key: K,
        value: &V,
        seen: Seen<K::Owned, V>,
    ) {
        let front = &self.tenant.front;
        let deadline = seen.deadline;
        match const { Kept::of::<K, V>() } {
            Kept::Copy if front::is_short(&key) => {
                let copied = Copied { key: key.into_owned(), value: value.clone(), deadline };
                front::keep(front, hash, time, copied, |old, new| old.key == new.key);
            }
            Kept::Lead => {
                if let Content::Entry(entry) = seen.content
                    && let Some(led) = front::led::<K::Owned, V>(entry, hash, deadline)
                {
                    front::keep(front, hash, time, led, Led::is_under_the_hash_of);
                }
            }
            Kept::Copy | Kept::Nothing => {}
        }
    }

    /// The value, if the entry is of this very key.
    #[inline]
    fn mine<'c, K: Key, V: 'static>(&self, content: &'c Content<K::Owned, V>, key: &K) -> Option<&'c V> {
        match content {
            Content::Pair(owned, value) => (self.tenant.pairs && key.is_same(owned)).then_some(value),
            Content::Entry(entry) => {
                let entry = entry.typed::<K::Owned, V>()?;
                let is_it = entry.ident == self.tenant.ident && key.is_same(&entry.key);
                entry.value.get().filter(|_| is_it)
            }
            Content::Foreign => None,
        }
    }

    fn miss<K: Key, S: Shape>(&self, hash: u64, vacant: Option<u64>, key: K) -> Miss<K::Owned, S> {
        Miss {
            memory: self.memory.clone(),
            scope: self.tenant.scope.clone(),
            ident: self.tenant.ident,
            hash,
            vacant,
            copier: self.copier::<K, S>(),
            key: key.into_owned(),
            exclusive: false,
            max_wait: None,
            shape: PhantomData,
        }
    }

    /// Looks without running, counting or keeping the entry warm.
    pub fn peek<K: Key, S: Shape>(self, key: K, _: S) -> Option<S::Return> {
        self.peek_shared(&key).map(S::restore)
    }

    pub(super) fn peek_shared<K: Key, V: Clone + Send + Sync + 'static>(&self, key: &K) -> Option<V> {
        if hooks::is_off() {
            return None;
        }
        let seen = self.memory.inner().store.look::<K::Owned, V>(self.hash(key), false)?;
        if seen.is_fresh() { self.mine(&seen.content, key).cloned() } else { None }
    }

    /// Removes an entry and overtakes its computation; whether an entry was there.
    pub fn invalidate<K: Key>(self, key: K) -> bool {
        let mut found = Content::Foreign;
        let leftovers = self.memory.inner().invalidate(self.hash(&key), &mut |here| {
            if here.slot().is_fresh() {
                found = here.key(K::COPY);
            }
        });
        // A key that merely has the same hash lost its entry as well, but it was not this one.
        let was_there = match &found {
            Content::Pair(owned, ()) => self.tenant.pairs && key.is_same(owned),
            Content::Entry(entry) => {
                let is_it = |owned| key.is_same(owned);
                entry.ident() == self.tenant.ident && entry.key().downcast_ref().is_some_and(is_it)
            }
            Content::Foreign => false,
        };
        drop(leftovers);
        was_there
    }

    /// Removes all that the function stored here and overtakes all its computations.
    pub fn invalidate_all(self) {
        self.memory.inner().invalidate_all(&self.tenant.scope);
    }

    /// Stores a value without running the body.
    pub fn set<K: Key, S: Shape>(self, key: K, _: S, value: &S::Return, policy: Policy<K::Owned, S>) {
        let inner = self.memory.inner();
        let hash = self.hash(&key);
        let copier = self.copier::<K, S>();
        let key = key.into_owned();
        let Verdict::Store { lifetime, weight } = policy.judge(&key, value) else {
            drop(inner.invalidate(hash, &mut |_| {}));
            return;
        };
        let Some(value) = S::share(value) else { return };
        let entry = Arc::new(Entry { ident: self.tenant.ident, key, value: OnceLock::from(value) });
        let any: Arc<dyn AnyEntry> = entry.clone();
        let pair = copier.map(|copier| (&*entry, copier));
        let pair = pair.as_ref().map(|pair| pair as &dyn Pair);
        let life = Life::new(lifetime, weight);
        drop(inner.set(hash, &any, life, pair, || self.tenant.scope.generation()));
    }

    /// How to copy its keys and values, if they may be stored as pairs.
    fn copier<K: Key, S: Shape>(&self) -> Option<Copier<K::Owned, S::Shared>> {
        const { copier::<K, S>() }.filter(|_| self.tenant.pairs)
    }

    /// Begins a computation on this thread that will replace the entry.
    pub fn refresh<K: Key, S: Shape>(self, key: K, _: S) -> Turn<K::Owned, S> {
        self.replace(key, Leader::Thread)
    }

    /// Begins a computation in this task that will replace the entry.
    pub fn refresh_async<K: Key, S: Shape>(self, key: K, _: S) -> Turn<K::Owned, S> {
        self.replace(key, Leader::Task)
    }

    fn replace<K: Key, S: Shape>(&self, key: K, leader: Leader) -> Turn<K::Owned, S> {
        let hash = self.hash(&key);
        Turn::Lead(Lead::begin(self.miss(hash, None, key), Purpose::Refresh, leader))
    }

    /// What the cache did for the function.
    pub fn stats(self) -> Stats {
        self.tenant.scope.stats(self.memory.capacity())
    }
}
