//! The obligation of the one who computes for a shared backend: to end the flight, by storing, by failing, or by
//! being dropped.

use std::any::Any;
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::caller::Caller;
use super::key::CacheKey;
use super::renewal::Renewal;
use crate::Error;
use crate::backend::{CallMode, Commit, Fence};
use crate::call::lead::{Purpose, message_of, within, within_async};
use crate::entry::Entry;
use crate::flight::table::AtKey;
use crate::flight::{Flight, Leader, Settled, block_on};
use crate::hooks::{self, Held, Point};
use crate::policy::{Policy, Verdict};
use crate::shape::Split;
use crate::shape::shared::SharedShape;
use crate::stats::Count;
use crate::time::Deadline;

/// What a flight carries beside the value.
pub(crate) struct Carried {
    pub(crate) key: Arc<CacheKey>,
    pub(crate) stage: Stage,
    /// What the backend answered instead of beginning, to the call that asked.
    pub(crate) refused: OnceLock<Error>,
}

impl Carried {
    /// Whether a body runs, or will in a moment.
    pub(super) fn is_computed(&self) -> bool {
        !matches!(self.stage, Stage::Approaching)
    }
}

/// How far a flight is.
#[derive(Clone)]
pub(crate) enum Stage {
    /// The backend is being asked.
    Approaching,
    /// The computation began with this fence.
    Airborne(Fence),
    /// The computation began without the backend.
    Blind,
}

/// A flight, and the entry that its value goes to.
pub(super) type Airborne<S> = (Arc<Entry<Carried, <S as Split>::Shared>>, Arc<Flight>);

impl<S: SharedShape> Caller<S> {
    pub(super) fn take_off(
        &self,
        at_key: &mut AtKey<'_>,
        stage: Stage,
        leader: Leader,
        purpose: Purpose,
    ) -> Airborne<S> {
        let mut made = None;
        let make = |at| {
            let scope = &self.scope.scope;
            let key = Carried { key: self.key.clone(), stage, refused: OnceLock::new() };
            let entry = Arc::new(Entry::empty(0, key));
            made = Some(entry.clone());
            Flight::new(entry, at, scope.generation(), leader, self.shared.address(), None)
        };
        let flight = match purpose {
            Purpose::Relief => at_key.begin_beside(make),
            Purpose::Fill | Purpose::Aside | Purpose::Refresh => {
                at_key.begin(purpose != Purpose::Aside, make)
            }
        };
        (made.expect("`begin` makes the flight"), flight)
    }
}

/// A flight that only asks the backend. Those who wait for it look again when it is dropped.
pub(crate) struct Approach {
    shared: super::Shared,
    flight: Arc<Flight>,
}

impl Approach {
    pub(crate) fn announce<S: SharedShape>(
        at_key: &mut AtKey<'_>,
        caller: &Caller<S>,
        leader: Leader,
        purpose: Purpose,
    ) -> Self {
        let (_, flight) = caller.take_off(at_key, Stage::Approaching, leader, purpose);
        Self { shared: caller.shared.clone(), flight }
    }

    /// One that nobody waits for.
    pub(crate) fn aside<S: SharedShape>(caller: &Caller<S>, leader: Leader) -> Self {
        let (_, flight) = caller.take_off(&mut caller.at_key(), Stage::Approaching, leader, Purpose::Aside);
        Self { shared: caller.shared.clone(), flight }
    }

    /// Lets those who wait for the answer know that the backend refused.
    pub(crate) fn refuse(&self, error: &Error) {
        if let Some(carried) = self.flight.entry.key().downcast_ref::<Carried>() {
            let _ = carried.refused.set(error.clone());
        }
    }

    /// Lets those who wait in the same task see that this is polled.
    pub(crate) async fn polled<F: Future>(&self, asking: F) -> F::Output {
        let mut asking = pin!(asking);
        std::future::poll_fn(|task| {
            self.flight.polled_by(task.waker());
            asking.as_mut().poll(task)
        })
        .await
    }

    /// See [`Lead::within`].
    pub(crate) fn within<R>(&self, user: impl FnOnce() -> R) -> std::thread::Result<R> {
        within(&self.flight, user)
    }
}

impl Drop for Approach {
    fn drop(&mut self) {
        let others = self.shared.inner().flights.at(self.flight.hash).end(&self.flight, false);
        self.flight.settle(Settled::Abandoned);
        drop(others);
    }
}

