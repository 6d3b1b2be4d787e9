//! Step three of a call to a shared backend: return the value, or run the body and bring it home.

use std::future::Future;
use std::panic::resume_unwind;

use super::lead::Lead;
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

impl<S: SharedShape> Turn<S> {
    /// Calls `on_hit` for a value from the cache.
    pub fn on_hit(self, on_hit: impl FnOnce()) -> Self {
        if let Self::Hit(_) = self {
            on_hit();
        }
        self
    }

    /// Copies the arguments for `on_miss`, when there will be one. The copying is part of the computation.
    pub fn on_miss<A>(&self, copy: impl FnOnce() -> A) -> Option<A> {
        match self {
            Self::Lead(lead) => Some(lead.within(copy).unwrap_or_else(|panic| resume_unwind(panic))),
            Self::Hit(_) | Self::Uncached => None,
        }
    }

    /// Returns the value, running the body if need be. What becomes of it on the backend does not concern the caller.
    pub fn run(self, policy: Policy<(), S>, body: impl FnOnce() -> S::Return) -> S::Return {
        match self {
            Self::Hit(value) => S::restore(value),
            Self::Lead(lead) => lead.run(&policy, body).0,
            Self::Uncached => body(),
        }
    }

    /// Returns the value, awaiting the body if need be.
    pub async fn run_async<F: Future<Output = S::Return>>(self, policy: Policy<(), S>, body: F) -> S::Return {
        match self {
            Self::Hit(value) => S::restore(value),
            Self::Lead(lead) => Box::pin(lead.run_async(policy, body)).await.0,
            Self::Uncached => body.await,
        }
    }
}
