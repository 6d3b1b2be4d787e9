//! Step two of a call: after a miss, share a computation under way or become the one who computes.

use std::any::Any;
use std::marker::PhantomData;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use super::Place;
use super::lead::{Lead, Purpose, take_off};
use super::turn::Turn;
use crate::entry::FunctionState;
use crate::entry::{self, AnyEntry, View};
use crate::event::{self, Event, EventKind};
use crate::flight::context::{self, NoWait};
use crate::flight::table::Relief;
use crate::flight::{self, Bound, Errand, Flight, Leader, MAX_WAIT, Settled, Wait, Waited};
use crate::hooks::{self, Held, Point};
use crate::memory::Memory;
use crate::memory::store::{Content, Copier};
use crate::shape::Shape;
use crate::stats::Count;

/// What a call found. A value goes to a place that the caller has for it: it may be large, and each enum that it went
/// through would be a copy of it on the stack.
pub enum Lookup<K, S: Shape> {
    /// Nothing yet.
    Miss(Miss<K, S>),
    /// The value is where the caller wants it, or the call does not use the cache.
    Done,
}

/// A call that needs a value.
pub struct Miss<K, S: Shape> {
    pub(crate) memory: Memory,
    pub(crate) scope: Arc<FunctionState>,
    pub(crate) ident: u64,
    pub(crate) hash: u64,
    /// When nothing was stored under that hash, if that is so; see [`stamp`](crate::memory).
    pub(crate) vacant: Option<u64>,
    /// See [`Errand`].
    pub(crate) copier: &'static (dyn Any + Send + Sync),
    pub(crate) key: K,
    /// Whether the body must not run twice at a time even when it fails.
    pub(crate) exclusive: bool,
    /// How long it waits before one more may compute, if not for [`MAX_WAIT`].
    pub(crate) max_wait: Option<fn() -> Duration>,
    pub(crate) shape: PhantomData<fn() -> S>,
}

/// What comes next for a miss.
enum Next<K: Eq + Send + Sync + 'static, S: Shape> {
    Turn(Turn<K, S>),
    Found(Found<K, S>),
    /// Somebody computes it: wait, then ask [`Miss::after`].
    Wait(Miss<K, S>, Arc<Flight>, Wait),
}

/// Where the value is, or what is to be done for it.
type Joined<K, S> = Result<Found<K, S>, Turn<K, S>>;

/// Where a call that waited finds the value. Not the value: that may be large, and a future would keep it.
pub struct Found<K, S>(Arc<dyn AnyEntry>, PhantomData<fn() -> (K, S)>);

impl<K: 'static, S: Shape> Found<K, S> {
    /// A copy of it.
    #[inline(never)]
    pub fn value(self) -> S::Return {
        let entry = self.0.view::<K, S::Shared>();
        S::copy_out(entry.and_then(|entry| entry.value()).expect("it was found there"))
    }
}

