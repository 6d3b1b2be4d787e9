//! The obligation of the one who computes: to end the flight, by storing, by failing, or by being dropped.

use std::any::Any;
#[cfg(feature = "shared")]
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
#[cfg(feature = "shared")]
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};

use super::body::AnyBody;
use super::lookup::Miss;
use crate::entry::FunctionState;
use crate::entry::{self, AnyEntry, View};
pub(crate) use crate::flight::Purpose;
use crate::flight::table::AtKey;
use crate::flight::{Errand, Flight, Leader, Settled, context};
use crate::hooks::{self, Held, Point};
use crate::memory::rivals::{self, By};
use crate::memory::store::{Content, Copier, Life, Pair};
use crate::memory::{Landing, Leftovers};
use crate::policy::{Policy, Verdict};
use crate::shape::Shape;

/// From this depth on, a body runs without anything between the function and its body that would catch a panic: it costs
/// more stack than all the rest. So in a deep recursion those who wait are told of a panic, and not which.
const CATCHING: u32 = 32;

/// The one who computes. Dropping it gives the computation up.
///
/// It is a pointer and no more, since the function has it on its stack while the body runs. All else is in the flight.
pub(crate) struct Lead<K: Eq + Send + Sync + 'static, S: Shape> {
    /// With an entry of these types; `None` when it has been ended.
    flight: Option<Arc<Flight>>,
    types: PhantomData<fn() -> (K, S)>,
}

