//! A computation for a shared backend. Its flight begins when the backend is asked to begin, so that one flight does for a
//! miss; the fence that the backend gives is the next *stage* of it.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use super::key::CacheKey;
use super::remote_call::{RemoteCall, waits};
use super::renewal::Renewal;
use crate::Error;
use crate::backend::{Commit, Fence};
use crate::call::judge::Seal;
use crate::call::{Errand, Landed, LeaderGuard, Pending};
use crate::flight::table::Others;
use crate::flight::{Flight, Landing, Purpose, Settled};
use crate::shape::shared::SharedShape;
use crate::stats::Count;
use crate::sync::lock;
use crate::time::Deadline;

/// A key in the entries of flights.
pub struct RemoteKey(pub(super) Arc<CacheKey>);

/// The errand of a computation for a shared backend.
pub struct OnBackend {
    pub(super) call: RemoteCall,
    stage: OnceLock<Stage>,
    /// The backend's error, where it answered with one instead of beginning.
    pub(super) refused: OnceLock<Error>,
    began: OnceLock<Instant>,
    renewal: Mutex<Option<Renewal>>,
}

/// How far a computation is, once the backend has answered.
#[derive(Clone)]
pub(crate) enum Stage {
    /// It has begun with this fence.
    Fenced(Fence),
    /// It has begun without the backend, which does not know of it: nothing of it is stored.
    Unfenced,
}

/// An entry as a backend stores it, and its lifetime.
pub(crate) struct Sealed {
    bytes: Vec<u8>,
    lifetime: Option<Duration>,
}

impl OnBackend {
    /// Of a computation that asks its backend.
    pub(super) fn new(call: RemoteCall) -> Self {
        Self {
            call,
            stage: OnceLock::new(),
            refused: OnceLock::new(),
            began: OnceLock::new(),
            renewal: Mutex::default(),
        }
    }

    /// `None` as long as the backend is asked.
    pub(super) fn stage(&self) -> Option<&Stage> {
        self.stage.get()
    }

    fn fence(&self) -> Option<&Fence> {
        match self.stage.get()? {
            Stage::Fenced(fence) => Some(fence),
            Stage::Unfenced => None,
        }
    }

    /// The backend has answered: the body is to run.
    fn enter(&self, stage: Stage) {
        self.call.counters().begins();
        if let Stage::Fenced(fence) = &stage {
            *lock(&self.renewal) = Some(Renewal::of(&self.call, fence));
        }
        let _ = self.began.set(Instant::now());
        let _ = self.stage.set(stage);
    }
}

/// Goes on from asking the backend to computing, and wakes callers that wait for the answer.
pub(super) fn enter(guard: &LeaderGuard<OnBackend>, stage: Stage) {
    if let Some(flight) = guard.flight() {
        flight.errand.enter(stage);
        flight.move_on();
    }
}

impl Errand for OnBackend {
    type Sealed = Sealed;
    type Leftovers = Others;

    fn start(flight: &Arc<Flight<Self>>) -> Option<Pending<Result<(), Error>>> {
        if flight.errand.stage().is_some() {
            return None;
        }
        let flight = flight.clone();
        Some(Box::pin(async move {
            let errand = &flight.errand;
            let mut asking = Box::pin(errand.call.begin_over(waits(flight.driver)));
            let fence = poll_fn(|task| {
                flight.polled_by(task.waker());
                asking.as_mut().poll(task)
            });
            errand.enter(Stage::Fenced(fence.await?));
            flight.move_on();
            Ok(())
        }))
    }

    fn land(flight: &Arc<Flight<Self>>, landing: Landing<Sealed>, leftovers: &mut Others) -> Landed {
        let errand = &flight.errand;
        let mut ended = Ok(());
        match (landing, errand.fence()) {
            (Landing::Store(sealed), Some(fence)) => {
                return Landed::Pending(Box::pin(commit(flight.clone(), fence.clone(), Some(sealed))));
            }
            (Landing::Remove, Some(fence)) => {
                return Landed::Pending(Box::pin(commit(flight.clone(), fence.clone(), None)));
            }
            (Landing::Failed(error), _) => {
                ended = Err(error);
                errand.call.counters().count(Count::Errors);
                errand.call.shared.inner().learn(&ended);
            }
            _ => {}
        }
        release(errand, true);
        *leftovers = end(flight, false);
        Landed::Done(ended)
    }

    fn end(
        flight: &Arc<Flight<Self>>,
        answer: Result<bool, Error>,
        leftovers: &mut Others,
    ) -> Result<(), Error> {
        if answer.is_err() {
            // If the commit did not arrive, others would wait for it until the lease is over.
            release(&flight.errand, true);
        }
        *leftovers = end(flight, matches!(answer, Ok(true)));
        answer.map(drop)
    }

    fn give_up(flight: &Arc<Flight<Self>>, how: &Settled, leftovers: &mut Others) {
        release(&flight.errand, !matches!(how, Settled::Abandoned));
        *leftovers = end(flight, false);
    }
}

/// Tells the backend that the computation ended without a value.
fn release(errand: &OnBackend, failed: bool) {
    if let Some(fence) = errand.fence() {
        errand.call.release(fence.clone(), failed);
    }
}

/// Takes the flight off its table.
fn end(flight: &Flight<OnBackend>, stored: bool) -> Others {
    let errand = &flight.errand;
    let renewal = lock(&errand.renewal).take();
    drop(renewal);
    if errand.stage().is_some() {
        errand.call.counters().lands(false);
    }
    errand.call.at_key().end(flight, stored)
}

/// Stores a value; or without one, removes the entry that the computation was to replace. Whether a value is stored.
async fn commit(flight: Arc<Flight<OnBackend>>, fence: Fence, sealed: Option<Sealed>) -> Result<bool, Error> {
    let call = &flight.errand.call;
    let refresh = flight.purpose == Purpose::Refresh;
    if !refresh {
        call.admit()?;
    }
    let (bytes, lifetime) = sealed.map_or((None, None), |sealed| (Some(sealed.bytes), sealed.lifetime));
    let commit = Commit::new(&fence, bytes.as_deref()).lifetime(lifetime).refresh(refresh);
    let stored = call.ask(|backend| backend.commit(&call.key.wire, commit, waits(flight.driver))).await?;
    if refresh {
        let overtaken = call.at_key().overtake(flight.ticket);
        drop(overtaken);
    }
    let is_there = stored && bytes.is_some();
    match is_there {
        true => {
            call.counters().count(Count::Stores);
            call.state.hints.there(call.key.hash, Deadline::after(lifetime));
        }
        false => call.state.hints.gone(call.key.hash),
    }
    Ok(is_there)
}

impl<S: SharedShape> Seal<RemoteKey, S> for OnBackend {
    fn seal(
        flight: &Flight<Self>,
        returned: &S::Return,
        lifetime: Option<Duration>,
        _: u32,
    ) -> Landing<Sealed> {
        let errand = &flight.errand;
        // Without a fence it is not stored, and need not be encoded.
        if errand.fence().is_none() {
            return Landing::Nothing;
        }
        let computed_in = errand.began.get().map_or(Duration::ZERO, Instant::elapsed);
        match errand.call.seal::<S>(returned, lifetime, computed_in) {
            Ok(bytes) => Landing::Store(Sealed { bytes, lifetime }),
            Err(error) => Landing::Failed(error),
        }
    }
}
