//! A refresh on a shared backend: begins there, runs the body, replaces what is there.

use std::future::Future;
use std::panic::resume_unwind;

use super::caller::Caller;
use super::lead::{Approach, Lead, Stage};
use crate::Error;
use crate::backend::CallMode;
use crate::call::Place;
use crate::call::lead::Purpose;
use crate::flight::{Leader, block_on};
use crate::policy::Policy;
use crate::shape::shared::SharedShape;

/// A refresh. Unlike a call, it fails with the backend: it exists for its effect there.
pub struct Refreshing<S: SharedShape> {
    asking: Option<Result<Asking<S>, Error>>,
    /// Once it has been asked for on a thread.
    lead: Option<Result<Box<Lead<S>>, Error>>,
}

/// A refresh that has not begun.
type Asking<S> = (Caller<S>, Approach, Leader);

impl<S: SharedShape> Refreshing<S> {
    pub(crate) fn new(caller: Result<Caller<S>, Error>, leader: Leader) -> Self {
        let asking = caller.map(|caller| {
            let approach = Approach::aside(&caller, leader);
            (caller, approach, leader)
        });
        Self { asking: Some(asking), lead: None }
    }

    /// Copies the arguments for `on_miss`. The copying is part of the computation.
    pub fn on_miss<A>(&self, copy: impl FnOnce() -> A) -> Option<A> {
        let (_, approach, _) = self.asking.as_ref()?.as_ref().ok()?;
        Some(approach.within(copy).unwrap_or_else(|panic| resume_unwind(panic)))
    }

    async fn begin(asking: Result<Asking<S>, Error>, call: CallMode) -> Result<Box<Lead<S>>, Error> {
        let (caller, approach, leader) = asking?;
        let fence = caller.begin_over(call).await?;
        let lead = Lead::begin(caller, Stage::Airborne(fence), Purpose::Refresh, leader);
        drop(approach);
        Ok(lead)
    }

    /// See [`Turn::is_direct`](crate::call::Turn::is_direct): here a body never is.
    pub fn is_direct(&self) -> bool {
        false
    }

    /// Begins, and runs the body.
    pub fn run(&mut self, returned: &mut Place<S::Return>, body: impl FnOnce() -> S::Return) {
        let Some(asking) = self.asking.take() else { return };
        let mut lead = block_on(Self::begin(asking, CallMode::BLOCKING));
        if let Ok(lead) = &mut lead {
            **returned = Some(lead.run(body));
        }
        self.lead = Some(lead);
    }

    /// Stores what it returned.
    pub fn end(
        &mut self,
        policy: impl FnOnce() -> Policy<(), S>,
        returned: &mut Place<S::Return>,
    ) -> Result<S::Return, Error> {
        let lead = self.lead.take().expect("the body has been run, or could not be")?;
        let returned = returned.take().expect("the body has been run");
        lead.finish(&policy(), &returned).map(|()| returned)
    }

    /// Awaits the body and stores what it returns.
    pub async fn run_async<F: Future<Output = S::Return>>(
        mut self,
        policy: impl FnOnce() -> Policy<(), S>,
        body: F,
    ) -> Result<S::Return, Error> {
        let Some(asking) = self.asking.take() else { unreachable!("it is run once") };
        let lead = Self::begin(asking, CallMode::ASYNC).await?;
        let (returned, stored) = lead.run_async(policy(), body).await;
        stored.map(|()| returned)
    }
}
