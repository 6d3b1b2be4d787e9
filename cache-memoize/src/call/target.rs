//! Where a call goes: a memory, and what the function has in it.

use std::hash::{DefaultHasher, Hasher};
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};

use super::lead::{Lead, Purpose};
use super::lookup::{Lookup, Miss};
use super::turn::Turn;
use crate::flight::Leader;
use crate::hooks;
use crate::key::parts::Key;
use crate::memory::entry::{AnyEntry, Entry, Filled, Header};
use crate::memory::{Memory, Scope};
use crate::policy::{Policy, Verdict};
use crate::shape::Shape;
use crate::stats::Stats;

/// The cache that a call uses, with the identity under which the function keeps its entries there.
#[derive(Clone)]
pub struct Target {
    pub(crate) memory: Memory,
    pub(crate) scope: Arc<Scope>,
    pub(crate) ident: u64,
    hasher: DefaultHasher,
}

impl Target {
    pub(crate) fn new(memory: Memory, scope: Arc<Scope>, ident: u64) -> Self {
        let hasher = memory.inner().hasher(ident);
        Self { memory, scope, ident, hasher }
    }

    #[inline]
    fn hash(&self, key: &impl Key) -> u64 {
        let mut hasher = self.hasher.clone();
        key.hash(&mut hasher);
        hasher.finish()
    }

    /// Step one: a hit, or what is needed to go on without the borrowed arguments.
    #[inline]
    pub fn lookup<K: Key, S: Shape>(&self, key: K, _: S) -> Lookup<K::Owned, S> {
        if hooks::is_off() {
            return Lookup::Bypass;
        }
        let hash = self.hash(&key);
        match self.find(hash, &key) {
            Some(value) => {
                self.scope.counters.hits.bump();
                Lookup::Hit(value)
            }
            None => Lookup::Miss(self.miss(hash, key)),
        }
    }

    #[inline]
    fn find<K: Key, V: Clone + Send + Sync + 'static>(&self, hash: u64, key: &K) -> Option<V> {
        let found = self.memory.inner().candidate(hash)?;
        let entry = self.mine::<K, V>(&found, key)?;
        let value = entry.fresh().cloned();
        if value.is_none() {
            self.memory.inner().reclaim(&found);
        }
        value
    }

    /// The entry, if it is of this very key.
    #[inline]
    fn mine<'e, K: Key, V: 'static>(
        &self,
        entry: &'e Arc<dyn AnyEntry>,
        key: &K,
    ) -> Option<&'e Entry<K::Owned, V>> {
        let entry = entry.typed::<K::Owned, V>()?;
        (entry.header.ident == self.ident && key.is_same(&entry.key)).then_some(entry)
    }

    #[cold]
    fn miss<K: Key, S: Shape>(&self, hash: u64, key: K) -> Miss<K::Owned, S> {
        Miss { target: self.clone(), hash, key: key.into_owned(), exclusive: false, shape: PhantomData }
    }

    /// Looks without running, counting or keeping the entry warm.
    pub fn peek<K: Key, S: Shape>(&self, key: K, _: S) -> Option<S::Return> {
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
    pub fn invalidate<K: Key>(&self, key: K) -> bool {
        let Some(removed) = self.memory.inner().invalidate(self.hash(&key)) else { return false };
        // A key that merely has the same hash lost its entry as well, but it was not this one.
        removed.header().ident == self.ident
            && removed.is_fresh()
            && removed.key().downcast_ref().is_some_and(|owned| key.is_same(owned))
    }

    /// Removes all that the function stored here and overtakes all its computations.
    pub fn invalidate_all(&self) {
        self.memory.inner().invalidate_all(&self.scope);
    }

    /// Stores a value without running the body.
    pub fn set<K: Key, S: Shape>(&self, key: K, _: S, value: &S::Return, policy: Policy<K::Owned, S>) {
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
            let generation = self.scope.generation();
            let header = Header { hash, ident: self.ident, ticket, generation, scope: self.scope.clone() };
            Arc::new(Entry { header, key, filled })
        });
        drop(leftovers);
    }

    /// Begins a computation on this thread that will replace the entry.
    pub fn refresh<K: Key, S: Shape>(&self, key: K, _: S) -> Turn<K::Owned, S> {
        self.replace(key, Leader::Thread)
    }

    /// Begins a computation in this task that will replace the entry.
    pub fn refresh_async<K: Key, S: Shape>(&self, key: K, _: S) -> Turn<K::Owned, S> {
        self.replace(key, Leader::Task)
    }

    fn replace<K: Key, S: Shape>(&self, key: K, leader: Leader) -> Turn<K::Owned, S> {
        let hash = self.hash(&key);
        Turn::Lead(Lead::begin(self.miss(hash, key), Purpose::Refresh, leader))
    }

    /// What the cache did for the function.
    pub fn stats(&self) -> Stats {
        self.scope.stats(self.memory.capacity())
    }
}
