//! Step three of a call to a shared backend: return the value, or run the body and bring it home.

use std::future::Future;
use std::panic::resume_unwind;

use super::lead::Lead;
use crate::call::Place;
use crate::policy::Policy;
use crate::shape::shared::SharedShape;

/// What a call has to do.
pub enum Turn<S: SharedShape> {
    /// Nothing: here is the value.
    Hit(S::Shared),
    /// Compute, and tell everyone. Boxed, as is what awaits it, so that the future of a hit is small.
    Lead(Box<Lead<S>>),
    /// Compute, and leave the cache alone.
    Uncached,
}

/// A value that was found. It holds what is shared and not what the function returns, whose errors need not be `Send`.
pub struct Here<S: SharedShape>(S::Shared);

impl<S: SharedShape> Here<S> {
    /// The value.
    pub fn value(self) -> S::Return {
        S::restore(self.0)
    }
}

impl<S: SharedShape> Turn<S> {
    /// The value, if it is here: then nothing is to be computed.
    pub(crate) fn now(self) -> Result<Here<S>, Self> {
        match self {
            Self::Hit(value) => Ok(Here(value)),
            other => Err(other),
        }
    }

    /// The same to a place that the caller has for it.
    pub(crate) fn found(self, found: &mut Place<S::Return>) -> Self {
        match self.now() {
            Ok(value) => {
                **found = Some(value.value());
                Self::Uncached
            }
            Err(turn) => turn,
        }
    }

    /// Copies the arguments for `on_miss`, when there will be one. The copying is part of the computation.
    pub fn on_miss<A>(&self, copy: impl FnOnce() -> A) -> Option<A> {
        match self {
            Self::Lead(lead) => Some(lead.within(copy).unwrap_or_else(|panic| resume_unwind(panic))),
            Self::Hit(_) | Self::Uncached => None,
        }
    }

    /// See [`Turn::is_direct`](crate::call::Turn::is_direct): here a body never is.
    pub fn is_direct(&self) -> bool {
        false
    }

    /// Runs the body if need be.
    pub fn run(&mut self, found: &mut Place<S::Return>, body: impl FnOnce() -> S::Return) {
        if found.is_some() {
            return;
        }
        **found = Some(match self {
            Self::Lead(lead) => lead.run(body),
            Self::Hit(_) | Self::Uncached => body(),
        });
    }

    /// Brings home what was computed, and returns the value. What becomes of it on the backend does not concern the caller.
    pub fn end(
        &mut self,
        policy: impl FnOnce() -> Policy<(), S>,
        returned: &mut Place<S::Return>,
    ) -> S::Return {
        let returned = returned.take().expect("it was found or computed");
        if let Self::Lead(lead) = std::mem::replace(self, Self::Uncached) {
            // It has been counted and told where it was known.
            let _ended = lead.finish(&policy(), &returned);
        }
        returned
    }

    /// Returns the value, awaiting the body if need be.
    pub async fn run_async<F>(self, policy: impl Fn() -> Policy<(), S>, body: F) -> S::Return
    where
        F: Future<Output = S::Return>,
    {
        match self {
            Self::Hit(value) => S::restore(value),
            Self::Lead(lead) => Box::pin(lead.run_async(policy(), body)).await.0,
            Self::Uncached => body.await,
        }
    }
}
