//! The target of a call in memory: step one of a call, and the companions.

use std::any::Any;
use std::marker::PhantomData;

use super::InMemory;
use super::lookup::{Lookup, Miss};
use super::types::Typed;
use crate::call::{Place, Turn};
use crate::entry::{self, Freshness, version};
use crate::error::Error;
use crate::flight::{Driver, Purpose};
use crate::hooks;
use crate::key::parts::Key;
use crate::memory::rivals::{By, Compare};
use crate::memory::store::{Content, Copier, Life, Pair, Seen, copier};
use crate::memory::thread_cache::{self, Copied, Kept, WeakEntry};
use crate::memory::{FunctionHandle, Memory};
use crate::policy::{Policy, Verdict};
use crate::shape::Shape;
use crate::stats::Stats;

/// A memory, with the handle that a function has there.
#[derive(Clone, Copy)]
pub struct Target<'m> {
    pub(crate) memory: &'m Memory,
    handle: &'m FunctionHandle,
}

impl<'m> Target<'m> {
    pub(crate) fn new(memory: &'m Memory, handle: &'m FunctionHandle) -> Self {
        Self { memory, handle }
    }

    #[inline]
    fn hash(&self, key: &impl Key) -> u64 {
        self.handle.seed.hash(|hasher| key.hash(hasher))
    }

    /// Step one: a hit, whose value goes to `found`, or a miss, which goes on without the borrowed arguments. Inlined whatever
    /// the size, so that a small value is never in memory.
    #[inline(always)]
    pub fn lookup<K: Key, S: Shape>(self, key: K, _: S, found: &mut Place<S::Return>) -> Lookup<K::Owned, S> {
        if hooks::is_off() {
            return Lookup::Done;
        }
        let hash = self.hash(&key);
        // Before the store is asked: see `entry::version`.
        let version = self.handle.state.version(hash);
        // Only a large value is written there by other functions: a place without an address stays in registers.
        if const { entry::is_large::<S::Shared>() } {
            return self.look_further::<K, S, ()>(hash, version, key, found);
        }
        let recalled = self.recall::<K, S>(hash, version, &key);
        match recalled.map_or_else(|| self.look_near::<K, S>(hash, version, key), |value| Ok(Some(value))) {
            Ok(value) => {
                *found = Place::new(value);
                Lookup::Done
            }
            Err(miss) => Lookup::Miss(miss, PhantomData),
        }
    }

    /// The rare cases are kept apart: they would make the code of a hit large and slow.
    #[inline(never)]
    fn look_near<K: Key, S: Shape>(
        &self,
        hash: u64,
        version: u64,
        key: K,
    ) -> Result<Option<S::Return>, Miss> {
        let mut found = None;
        match self.look_further::<K, S, S::Shared>(hash, version, key, &mut found) {
            Lookup::Miss(miss, _) => Err(miss),
            Lookup::Done => Ok(found),
        }
    }

    /// The thread-local copy.
    #[inline]
    fn recall<K: Key, S: Shape>(&self, hash: u64, version: u64, key: &K) -> Option<S::Return> {
        let counters = &self.handle.state.counters;
        match const { Kept::of::<K, S::Shared>() } {
            Kept::Copy => {
                let take = |copied: &Copied<K::Owned, S::Shared>| {
                    let is_it = key.is_same(&copied.key) && !copied.deadline.has_passed();
                    is_it.then(|| S::copy_out(&copied.value))
                };
                thread_cache::recall(&self.handle.thread_cache, hash, version, counters, take)
            }
            Kept::Weak => {
                let take = |led: &WeakEntry<K::Owned, S::Shared>| {
                    let entry = led.entry()?;
                    entry.value.get().filter(|_| key.is_same(&entry.key)).map(S::copy_out)
                };
                thread_cache::recall(&self.handle.thread_cache, hash, version, counters, take)
            }
            Kept::Nothing => None,
        }
    }