/// The one who computes. Dropping it gives the computation up.
pub struct Lead<S: SharedShape> {
    caller: Caller<S>,
    entry: Arc<Entry<Carried, S::Shared>>,
    flight: Arc<Flight>,
    purpose: Purpose,
    began: Instant,
    renewal: Option<Renewal>,
    /// Whether somebody waited when the result was there to be copied.
    is_waited_for: bool,
    /// Whether the value is where others find it.
    is_stored: bool,
    /// Whether the flight is still to be ended.
    open: bool,
}

/// What the end of a computation does to the backend.
enum Ending {
    Store {
        entry: Vec<u8>,
        lifetime: Option<Duration>,
    },
    /// A refresh leaves nothing to keep.
    Remove,
    Nothing,
    /// The value cannot be stored.
    Failed(Error),
}

impl<S: SharedShape> Lead<S> {
    pub(crate) fn begin(caller: Caller<S>, stage: Stage, purpose: Purpose, leader: Leader) -> Box<Self> {
        let mut at_key = caller.at_key();
        let airborne = caller.take_off(&mut at_key, stage, leader, purpose);
        drop(at_key);
        Self::of(caller, airborne, purpose)
    }

    /// Of a flight that has begun.
    pub(super) fn of(caller: Caller<S>, (entry, flight): Airborne<S>, purpose: Purpose) -> Box<Self> {
        caller.counters().begins();
        let renewal = match &entry.key.stage {
            Stage::Airborne(fence) => Some(Renewal::of(&caller, fence)),
            Stage::Approaching | Stage::Blind => None,
        };
        Box::new(Self {
            caller,
            entry,
            flight,
            purpose,
            began: Instant::now(),
            renewal,
            is_waited_for: false,
            is_stored: false,
            open: true,
        })
    }

    /// Runs the body.
    pub(crate) fn run(&mut self, body: impl FnOnce() -> S::Return) -> S::Return {
        self.at(Point::BeforeBody).block();
        match self.within(body) {
            Ok(returned) => returned,
            Err(panic) => self.fail(panic),
        }
    }

    /// Brings home what it returned.
    pub(crate) fn finish(self, policy: &Policy<(), S>, returned: &S::Return) -> Result<(), Error> {
        self.at(Point::BeforeStore).block();
        let (lead, ending) = self.judged(policy, returned);
        block_on(lead.end(ending, || S::share(returned), CallMode::BLOCKING))
    }

    pub(crate) async fn run_async<F>(
        mut self,
        policy: Policy<(), S>,
        body: F,
    ) -> (S::Return, Result<(), Error>)
    where
        F: Future<Output = S::Return>,
    {
        self.at(Point::BeforeBody).await;
        let returned = match within_async(&self.flight, body).await {
            Ok(returned) => returned,
            Err(panic) => self.fail(panic),
        };
        // An error need not be `Send`, so none that cannot be kept may be held at a gate, or while the backend is asked.
        let shared = match S::keep(returned) {
            Ok(shared) => shared,
            Err(returned) => {
                let (lead, ending) = self.judged(&policy, &returned);
                return (returned, lead.end_without_value(ending));
            }
        };
        self.at(Point::BeforeStore).await;
        let (lead, ending, shared) = self.judged_and_kept(&policy, shared);
        let ended = lead.end(ending, || Some(shared.clone()), CallMode::ASYNC).await;
        (S::restore(shared), ended)
    }

    fn at(&self, point: Point) -> Held {
        hooks::held(self.caller.scope.scope.function, point)
    }

    fn judged_and_kept(self, policy: &Policy<(), S>, shared: S::Shared) -> (Self, Ending, S::Shared) {
        let returned = S::restore(shared);
        let (lead, ending) = self.judged(policy, &returned);
        let Ok(shared) = S::keep(returned) else { unreachable!("it was kept before") };
        (lead, ending, shared)
    }

    /// Runs user code as part of the computation: when it calls the same key, that is recursion.
    pub(super) fn within<R>(&self, user: impl FnOnce() -> R) -> std::thread::Result<R> {
        within(&self.flight, user)
    }

    /// What decides, what encodes and what copies is the user's code, too.
    fn judged(mut self, policy: &Policy<(), S>, returned: &S::Return) -> (Self, Ending) {
        match self.within(|| self.decide(policy, returned)) {
            Ok((ending, is_waited_for)) => {
                self.is_waited_for = is_waited_for;
                (self, ending)
            }
            Err(panic) => self.fail(panic),
        }
    }