impl<K: Eq + Send + Sync + 'static, S: Shape> Lead<K, S> {
    pub(crate) fn begin(miss: Miss<K, S>, purpose: Purpose, leader: Leader) -> Self {
        let Miss { memory, scope, ident, hash, vacant, copier, key: owned, .. } = miss;
        let inner = memory.inner().clone();
        let entry = entry::vacant::<K, S::Shared>(ident, owned);
        let errand = Errand { memory, purpose, vacant, copier };
        let mut key = inner.flights.at(hash);
        Self::of(take_off(&mut key, &scope, entry, errand, leader))
    }

    /// Of a flight that has begun.
    pub(crate) fn of(flight: Arc<Flight>) -> Self {
        Self { flight: Some(flight), types: PhantomData }
    }

    /// None at all.
    pub(super) const NONE: Self = Self { flight: None, types: PhantomData };

    /// Unless it is none at all, or has ended.
    #[inline]
    pub(super) fn as_some(&self) -> Option<&Self> {
        self.flight.as_ref().map(|_| self)
    }

    #[inline]
    pub(super) fn as_mut_some(&mut self) -> Option<&mut Self> {
        if self.flight.is_some() { Some(self) } else { None }
    }

    fn flight(&self) -> &Arc<Flight> {
        self.flight.as_ref().expect("it has not been ended")
    }

    /// Enters the computation, if its body is to be called without anything in between; whether that is so.
    #[inline]
    pub(crate) fn enter_if_deep(&self) -> bool {
        let is_deep = self.flight.as_ref().is_some_and(|flight| flight.depth > CATCHING);
        if is_deep {
            self.enter();
        }
        is_deep
    }

    fn enter(&self) {
        self.at(Point::BeforeBody).block();
        let flight = self.flight();
        context::enter(flight);
        flight.entered.store(true, Relaxed);
    }

    fn leave(flight: &Flight) {
        if flight.entered.swap(false, Relaxed) {
            context::leave(flight);
        }
    }

    /// Enters the computation and runs the body.
    pub(crate) fn run(&mut self, body: &mut dyn FnMut()) {
        self.enter();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(body)) {
            self.fail(panic);
        }
    }

    /// Decides about what the body returned, and ends.
    #[inline(never)]
    pub(super) fn finish(&mut self, policy: Policy<K, S>, returned: &S::Return) {
        self.at(Point::BeforeStore).block();
        // What decides and what copies is the user's code, too: still within the computation.
        match catch_unwind(AssertUnwindSafe(|| self.decide(&policy, returned))) {
            Ok((landing, how)) => self.end(landing, how),
            Err(panic) => self.fail(panic),
        }
    }

    /// Polls a body that is a future.
    pub(super) fn poll(
        &mut self,
        body: &mut dyn AnyBody<S::Return>,
        task: &mut Context<'_>,
        polled: &mut Poll<S::Return>,
    ) {
        let flight = self.flight();
        flight.polled_by(task.waker());
        if let Err(panic) = caught(flight, &mut || *polled = body.poll(task)) {
            body.end();
            self.fail(panic);
        }
    }

    pub(super) fn at(&self, point: Point) -> Held {
        hooks::held(self.flight().generation.of.function, point)
    }

    /// Runs user code as part of the computation: when it calls the same key, that is recursion.
    pub(super) fn within<R>(&self, user: impl FnOnce() -> R) -> std::thread::Result<R> {
        within(self.flight(), user)
    }

    /// Decides about what a task returned, and ends.
    pub(super) fn complete(&mut self, policy: &dyn Fn() -> Policy<K, S>, returned: &S::Return) {
        // What decides and what copies is the user's code, too.
        match self.within(|| self.decide(&policy(), returned)) {
            Ok((landing, how)) => self.end(landing, how),
            Err(panic) => self.fail(panic),
        }
    }

    /// What the result does to the store, and what those who wait are told. Fills the entry if the result is to be
    /// stored or somebody waits for it.
    fn decide(&self, policy: &Policy<K, S>, returned: &S::Return) -> (Landing, Settled) {
        let flight = self.flight();
        let refresh = errand(flight).purpose == Purpose::Refresh;
        let entry = view::<K, S>(flight);
        let landing = match policy.judge(entry.key, returned) {
            Verdict::Store { lifetime, weight } if fill::<S, K>(&entry, returned) => {
                let life = Life::new(lifetime, weight);
                if refresh { Landing::Refresh(life) } else { Landing::Fill(life) }
            }
            Verdict::Refuse if refresh => Landing::RefreshRefused,
            _ => Landing::Nothing,
        };
        // Not to be stored, but not to be computed by everyone who waits either.
        let is_waited_for = flight.has_waiters();
        if is_waited_for {
            fill::<S, K>(&entry, returned);
        }
        let how = match entry.value() {
            Some(_) => Settled::Shared,
            None if is_waited_for => Settled::Unshared,
            // For those who come from now on nothing was tried: they look again, rather than compute side by side.
            None => Settled::Abandoned,
        };
        (landing, how)
    }

    fn end(&mut self, landing: Landing, how: Settled) {
        drop(self.close(landing, how));
    }

    #[cold]
    fn fail(&mut self, panic: Box<dyn Any + Send>) -> ! {
        drop(self.close(Landing::Nothing, Settled::Panicked(message_of(&*panic))));
        resume_unwind(panic)
    }

    /// Lands, then wakes those who wait; what is left over is for the caller to drop after both.
    fn close(&mut self, landing: Landing, how: Settled) -> Option<(Leftovers, Arc<Flight>)> {
        let flight = self.flight.as_ref()?;
        Self::leave(flight);
        let Errand { memory, copier, vacant, .. } = errand(flight);
        let copier: Option<Copier<K, S::Shared>> =
            *copier.downcast_ref().expect("it is of its entry's types");
        let pair = copier.and_then(|copier| Some((flight.entry.typed::<K, S::Shared>()?, copier)));
        let pair = pair.as_ref().map(|pair| pair as &dyn Pair);
        // Comparing is the user's code, too, and part of the computation. If it panics, the flight is still to be ended.
        let is_same = |other: &Content<K, ()>| {
            let compared = within(flight, || is_of_its_key::<K, S>(flight, copier.is_some(), other));
            compared.unwrap_or_else(|panic| resume_unwind(panic))
        };
        let mut compare = By::new(rivals::key_of::<K, S::Shared>, is_same);
        let leftovers = memory.inner().land(flight, landing, pair, *vacant, &mut compare);
        flight.settle(how);
        self.flight.take().map(|flight| (leftovers, flight))
    }
}

fn errand(flight: &Flight) -> &Errand {
    flight.errand.as_ref().expect("it was sent from a memory")
}

