//! The obligation of the one who computes: to end the flight, by storing, by failing, or by being dropped.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use super::lookup::Miss;
use crate::flight::table::AtKey;
use crate::flight::{Flight, Leader, Settled, context};
use crate::hooks::{self, Held, Point};
use crate::memory::entry::{AnyEntry, Entry};
use crate::memory::store::{Copier, Life, Pair};
use crate::memory::{Landing, Leftovers, Memory, Scope};
use crate::policy::{Policy, Verdict};
use crate::shape::Shape;

/// Why a computation is made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// For its caller and all who join.
    Fill,
    /// For its caller alone, beside another computation.
    Aside,
    /// For its caller and all who join, beside another computation that takes too long.
    Relief,
    /// To replace what is stored.
    Refresh,
}

/// The one who computes. Dropping it gives the computation up.
pub struct Lead<K: Send + Sync + 'static, S: Shape> {
    memory: Memory,
    /// With an entry of these types.
    flight: Arc<Flight>,
    copier: Option<Copier<K, S::Shared>>,
    purpose: Purpose,
    /// The time when nothing was stored, where that is known.
    vacant: Option<u64>,
    /// Whether the flight is still to be ended.
    open: bool,
}

impl<K: Send + Sync + 'static, S: Shape> Lead<K, S> {
    pub(crate) fn begin(miss: Miss<K, S>, purpose: Purpose, leader: Leader) -> Self {
        let Miss { memory, scope, ident, hash, vacant, copier, key: owned, .. } = miss;
        let mut key = memory.inner().flights.at(hash);
        let entry = Arc::new(Entry::<K, S::Shared>::empty(ident, owned));
        let flight = take_off(&mut key, &memory, &scope, entry, purpose, leader);
        drop(key);
        Self::of(memory, flight, copier, purpose, vacant)
    }

    /// Of a flight that has begun.
    pub(crate) fn of(
        memory: Memory,
        flight: Arc<Flight>,
        copier: Option<Copier<K, S::Shared>>,
        purpose: Purpose,
        vacant: Option<u64>,
    ) -> Self {
        Self { memory, flight, copier, purpose, vacant, open: true }
    }

    fn entry(&self) -> &Entry<K, S::Shared> {
        self.flight.entry.typed().expect("it was begun with one")
    }

    #[inline(never)]
    pub(crate) fn run(self, policy: Policy<K, S>, body: impl FnOnce() -> S::Return) -> S::Return {
        self.at(Point::BeforeBody).block();
        let computed = self.within(|| {
            let returned = body();
            self.at(Point::BeforeStore).block();
            // What decides and what copies is the user's code, too.
            let decision = self.decide(&policy, &returned);
            (returned, decision)
        });
        match computed {
            Ok((returned, (landing, how))) => {
                self.end(landing, how);
                returned
            }
            Err(panic) => self.fail(panic),
        }
    }

    /// What depends on the body's type is here and in [`within_async`], and nothing else: there is one for each
    /// function.
    pub(crate) async fn run_async<F>(self, policy: Policy<K, S>, body: F) -> S::Return
    where
        F: Future<Output = S::Return>,
    {
        self.at(Point::BeforeBody).await;
        let returned = within_async(&self.flight, body).await;
        let (lead, shared) = match self.kept(&policy, returned) {
            Ok(kept) => kept,
            Err(returned) => return returned,
        };
        lead.at(Point::BeforeStore).await;
        lead.complete(&policy, S::restore(shared))
    }

    /// What may be held at a gate: an error need not be `Send`, so with one that cannot be kept, all ends here.
    fn kept(
        self,
        policy: &Policy<K, S>,
        returned: std::thread::Result<S::Return>,
    ) -> Result<(Self, S::Shared), S::Return> {
        match returned.map(S::keep) {
            Ok(Ok(shared)) => Ok((self, shared)),
            Ok(Err(returned)) => Err(self.complete(policy, returned)),
            Err(panic) => self.fail(panic),
        }
    }

    fn at(&self, point: Point) -> Held {
        hooks::held(self.flight.generation.of.function, point)
    }

    /// Runs user code as part of the computation: when it calls the same key, that is recursion.
    pub(super) fn within<R>(&self, user: impl FnOnce() -> R) -> std::thread::Result<R> {
        within(&self.flight, user)
    }

    fn complete(self, policy: &Policy<K, S>, returned: S::Return) -> S::Return {
        // What decides and what copies is the user's code, too.
        match self.within(|| self.decide(policy, &returned)) {
            Ok((landing, how)) => {
                self.end(landing, how);
                returned
            }
            Err(panic) => self.fail(panic),
        }
    }

    /// What the result does to the store, and what those who wait are told. Fills the entry if the result is to be
    /// stored or somebody waits for it.
    fn decide(&self, policy: &Policy<K, S>, returned: &S::Return) -> (Landing, Settled) {
        let refresh = self.purpose == Purpose::Refresh;
        let entry = self.entry();
        let landing = match policy.judge(&entry.key, returned) {
            Verdict::Store { lifetime, weight } if fill::<S, K>(entry, returned) => {
                let life = Life::new(lifetime, weight);
                if refresh { Landing::Refresh(life) } else { Landing::Fill(life) }
            }
            Verdict::Refuse if refresh => Landing::RefreshRefused,
            _ => Landing::Nothing,
        };
        // Not to be stored, but not to be computed by everyone who waits either.
        let is_waited_for = self.flight.has_waiters();
        if is_waited_for {
            fill::<S, K>(entry, returned);
        }
        let how = match entry.value.get() {
            Some(_) => Settled::Shared,
            None if is_waited_for => Settled::Unshared,
            // For those who come from now on nothing was tried: they look again, rather than compute side by side.
            None => Settled::Abandoned,
        };
        (landing, how)
    }

    fn end(mut self, landing: Landing, how: Settled) {
        drop(self.close(landing, how));
    }

    fn fail(mut self, panic: Box<dyn Any + Send>) -> ! {
        drop(self.close(Landing::Nothing, Settled::Panicked(message_of(&*panic))));
        resume_unwind(panic)
    }

    /// Lands, then wakes those who wait; what is left over is for the caller to drop after both.
    fn close(&mut self, landing: Landing, how: Settled) -> Leftovers {
        self.open = false;
        let pair = self.copier.map(|copier| (self.entry(), copier));
        let pair = pair.as_ref().map(|pair| pair as &dyn Pair);
        let leftovers = self.memory.inner().land(&self.flight, landing, pair, self.vacant);
        self.flight.settle(how);
        leftovers
    }
}

