//! Step two of a call: after a miss, share a computation under way or become the one that leads it. Written once; a place
//! looks under a key, and begins there.

use std::future::Future;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use super::errand::Errand;
use super::guard::LeaderGuard;
use crate::entry::{AnyEntry, FunctionState};
use crate::event::{self, Event, EventKind};
use crate::flight::context::NoWait;
use crate::flight::table::{AtKey, Relief};
use crate::flight::{self, Bound, Driver, Flight, Purpose, Settled, Waited};
use crate::hooks::{self, Point};
use crate::stats::Count;

/// With whom a call shares a computation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinMode {
    /// With the callers of this process.
    Process,
    /// With those of all processes that share the place.
    Fleet,
    /// As `Fleet`, for a body that must not run twice at a time: when a run fails, its followers do not compute side by
    /// side, but one of them has the next try.
    Claim,
    /// With none.
    Alone,
}

impl JoinMode {
    /// Whether the body must not run twice at a time.
    pub(crate) fn is_exclusive(self) -> bool {
        self == Self::Claim
    }
}

/// How long and for whom a call waits.
#[derive(Clone, Copy)]
pub(crate) struct Waiter {
    pub(crate) mode: JoinMode,
    pub(crate) driver: Driver,
    pub(crate) max_wait: Duration,
}

impl Waiter {
    pub(crate) fn new(mode: JoinMode, driver: Driver, max_wait: Duration) -> Self {
        Self { mode, driver, max_wait }
    }

    /// Whether the caller may wait for a computation: a thread that waits for a task may be the one that has to run it.
    pub(crate) fn may_wait_for(&self, flight: &Flight) -> bool {
        self.driver == Driver::Task || flight.driver == Driver::Thread
    }
}

/// A call that has found no value, at one kind of place.
pub(crate) trait Join: Send {
    type Errand: Errand;
    /// Where the value is that the call is to have.
    type Found: From<Arc<dyn AnyEntry>> + Send;

