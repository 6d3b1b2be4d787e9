//! A call that has found nothing in its memory.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use super::InMemory;
use super::types::{Stored, Types};
use crate::call::join::{Join, Joined, Next, Waiter, join};
use crate::call::{JoinMode, LeaderGuard, Look, Place, Turn};
use crate::entry::{AnyEntry, FunctionState};
use crate::flight::table::AtKey;
use crate::flight::{Driver, Flight, MAX_WAIT, NewFlight, Purpose, context};
use crate::hooks::{self, Held, Point};
use crate::memory::Memory;
use crate::shape::Shape;
use crate::stats::Count;
use crate::sync::block_on;

/// A call that has looked. A value goes to the caller's place for it and not in here: it may be large, and each enum that it
/// went through would be a copy of it on the stack.
pub enum Lookup<K, S: Shape> {
    /// Nothing yet.
    Miss(Miss, PhantomData<fn() -> (K, S)>),
    /// The value is where the caller wants it, or the call does not use the cache.
    Done,
}

/// A call that needs a value.
pub struct Miss {
    pub(super) memory: Memory,
    pub(super) state: Arc<FunctionState>,
    /// An entry with the owned key, for the value that the call may compute.
    pub(super) entry: Arc<dyn AnyEntry>,
    pub(super) types: &'static dyn Types,
    pub(super) hash: u64,
    /// The version at which nothing was stored under that hash, if that is so; see [`version`](crate::entry::version).
    pub(super) vacant: Option<u64>,
    pub(super) waiter: Waiter,
}

/// The entry in which a call that waited finds the value. Not the value itself: that may be large, and a future would keep
/// it.
pub struct Found<K, S>(Arc<dyn AnyEntry>, PhantomData<fn() -> (K, S)>);

/// Where the value is, or the turn of the call.
type Joining<K, S> = Result<Found<K, S>, Turn<InMemory, K, S>>;

impl<K: 'static, S: Shape> Found<K, S> {
    /// A copy of the value.
    #[inline(never)]
    pub fn value(self) -> S::Return {
        let entry = self.0.view::<K, S::Shared>();
        S::copy_out(entry.and_then(|entry| entry.value()).expect("it was found there"))
    }
}

impl<K: Eq + Send + Sync + 'static, S: Shape> Lookup<K, S> {
    /// Waits on this thread while another caller computes the value, which then goes to `found`.
    #[inline]
    pub fn join(self, found: &mut Place<S::Return>) -> Turn<InMemory, K, S> {
        self.joined(JoinMode::Process, found)
    }

    /// Waits as a task while another caller computes the value.
    #[inline]
    pub fn join_async(self) -> impl Future<Output = Joining<K, S>> {
        self.joined_async(JoinMode::Process)
    }

    /// See [`JoinMode::Fleet`]: the fleet is this process.
    pub fn join_fleet(self, found: &mut Place<S::Return>) -> Turn<InMemory, K, S> {
        self.joined(JoinMode::Process, found)
    }

    /// See [`join_fleet`](Self::join_fleet).
    #[inline]
    pub fn join_fleet_async(self) -> impl Future<Output = Joining<K, S>> {
        self.joined_async(JoinMode::Process)
    }

    /// See [`JoinMode::Claim`].
    pub fn claim(self, found: &mut Place<S::Return>) -> Turn<InMemory, K, S> {
        self.joined(JoinMode::Claim, found)
    }

    /// See [`claim`](Self::claim).
    #[inline]
    pub fn claim_async(self) -> impl Future<Output = Joining<K, S>> {
        self.joined_async(JoinMode::Claim)
    }

    /// See [`JoinMode::Alone`].
    pub fn alone(self, found: &mut Place<S::Return>) -> Turn<InMemory, K, S> {
        self.joined(JoinMode::Alone, found)
    }

    /// See [`alone`](Self::alone).
    #[inline]
    pub fn alone_async(self) -> impl Future<Output = Joining<K, S>> {
        self.joined_async(JoinMode::Alone)
    }

    #[inline]
    fn joined(self, mode: JoinMode, found: &mut Place<S::Return>) -> Turn<InMemory, K, S> {
        let Self::Miss(mut miss, _) = self else { return Turn::NONE };
        match miss.join(mode) {
            Joined::Found(entry) => {
                *found = Place::new(Some(Found::<K, S>(entry, PhantomData).value()));
                Turn::NONE
            }
            Joined::Leader(guard) => Turn::of(guard),
            Joined::Bypass => Turn::NONE,
        }
    }

    #[inline]
    async fn joined_async(self, mode: JoinMode) -> Joining<K, S> {
        let Self::Miss(mut miss, _) = self else { return Err(Turn::NONE) };
        // Boxed where it waits: so the future of a function is small, and costs a hit nothing to drop.
        let joined = match miss.join_at_once(mode) {
            Ok(joined) => joined,
            Err(gate) => Box::pin(miss.join_async(gate)).await,
        };
        match joined {
            Joined::Found(entry) => Ok(Found(entry, PhantomData)),
            Joined::Leader(guard) => Err(Turn::of(guard)),
            Joined::Bypass => Err(Turn::NONE),
        }
    }

    /// The user's bound of waiting.
    pub fn max_wait(mut self, max_wait: fn() -> Duration) -> Self {
        if let Self::Miss(miss, _) = &mut self {
            miss.waiter.max_wait = max_wait();
        }
        self
    }
}

