//! From a call to a value or a computation: read, share a computation of this process, wait for one of the fleet, or lead.
//!
//! Only the backend knows of the changes that other processes made to a key. So a call that would share a computation asks whether
//! its fence still stands, in the same request that would begin one.

use std::sync::Arc;
use std::time::Duration;

use super::errand::{OnBackend, RemoteKey, Stage, enter};
use super::remote_call::{RemoteCall, waits};
use super::types::Types;
use crate::backend::{Begun, Fence, Predecessor};
use crate::call::join::{Ended, Join, Joined, Next, Waiter, join, wait};
use crate::call::{JoinMode, LeaderGuard};
use crate::entry::{AnyEntry, FunctionState};
use crate::flight::table::AtKey;
use crate::flight::{Bound, Driver, Flight, NewFlight, Purpose};
use crate::hooks::{self, Point};
use crate::{Error, ErrorKind};

/// A call on a shared backend that has no value yet.
pub struct Miss {
    pub(super) call: RemoteCall,
    types: Types,
    pub(super) waiter: Waiter,
    /// Why the backend did not answer this call.
    pub(super) down: Option<Error>,
    /// Whether the call begins although there is an entry: one that must not be served.
    pub(super) over: bool,
    progress: Progress,
    /// A flight that asks the backend, while the entry is looked at that came instead of a fence.
    asking: Option<LeaderGuard<OnBackend>>,
}

/// How far a call is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// It has not read.
    New,
    /// It has read, and not found a value.
    Missed,
    /// It looks for a flight of this process under the key.
    Looking,
    /// It has found an entry that must not be served.
    Over,
}

/// Where a value is.
pub(crate) enum Finding {
    /// In the entry of a computation that the call shared.
    Entry(Arc<dyn AnyEntry>),
    /// In the backend's answer.
    Bytes(Vec<u8>),
}

impl From<Arc<dyn AnyEntry>> for Finding {
    fn from(entry: Arc<dyn AnyEntry>) -> Self {
        Self::Entry(entry)
    }
}

/// The flight of this process under a key, if there is one.
enum Local {
    /// Nothing; the caller has announced itself.
    Vacant(LeaderGuard<OnBackend>),
    /// Nothing; the caller computes without the backend, which is down.
    Down(LeaderGuard<OnBackend>),
    /// A flight that asks the backend.
    Asking(Arc<Flight>),
    /// A computation with this fence.
    Fenced(Arc<Flight>, Fence),
    /// A computation of which the backend does not know.
    Unfenced(Arc<Flight>),
    /// Nothing that this call could share.
    Apart,
}

impl Miss {
    pub(super) fn new(call: RemoteCall, types: Types) -> Self {
        let max_wait = call.shared.inner().max_wait;
        let waiter = Waiter::new(JoinMode::Process, Driver::Thread, max_wait);
        Self { call, types, waiter, down: None, over: false, progress: Progress::New, asking: None }
    }

    pub(super) fn max_wait(&mut self, max_wait: Duration) {
        self.waiter.max_wait = max_wait;
    }

    pub(super) fn by(&mut self, mode: JoinMode, driver: Driver) {
        (self.waiter.mode, self.waiter.driver) = (mode, driver);
    }

    /// Whether the call is about the fleet.
    pub(super) fn is_of_fleet(&self) -> bool {
        matches!(self.waiter.mode, JoinMode::Fleet | JoinMode::Claim)
    }

    /// The entry that was found must not be served: the call goes on.
    #[cold]
    pub(super) fn is_over(&mut self) {
        self.over = true;
        if self.progress == Progress::Looking {
            self.progress = Progress::Over;
        }
    }

    /// Finds a value or a computation to lead.
    pub(super) async fn find(&mut self) -> Joined<Self> {
        if self.progress == Progress::New {
            self.progress = Progress::Missed;
            if self.call.state.hints.expects(self.call.key.hash) {
                match self.admitted_read().await {
                    Ok(Some(bytes)) => return Joined::Found(Finding::Bytes(bytes)),
                    Ok(None) => {}
                    Err(error) => self.down = Some(error),
                }
            }
        }
        // Boxed, so that the future of a hit is small.
        Box::pin(self.miss()).await
    }

    #[cold]
    async fn miss(&mut self) -> Joined<Self> {
        if self.progress == Progress::Missed {
            hooks::held(self.call.state.function.function, Point::Missed).await;
            if self.down.is_none() {
                self.down = self.call.admit().err();
            }
        }
        join(self).await
    }

    async fn admitted_read(&self) -> Result<Option<Vec<u8>>, Error> {
        self.call.admit()?;
        self.call.read_bytes(waits(self.waiter.driver)).await
    }

