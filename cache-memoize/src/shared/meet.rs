//! Waits for what another call of this process does: asks the backend, or computes.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use super::caller::{Caller, Found};
use super::lead::{Approach, Carried, Stage};
use super::lookup::{How, Next};
use super::turn::Turn;
use crate::backend::Predecessor;
use crate::call::lead::Purpose;
use crate::call::stuck;
use crate::entry::AnyEntry;
use crate::event;
use crate::flight::context::NoWait;
use crate::flight::table::Relief;
use crate::flight::{self, Bound, Flight, Leader, Settled, Wait, Waited};
use crate::hooks::Point;
use crate::shape::shared::SharedShape;
use crate::stats::Count;

/// How a wait for a call of this process ended.
enum Over {
    Waited(Waited),
    /// This call is to do once more what the other one does.
    Relief,
    /// There is another one to wait for, or none.
    LookAgain,
}

impl<S: SharedShape> Caller<S> {
    /// How long the call may wait for a computation.
    pub(super) fn max_wait(&self) -> Duration {
        self.max_wait.map_or(self.shared.inner().max_wait, |max_wait| max_wait())
    }

    /// Waits until another call of this process has heard from the backend. If there is a value now, all who waited read
    /// it at once.
    pub(super) async fn await_approach(mut self, flight: Arc<Flight>, how: How, over: bool) -> Next<S> {
        /// No body runs meanwhile, so a call that takes longer is not polled any more.
        const PATIENCE: Duration = Duration::from_secs(1);
        let fleet = if how.fleet { self.max_wait() } else { Duration::ZERO };
        let mut bound = Bound::new(PATIENCE.saturating_add(fleet), Leader::Task);
        match self.waited(&flight, &mut bound, false).await {
            Err(NoWait::Circle) => return Ok(Turn::Uncached),
            Err(NoWait::Settled(_)) | Ok(Over::Waited(Waited::Settled(_))) => {}
            Ok(Over::LookAgain) => return Err(self),
            Ok(Over::Waited(Waited::Parked)) => return Ok(self.aside(how, over).await),
            Ok(Over::Relief) => {
                let approach = Approach::announce(&mut self.at_key(), &self, how.leader(), Purpose::Relief);
                return Ok(self.approach(approach, how, over).await);
            }
        }
        let carried = flight.entry.key().downcast_ref::<Carried>();
        if let Some(error) = carried.and_then(|carried| carried.refused.get()) {
            // What was refused to the other call need not be asked again.
            self.down = Some(error.clone());
            return Err(self);
        }
        if self.scope.hints.expects(self.key.hash) {
            match self.admitted_read(how.call).await {
                Ok(Found::Value(value)) => return Ok(self.hit(value)),
                Ok(Found::Unfit | Found::Nothing) => {}
                Err(error) => self.down = Some(error),
            }
        } else if let Some(blind) = self.blind() {
            // The backend did not answer whom this call waited for, so it need not be asked again.
            return self.wait(blind, how, false).await;
        }
        Err(self)
    }

    /// Waits for a computation of this process.
    pub(super) async fn wait(mut self, flight: Arc<Flight>, how: How, over: bool) -> Next<S> {
        let mut bound = self.bound.take().unwrap_or_else(|| Bound::new(self.max_wait(), how.leader()));
        let waited = self.waited(&flight, &mut bound, how.exclusive).await;
        self.bound = Some(bound);
        match waited {
            Err(NoWait::Circle) => Ok(Turn::Uncached),
            Err(NoWait::Settled(how_it_ended)) => self.after(&flight, how_it_ended, how, over).await,
            Ok(Over::Waited(Waited::Settled(how_it_ended))) => {
                self.after(&flight, how_it_ended, how, over).await
            }
            // Nobody waits for a leader that is not polled.
            Ok(Over::Waited(Waited::Parked)) => Ok(self.aside(how, over).await),
            Ok(Over::Relief) => Ok(self.relieve(&flight, how, over).await),
            Ok(Over::LookAgain) => Err(self),
        }
    }

    /// Waits for as long as this call may.
    async fn waited(&self, flight: &Arc<Flight>, bound: &mut Bound, exclusive: bool) -> Result<Over, NoWait> {
        let mut wait: Wait = flight::wait(flight.clone())?;
        if flight.entry.key().downcast_ref::<Carried>().is_some_and(Carried::is_computed) {
            self.at(Point::Waiting).await;
        }
        loop {
            if let Some(waited) = bound.wait(&mut wait).await {
                return Ok(Over::Waited(waited));
            }
            if exclusive {
                bound.ask_at(None);
                if flight.is_to_be_told() && self.scope.is_stuck_news() {
                    event::tell(&stuck(self.scope.scope.function, bound.max_wait));
                }
                continue;
            }
            let relief = self.at_key().relief(flight, bound);
            match relief {
                Relief::Now => return Ok(Over::Relief),
                Relief::Later(due) => bound.ask_at(due),
                Relief::LookAgain => return Ok(Over::LookAgain),
            }
        }
    }

    /// What to do when the computation that this call waited for has ended.
    async fn after(self, flight: &Arc<Flight>, ended: Settled, how: How, over: bool) -> Next<S> {
        match ended {
            Settled::Abandoned => Err(self),
            Settled::Unshared if how.exclusive => Err(self),
            // The backend was not asked who may run, so this is not the run that the call asks for.
            Settled::Shared | Settled::Elsewhere(_) if how.exclusive && self.is_refused() => Err(self),
            Settled::Shared => self.share(&*flight.entry, how, over).await,
            Settled::Elsewhere(entry) => self.share(&*entry, how, over).await,
            Settled::Panicked(message) => {
                self.counters().count(Count::Joined);
                let message = message.as_deref().unwrap_or("no message");
                resume_unwind(Box::new(format!("the computation that this call shared panicked: {message}")))
            }
            // In turn, failing callers would form a convoy: side by side.
            Settled::Unshared => Ok(self.aside(how, over).await),
        }
    }

    fn is_refused(&self) -> bool {
        self.down.is_some() && !self.is_cut_off()
    }

    /// The value of another's computation.
    async fn share(self, entry: &dyn AnyEntry, how: How, over: bool) -> Next<S> {
        match self.own(entry).and_then(|entry| entry.value.get()).cloned() {
            Some(value) => {
                self.counters().count(Count::Joined);
                Ok(Turn::Hit(value))
            }
            None => Ok(self.aside(how, over).await),
        }
    }

    /// Begins one more computation, beside one that takes too long; for all who come from now on.
    async fn relieve(mut self, flight: &Arc<Flight>, how: How, over: bool) -> Turn<S> {
        let before = match flight.entry.key().downcast_ref::<Carried>().map(|carried| &carried.stage) {
            Some(Stage::Airborne(fence)) => Some(Predecessor::new(fence.token, None)),
            _ => None,
        };
        let begun = self.begin_after(before, None, how, over).await;
        self.settled(begun, how, Purpose::Relief).await
    }
}