    fn decide(&self, policy: &Policy<(), S>, returned: &S::Return) -> (Ending, bool) {
        let ending = match policy.judge(&(), returned) {
            // Without a fence it is not stored, and need not be encoded.
            Verdict::Store { .. } if matches!(self.entry.key.stage, Stage::Blind) => Ending::Nothing,
            Verdict::Store { lifetime, .. } => {
                match self.caller.seal(returned, lifetime, self.began.elapsed()) {
                    Ok(entry) => Ending::Store { entry, lifetime },
                    Err(error) => Ending::Failed(error),
                }
            }
            Verdict::Refuse if self.purpose == Purpose::Refresh => Ending::Remove,
            Verdict::Refuse | Verdict::Fail => Ending::Nothing,
        };
        let is_waited_for = self.fill_for_waiters(|| S::share(returned));
        (ending, is_waited_for)
    }

    /// Whether there are any.
    fn fill_for_waiters(&self, share: impl FnOnce() -> Option<S::Shared>) -> bool {
        let is_waited_for = self.flight.has_waiters();
        if is_waited_for
            && self.entry.value.get().is_none()
            && let Some(value) = share()
        {
            let _ = self.entry.value.set(value);
        }
        is_waited_for
    }

    /// Brings the value home, then wakes those who wait.
    async fn end(
        mut self,
        ending: Ending,
        share: impl FnOnce() -> Option<S::Shared>,
        call: CallMode,
    ) -> Result<(), Error> {
        let ended = match (&ending, &self.entry.key.stage) {
            (Ending::Store { entry, lifetime }, Stage::Airborne(fence)) => {
                self.commit(fence, Some(entry), *lifetime, call).await
            }
            (Ending::Remove, Stage::Airborne(fence)) => self.commit(fence, None, None, call).await,
            _ => return self.end_without_value(ending),
        };
        self.is_stored = matches!(ended, Ok(true));
        let ended = ended.map(|_| ());
        // Some may have come while the backend was asked.
        match self.within(|| self.fill_for_waiters(share)) {
            Ok(is_waited_for) => self.is_waited_for |= is_waited_for,
            Err(panic) => self.fail(panic),
        }
        if let (Err(_), Stage::Airborne(fence)) = (&ended, &self.entry.key.stage) {
            // If the commit did not arrive, others would wait for it until the lease is over.
            self.caller.release(fence.clone(), true);
        }
        self.close();
        ended
    }

    fn end_without_value(mut self, ending: Ending) -> Result<(), Error> {
        let failed = match ending {
            Ending::Failed(error) => Err(error),
            _ => Ok(()),
        };
        if failed.is_err() {
            self.caller.counters().count(Count::Errors);
            self.caller.shared.inner().learn(&failed);
        }
        if let Stage::Airborne(fence) = &self.entry.key.stage {
            self.caller.release(fence.clone(), true);
        }
        self.close();
        failed
    }

    async fn commit(
        &self,
        fence: &Fence,
        entry: Option<&[u8]>,
        lifetime: Option<Duration>,
        call: CallMode,
    ) -> Result<bool, Error> {
        let (caller, refresh) = (&self.caller, self.purpose == Purpose::Refresh);
        if !refresh {
            caller.admit()?;
        }
        let commit = Commit::new(fence, entry).lifetime(lifetime).refresh(refresh);
        let stored = caller.ask(|backend| backend.commit(&caller.key.wire, commit, call)).await?;
        if refresh {
            let overtaken = caller.at_key().overtake(self.flight.ticket);
            drop(overtaken);
        }
        match (stored, entry) {
            (true, Some(_)) => {
                caller.counters().count(Count::Stores);
                caller.scope.hints.there(caller.key.hash, Deadline::after(lifetime));
            }
            _ => caller.scope.hints.gone(caller.key.hash),
        }
        Ok(stored && entry.is_some())
    }

    fn fail(&mut self, panic: Box<dyn Any + Send>) -> ! {
        self.give_up(Settled::Panicked(message_of(&*panic)));
        resume_unwind(panic)
    }

    fn give_up(&mut self, how: Settled) {
        if let Stage::Airborne(fence) = &self.entry.key.stage {
            self.caller.release(fence.clone(), !matches!(how, Settled::Abandoned));
        }
        self.settle(how);
    }

    fn close(&mut self) {
        let how = match self.entry.value.get() {
            Some(_) => Settled::Shared,
            None if self.is_waited_for => Settled::Unshared,
            // For those who come from now on nothing was tried: they look again, rather than compute side by side.
            None => Settled::Abandoned,
        };
        self.settle(how);
    }

    fn settle(&mut self, how: Settled) {
        self.open = false;
        self.renewal = None;
        self.caller.counters().lands(false);
        let others = self.caller.at_key().end(&self.flight, self.is_stored);
        self.flight.settle(how);
        drop(others);
    }
}

impl<S: SharedShape> Drop for Lead<S> {
    fn drop(&mut self) {
        if self.open {
            self.give_up(Settled::Abandoned);
        }
    }
}