    fn local(&self) -> Local {
        let exclusive = self.waiter.mode.is_exclusive();
        if self.waiter.mode == JoinMode::Alone {
            return Local::Apart;
        }
        let mut key = self.at_key();
        let Some(flight) = key.flight().cloned() else {
            if self.is_cut_off() || self.down.is_some() && exclusive {
                let guard = self.begin(&mut key, Purpose::Fill);
                drop(key);
                enter(&guard, Stage::Unfenced);
                return Local::Down(guard);
            }
            return match self.down {
                Some(_) => Local::Apart,
                None => Local::Vacant(self.begin(&mut key, Purpose::Fill)),
            };
        };
        drop(key);
        let errand = self.errand_of(&flight).filter(|_| self.waiter.may_wait_for(&flight));
        match errand.map(OnBackend::stage) {
            None => Local::Apart,
            Some(None) => Local::Asking(flight),
            Some(Some(Stage::Fenced(fence))) => {
                let fence = fence.clone();
                Local::Fenced(flight, fence)
            }
            Some(Some(Stage::Unfenced)) => Local::Unfenced(flight),
        }
    }

    /// Whether this process cannot ask the backend. A backend that answers with an error is asked by others, too:
    /// then the computation of another call may be overtaken, and no caller here would know.
    pub(super) fn is_cut_off(&self) -> bool {
        let answers = |error: &Error| matches!(error.kind(), ErrorKind::Backend | ErrorKind::Codec);
        self.down.as_ref().is_some_and(|error| !answers(error))
    }

    /// A computation of which the backend does not know.
    fn unfenced(&self) -> Option<Arc<Flight>> {
        let flight = self.at_key().flight().cloned()?;
        let is_unfenced = matches!(self.errand_of(&flight)?.stage(), Some(Stage::Unfenced));
        is_unfenced.then_some(flight)
    }

    /// The errand of a flight, if it is of this very key.
    fn errand_of<'f>(&self, flight: &'f Flight) -> Option<&'f OnBackend> {
        flight.errand_as().filter(|_| self.is_own(&*flight.entry))
    }

    /// Whether an entry is of this very key, and of the function's types.
    fn is_own(&self, entry: &dyn AnyEntry) -> bool {
        let key: Option<&RemoteKey> = entry.key().downcast_ref();
        key.is_some_and(|key| key.0.wire == self.call.key.wire) && (self.types.fits)(entry)
    }

    /// Asks the backend first, on behalf of all callers that wait for the answer.
    async fn ask(&mut self, guard: LeaderGuard<OnBackend>, before: Option<Predecessor>) -> Joined<Self> {
        let begun = guard.polled(self.begin_after(before, None)).await;
        if let (Some(error), Some(flight)) =
            (self.down.as_ref().filter(|_| !self.is_cut_off()), guard.flight())
        {
            let _ = flight.errand.refused.set(error.clone());
        }
        self.begun(begun, Some(guard), Purpose::Fill)
    }

    /// Shares a computation if no invalidation, of any process, has overtaken it.
    async fn check(&mut self, flight: Arc<Flight>, fence: Fence) -> Next<Self> {
        match self.begin_after(None, Some(fence)).await {
            Ok(Begun::Standing) => Next::Wait(flight),
            // Another caller was here before, since the invalidation.
            Ok(Begun::Fence(begun)) if self.has_been_begun(&begun, &flight) => {
                self.call.release(begun, false);
                Next::Again
            }
            begun => Next::Joined(self.begun(begun, None, Purpose::Fill)),
        }
    }

    /// A call computes without the backend. So does this call, together with it, if it cannot reach the backend either.
    async fn try_again(&mut self, flight: Arc<Flight>) -> Next<Self> {
        match self.begin_after(None, None).await {
            Err(_) if self.is_cut_off() || self.waiter.mode.is_exclusive() => Next::Wait(flight),
            begun => Next::Joined(self.begun(begun, None, Purpose::Fill)),
        }
    }

    /// Waits until another call of this process has heard from the backend. If there is a value now, all
    /// waiting callers read it at once.
    async fn await_answer(&mut self, flight: Arc<Flight>) -> Next<Self> {
        /// No body runs meanwhile, so a call that takes longer is not polled any more.
        const PATIENCE: Duration = Duration::from_secs(1);
        let fleet = if self.is_of_fleet() { self.waiter.max_wait } else { Duration::ZERO };
        let mut bound = Bound::new(PATIENCE.saturating_add(fleet), Driver::Task);
        match wait(self, &flight, &mut bound, true).await {
            Ended::Circle => return Next::Joined(Joined::Bypass),
            Ended::Aside => return Next::Joined(self.aside().await),
            Ended::Relieves(guard) => return Next::Joined(self.ask(guard, None).await),
            Ended::Again | Ended::Share(_) => {}
        }
        if let Some(error) = self.errand_of(&flight).and_then(|errand| errand.refused.get()) {
            // The refusal concerns this call as well: it need not ask again.
            self.down = Some(error.clone());
            return Next::Again;
        }
        if self.call.state.hints.expects(self.call.key.hash) {
            match self.admitted_read().await {
                Ok(Some(bytes)) => return Next::Joined(Joined::Found(Finding::Bytes(bytes))),
                Ok(None) => {}
                Err(error) => self.down = Some(error),
            }
        } else if let Some(unfenced) = self.unfenced() {
            // The backend did not answer the call that this one waited for, so it need not be asked again.
            return Next::Wait(unfenced);
        }
        Next::Again
    }

    /// Takes the value that was found, or computes: in the flight that has asked, or in another one.
    fn begun(
        &mut self,
        begun: Result<Begun, Error>,
        guard: Option<LeaderGuard<OnBackend>>,
        purpose: Purpose,
    ) -> Joined<Self> {
        let (stage, purpose) = match begun {
            // Not if the backend was to begin over any value.
            Ok(Begun::Value(stored)) if !self.over => {
                self.asking = guard;
                return Joined::Found(Finding::Bytes(stored.value));
            }
            Ok(Begun::Fence(fence)) => (Stage::Fenced(fence), purpose),
            // Without a fence, nothing is stored; and nothing is shared with callers that can ask.
            _ if self.is_cut_off() || self.waiter.mode.is_exclusive() => (Stage::Unfenced, purpose),
            _ => (Stage::Unfenced, Purpose::Aside),
        };
        let guard = match guard {
            Some(guard) if purpose != Purpose::Aside => guard,
            asking => {
                // Callers that wait for the answer look again.
                drop(asking);
                self.begin(&mut self.at_key(), purpose)
            }
        };
        enter(&guard, stage);
        Joined::Leader(guard)
    }

    /// Whether callers of this process can share a computation of the same epoch, other than the one that does not
    /// stand any more.
    fn has_been_begun(&self, begun: &Fence, fallen: &Arc<Flight>) -> bool {
        let flight = self.at_key().flight().filter(|flight| !Arc::ptr_eq(flight, fallen)).cloned();
        match flight.as_ref().and_then(|flight| self.errand_of(flight)).and_then(OnBackend::stage) {
            Some(Stage::Fenced(fence)) => fence.epoch == begun.epoch && fence.generation == begun.generation,
            Some(Stage::Unfenced) | None => false,
        }
    }
}

