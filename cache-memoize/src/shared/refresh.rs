//! A refresh on a shared backend: begins there, runs the body, replaces what is there.

use std::future::Future;
use std::panic::resume_unwind;

use super::caller::Caller;
use super::lead::{Approach, Lead, Stage};
use crate::Error;
use crate::backend::Call;
use crate::call::lead::Purpose;
use crate::flight::{Leader, block_on};
use crate::policy::Policy;
use crate::shape::shared::SharedShape;

/// A refresh that has not begun. Unlike a call, it fails with the backend: it exists for its effect there.
pub struct Refreshing<S>(Result<(Caller<S>, Approach, Leader), Error>);

impl<S: SharedShape> Refreshing<S> {
    pub(crate) fn new(caller: Result<Caller<S>, Error>, leader: Leader) -> Self {
        Self(caller.map(|caller| {
            let approach = Approach::aside(&caller, leader);
            (caller, approach, leader)
        }))
    }

    /// Copies the arguments for `on_miss`. The copying is part of the computation.
    pub fn on_miss<A>(&self, copy: impl FnOnce() -> A) -> Option<A> {
        let (_, approach, _) = self.0.as_ref().ok()?;
        Some(approach.within(copy).unwrap_or_else(|panic| resume_unwind(panic)))
    }

    async fn begin(self, call: Call) -> Result<Box<Lead<S>>, Error> {
        let (caller, approach, leader) = self.0?;
        let fence = caller.begin_over(call).await?;
        let lead = Lead::begin(caller, Stage::Airborne(fence), Purpose::Refresh, leader);
        drop(approach);
        Ok(lead)
    }

    /// Runs the body and stores what it returns.
    pub fn run(self, policy: Policy<(), S>, body: impl FnOnce() -> S::Return) -> Result<S::Return, Error> {
        let lead = block_on(self.begin(Call::BLOCKING))?;
        let (returned, stored) = lead.run(&policy, body);
        stored.map(|()| returned)
    }

    /// Awaits the body and stores what it returns.
    pub async fn run_async<F: Future<Output = S::Return>>(
        self,
        policy: Policy<(), S>,
        body: F,
    ) -> Result<S::Return, Error> {
        let lead = self.begin(Call::ASYNC).await?;
        let (returned, stored) = lead.run_async(policy, body).await;
        stored.map(|()| returned)
    }
}
