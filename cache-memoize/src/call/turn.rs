//! Step three of a call: return the value, or run the body and bring it home.

use std::future::Future;
use std::panic::resume_unwind;

use super::body::Body;
use super::lead::Lead;
use super::run::Run;
use crate::error::Error;
use crate::policy::Policy;
use crate::shape::Shape;

/// What a call has to do: to compute and to tell everyone; or, where it is `None`, nothing but to return the value that
/// was found, or else to compute and to leave the cache alone.
pub struct Turn<K: Send + Sync + 'static, S: Shape>(Option<Lead<K, S>>);

impl<K: Send + Sync + 'static, S: Shape> Turn<K, S> {
    pub(super) const NONE: Self = Self(None);

    pub(super) fn of(lead: Lead<K, S>) -> Self {
        Self(Some(lead))
    }

    /// Copies the arguments for `on_miss`, when there will be one. The copying is part of the computation.
    #[inline]
    pub fn on_miss<A>(&self, copy: impl FnOnce() -> A) -> Option<A> {
        let lead = self.0.as_ref()?;
        Some(lead.within(copy).unwrap_or_else(|panic| resume_unwind(panic)))
    }

    /// Whether the function is to call its body by itself: every frame between the two is one for each step of a
    /// recursion. What it returns goes to where [`end`](Self::end) finds it.
    #[inline]
    pub fn is_direct(&self) -> bool {
        self.0.as_ref().is_some_and(Lead::enter_if_deep)
    }

    /// Runs the body if need be, unless the function has called it.
    #[inline]
    pub fn run(&mut self, found: &mut Option<S::Return>, body: impl FnOnce() -> S::Return) {
        if found.is_none() {
            self.compute(found, body);
        }
    }

    #[inline]
    fn compute(&mut self, found: &mut Option<S::Return>, body: impl FnOnce() -> S::Return) {
        let Some(lead) = &mut self.0 else {
            *found = Some(body());
            return;
        };
        let (mut body, mut returned) = (Some(body), None);
        // Behind a pointer, so that it is compiled once and not again for every body.
        lead.run(&mut || returned = body.take().map(|body| body()));
        *found = returned;
    }

    /// Brings home what was computed, and returns the value.
    #[inline]
    pub fn end(
        &mut self,
        policy: impl FnOnce() -> Policy<K, S>,
        returned: &mut Option<S::Return>,
    ) -> S::Return {
        let returned = returned.take().expect("it was found or computed");
        match &mut self.0 {
            None => returned,
            Some(lead) => lead.finish(policy(), returned),
        }
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
pub struct Refreshing<K: Send + Sync + 'static, S: Shape>(pub(crate) Turn<K, S>);

impl<K: Send + Sync + 'static, S: Shape> Refreshing<K, S> {
    /// See [`Turn::on_miss`].
    pub fn on_miss<A>(&self, copy: impl FnOnce() -> A) -> Option<A> {
        self.0.on_miss(copy)
    }

    /// See [`Turn::is_direct`].
    pub fn is_direct(&self) -> bool {
        self.0.is_direct()
    }

    /// See [`Turn::run`].
    pub fn run(&mut self, found: &mut Option<S::Return>, body: impl FnOnce() -> S::Return) {
        self.0.run(found, body);
    }

    /// See [`Turn::end`].
    pub fn end(
        &mut self,
        policy: impl FnOnce() -> Policy<K, S>,
        returned: &mut Option<S::Return>,
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
