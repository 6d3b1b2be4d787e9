//! Step three of a call: return the value, or run the body and bring it home.
#![expect(private_bounds, reason = "generated code has turns, and does not name the contract of places")]

use std::future::Future;
use std::marker::PhantomData;
use std::panic::resume_unwind;

use super::Place;
use super::body::Body;
use super::errand::Errand;
use super::guard::LeaderGuard;
use super::judge::{Seal, judge, share};
use super::run::Run;
use crate::entry::is_large;
use crate::error::Error;
use crate::policy::Policy;
use crate::shape::Shape;
use crate::sync::block_on;

/// The turn of a call: with a computation to lead; or, without one, to return the value that was found, or else to run the
/// body and leave the cache alone.
pub struct Turn<E: Errand, K, S: Shape> {
    guard: LeaderGuard<E>,
    types: PhantomData<fn() -> (K, S)>,
}

impl<E: Errand, K: 'static, S: Shape> Turn<E, K, S> {
    /// Without a computation.
    pub(crate) const NONE: Self = Self { guard: LeaderGuard::NONE, types: PhantomData };

    pub(crate) fn of(guard: LeaderGuard<E>) -> Self {
        Self { guard, types: PhantomData }
    }

    /// Copies the arguments for `on_miss`, when there will be one. The copying is part of the computation.
    #[inline]
    pub fn on_miss<A>(&self, copy: impl FnOnce() -> A) -> Option<A> {
        self.guard.flight()?;
        Some(self.guard.within(copy).unwrap_or_else(|panic| resume_unwind(panic)))
    }

    /// Whether the function is to call its body by itself: every frame between the two is one for each step of a
    /// recursion. The result goes to the place where [`end`](Self::end) finds it.
    #[inline]
    pub fn is_direct(&self) -> bool {
        self.guard.enter_if_deep()
    }

    /// Runs the body if need be, unless the function has called it.
    #[inline]
    pub fn run(&mut self, found: &mut Place<S::Return>, body: impl FnOnce() -> S::Return) {
        if found.is_none() {
            self.compute(found, body);
        }
    }

    #[inline]
    fn compute(&mut self, found: &mut Option<S::Return>, body: impl FnOnce() -> S::Return) {
        if self.guard.flight().is_none() {
            *found = Some(body());
            return;
        }
        // A small value is put there afterwards, so that it has no address before and stays in registers on a hit.
        if const { is_large::<S::Return>() } {
            return self.compute_to(found, body);
        }
        let mut returned = None;
        self.compute_to(&mut returned, body);
        *found = returned;
    }

    #[inline]
    fn compute_to(&mut self, found: &mut Option<S::Return>, body: impl FnOnce() -> S::Return) {
        let mut body = Some(body);
        // Behind a pointer, so that it is compiled once and not again for every body.
        self.guard.execute(&mut || *found = body.take().map(|body| body()));
    }
}

impl<E: Seal<K, S>, K: 'static, S: Shape> Turn<E, K, S> {
    /// Brings the result home, and returns the value. Whether the place took it does not concern the caller.
    #[inline]
    pub fn end(
        &mut self,
        policy: impl FnOnce() -> Policy<K, S>,
        returned: &mut Place<S::Return>,
    ) -> S::Return {
        if const { is_large::<S::Return>() } {
            if let (true, Some(returned)) = (self.guard.flight().is_some(), returned.as_ref()) {
                let _ended = self.finish(&policy(), returned);
            }
            return returned.take().expect("it was found or computed");
        }
        self.end_small(policy, returned.take().expect("it was found or computed"))
    }

    #[inline]
    fn end_small(&mut self, policy: impl FnOnce() -> Policy<K, S>, returned: S::Return) -> S::Return {
        if self.guard.flight().is_some() {
            let returned = returned;
            let _ended = self.finish(&policy(), &returned);
            return returned;
        }
        returned
    }

    #[inline(never)]
    fn finish(&mut self, policy: &Policy<K, S>, returned: &S::Return) -> Result<(), Error> {
        self.guard.finish(&mut |flight| judge(flight, policy, returned), &mut |flight| {
            share::<E, K, S>(flight, S::shared(returned))
        })
    }

    /// Returns the value, awaiting the body.
    #[inline]
    pub fn run_async<P, F>(self, policy: P, body: Body<'_, F>) -> Run<'_, E, K, S, P, F>
    where
        P: Fn() -> Policy<K, S>,
        F: Future<Output = S::Return>,
    {
        Run::new(self.guard, policy, body)
    }
}

/// A refresh on a named backend. Unlike a call, it fails with the backend: it exists for its effect there.
pub struct Refreshing<E: Errand, K, S: Shape>(Result<Turn<E, K, S>, Error>);

impl<E: Seal<K, S>, K: 'static, S: Shape> Refreshing<E, K, S> {
    pub(crate) fn of(turn: Result<Turn<E, K, S>, Error>) -> Self {
        Self(turn)
    }

    /// See [`Turn::on_miss`].
    pub fn on_miss<A>(&self, copy: impl FnOnce() -> A) -> Option<A> {
        self.0.as_ref().ok()?.on_miss(copy)
    }

    /// See [`Turn::is_direct`]. Here [`run`](Self::run) calls the body, for the place may have to be asked first.
    pub fn is_direct(&self) -> bool {
        false
    }

    /// See [`Turn::run`].
    pub fn run(&mut self, found: &mut Place<S::Return>, body: impl FnOnce() -> S::Return) {
        let starting = self.0.as_ref().ok().and_then(|turn| turn.guard.starting());
        if let Some(Err(error)) = starting.map(block_on) {
            self.0 = Err(error);
        }
        if let Ok(turn) = &mut self.0 {
            turn.run(found, body);
        }
    }

    /// See [`Turn::end`].
    pub fn end(
        &mut self,
        policy: impl FnOnce() -> Policy<K, S>,
        returned: &mut Place<S::Return>,
    ) -> Result<S::Return, Error> {
        let turn = self.0.as_mut().map_err(|error| error.clone())?;
        let value = returned.take().expect("the body has been run");
        if turn.guard.flight().is_some() {
            turn.finish(&policy(), &value)?;
        }
        Ok(value)
    }

    /// See [`Turn::run_async`].
    pub async fn run_async<F: Future<Output = S::Return>>(
        self,
        policy: impl Fn() -> Policy<K, S>,
        body: Body<'_, F>,
    ) -> Result<S::Return, Error> {
        let turn = self.0?;
        if let Some(starting) = turn.guard.starting() {
            starting.await?;
        }
        let mut run = turn.run_async(policy, body);
        let value = (&mut run).await;
        run.ended().map(|()| value)
    }
}
