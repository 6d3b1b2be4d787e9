//! Where a call goes: a memory, and what the function has in it.

use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};

use super::lead::{Lead, Purpose};
use super::lookup::{Lookup, Miss};
use super::turn::Turn;
use crate::flight::Leader;
use crate::hooks;
use crate::key::parts::Key;
use crate::memory::entry::{AnyEntry, Entry, Filled, Header};
use crate::memory::front::{self, Copied, Kept, Led};
use crate::memory::seed::Seed;
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
}

impl Tenant {
    /// `ident` tells its entries from those of others.
    pub(crate) fn new(memory: &Memory, scope: Arc<Scope>, ident: u64) -> Self {
        Self { scope, ident, front: front::Number::new(), seed: memory.inner().secret.seed(ident) }
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
        let hits = &self.tenant.scope.counters.hits;
        match const { Kept::of::<K, V>() } {
            Kept::Copy => {
                front::recall(&self.tenant.front, hash, time, hits, |copied: &Copied<K::Owned, V>| {
                    let is_it = key.is_same(&copied.key) && !copied.deadline.has_passed();
                    is_it.then(|| copied.value.clone())
                })
            }
            Kept::Lead => front::recall(&self.tenant.front, hash, time, hits, |led: &Led<K::Owned, V>| {
                let entry = led.entry()?;
                entry.fresh().filter(|_| key.is_same(&entry.key)).cloned()
            }),
            Kept::Nothing => None,
        }
    }

    /// What is rare is kept apart: it would make the code of a hit large and slow.
    #[inline(never)]
    fn look_further<K: Key, S: Shape>(&self, hash: u64, time: u64, key: K) -> Lookup<K::Owned, S> {
        let Some(found) = self.memory.inner().candidate(hash) else {
            return Lookup::Miss(self.miss(hash, time, key));
        };
        let Some(entry) = self.mine::<K, S::Shared>(&found, &key) else {
            return Lookup::Miss(self.miss(hash, time, key));
        };
        let Some(value) = entry.fresh().cloned() else {
            self.memory.inner().reclaim(&found);
            return Lookup::Miss(self.miss(hash, time, key));
        };
        self.tenant.scope.counters.hits.bump();
        if front::admits(hash) {
            match const { Kept::of::<K, S::Shared>() } {
                Kept::Copy if front::is_short(&key) && self.tenant.scope.stored(&entry.header) => {
                    let (value, deadline) = (value.clone(), entry.deadline());
                    let copied = Copied { key: key.into_owned(), value, deadline };
                    front::keep(&self.tenant.front, hash, time, copied, |old, new| old.key == new.key);
                }
                Kept::Lead => {
                    if let Some(led) = front::led::<K::Owned, S::Shared>(found) {
                        front::keep(&self.tenant.front, hash, time, led, Led::is_under_the_hash_of);
                    }
                }
                Kept::Copy | Kept::Nothing => {}
            }
        }
        Lookup::Hit(value)
    }

    /// The entry, if it is of this very key.
    #[inline]
    fn mine<'e, K: Key, V: 'static>(
        &self,
        entry: &'e Arc<dyn AnyEntry>,
        key: &K,
    ) -> Option<&'e Entry<K::Owned, V>> {
        let entry = entry.typed::<K::Owned, V>()?;
        (entry.header.ident == self.tenant.ident && key.is_same(&entry.key)).then_some(entry)
    }

    fn miss<K: Key, S: Shape>(&self, hash: u64, time: u64, key: K) -> Miss<K::Owned, S> {
        Miss {
            memory: self.memory.clone(),
            scope: self.tenant.scope.clone(),
            ident: self.tenant.ident,
            hash,
            time,
            key: key.into_owned(),
            exclusive: false,
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
        let found = self.memory.inner().peek(self.hash(key))?;
        self.mine::<K, V>(&found, key)?.fresh().cloned()
    }

    /// Removes an entry and overtakes its computation; whether an entry was there.
    pub fn invalidate<K: Key>(self, key: K) -> bool {
        let Some(removed) = self.memory.inner().invalidate(self.hash(&key)) else { return false };
        // A key that merely has the same hash lost its entry as well, but it was not this one.
        removed.header().ident == self.tenant.ident
            && removed.is_fresh()
            && removed.key().downcast_ref().is_some_and(|owned| key.is_same(owned))
    }

    /// Removes all that the function stored here and overtakes all its computations.
    pub fn invalidate_all(self) {
        self.memory.inner().invalidate_all(&self.tenant.scope);
    }

    /// Stores a value without running the body.
    pub fn set<K: Key, S: Shape>(self, key: K, _: S, value: &S::Return, policy: Policy<K::Owned, S>) {
        let inner = self.memory.inner();
        let hash = self.hash(&key);
        let key = key.into_owned();
        let Verdict::Store { lifetime, weight } = policy.judge(&key, value) else {
            drop(inner.invalidate(hash));
            return;
        };
        let Some(value) = S::share(value) else { return };
        let filled = OnceLock::from(Filled::new(value, lifetime, weight));
        // The generation under the lock of the key: one that ended before would take the place of what came since.
        let leftovers = inner.set(hash, |ticket| {
            let generation = self.tenant.scope.generation();
            let header = Header { hash, ident: self.tenant.ident, ticket, generation };
            Arc::new(Entry { header, key, filled })
        });
        drop(leftovers);
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
        let time = self.tenant.scope.time(hash);
        Turn::Lead(Lead::begin(self.miss(hash, time, key), Purpose::Refresh, leader))
    }

    /// What the cache did for the function.
    pub fn stats(self) -> Stats {
        self.tenant.scope.stats(self.memory.capacity())
    }
}
