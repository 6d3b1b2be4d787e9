//! The leader's guard: the obligation of the caller that computes to end the flight, by landing, by failing, or by being
//! dropped. None of it depends on the types of a function, so that it is compiled once.

use std::any::Any;
#[cfg(feature = "shared")]
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
#[cfg(feature = "shared")]
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Context;

use super::errand::{Answer, Errand, Landed, Pending};
use crate::error::Error;
use crate::flight::{Flight, Landing, Settled, context};
use crate::hooks::{self, Held, Point};
use crate::sync::block_on;

/// From this depth on, a body runs without anything between the function and its body that would catch a panic: it costs
/// more stack than all the rest. So in a deep recursion followers are told of a panic without its message.
const CATCHING: u32 = 32;

/// The caller that computes. Dropping it gives the computation up.
///
/// It is a pointer and no more, since the function has it on its stack while the body runs. All else is in the flight.
pub(crate) struct LeaderGuard<E: Errand>(Option<Arc<Flight<E>>>);

/// The end of a landing; or, where the place takes time, its answer is still to be awaited. With whether callers wait for it.
pub(super) type Finished = Result<Result<(), Error>, (Pending<Answer>, bool)>;

/// A judged result: its landing at the place, and whether callers waited for it.
pub(super) type Judged<E> = (Landing<<E as Errand>::Sealed>, bool);

impl<E: Errand> LeaderGuard<E> {
    /// No computation at all.
    pub(crate) const NONE: Self = Self(None);

    /// The leader of a flight that has begun.
    pub(crate) fn of(flight: Arc<Flight<E>>) -> Self {
        Self(Some(flight))
    }

    /// The flight, unless it has ended or there is none.
    #[inline]
    pub(crate) fn flight(&self) -> Option<&Arc<Flight<E>>> {
        self.0.as_ref()
    }

    fn airborne(&self) -> &Arc<Flight<E>> {
        self.0.as_ref().expect("the flight has not ended")
    }

    pub(super) fn at(&self, point: Point) -> Held {
        hooks::held(self.airborne().generation.of.function, point)
    }

    /// See [`Errand::start`].
    pub(super) fn starting(&self) -> Option<Pending<Result<(), Error>>> {
        self.0.as_ref().and_then(E::start)
    }

    /// Enters the computation, if its body is to be called without anything in between; whether that is so.
    #[inline]
    pub(super) fn enter_if_deep(&self) -> bool {
        let is_deep = self.0.as_ref().is_some_and(|flight| flight.depth > CATCHING);
        if is_deep {
            self.enter();
        }
        is_deep
    }

    fn enter(&self) {
        self.at(Point::BeforeBody).block();
        let flight = self.airborne();
        context::enter(flight.clone());
        flight.entered.store(true, Relaxed);
    }

    fn leave(flight: &Flight<E>) {
        if flight.entered.swap(false, Relaxed) {
            context::leave(flight);
        }
    }

