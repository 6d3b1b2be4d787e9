//! Step two of a call: after a miss, share a computation under way or become the one who computes.

use std::marker::PhantomData;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use super::lead::{Lead, Purpose, take_off};
use super::turn::Turn;
use crate::event::{self, Event, EventKind};
use crate::flight::context::{self, NoWait};
use crate::flight::table::Relief;
use crate::flight::{self, Bound, Flight, Leader, MAX_WAIT, Settled, Wait, Waited};
use crate::hooks::{self, Held, Point};
use crate::memory::entry::{AnyEntry, Entry};
use crate::memory::store::{Content, Copier};
use crate::memory::{Memory, Scope};
use crate::shape::Shape;
use crate::stats::Count;

/// What a call found.
pub enum Lookup<K, S: Shape> {
    /// The value.
    Hit(S::Shared),
    /// Nothing yet.
    Miss(Miss<K, S>),
    /// The call does not use the cache.
    Bypass,
}

/// A call that needs a value.
pub struct Miss<K, S: Shape> {
    pub(crate) memory: Memory,
    pub(crate) scope: Arc<Scope>,
    pub(crate) ident: u64,
    pub(crate) hash: u64,
    /// When nothing was stored under that hash, if that is so; see [`stamp`](crate::memory).
    pub(crate) vacant: Option<u64>,
    /// How to store it as a pair, if it may be one.
    pub(crate) copier: Option<Copier<K, S::Shared>>,
    pub(crate) key: K,
    /// Whether the body must not run twice at a time even when it fails.
    pub(crate) exclusive: bool,
    /// How long it waits before one more may compute, if not for [`MAX_WAIT`].
    pub(crate) max_wait: Option<fn() -> Duration>,
    pub(crate) shape: PhantomData<fn() -> S>,
}

/// What comes next for a miss.
enum Next<K: Send + Sync + 'static, S: Shape> {
    Turn(Turn<K, S>),
    /// Somebody computes it: wait, then ask [`Miss::after`].
    Wait(Miss<K, S>, Arc<Flight>, Wait),
}

impl<K: Eq + Send + Sync + 'static, S: Shape> Lookup<K, S> {
    /// Waits on this thread while somebody else computes the value.
    #[inline]
    pub fn join(self) -> Turn<K, S> {
        match self {
            Self::Hit(value) => Turn::Hit(value),
            Self::Bypass => Turn::Uncached,
            Self::Miss(miss) => miss.join(),
        }
    }

    /// Waits as a task while somebody else computes the value.
    #[inline]
    pub async fn join_async(self) -> Turn<K, S> {
        let miss = match self {
            Self::Hit(value) => return Turn::Hit(value),
            Self::Bypass => return Turn::Uncached,
            Self::Miss(miss) => miss,
        };
        miss.at(Point::Missed).await;
        let mut next = miss.next(Leader::Task);
        let mut bound = None;
        loop {
            match next {
                Next::Turn(turn) => return turn,
                Next::Wait(miss, flight, mut wait) => {
                    let bound = bound.get_or_insert_with(|| miss.bound(Leader::Task));
                    miss.at(Point::Waiting).await;
                    next = match bound.wait(&mut wait).await {
                        Some(waited) => miss.waited(&flight, waited, Leader::Task),
                        None => miss.overdue(flight, wait, bound, Leader::Task),
                    };
                }
            }
        }
    }

    /// The user's bound of waiting.
    pub fn max_wait(self, max_wait: fn() -> Duration) -> Self {
        match self {
            Self::Miss(miss) => Self::Miss(Miss { max_wait: Some(max_wait), ..miss }),
            other => other,
        }
    }

    /// Like [`join`](Self::join), for a body that must not run twice at a time: when a run fails, those who
    /// waited do not compute side by side, but one of them has the next try.
    pub fn claim(self) -> Turn<K, S> {
        self.exclusive().join()
    }

    /// See [`claim`](Self::claim).
    pub async fn claim_async(self) -> Turn<K, S> {
        self.exclusive().join_async().await
    }

    fn exclusive(self) -> Self {
        match self {
            Self::Miss(miss) => Self::Miss(Miss { exclusive: true, ..miss }),
            other => other,
        }
    }

    /// Computes whatever others do: `single_flight = false`.
    pub fn alone(self) -> Turn<K, S> {
        match self {
            Self::Hit(value) => Turn::Hit(value),
            Self::Bypass => Turn::Uncached,
            Self::Miss(miss) if miss.is_recursion() => Turn::Uncached,
            Self::Miss(miss) => Turn::Lead(Lead::begin(miss, Purpose::Aside, Leader::Task)),
        }
    }
}