impl<K: Send + Sync + 'static, S: Shape> Drop for Lead<K, S> {
    fn drop(&mut self) {
        if self.open {
            drop(self.close(Landing::Nothing, Settled::Abandoned));
        }
    }
}

/// A computation begins, where others find it.
pub(crate) fn take_off(
    key: &mut AtKey<'_>,
    memory: &Memory,
    scope: &Scope,
    entry: Arc<dyn AnyEntry>,
    purpose: Purpose,
    leader: Leader,
) -> Arc<Flight> {
    scope.counters.begins();
    let generation = scope.generation();
    let make = |at| Flight::new(entry, at, generation, leader, memory.address());
    match purpose {
        Purpose::Relief => key.begin_beside(make),
        Purpose::Fill | Purpose::Aside | Purpose::Refresh => key.begin(purpose != Purpose::Aside, make),
    }
}

/// Puts a copy of the result into the entry, once; whether one is there.
fn fill<S: Shape, K>(entry: &Entry<K, S::Shared>, returned: &S::Return) -> bool {
    if entry.value.get().is_none()
        && let Some(value) = S::share(returned)
    {
        let _ = entry.value.set(value);
    }
    entry.value.get().is_some()
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
pub(crate) async fn within_async<F: Future>(flight: &Arc<Flight>, user: F) -> std::thread::Result<F::Output> {
    let mut user = pin!(user);
    std::future::poll_fn(|task| polled(flight, user.as_mut(), task)).await
}

/// Behind a pointer as well; only for the poll, for the pointer would not tell whether the future is `Send`.
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