    /// Enters the computation and runs the body.
    pub(super) fn execute(&mut self, body: &mut dyn FnMut()) {
        self.enter();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(body)) {
            self.fail(panic);
        }
    }

    /// Polls a body that is a future.
    pub(super) fn poll(
        &self,
        task: &mut Context<'_>,
        body: &mut dyn FnMut(&mut Context<'_>),
    ) -> std::thread::Result<()> {
        let flight = self.airborne();
        flight.polled_by(task.waker());
        caught(flight, &mut || body(task))
    }

    /// Runs user code as part of the computation: when it calls the same key, that is recursion.
    pub(super) fn within<R>(&self, user: impl FnOnce() -> R) -> std::thread::Result<R> {
        within(self.airborne(), user)
    }

    /// Judges the result of a body on this thread, lands it and ends. `judge` runs user code, and so does `share`, which
    /// fills the entry for callers that came while the place was asked; it says whether there are any.
    #[inline(never)]
    pub(super) fn finish(
        &mut self,
        judge: &mut dyn FnMut(&Flight<E>) -> Judged<E>,
        share: &mut dyn FnMut(&Flight<E>) -> bool,
    ) -> Result<(), Error> {
        self.at(Point::BeforeStore).block();
        let (landing, waited) = match catch_unwind(AssertUnwindSafe(|| judge(self.airborne()))) {
            Ok(judged) => judged,
            Err(panic) => self.fail(panic),
        };
        match self.land(landing, waited) {
            Ok(ended) => ended,
            Err((pending, waited)) => self.landed(block_on(pending), waited, share),
        }
    }

    /// Judges the result of a task, and lands it. Where the place takes time, its answer is still to be awaited.
    pub(super) fn complete(&mut self, judge: &mut dyn FnMut(&Flight<E>) -> Judged<E>) -> Finished {
        let mut judged = None;
        let flight = self.airborne();
        if let Err(panic) = caught(flight, &mut || judged = Some(judge(flight))) {
            self.fail(panic);
        }
        let (landing, waited) = judged.expect("what does not panic returns");
        self.land(landing, waited)
    }

    /// Lands, and ends if the place takes no time.
    fn land(&mut self, landing: Landing<E::Sealed>, waited: bool) -> Finished {
        let flight = self.airborne();
        Self::leave(flight);
        let mut leftovers = E::Leftovers::default();
        match E::land(flight, landing, &mut leftovers) {
            Landed::Pending(pending) => Err((pending, waited)),
            Landed::Done(ended) => {
                self.settle(waited);
                Ok(ended)
            }
        }
    }

    /// The place has answered: ends.
    pub(super) fn landed(
        &mut self,
        answer: Answer,
        waited: bool,
        share: &mut dyn FnMut(&Flight<E>) -> bool,
    ) -> Result<(), Error> {
        let flight = self.airborne();
        // Callers may have come while the place was asked. A panic must not keep the place from being told.
        let mut late = false;
        let shared = caught(flight, &mut || late = share(flight));
        let mut leftovers = E::Leftovers::default();
        let ended = E::end(flight, answer, &mut leftovers);
        if let Err(panic) = shared {
            self.settle_as(Settled::Panicked(message_of(&*panic)));
            resume_unwind(panic);
        }
        self.settle(waited || late);
        ended
    }

    /// Wakes the followers. The caller drops the leftovers after that.
    fn settle(&mut self, waited: bool) {
        let how = match self.airborne().entry.is_filled() {
            true => Settled::Shared,
            false if waited => Settled::Unshared,
            // For callers that come from now on nothing was tried: they look again, rather than compute side by side.
            false => Settled::Abandoned,
        };
        self.settle_as(how);
    }

    fn settle_as(&mut self, how: Settled) {
        let Some(flight) = self.0.take() else { return };
        flight.settle(how);
    }

    #[cold]
    pub(super) fn fail(&mut self, panic: Box<dyn Any + Send>) -> ! {
        self.give_up(Settled::Panicked(message_of(&*panic)));
        resume_unwind(panic)
    }

    #[cold]
    fn give_up(&mut self, how: Settled) {
        let Some(flight) = &self.0 else { return };
        Self::leave(flight);
        let mut leftovers = E::Leftovers::default();
        E::give_up(flight, &how, &mut leftovers);
        self.settle_as(how);
    }

    /// Awaits an answer of the place before the body runs, and lets followers in the same task see that it is polled.
    #[cfg(feature = "shared")]
    pub(crate) async fn polled<F: Future>(&self, asking: F) -> F::Output {
        let mut asking = pin!(asking);
        poll_fn(|task| {
            self.airborne().polled_by(task.waker());
            asking.as_mut().poll(task)
        })
        .await
    }
}

impl<E: Errand> Drop for LeaderGuard<E> {
    #[inline]
    fn drop(&mut self) {
        if let Some(flight) = &self.0 {
            // A body that was called without anything in between, and has not returned.
            let has_panicked = flight.entered.load(Relaxed);
            self.give_up(if has_panicked { Settled::Panicked(None) } else { Settled::Abandoned });
        }
    }
}

/// Runs user code as part of a computation, and catches its panic.
pub(crate) fn within<E: Errand, R>(
    flight: &Arc<Flight<E>>,
    user: impl FnOnce() -> R,
) -> std::thread::Result<R> {
    let mut user = Some(user);
    let mut returned = None;
    caught(flight, &mut || returned = user.take().map(|user| user()))?;
    Ok(returned.expect("what does not panic returns"))
}

/// Behind a pointer, so that it is compiled once and not again for every body.
fn caught<E: Errand>(flight: &Arc<Flight<E>>, user: &mut dyn FnMut()) -> std::thread::Result<()> {
    catch_unwind(AssertUnwindSafe(|| context::within(flight.clone(), user)))
}

pub(crate) fn message_of(panic: &(dyn Any + Send)) -> Option<Arc<str>> {
    let message = panic.downcast_ref::<String>().map(String::as_str);
    message.or_else(|| panic.downcast_ref::<&str>().copied()).map(Arc::from)
}