    /// `C` is the type of values in pairs of the store: a large value is in no pair, and must not be on the stack.
    fn look_further<K: Key, S: Shape, C: Clone + 'static>(
        &self,
        hash: u64,
        version: u64,
        key: K,
        found: &mut Option<S::Return>,
    ) -> Lookup<K::Owned, S> {
        let inner = self.memory.inner();
        let Some(mut seen) = inner.store.look::<K::Owned, C>(hash, true) else {
            return self.missed(hash, Some(version), key);
        };
        let mut rivals = Vec::new();
        loop {
            let freshness = seen.freshness();
            if freshness == Freshness::Ended {
                inner.reclaim(hash, seen.ticket);
            } else if freshness == Freshness::Fresh
                && let Some(value) = self.mine::<K, S::Shared, C>(&seen.content, &key)
            {
                *found = Some(S::copy_out(value));
                let is_worth_keeping = thread_cache::admits(hash, &self.handle.state.counters);
                if is_worth_keeping && version::is_settled(version) && seen.is_stored_by(&self.handle.state) {
                    self.remember(hash, version, key, value, &seen);
                }
                return Lookup::Done;
            }
            rivals.push(seen.ticket);
            let Some(next) = inner.store.look_past(&rivals, hash, true) else {
                return self.missed(hash, None, key);
            };
            seen = next;
        }
    }

    /// Keeps a thread-local copy of a value that was found in the store.
    fn remember<K: Key, V: Clone + Send + Sync + 'static, C: 'static>(
        &self,
        hash: u64,
        version: u64,
        key: K,
        value: &V,
        seen: &Seen<K::Owned, C>,
    ) {
        let cached = &self.handle.thread_cache;
        let deadline = seen.lifespan.fresh_until;
        match const { Kept::of::<K, V>() } {
            Kept::Copy if thread_cache::is_short(&key) => {
                let copied = Copied { key: key.into_owned(), value: value.clone(), deadline };
                thread_cache::keep(cached, hash, version, copied, |old, new| old.key == new.key);
            }
            Kept::Weak => {
                if let Content::Entry(entry) = &seen.content
                    && let Some(weak) = thread_cache::weak::<K::Owned, V>(entry.clone(), hash, deadline)
                {
                    thread_cache::keep(cached, hash, version, weak, WeakEntry::is_under_the_hash_of);
                }
            }
            Kept::Copy | Kept::Nothing => {}
        }
    }

    /// The value, if the entry is of this very key.
    #[inline]
    fn mine<'c, K: Key, V: 'static, C: 'static>(
        &self,
        content: &'c Content<K::Owned, C>,
        key: &K,
    ) -> Option<&'c V> {
        match content {
            Content::Pair(owned, value) if self.handle.pairs && key.is_same(owned) => {
                (value as &dyn Any).downcast_ref()
            }
            Content::Entry(entry) => {
                let entry = entry.view::<K::Owned, V>()?;
                let is_it = entry.ident == self.handle.ident && key.is_same(entry.key);
                entry.value().filter(|_| is_it)
            }
            Content::Pair(..) | Content::Foreign => None,
        }
    }

    fn missed<K: Key, S: Shape>(&self, hash: u64, vacant: Option<u64>, key: K) -> Lookup<K::Owned, S> {
        match self.is_refused() {
            false => Lookup::Miss(self.miss::<K, S>(hash, vacant, key), PhantomData),
            true => Lookup::Done,
        }
    }

    /// Whether it is to have no entries, which is told once.
    pub(super) fn is_refused(&self) -> bool {
        self.refusal().is_some()
    }

    pub(super) fn refusal(&self) -> Option<&'static Error> {
        self.handle.refusal()
    }

    fn miss<K: Key, S: Shape>(&self, hash: u64, vacant: Option<u64>, key: K) -> Miss {
        Miss {
            memory: self.memory.clone(),
            state: self.handle.state.clone(),
            entry: entry::vacant::<K::Owned, S::Shared>(self.handle.ident, key.into_owned()),
            types: match self.handle.pairs {
                true => const { &Typed::<K::Owned, S::Shared>(copier::<K, S>()) },
                false => const { &Typed::<K::Owned, S::Shared>(None) },
            },
            hash,
            vacant,
            waiter: Miss::waiter(),
        }
    }

    /// Looks without running, counting or keeping the entry warm.
    pub fn peek<K: Key, S: Shape>(self, key: K, _: S) -> Option<S::Return> {
        if const { entry::is_large::<S::Shared>() } {
            self.peeked::<K, S::Shared, (), _>(&key, S::copy_out)
        } else {
            self.peeked::<K, S::Shared, S::Shared, _>(&key, S::copy_out)
        }
    }

    pub(super) fn peek_shared<K: Key, V: Clone + Send + Sync + 'static>(&self, key: &K) -> Option<V> {
        if const { entry::is_large::<V>() } {
            self.peeked::<K, V, (), _>(key, V::clone)
        } else {
            self.peeked::<K, V, V, _>(key, V::clone)
        }
    }

    /// See [`look_further`](Self::look_further).
    fn peeked<K: Key, V: 'static, C: 'static, R>(&self, key: &K, copy: fn(&V) -> R) -> Option<R> {
        if hooks::is_off() {
            return None;
        }
        let (store, hash) = (&self.memory.inner().store, self.hash(key));
        let mut rivals = Vec::new();
        loop {
            let seen = store.look_past::<K::Owned, C>(&rivals, hash, false)?;
            if seen.freshness() == Freshness::Fresh
                && let Some(value) = self.mine(&seen.content, key)
            {
                return Some(copy(value));
            }
            rivals.push(seen.ticket);
        }
    }

    /// Removes an entry and overtakes its computation; whether an entry was there.
    pub fn invalidate<K: Key>(self, key: K) -> bool {
        let (leftovers, was_there) = self
            .memory
            .inner()
            .invalidate(self.hash(&key), &mut self.compare::<K>(|owned| key.is_same(owned)));
        drop(leftovers);
        was_there
    }

    /// Compares the keys of entries with one that `is_it`, whatever their values are.
    fn compare<K: Key>(&self, is_it: impl Fn(&K::Owned) -> bool) -> impl Compare {
        let is_same = move |found: &Content<K::Owned, ()>| match found {
            Content::Pair(owned, ()) => self.handle.pairs && is_it(owned),
            Content::Entry(entry) => {
                entry.ident() == self.handle.ident && entry.key().downcast_ref().is_some_and(&is_it)
            }
            Content::Foreign => false,
        };
        By::new(|here| here.key(K::COPY), is_same)
    }

    /// Removes all that the function stored here, or found here though another one stored it, and overtakes all
    /// computations of both.
    pub fn invalidate_all(self) {
        let inner = self.memory.inner();
        match &self.handle.group {
            None => inner.invalidate_all(&self.handle.state),
            Some(group) => group.scopes().iter().for_each(|scope| inner.invalidate_all(scope)),
        }
    }

    /// Stores a value without running the body.
    pub fn set<K: Key, S: Shape>(self, key: K, _: S, value: &S::Return, policy: Policy<K::Owned, S>) {
        if self.is_refused() {
            return;
        }
        let inner = self.memory.inner();
        let hash = self.hash(&key);
        let copier = self.copier::<K, S>();
        let key = key.into_owned();
        let Verdict::Store { lifetime, weight } = policy.judge(&key, value) else {
            drop(inner.invalidate(hash, &mut self.compare::<K>(|owned| *owned == key)));
            return;
        };
        let Some(value) = S::shared(value) else { return };
        let entry = entry::vacant::<K::Owned, S::Shared>(self.handle.ident, key);
        entry.view::<K::Owned, S::Shared>().expect("it is of these types").fill(value);
        let pair = copier.and_then(|copier| Some((entry.typed::<K::Owned, S::Shared>()?, copier)));
        let pair = pair.as_ref().map(|pair| pair as &dyn Pair);
        let life = Life::new(lifetime, self.handle.state.windows, weight);
        let own = entry.view::<K::Owned, S::Shared>().expect("it is of these types").key;
        let mut compare = self.compare::<K>(|owned| owned == own);
        drop(inner.set(hash, &entry, life, pair, &mut compare, || self.handle.state.generation()));
    }

    /// How to copy its keys and values, if they may be stored as pairs.
    fn copier<K: Key, S: Shape>(&self) -> Option<Copier<K::Owned, S::Shared>> {
        const { copier::<K, S>() }.filter(|_| self.handle.pairs)
    }

    /// Begins a computation on this thread that will replace the entry.
    pub fn refresh<K: Key, S: Shape>(self, key: K, _: S) -> Turn<InMemory, K::Owned, S> {
        self.replace(key, Driver::Thread)
    }

    /// Begins a computation in this task that will replace the entry.
    pub fn refresh_async<K: Key, S: Shape>(self, key: K, _: S) -> Turn<InMemory, K::Owned, S> {
        self.replace(key, Driver::Task)
    }

    fn replace<K: Key, S: Shape>(&self, key: K, driver: Driver) -> Turn<InMemory, K::Owned, S> {
        if self.is_refused() {
            return Turn::NONE;
        }
        let hash = self.hash(&key);
        let mut miss = self.miss::<K, S>(hash, None, key);
        miss.waiter.driver = driver;
        Turn::of(miss.lead(Purpose::Refresh))
    }

    /// The counters of the function.
    pub fn stats(self) -> Stats {
        self.handle.state.stats(self.memory.capacity())
    }
}
