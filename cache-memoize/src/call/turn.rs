//! Step three of a call: return the value, or run the body and bring it home.

use std::future::Future;
use std::panic::resume_unwind;

use super::Place;
use super::body::Body;
use super::lead::Lead;
use super::run::Run;
use crate::entry::is_large;
use crate::error::Error;
use crate::policy::Policy;
use crate::shape::Shape;

/// What a call has to do: to compute and to tell everyone; or, where it is `None`, nothing but to return the value that
/// was found, or else to compute and to leave the cache alone.
pub struct Turn<K: Eq + Send + Sync + 'static, S: Shape>(Lead<K, S>);

impl<K: Eq + Send + Sync + 'static, S: Shape> Turn<K, S> {
    pub(super) const NONE: Self = Self(Lead::NONE);

    pub(super) fn of(lead: Lead<K, S>) -> Self {
        Self(lead)
    }

    /// Copies the arguments for `on_miss`, when there will be one. The copying is part of the computation.
    #[inline]
    pub fn on_miss<A>(&self, copy: impl FnOnce() -> A) -> Option<A> {
        let lead = self.0.as_some()?;
        Some(lead.within(copy).unwrap_or_else(|panic| resume_unwind(panic)))
    }

    /// Whether the function is to call its body by itself: every frame between the two is one for each step of a
    /// recursion. What it returns goes to where [`end`](Self::end) finds it.
    #[inline]
    pub fn is_direct(&self) -> bool {
        self.0.enter_if_deep()
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
        if self.0.as_some().is_none() {
            *found = Some(body());
            return;
        }
        // What is small is put there afterwards, so that it has no address before and stays in registers on a hit.
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
        self.0.run(&mut || *found = body.take().map(|body| body()));
    }

    /// Brings home what was computed, and returns the value.
    #[inline]
    pub fn end(
        &mut self,
        policy: impl FnOnce() -> Policy<K, S>,
        returned: &mut Place<S::Return>,
    ) -> S::Return {
        if const { is_large::<S::Return>() } {
            if let (Some(lead), Some(returned)) = (self.0.as_mut_some(), returned.as_ref()) {
                lead.finish(policy(), returned);
            }
            return returned.take().expect("it was found or computed");
        }
        self.end_small(policy, returned.take().expect("it was found or computed"))
    }

    #[inline]
    fn end_small(&mut self, policy: impl FnOnce() -> Policy<K, S>, returned: S::Return) -> S::Return {
        if let Some(lead) = self.0.as_mut_some() {
            let returned = returned;
            lead.finish(policy(), &returned);
            return returned;
        }
        returned
    }

    /// Returns the value, awaiting the body.
    #[inline]
    pub fn run_async<P, F>(self, policy: P, body: Body<'_, F>) -> Run<'_, K, S, P, F>
    where
        P: Fn() -> Policy<K, S>,
        F: Future<Output = S::Return>,
    {
        Run::new(self.0, policy, body)
    }
}

/// A refresh on a named backend.
pub struct Refreshing<K: Eq + Send + Sync + 'static, S: Shape>(pub(crate) Turn<K, S>);

impl<K: Eq + Send + Sync + 'static, S: Shape> Refreshing<K, S> {
    /// See [`Turn::on_miss`].
    pub fn on_miss<A>(&self, copy: impl FnOnce() -> A) -> Option<A> {
        self.0.on_miss(copy)
    }

    /// See [`Turn::is_direct`].
    pub fn is_direct(&self) -> bool {
        self.0.is_direct()
    }

    /// See [`Turn::run`].
    pub fn run(&mut self, found: &mut Place<S::Return>, body: impl FnOnce() -> S::Return) {
        self.0.run(found, body);
    }

    /// See [`Turn::end`].
    pub fn end(
        &mut self,
        policy: impl FnOnce() -> Policy<K, S>,
        returned: &mut Place<S::Return>,
    ) -> Result<S::Return, Error> {
        Ok(self.0.end(policy, returned))
    }

    /// See [`Turn::run_async`].
    pub async fn run_async<F: Future<Output = S::Return>>(
        self,
        policy: impl Fn() -> Policy<K, S>,
        body: Body<'_, F>,
    ) -> Result<S::Return, Error> {
        Ok(self.0.run_async(policy, body).await)
    }
}
