//! A computation as a task, written by hand: an `async fn` has a place for the value at each step, and it may be large.
#![expect(private_bounds, reason = "generated code has turns, and does not name the contract of places")]

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::body::{AnyBody, Body};
use super::errand::{Answer, Errand, Pending};
use super::guard::LeaderGuard;
use super::judge::{Seal, judge, share};
use crate::error::Error;
use crate::hooks::{Held, Point};
use crate::policy::Policy;
use crate::shape::Shape;

/// Awaits the body and brings its result home.
pub struct Run<'b, E: Errand, K, S: Shape, P, F> {
    /// First, so that it is dropped before the computation that it is part of.
    body: Body<'b, F>,
    policy: P,
    way: Way<E, K, S>,
}

/// The part of a run that does not depend on the body.
struct Way<E: Errand, K, S: Shape> {
    guard: LeaderGuard<E>,
    stage: Stage<S::Shared>,
    /// Whether the value had its effect at its place.
    ended: Result<(), Error>,
    key: PhantomData<fn() -> K>,
}

enum Stage<V> {
    New,
    BeforeBody(Gate),
    Running,
    /// In tests alone. The value is behind a pointer: the future is no larger for it. It is kept as an entry keeps it and
    /// not as the function returns it, for an error of the function need not be `Send`.
    BeforeStore(Gate, Option<Box<V>>),
    /// The place has been asked to store the value; and whether callers wait for it.
    Landing(Pending<Answer>, Option<Box<V>>, bool),
}

type Gate = <Held as IntoFuture>::IntoFuture;

impl<'b, E: Errand, K, S: Shape, P, F> Run<'b, E, K, S, P, F> {
    pub(super) fn new(guard: LeaderGuard<E>, policy: P, body: Body<'b, F>) -> Self {
        let way = Way { guard, stage: Stage::New, ended: Ok(()), key: PhantomData };
        Self { body, policy, way }
    }

    /// Whether the value had its effect at its place, once it has been returned.
    pub(super) fn ended(self) -> Result<(), Error> {
        self.way.ended
    }
}

// Nothing in it is pinned: the body is elsewhere.
impl<E: Errand, K, S: Shape, P, F> Unpin for Run<'_, E, K, S, P, F> {}

impl<E, K, S, P, F> Future for Run<'_, E, K, S, P, F>
where
    E: Seal<K, S>,
    K: 'static,
    S: Shape,
    P: Fn() -> Policy<K, S>,
    F: Future<Output = S::Return>,
{
    type Output = S::Return;

    #[inline]
    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<S::Return> {
        let Self { body, policy, way } = self.get_mut();
        way.poll(body, policy, task)
    }
}

impl<E: Seal<K, S>, K: 'static, S: Shape> Way<E, K, S> {
    fn poll(
        &mut self,
        body: &mut dyn AnyBody<S::Return>,
        policy: &dyn Fn() -> Policy<K, S>,
        task: &mut Context<'_>,
    ) -> Poll<S::Return> {
        if self.guard.flight().is_none() {
            return body.poll(task);
        }
        loop {
            match &mut self.stage {
                Stage::New => {
                    self.stage = Stage::BeforeBody(self.guard.at(Point::BeforeBody).into_future());
                }
                Stage::BeforeBody(gate) => match Pin::new(gate).poll(task) {
                    Poll::Ready(()) => self.stage = Stage::Running,
                    Poll::Pending => return Poll::Pending,
                },
                Stage::Running => break,
                Stage::BeforeStore(..) => return self.leave_gate(policy, task),
                Stage::Landing(..) => return self.landed(task),
            }
        }
        let mut polled = Poll::Pending;
        if let Err(panic) = self.guard.poll(task, &mut |task| polled = body.poll(task)) {
            // The body ends before the computation that it is part of.
            body.end();
            self.guard.fail(panic);
        }
        let Poll::Ready(returned) = &polled else { return Poll::Pending };
        body.end();
        if cfg!(feature = "testing") && S::shared(returned).is_some() {
            let mut gate = self.guard.at(Point::BeforeStore).into_future();
            if Pin::new(&mut gate).poll(task).is_pending() {
                return self.stop(gate, polled);
            }
        }
        self.complete(policy, polled, task)
    }

    /// Judges the result, and lands it.
    fn complete(
        &mut self,
        policy: &dyn Fn() -> Policy<K, S>,
        polled: Poll<S::Return>,
        task: &mut Context<'_>,
    ) -> Poll<S::Return> {
        let Poll::Ready(returned) = &polled else { return polled };
        match self.guard.complete(&mut |flight| judge(flight, &policy(), returned)) {
            Ok(ended) => {
                self.ended = ended;
                polled
            }
            Err((pending, waited)) => self.keep(pending, waited, polled, task),
        }
    }

    /// Keeps the value until the place has answered.
    #[inline(never)]
    fn keep(
        &mut self,
        pending: Pending<Answer>,
        waited: bool,
        polled: Poll<S::Return>,
        task: &mut Context<'_>,
    ) -> Poll<S::Return> {
        match polled.map(S::keep) {
            Poll::Ready(Ok(value)) => {
                self.stage = Stage::Landing(pending, Some(Box::new(value)), waited);
                self.landed(task)
            }
            // An error of this kind is never stored, so that nothing is waited for.
            Poll::Ready(Err(returned)) => {
                self.guard = LeaderGuard::NONE;
                Poll::Ready(returned)
            }
            Poll::Pending => Poll::Pending,
        }
    }

    /// Waits for the answer of the place.
    #[inline(never)]
    fn landed(&mut self, task: &mut Context<'_>) -> Poll<S::Return> {
        let Stage::Landing(pending, value, waited) = &mut self.stage else { unreachable!("it lands") };
        if let Some(flight) = self.guard.flight() {
            flight.polled_by(task.waker());
        }
        let Poll::Ready(answer) = pending.as_mut().poll(task) else { return Poll::Pending };
        let value = *value.take().expect("it is kept until it is returned");
        let mut share = |flight: &_| share::<E, K, S>(flight, Some(&value));
        self.ended = self.guard.landed(answer, *waited, &mut share);
        Poll::Ready(S::restore(value))
    }

    /// A gate holds the result.
    #[inline(never)]
    fn stop(&mut self, gate: Gate, returned: Poll<S::Return>) -> Poll<S::Return> {
        let kept = match returned.map(S::keep) {
            Poll::Ready(Ok(value)) => Some(Box::new(value)),
            Poll::Ready(Err(_)) | Poll::Pending => None,
        };
        self.stage = Stage::BeforeStore(gate, kept);
        Poll::Pending
    }

    #[inline(never)]
    fn leave_gate(&mut self, policy: &dyn Fn() -> Policy<K, S>, task: &mut Context<'_>) -> Poll<S::Return> {
        let Stage::BeforeStore(gate, kept) = &mut self.stage else { unreachable!("it is held there") };
        if Pin::new(gate).poll(task).is_pending() {
            return Poll::Pending;
        }
        let value = *kept.take().expect("it is kept until it is returned");
        self.complete(policy, Poll::Ready(S::restore(value)), task)
    }
}