impl<K: Eq + Send + Sync + 'static, S: Shape> Miss<K, S> {
    fn at(&self, point: Point) -> Held {
        hooks::held(self.scope.function, point)
    }

    #[inline(never)]
    fn join(self) -> Turn<K, S> {
        self.at(Point::Missed).block();
        let mut next = self.next(Leader::Thread);
        let mut bound = None;
        loop {
            match next {
                Next::Turn(turn) => return turn,
                Next::Wait(miss, flight, mut wait) => {
                    let bound = bound.get_or_insert_with(|| miss.bound(Leader::Thread));
                    miss.at(Point::Waiting).block();
                    next = match bound.block_on(&mut wait) {
                        Some(waited) => miss.waited(&flight, waited, Leader::Thread),
                        None => miss.overdue(flight, wait, bound, Leader::Thread),
                    };
                }
            }
        }
    }

    fn bound(&self, leader: Leader) -> Bound {
        Bound::new(self.max_wait.map_or(MAX_WAIT, |max_wait| max_wait()), leader)
    }

    /// The call has waited for as long as it may. So it begins one more computation, if no other call did so lately.
    #[cold]
    fn overdue(self, flight: Arc<Flight>, wait: Wait, bound: &mut Bound, leader: Leader) -> Next<K, S> {
        if self.exclusive {
            bound.ask_at(None);
            if flight.is_to_be_told() {
                event::tell(&stuck(self.scope.function, bound.max_wait));
            }
            return Next::Wait(self, flight, wait);
        }
        let inner = self.memory.inner();
        let mut key = inner.flights.at(self.hash);
        match key.relief(&flight, bound) {
            Relief::Now => {
                let entry = Arc::new(Entry::<K, S::Shared>::empty(self.ident, self.key));
                let flight = take_off(&mut key, &self.memory, &self.scope, entry, Purpose::Relief, leader);
                drop(key);
                Next::Turn(Turn::Lead(Lead::of(self.memory, flight, self.copier, Purpose::Relief, None)))
            }
            Relief::Later(due) => {
                drop(key);
                bound.ask_at(due);
                Next::Wait(self, flight, wait)
            }
            Relief::LookAgain => {
                drop(key);
                drop(wait);
                self.next(leader)
            }
        }
    }

    fn next(self, leader: Leader) -> Next<K, S> {
        if self.is_recursion() {
            return Next::Turn(Turn::Uncached);
        }
        let mut not_it: Option<u64> = None;
        loop {
            let inner = self.memory.inner();
            let mut key = inner.flights.at(self.hash);
            // Whoever computed it last may have stored it since step one; compared outside the lock, because
            // comparing is user code.
            let has_changed = self.vacant != Some(self.scope.time(self.hash));
            let seen = if has_changed { inner.store.look(self.hash, false) } else { None };
            if let Some(seen) = seen.filter(|seen| not_it != Some(seen.ticket)) {
                drop(key);
                if seen.is_fresh()
                    && let Some(value) = self.value_of(&seen.content)
                {
                    self.scope.counters.count(Count::Hits);
                    return Next::Turn(Turn::Hit(value));
                }
                not_it = Some(seen.ticket);
                continue;
            }
            let Some(flight) = key.flight().cloned() else {
                let (entry, fill) = (Entry::<K, S::Shared>::empty(self.ident, self.key), Purpose::Fill);
                let flight = take_off(&mut key, &self.memory, &self.scope, Arc::new(entry), fill, leader);
                drop(key);
                return Next::Turn(Turn::Lead(Lead::of(self.memory, flight, self.copier, fill, self.vacant)));
            };
            drop(key);
            // A thread that waits for a task may be the one that has to run it.
            let may_wait = leader == Leader::Task || flight.leader == Leader::Thread;
            if !may_wait || self.entry_in(&*flight.entry).is_none() {
                return Next::Turn(Turn::Lead(Lead::begin(self, Purpose::Aside, leader)));
            }
            match flight::wait(flight.clone()) {
                Ok(wait) => return Next::Wait(self, flight, wait),
                Err(NoWait::Circle) => return Next::Turn(Turn::Uncached),
                Err(NoWait::Settled(Settled::Abandoned)) => {}
                Err(NoWait::Settled(how)) => return self.after(&flight, how, leader),
            }
        }
    }

    fn is_recursion(&self) -> bool {
        let memory = &self.memory;
        context::is_recursion(memory.address(), self.hash, || {
            memory.inner().flights.at(self.hash).is_computed()
        })
    }

    fn waited(self, flight: &Flight, waited: Waited, leader: Leader) -> Next<K, S> {
        match waited {
            Waited::Settled(how) => self.after(flight, how, leader),
            Waited::Parked => Next::Turn(Turn::Lead(Lead::begin(self, Purpose::Aside, leader))),
        }
    }

    /// What to do when the flight that this call waited for has ended.
    fn after(self, flight: &Flight, how: Settled, leader: Leader) -> Next<K, S> {
        let counters = &self.scope.counters;
        match how {
            Settled::Abandoned => self.next(leader),
            Settled::Unshared if self.exclusive => self.next(leader),
            // In turn, failing callers would form a convoy: side by side.
            Settled::Unshared => Next::Turn(Turn::Lead(Lead::begin(self, Purpose::Aside, leader))),
            Settled::Shared => self.shared(&*flight.entry, leader),
            Settled::Elsewhere(entry) => self.shared(&*entry, leader),
            Settled::Panicked(message) => {
                counters.count(Count::Joined);
                let message = message.as_deref().unwrap_or("no message");
                resume_unwind(Box::new(format!("the computation that this call shared panicked: {message}")))
            }
        }
    }

    /// The value of another's computation.
    fn shared(self, entry: &dyn AnyEntry, leader: Leader) -> Next<K, S> {
        match self.value_in(entry) {
            Some(value) => {
                self.scope.counters.count(Count::Joined);
                Next::Turn(Turn::Hit(value))
            }
            None => Next::Turn(Turn::Lead(Lead::begin(self, Purpose::Aside, leader))),
        }
    }

    /// The entry, if it is of this very key.
    fn entry_in<'e>(&self, entry: &'e dyn AnyEntry) -> Option<&'e Entry<K, S::Shared>> {
        entry.typed().filter(|entry| entry.ident == self.ident && entry.key == self.key)
    }

    fn value_in(&self, entry: &dyn AnyEntry) -> Option<S::Shared> {
        self.entry_in(entry)?.value.get().cloned()
    }

    /// What was found in the store, if it is of this very key.
    fn value_of(&self, content: &Content<K, S::Shared>) -> Option<S::Shared> {
        match content {
            Content::Pair(key, value) => (self.copier.is_some() && *key == self.key).then(|| value.clone()),
            Content::Entry(entry) => self.value_in(&**entry),
            Content::Foreign => None,
        }
    }
}

/// The news that callers wait for a run of `store_result = false`, beside which none may begin.
pub(crate) fn stuck(function: &str, waited: Duration) -> Event {
    let message = format!(
        "calls have waited {waited:?} for a run that has not ended, and `store_result = false` lets none begin beside it: \
         either the run takes long, or it waits for what its waiters hold, such as a thread of a pool or a worker of a \
         runtime"
    );
    Event { kind: EventKind::Stuck, function: function.to_owned(), message, ..Event::default() }
}
