//! Step three of a call: return the value, or run the body and bring it home.

use std::future::Future;
use std::panic::resume_unwind;

use super::lead::Lead;
use crate::error::Error;
use crate::policy::Policy;
use crate::shape::Shape;

/// What a call has to do.
pub enum Turn<K: Eq + Send + Sync + 'static, S: Shape> {
    /// Nothing: here is the value.
    Hit(S::Shared),
    /// Compute, and tell everyone.
    Lead(Lead<K, S>),
    /// Compute, and leave the cache alone.
    Uncached,
}

impl<K: Eq + Send + Sync + 'static, S: Shape> Turn<K, S> {
    /// Calls `on_hit` for a value from the cache.
    #[inline]
    pub fn on_hit(self, on_hit: impl FnOnce()) -> Self {
        if let Self::Hit(_) = self {
            on_hit();
        }
        self
    }

    /// Copies the arguments for `on_miss`, when there will be one. The copying is part of the computation.
    #[inline]
    pub fn on_miss<A>(&self, copy: impl FnOnce() -> A) -> Option<A> {
        match self {
            Self::Lead(lead) => Some(lead.within(copy).unwrap_or_else(|panic| resume_unwind(panic))),
            Self::Hit(_) | Self::Uncached => None,
        }
    }

    /// Returns the value, running the body if need be.
    #[inline]
    pub fn run(self, policy: Policy<K, S>, body: impl FnOnce() -> S::Return) -> S::Return {
        match self {
            Self::Hit(value) => S::restore(value),
            Self::Lead(lead) => lead.run(policy, body),
            Self::Uncached => body(),
        }
    }

    /// Returns the value, awaiting the body if need be.
    #[inline]
    pub async fn run_async<F: Future<Output = S::Return>>(self, policy: Policy<K, S>, body: F) -> S::Return {
        match self {
            Self::Hit(value) => S::restore(value),
            Self::Lead(lead) => lead.run_async(policy, body).await,
            Self::Uncached => body.await,
        }
    }
}

/// A refresh on a named backend.
pub struct Refreshing<K: Eq + Send + Sync + 'static, S: Shape>(pub(crate) Turn<K, S>);

impl<K: Eq + Send + Sync + 'static, S: Shape> Refreshing<K, S> {
    /// See [`Turn::on_miss`].
    pub fn on_miss<A>(&self, copy: impl FnOnce() -> A) -> Option<A> {
        self.0.on_miss(copy)
    }

    /// See [`Turn::run`].
    pub fn run(self, policy: Policy<K, S>, body: impl FnOnce() -> S::Return) -> Result<S::Return, Error> {
        Ok(self.0.run(policy, body))
    }

    /// See [`Turn::run_async`].
    pub async fn run_async<F: Future<Output = S::Return>>(
        self,
        policy: Policy<K, S>,
        body: F,
    ) -> Result<S::Return, Error> {
        Ok(self.0.run_async(policy, body).await)
    }
}