impl<K, S: Shape> Look for Lookup<K, S> {
    fn bypass() -> Self {
        Self::Done
    }
}

impl Miss {
    pub(super) fn waiter() -> Waiter {
        Waiter::new(JoinMode::Process, Driver::Thread, MAX_WAIT)
    }

    #[inline(never)]
    fn join(&mut self, mode: JoinMode) -> Joined<Self> {
        self.waiter.mode = mode;
        if mode != JoinMode::Alone {
            hooks::held(self.state.function, Point::Missed).block();
        }
        // Where the caller is a thread, nothing of it is ever pending.
        block_on(pin!(join(self)))
    }

    /// Joins as a task if there is nothing to wait for; else gives the gate to pass first.
    #[inline(never)]
    fn join_at_once(&mut self, mode: JoinMode) -> Result<Joined<Self>, Option<Held>> {
        (self.waiter.mode, self.waiter.driver) = (mode, Driver::Task);
        let gate = (mode != JoinMode::Alone).then(|| hooks::held(self.state.function, Point::Missed));
        if gate.as_ref().is_some_and(Held::holds) {
            return Err(gate);
        }
        match self.look() {
            Next::Joined(joined) => Ok(joined),
            Next::Wait(_) | Next::Again => Err(None),
        }
    }

    async fn join_async(&mut self, gate: Option<Held>) -> Joined<Self> {
        if let Some(gate) = gate {
            gate.await;
        }
        join(self).await
    }

    /// Begins the computation that a caller leads.
    pub(super) fn lead(&self, purpose: Purpose) -> LeaderGuard<InMemory> {
        self.begin(&mut self.at_key(), purpose)
    }

    fn is_recursion(&self) -> bool {
        let is_same = |flight: &Flight| self.types.is_same_key(&*self.entry, &*flight.entry);
        context::is_recursion((self.memory.address(), self.hash), || self.at_key().is_computed(), is_same)
    }

    fn look(&mut self) -> Next<Self> {
        if self.is_recursion() {
            return Next::Joined(Joined::Bypass);
        }
        if self.waiter.mode == JoinMode::Alone {
            return Next::Joined(Joined::Leader(self.lead(Purpose::Aside)));
        }
        // Stored or under way under that hash, and of other keys.
        let mut rivals: Vec<u64> = Vec::new();
        loop {
            let inner = self.memory.inner();
            let mut key = inner.flights.at(self.hash);
            // The last one that computed it may have stored it since step one.
            if self.vacant != Some(self.state.version(self.hash)) {
                key = match self.types.stored(&inner.store, key, self.hash, &rivals, &self.entry) {
                    Stored::Nothing(key) => key,
                    Stored::Other(rival) => {
                        rivals.push(rival);
                        continue;
                    }
                    Stored::Value(entry) => {
                        self.state.counters.count(Count::Hits);
                        return Next::Joined(Joined::Found(entry));
                    }
                };
            }
            let Some(flight) = key.flight_past(&rivals).cloned() else {
                return Next::Joined(Joined::Leader(self.begin(&mut key, Purpose::Fill)));
            };
            drop(key);
            if !self.types.is_same_key(&*self.entry, &*flight.entry) {
                rivals.push(flight.ticket);
                continue;
            }
            return match self.waiter.may_wait_for(&flight) {
                true => Next::Wait(flight),
                false => Next::Joined(Joined::Leader(self.lead(Purpose::Aside))),
            };
        }
    }
}

impl Join for Miss {
    type Errand = InMemory;
    type Found = Arc<dyn AnyEntry>;

    fn waiter(&mut self) -> &mut Waiter {
        &mut self.waiter
    }

    fn state(&self) -> &Arc<FunctionState> {
        &self.state
    }

    fn at_key(&self) -> AtKey<'_> {
        self.memory.inner().flights.at(self.hash)
    }

    fn is_mine(&self, entry: &dyn AnyEntry) -> bool {
        self.types.is_value_of(&*self.entry, entry)
    }

    fn next(&mut self) -> impl Future<Output = Next<Self>> + Send {
        std::future::ready(self.look())
    }

    fn begin(&self, key: &mut AtKey<'_>, purpose: Purpose) -> LeaderGuard<InMemory> {
        self.state.counters.begins();
        LeaderGuard::of(key.begin(NewFlight {
            entry: self.entry.clone(),
            generation: self.state.generation(),
            driver: self.waiter.driver,
            purpose,
            place: self.memory.address(),
            errand: InMemory { memory: self.memory.clone(), vacant: self.vacant, types: self.types },
        }))
    }

    fn relieve(
        &mut self,
        guard: LeaderGuard<InMemory>,
        _: &Flight,
    ) -> impl Future<Output = Joined<Self>> + Send {
        std::future::ready(Joined::Leader(guard))
    }

    fn aside(&mut self) -> impl Future<Output = Joined<Self>> + Send {
        std::future::ready(Joined::Leader(self.lead(Purpose::Aside)))
    }
}