    fn waiter(&mut self) -> &mut Waiter;
    fn state(&self) -> &Arc<FunctionState>;
    /// Locks the flights and the fence that this process has under the key.
    fn at_key(&self) -> AtKey<'_>;
    /// Whether the entry is of this very key and has a value.
    fn is_mine(&self, entry: &dyn AnyEntry) -> bool;
    /// Whether the value of another call may be this one's.
    fn may_share(&self) -> bool {
        true
    }
    /// Whether it is news that callers wait for too long.
    fn is_stuck_news(&self) -> bool {
        true
    }
    /// Looks under the key, once.
    fn next(&mut self) -> impl Future<Output = Next<Self>> + Send;
    /// Begins a computation, where other callers find it if its purpose says so.
    fn begin(&self, key: &mut AtKey<'_>, purpose: Purpose) -> LeaderGuard<Self::Errand>;
    /// Begins at the place a computation that has begun in this process, beside one that takes too long.
    fn relieve(
        &mut self,
        guard: LeaderGuard<Self::Errand>,
        overdue: &Flight,
    ) -> impl Future<Output = Joined<Self>> + Send;
    /// Computes for this caller alone.
    fn aside(&mut self) -> impl Future<Output = Joined<Self>> + Send;
}

/// The end of a join.
pub(crate) enum Joined<J: Join + ?Sized> {
    /// Return this value.
    Found(J::Found),
    /// Compute, for all callers that join.
    Leader(LeaderGuard<J::Errand>),
    /// Compute, and leave the cache alone.
    Bypass,
}

/// One look under a key.
pub(crate) enum Next<J: Join + ?Sized> {
    Joined(Joined<J>),
    /// A computation of this process that the call may share.
    Wait(Arc<Flight>),
    /// Something has changed.
    #[cfg_attr(not(feature = "shared"), expect(dead_code, reason = "a memory looks again by itself"))]
    Again,
}

/// The end of a wait.
pub(crate) enum Ended<J: Join + ?Sized> {
    /// It looks again.
    Again,
    /// It computes for itself.
    Aside,
    /// It has the value of that entry.
    Share(Arc<dyn AnyEntry>),
    /// It has begun one more computation.
    Relieves(LeaderGuard<J::Errand>),
    /// It computes without the cache: the computation waits for this call.
    Circle,
}

/// Finds a value or a computation to lead.
pub(crate) async fn join<J: Join>(call: &mut J) -> Joined<J> {
    // How long the call has waited for computations, once it has.
    let mut bound = None;
    loop {
        let flight = match call.next().await {
            Next::Joined(joined) => return joined,
            Next::Again => continue,
            Next::Wait(flight) => flight,
        };
        let Waiter { max_wait, driver, .. } = *call.waiter();
        let bound = bound.get_or_insert_with(|| Bound::new(max_wait, driver));
        match wait(call, &flight, bound, false).await {
            Ended::Again => {}
            Ended::Circle => return Joined::Bypass,
            Ended::Share(entry) if call.is_mine(&*entry) => {
                call.state().counters.count(Count::Joined);
                return Joined::Found(entry.into());
            }
            Ended::Share(_) | Ended::Aside => return call.aside().await,
            Ended::Relieves(guard) => return call.relieve(guard, &flight).await,
        }
    }
}

/// Waits for a computation as long as the call may; `for_stage`, for its next stage only.
pub(crate) async fn wait<J: Join>(
    call: &mut J,
    flight: &Arc<Flight>,
    bound: &mut Bound,
    for_stage: bool,
) -> Ended<J> {
    let mut wait = match flight::wait(flight.clone(), for_stage) {
        Ok(wait) => wait,
        Err(NoWait::Circle) => return Ended::Circle,
        Err(NoWait::Settled(how)) => return after(call, flight, how),
    };
    let driver = call.waiter().driver;
    if !for_stage {
        let gate = hooks::held(call.state().function, Point::Waiting);
        match driver {
            Driver::Thread => gate.block(),
            Driver::Task => gate.await,
        }
    }
    loop {
        let waited = match driver {
            Driver::Thread => bound.block_on(&mut wait),
            Driver::Task => bound.wait(&mut wait).await,
        };
        match waited {
            Some(Waited::Settled(how)) => return after(call, flight, how),
            Some(Waited::Moved) => return Ended::Again,
            // The leader is not polled while this call waits for it.
            Some(Waited::Parked) => return Ended::Aside,
            None => {
                if let Some(ended) = overdue(call, flight, bound) {
                    return ended;
                }
            }
        }
    }
}

/// The table of outcomes: the end of a wait, by how the computation ended.
fn after<J: Join>(call: &mut J, flight: &Flight, how: Settled) -> Ended<J> {
    let exclusive = call.waiter().mode.is_exclusive();
    match how {
        Settled::Abandoned => Ended::Again,
        Settled::Unshared if exclusive => Ended::Again,
        // In turn, failing callers would form a convoy: side by side.
        Settled::Unshared => Ended::Aside,
        Settled::Shared | Settled::Elsewhere(_) if !call.may_share() => Ended::Again,
        Settled::Shared => Ended::Share(flight.entry.clone()),
        Settled::Elsewhere(entry) => Ended::Share(entry),
        Settled::Panicked(message) => {
            call.state().counters.count(Count::Joined);
            let message = message.as_deref().unwrap_or("no message");
            resume_unwind(Box::new(format!("the computation that this call shared panicked: {message}")))
        }
    }
}

/// The call has waited for as long as it may. So it begins one more computation, if no other call did so lately; else it
/// goes on waiting.
#[cold]
fn overdue<J: Join>(call: &mut J, flight: &Arc<Flight>, bound: &mut Bound) -> Option<Ended<J>> {
    if call.waiter().mode.is_exclusive() {
        bound.ask_at(None);
        if flight.is_to_be_told() && call.is_stuck_news() {
            tell_stuck(call.state(), bound.max_wait);
        }
        return None;
    }
    let mut key = call.at_key();
    match key.relief(flight, bound) {
        Relief::Now => Some(Ended::Relieves(call.begin(&mut key, Purpose::Relief))),
        Relief::Later(due) => {
            bound.ask_at(due);
            None
        }
        Relief::LookAgain => Some(Ended::Again),
    }
}

/// Tells that callers wait for a run of `store_result = false`, beside which none may begin.
pub(crate) fn tell_stuck(state: &FunctionState, waited: Duration) {
    let message = format!(
        "calls have waited {waited:?} for a run that has not ended, and `store_result = false` lets none begin beside it: \
         either the run takes long, or it waits for what its waiters hold, such as a thread of a pool or a worker of a \
         runtime"
    );
    let function = state.function.to_owned();
    event::tell(&Event { kind: EventKind::Stuck, function, message, ..Event::default() });
}