fn view<K: 'static, S: Shape>(flight: &Flight) -> View<'_, K, S::Shared> {
    flight.entry.view().expect("it was begun with one")
}

/// Of any value: functions that share a prefix share entries, and need not return the same type.
fn is_of_its_key<K: Eq + 'static, S: Shape>(
    flight: &Flight,
    may_be_pair: bool,
    other: &Content<K, ()>,
) -> bool {
    let own = view::<K, S>(flight);
    match other {
        Content::Pair(key, ()) => may_be_pair && key == own.key,
        Content::Entry(other) => {
            other.ident() == own.ident && other.key().downcast_ref().is_some_and(|key: &K| key == own.key)
        }
        Content::Foreign => false,
    }
}

impl<K: Eq + Send + Sync + 'static, S: Shape> Drop for Lead<K, S> {
    #[inline]
    fn drop(&mut self) {
        if self.flight.is_some() {
            self.give_up();
        }
    }
}

impl<K: Eq + Send + Sync + 'static, S: Shape> Lead<K, S> {
    #[cold]
    fn give_up(&mut self) {
        let Some(flight) = &self.flight else { return };
        // A body that was called without anything in between, and has not returned.
        let has_panicked = flight.entered.load(Relaxed);
        let how = if has_panicked { Settled::Panicked(None) } else { Settled::Abandoned };
        drop(self.close(Landing::Nothing, how));
    }
}

/// A computation begins, where others find it.
pub(crate) fn take_off(
    key: &mut AtKey<'_>,
    scope: &FunctionState,
    entry: Arc<dyn AnyEntry>,
    errand: Errand,
    leader: Leader,
) -> Arc<Flight> {
    scope.counters.begins();
    let generation = scope.generation();
    let memory = errand.memory.address();
    let purpose = errand.purpose;
    let make = |at| Flight::new(entry, at, generation, leader, memory, Some(errand));
    match purpose {
        Purpose::Relief => key.begin_beside(make),
        Purpose::Fill | Purpose::Aside | Purpose::Refresh => key.begin(purpose != Purpose::Aside, make),
    }
}

/// Puts a copy of the result into the entry, once; whether one is there.
fn fill<S: Shape, K>(entry: &View<'_, K, S::Shared>, returned: &S::Return) -> bool {
    if entry.value().is_none()
        && let Some(value) = S::shared(returned)
    {
        entry.fill(value);
    }
    entry.value().is_some()
}

/// Runs user code as part of a computation, and catches its panic.
pub(crate) fn within<R>(flight: &Arc<Flight>, user: impl FnOnce() -> R) -> std::thread::Result<R> {
    let mut user = Some(user);
    let mut returned = None;
    caught(flight, &mut || returned = user.take().map(|user| user()))?;
    Ok(returned.expect("what does not panic returns"))
}

/// Behind a pointer, so that it is compiled once and not again for every body.
fn caught(flight: &Arc<Flight>, user: &mut dyn FnMut()) -> std::thread::Result<()> {
    catch_unwind(AssertUnwindSafe(|| context::within(flight, user)))
}

/// The same for a future of the user's.
#[cfg(feature = "shared")]
pub(crate) async fn within_async<F: Future>(flight: &Arc<Flight>, user: F) -> std::thread::Result<F::Output> {
    let mut user = pin!(user);
    poll_fn(|task| polled(flight, user.as_mut(), task)).await
}

/// Behind a pointer as well; only for the poll, for the pointer would not tell whether the future is `Send`.
#[cfg(feature = "shared")]
fn polled<R>(
    flight: &Arc<Flight>,
    user: Pin<&mut dyn Future<Output = R>>,
    task: &mut Context<'_>,
) -> Poll<std::thread::Result<R>> {
    flight.polled_by(task.waker());
    match within(flight, || user.poll(task)) {
        Ok(poll) => poll.map(Ok),
        Err(panic) => Poll::Ready(Err(panic)),
    }
}

pub(crate) fn message_of(panic: &(dyn Any + Send)) -> Option<Arc<str>> {
    let message = panic.downcast_ref::<String>().map(String::as_str);
    message.or_else(|| panic.downcast_ref::<&str>().copied()).map(Arc::from)
}