impl<K: Eq + Send + Sync + 'static, S: Shape> Lookup<K, S> {
    /// Waits on this thread while somebody else computes the value, which then goes to `found`.
    #[inline]
    pub fn join(self, found: &mut Place<S::Return>) -> Turn<K, S> {
        match self {
            Self::Done => Turn::NONE,
            Self::Miss(miss) => match miss.join() {
                Ok(value) => {
                    *found = Place::new(Some(value.value()));
                    Turn::NONE
                }
                Err(turn) => turn,
            },
        }
    }

    /// Waits as a task while somebody else computes the value.
    #[inline]
    pub async fn join_async(self) -> Joined<K, S> {
        let miss = match self {
            Self::Done => return Err(Turn::NONE),
            Self::Miss(miss) => miss,
        };
        miss.at(Point::Missed).await;
        let mut next = miss.next(Leader::Task);
        let mut bound = None;
        loop {
            match next {
                Next::Turn(turn) => return Err(turn),
                Next::Found(found) => return Ok(found),
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
    pub fn claim(self, found: &mut Place<S::Return>) -> Turn<K, S> {
        self.exclusive().join(found)
    }

    /// See [`claim`](Self::claim).
    pub async fn claim_async(self) -> Joined<K, S> {
        self.exclusive().join_async().await
    }

    fn exclusive(self) -> Self {
        match self {
            Self::Miss(miss) => Self::Miss(Miss { exclusive: true, ..miss }),
            Self::Done => Self::Done,
        }
    }

    /// Computes whatever others do: `single_flight = false`.
    pub fn alone(self, _: &mut Place<S::Return>) -> Turn<K, S> {
        self.aside()
    }

    /// See [`alone`](Self::alone).
    pub async fn alone_async(self) -> Joined<K, S> {
        Err(self.aside())
    }

    fn aside(self) -> Turn<K, S> {
        match self {
            Self::Miss(miss) if !miss.is_recursion() => miss.aside(Leader::Task),
            Self::Miss(_) | Self::Done => Turn::NONE,
        }
    }
}

impl<K: Eq + Send + Sync + 'static, S: Shape> Miss<K, S> {
    fn at(&self, point: Point) -> Held {
        hooks::held(self.scope.function, point)
    }

    fn aside(self, leader: Leader) -> Turn<K, S> {
        Turn::of(Lead::begin(self, Purpose::Aside, leader))
    }

    #[inline(never)]
    fn join(self) -> Joined<K, S> {
        self.at(Point::Missed).block();
        let mut next = self.next(Leader::Thread);
        let mut bound = None;
        loop {
            match next {
                Next::Turn(turn) => return Err(turn),
                Next::Found(found) => return Ok(found),
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
                let entry = entry::vacant::<K, S::Shared>(self.ident, self.key);
                let (memory, copier) = (self.memory.clone(), self.copier);
                let errand = Errand { memory, purpose: Purpose::Relief, vacant: None, copier };
                let flight = take_off(&mut key, &self.scope, entry, errand, leader);
                drop(key);
                Next::Turn(Turn::of(Lead::of(flight)))
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
        if const { entry::is_large::<S::Shared>() } {
            self.next_seeing::<()>(leader)
        } else {
            self.next_seeing::<S::Shared>(leader)
        }
    }

    /// `C` is what a pair in the store has as its value: a large one is in none, and not on the stack then.
    fn next_seeing<C: 'static>(self, leader: Leader) -> Next<K, S> {
        if self.is_recursion() {
            return Next::Turn(Turn::NONE);
        }
        // Stored or under way under that hash, and of other keys.
        let mut rivals: Vec<u64> = Vec::new();
        loop {
            let inner = self.memory.inner();
            let mut key = inner.flights.at(self.hash);
            // Whoever computed it last may have stored it since step one; compared outside the lock, because
            // comparing is user code.
            let has_changed = self.vacant != Some(self.scope.time(self.hash));
            let seen =
                if has_changed { inner.store.look_past::<K, C>(&rivals, self.hash, false) } else { None };
            if let Some(seen) = seen {
                drop(key);
                if seen.is_fresh() && self.is_in(&seen.content) {
                    self.scope.counters.count(Count::Hits);
                    return Next::Found(self.found_in(seen.content));
                }
                rivals.push(seen.ticket);
                continue;
            }
            let Some(flight) = key.flight_past(&rivals).cloned() else {
                let entry = entry::vacant::<K, S::Shared>(self.ident, self.key);
                let (memory, copier, vacant) = (self.memory.clone(), self.copier, self.vacant);
                let errand = Errand { memory, purpose: Purpose::Fill, vacant, copier };
                let flight = take_off(&mut key, &self.scope, entry, errand, leader);
                drop(key);
                return Next::Turn(Turn::of(Lead::of(flight)));
            };
            drop(key);
            if self.entry_in(&*flight.entry).is_none() {
                rivals.push(flight.ticket);
                continue;
            }
            // A thread that waits for a task may be the one that has to run it.
            let may_wait = leader == Leader::Task || flight.leader == Leader::Thread;
            if !may_wait {
                return Next::Turn(self.aside(leader));
            }
            match flight::wait(flight.clone()) {
                Ok(wait) => return Next::Wait(self, flight, wait),
                Err(NoWait::Circle) => return Next::Turn(Turn::NONE),
                Err(NoWait::Settled(Settled::Abandoned)) => {}
                Err(NoWait::Settled(how)) => return self.after(&flight, how, leader),
            }
        }
    }

    fn is_recursion(&self) -> bool {
        let computed = || self.memory.inner().flights.at(self.hash).is_computed();
        let is_same = |flight: &Flight| self.entry_in(&*flight.entry).is_some();
        context::is_recursion((self.memory.address(), self.hash), computed, is_same)
    }

    fn waited(self, flight: &Flight, waited: Waited, leader: Leader) -> Next<K, S> {
        match waited {
            Waited::Settled(how) => self.after(flight, how, leader),
            Waited::Parked => Next::Turn(self.aside(leader)),
        }
    }

    /// What to do when the flight that this call waited for has ended.
    fn after(self, flight: &Flight, how: Settled, leader: Leader) -> Next<K, S> {
        let counters = &self.scope.counters;
        match how {
            Settled::Abandoned => self.next(leader),
            Settled::Unshared if self.exclusive => self.next(leader),
            // In turn, failing callers would form a convoy: side by side.
            Settled::Unshared => Next::Turn(self.aside(leader)),
            Settled::Shared => self.shared(flight.entry.clone(), leader),
            Settled::Elsewhere(entry) => self.shared(entry, leader),
            Settled::Panicked(message) => {
                counters.count(Count::Joined);
                let message = message.as_deref().unwrap_or("no message");
                resume_unwind(Box::new(format!("the computation that this call shared panicked: {message}")))
            }
        }
    }

    /// The value of another's computation.
    fn shared(self, entry: Arc<dyn AnyEntry>, leader: Leader) -> Next<K, S> {
        if self.value_in(&*entry).is_none() {
            return Next::Turn(self.aside(leader));
        }
        self.scope.counters.count(Count::Joined);
        Next::Found(Found(entry, PhantomData))
    }

    /// The entry, if it is of this very key.
    fn entry_in<'e>(&self, entry: &'e dyn AnyEntry) -> Option<View<'e, K, S::Shared>> {
        entry.view().filter(|entry| entry.ident == self.ident && *entry.key == self.key)
    }

    fn value_in<'e>(&self, entry: &'e dyn AnyEntry) -> Option<&'e S::Shared> {
        self.entry_in(entry)?.value()
    }

    /// Whether what was found in the store is of this very key.
    fn is_in<C>(&self, content: &Content<K, C>) -> bool {
        match content {
            Content::Pair(key, _) => self.may_be_pair() && *key == self.key,
            Content::Entry(entry) => self.value_in(&**entry).is_some(),
            Content::Foreign => false,
        }
    }

    /// The same as an entry, whatever it was.
    fn found_in<C: 'static>(self, content: Content<K, C>) -> Found<K, S> {
        let entry = match &content {
            Content::Entry(entry) => entry.clone(),
            Content::Pair(..) | Content::Foreign => entry::vacant::<K, S::Shared>(self.ident, self.key),
        };
        if let Content::Pair(_, value) = &content
            && let Some(value) = (value as &dyn Any).downcast_ref()
            && let Some(entry) = entry.view::<K, S::Shared>()
        {
            entry.fill(value);
        }
        Found(entry, PhantomData)
    }

    fn may_be_pair(&self) -> bool {
        self.copier.downcast_ref::<Option<Copier<K, S::Shared>>>().is_some_and(Option::is_some)
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