impl Join for Miss {
    type Errand = OnBackend;
    type Found = Finding;

    fn waiter(&mut self) -> &mut Waiter {
        &mut self.waiter
    }

    fn state(&self) -> &Arc<FunctionState> {
        &self.call.state.function
    }

    fn at_key(&self) -> AtKey<'_> {
        self.call.at_key()
    }

    fn is_mine(&self, entry: &dyn AnyEntry) -> bool {
        self.is_own(entry) && entry.is_filled()
    }

    /// Not for a run that is to be the only one, if the backend did not answer: then the other run has no right either.
    fn may_share(&self) -> bool {
        let is_refused = self.down.is_some() && !self.is_cut_off();
        !(self.waiter.mode.is_exclusive() && is_refused)
    }

    fn is_stuck_news(&self) -> bool {
        self.call.state.is_stuck_news()
    }

    async fn next(&mut self) -> Next<Self> {
        if let Some(asking) = self.asking.take() {
            return Next::Joined(self.ask(asking, None).await);
        }
        if self.progress == Progress::Looking {
            // The computation that was waited for may have replaced the unfit entry.
            self.over = false;
        }
        self.progress = Progress::Looking;
        if self.call.is_recursion() {
            return Next::Joined(Joined::Bypass);
        }
        match self.local() {
            Local::Vacant(guard) => Next::Joined(self.ask(guard, None).await),
            Local::Down(guard) => Next::Joined(Joined::Leader(guard)),
            Local::Asking(flight) => self.await_answer(flight).await,
            Local::Fenced(flight, fence) => self.check(flight, fence).await,
            Local::Unfenced(flight) => self.try_again(flight).await,
            Local::Apart => Next::Joined(self.aside().await),
        }
    }

    fn begin(&self, key: &mut AtKey<'_>, purpose: Purpose) -> LeaderGuard<OnBackend> {
        LeaderGuard::of(key.begin(NewFlight {
            entry: (self.types.vacant)(RemoteKey(self.call.key.clone())),
            generation: self.call.state.function.generation(),
            driver: self.waiter.driver,
            purpose,
            place: self.call.shared.address(),
            errand: OnBackend::new(self.call.clone()),
        }))
    }

    async fn relieve(&mut self, guard: LeaderGuard<OnBackend>, overdue: &Flight) -> Joined<Self> {
        let before = match self.errand_of(overdue).and_then(OnBackend::stage) {
            Some(Stage::Fenced(fence)) => Some(Predecessor::new(fence.token, None)),
            Some(Stage::Unfenced) | None => None,
        };
        self.ask(guard, before).await
    }

    async fn aside(&mut self) -> Joined<Self> {
        let mode = self.waiter.mode;
        if !mode.is_exclusive() {
            self.waiter.mode = JoinMode::Alone;
        }
        let begun = self.begin_after(None, None).await;
        self.waiter.mode = mode;
        self.begun(begun, None, Purpose::Aside)
    }
}
