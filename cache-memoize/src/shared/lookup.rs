//! From a call to a value or a computation: read, share what this process computes, wait for what the fleet computes,
//! or lead.
//!
//! What another process did to the key is known to the backend alone. So whoever would share a computation asks whether
//! its fence still stands, in the same request that would begin one.

use std::sync::Arc;
use std::time::Duration;

use super::caller::{Caller, Found};
use super::lead::{Airborne, Approach, Carried, Lead, Stage};
use super::turn::{Here, Turn};
use crate::__private::Look;
use crate::backend::{Begun, CallMode, Fence};
use crate::call::Place;
use crate::call::lead::Purpose;
use crate::entry::{AnyEntry, Entry};
use crate::flight::{Flight, Leader, block_on};
use crate::hooks::{self, Held, Point};
use crate::shape::shared::SharedShape;
use crate::stats::Count;
use crate::{Error, ErrorKind};

/// A call that has not looked yet.
pub enum Lookup<S: SharedShape> {
    /// It uses the cache.
    Call(Box<Caller<S>>),
    /// It does not.
    Bypass,
}

/// How a call meets others.
#[derive(Clone, Copy)]
pub(super) struct How {
    pub(super) call: CallMode,
    /// Not at all.
    pub(super) alone: bool,
    /// Also those of other processes.
    pub(super) fleet: bool,
    /// The body must not run twice at a time, even when it fails or takes long.
    pub(super) exclusive: bool,
}

impl How {
    const JOIN: Self = Self { call: CallMode::BLOCKING, alone: false, fleet: false, exclusive: false };
    const FLEET: Self = Self { fleet: true, ..Self::JOIN };
    const CLAIM: Self = Self { exclusive: true, ..Self::FLEET };
    const ALONE: Self = Self { alone: true, ..Self::JOIN };

    fn in_task(self) -> Self {
        Self { call: CallMode::ASYNC, ..self }
    }

    pub(super) fn leader(self) -> Leader {
        match self.call.is_blocking() {
            true => Leader::Thread,
            false => Leader::Task,
        }
    }
}

/// The value, or what is to be done for it.
type Joined<S> = Result<Here<S>, Turn<S>>;

impl<S: SharedShape> Lookup<S> {
    /// Shares a computation of this process.
    pub fn join(self, found: &mut Place<S::Return>) -> Turn<S> {
        block_on(self.turn(How::JOIN)).found(found)
    }

    /// See [`join`](Self::join).
    pub async fn join_async(self) -> Joined<S> {
        self.turn(How::JOIN.in_task()).await.now()
    }

    /// Shares a computation of any process.
    pub fn join_fleet(self, found: &mut Place<S::Return>) -> Turn<S> {
        block_on(self.turn(How::FLEET)).found(found)
    }

    /// See [`join_fleet`](Self::join_fleet).
    pub async fn join_fleet_async(self) -> Joined<S> {
        self.turn(How::FLEET.in_task()).await.now()
    }

    /// For a body that must not run twice at a time, in any process.
    pub fn claim(self, found: &mut Place<S::Return>) -> Turn<S> {
        block_on(self.turn(How::CLAIM)).found(found)
    }

    /// See [`claim`](Self::claim).
    pub async fn claim_async(self) -> Joined<S> {
        self.turn(How::CLAIM.in_task()).await.now()
    }

    /// Computes whatever others do.
    pub fn alone(self, found: &mut Place<S::Return>) -> Turn<S> {
        block_on(self.turn(How::ALONE)).found(found)
    }

    /// See [`alone`](Self::alone).
    pub async fn alone_async(self) -> Joined<S> {
        self.turn(How::ALONE.in_task()).await.now()
    }

    /// The user's bound of waiting.
    pub fn max_wait(self, max_wait: fn() -> Duration) -> Self {
        match self {
            Self::Call(caller) => Self::Call(Box::new(Caller { max_wait: Some(max_wait), ..*caller })),
            Self::Bypass => Self::Bypass,
        }
    }

    async fn turn(self, how: How) -> Turn<S> {
        match self {
            Self::Call(caller) => caller.turn(how).await,
            Self::Bypass => Turn::Uncached,
        }
    }
}

impl<S: SharedShape> Look for Lookup<S> {
    fn bypass() -> Self {
        Self::Bypass
    }
}

/// What this process has under a key.
enum Local<S: SharedShape> {
    /// Nothing; the caller has announced itself.
    Vacant(Approach),
    /// Nothing; the caller computes without the backend, which is down.
    Down(Airborne<S>),
    /// Somebody is asking the backend.
    Approaching(Arc<Flight>),
    /// A computation with this fence.
    Airborne(Arc<Flight>, Fence),
    /// A computation of which the backend does not know.
    Blind(Arc<Flight>),
    /// Nothing that this call could share.
    Apart,
}

/// Whether a call has its turn or must look again.
pub(super) type Next<S> = Result<Turn<S>, Caller<S>>;

impl<S: SharedShape> Caller<S> {
    async fn turn(mut self, how: How) -> Turn<S> {
        let mut over = false;
        if self.scope.hints.expects(self.key.hash) {
            match self.admitted_read(how.call).await {
                Ok(Found::Value(value)) => return self.hit(value),
                Ok(Found::Unfit) => over = true,
                Ok(Found::Nothing) => {}
                Err(error) => self.down = Some(error),
            }
        }
        // Boxed, so that the future of a hit is small.
        Box::pin(self.miss(how, over)).await
    }

    #[cold]
    async fn miss(mut self, how: How, mut over: bool) -> Turn<S> {
        self.at(Point::Missed).await;
        if self.down.is_none() {
            self.down = self.admit().err();
        }
        loop {
            if self.is_recursion() {
                return Turn::Uncached;
            }
            let next = match self.local(how) {
                Local::Vacant(approach) => return self.approach(approach, how, over).await,
                Local::Down(airborne) => return Turn::Lead(Lead::of(self, airborne, Purpose::Fill)),
                Local::Approaching(flight) => self.await_approach(flight, how, over).await,
                Local::Airborne(flight, fence) => self.check(flight, fence, how, over).await,
                Local::Blind(flight) => self.try_again(flight, how, over).await,
                Local::Apart => Ok(self.aside(how, over).await),
            };
            match next {
                Ok(turn) => return turn,
                Err(caller) => self = caller,
            }
            // Whoever was waited for may have replaced what was unfit.
            over = false;
        }
    }

    pub(super) fn at(&self, point: Point) -> Held {
        hooks::held(self.scope.scope.function, point)
    }

    pub(super) async fn admitted_read(&self, call: CallMode) -> Result<Found<S::Shared>, Error> {
        self.admit()?;
        self.read(call).await
    }

    pub(super) fn hit(self, value: S::Shared) -> Turn<S> {
        self.counters().count(Count::Hits);
        Turn::Hit(value)
    }

    fn local(&self, how: How) -> Local<S> {
        if how.alone {
            return Local::Apart;
        }
        let mut key = self.at_key();
        let Some(flight) = key.flight().cloned() else {
            if self.is_cut_off() || self.down.is_some() && how.exclusive {
                let down = self.take_off(&mut key, Stage::Blind, how.leader(), Purpose::Fill);
                return Local::Down(down);
            }
            if self.down.is_some() {
                return Local::Apart;
            }
            return Local::Vacant(Approach::announce(&mut key, self, how.leader(), Purpose::Fill));
        };
        drop(key);
        // A thread that waits for a task may be the one that has to run it.
        let may_wait = how.leader() == Leader::Task || flight.leader == Leader::Thread;
        let Some(entry) = self.entry_in(&flight).filter(|_| may_wait) else { return Local::Apart };
        match &entry.key.stage {
            Stage::Approaching => Local::Approaching(flight),
            Stage::Airborne(fence) => {
                let fence = fence.clone();
                Local::Airborne(flight, fence)
            }
            Stage::Blind => Local::Blind(flight),
        }
    }

    /// Whether this process cannot ask the backend. One that answers with an error is asked by others, too: then what
    /// another call computes may be overtaken, and nobody here would know.
    pub(super) fn is_cut_off(&self) -> bool {
        let answers = |error: &Error| matches!(error.kind(), ErrorKind::Backend | ErrorKind::Codec);
        self.down.as_ref().is_some_and(|error| !answers(error))
    }

    /// A computation of which the backend does not know.
    pub(super) fn blind(&self) -> Option<Arc<Flight>> {
        let flight = self.at_key().flight().cloned()?;
        let is_blind = matches!(self.entry_in(&flight)?.key.stage, Stage::Blind);
        is_blind.then_some(flight)
    }

    /// The entry of a flight, if it is of this very key.
    fn entry_in<'f>(&self, flight: &'f Flight) -> Option<&'f Entry<Carried, S::Shared>> {
        self.own(&*flight.entry)
    }

    /// The entry, if it is of this very key.
    pub(super) fn own<'e>(&self, entry: &'e dyn AnyEntry) -> Option<&'e Entry<Carried, S::Shared>> {
        let entry = entry.typed::<Carried, S::Shared>()?;
        (entry.key.key.wire == self.key.wire).then_some(entry)
    }

    /// Asks the backend first, on behalf of all who wait for the answer.
    pub(super) async fn approach(mut self, approach: Approach, how: How, over: bool) -> Turn<S> {
        let begun = approach.polled(self.begin_patiently(None, how, over)).await;
        if let Some(error) = self.down.as_ref().filter(|_| !self.is_cut_off()) {
            approach.refuse(error);
        }
        let turn = self.settled(begun, how, Purpose::Fill).await;
        // Whoever waits for the answer looks again now, and finds the computation.
        drop(approach);
        turn
    }

    /// Computes for this caller alone, beside others.
    pub(super) async fn aside(mut self, how: How, over: bool) -> Turn<S> {
        let how = How { fleet: how.exclusive, ..how };
        let begun = self.begin_patiently(None, how, over).await;
        self.settled(begun, how, Purpose::Aside).await
    }

    /// Shares a computation if no invalidation, of any process, has overtaken it.
    async fn check(mut self, flight: Arc<Flight>, fence: Fence, how: How, over: bool) -> Next<S> {
        match self.begin_patiently(Some(fence), how, over).await {
            Ok(Begun::Standing) => self.wait(flight, how, over).await,
            // Another caller was here before, since the invalidation.
            Ok(Begun::Fence(begun)) if self.has_been_begun(&begun, &flight) => {
                self.release(begun, false);
                Err(self)
            }
            begun => Ok(self.settled(begun, how, Purpose::Fill).await),
        }
    }

    /// Somebody computes without the backend. So does this call, together with it, if it cannot reach the backend
    /// either.
    async fn try_again(mut self, flight: Arc<Flight>, how: How, over: bool) -> Next<S> {
        match self.begin_patiently(None, how, over).await {
            Err(_) if self.is_cut_off() || how.exclusive => self.wait(flight, how, over).await,
            begun => Ok(self.settled(begun, how, Purpose::Fill).await),
        }
    }

    /// Takes the value that was found, or computes.
    pub(super) async fn settled(
        mut self,
        mut begun: Result<Begun, Error>,
        how: How,
        purpose: Purpose,
    ) -> Turn<S> {
        if let Ok(Begun::Value(bytes)) = &begun {
            if let Found::Value(value) = self.open(bytes) {
                return self.hit(value);
            }
            begun = self.begin_patiently(None, how, true).await;
        }
        let (stage, purpose) = match begun {
            Ok(Begun::Fence(fence)) => (Stage::Airborne(fence), purpose),
            // Without a fence, nothing is stored; and nothing is shared with those who can ask.
            _ if self.is_cut_off() || how.exclusive => (Stage::Blind, purpose),
            _ => (Stage::Blind, Purpose::Aside),
        };
        Turn::Lead(Lead::begin(self, stage, purpose, how.leader()))
    }

    /// Whether callers of this process can share a computation of the same epoch, other than the one that does not
    /// stand any more.
    fn has_been_begun(&self, begun: &Fence, fallen: &Arc<Flight>) -> bool {
        let flight = self.at_key().flight().filter(|flight| !Arc::ptr_eq(flight, fallen)).cloned();
        let Some(entry) = flight.as_ref().and_then(|flight| self.entry_in(flight)) else { return false };
        match &entry.key.stage {
            Stage::Airborne(fence) => fence.epoch == begun.epoch && fence.generation == begun.generation,
            Stage::Approaching | Stage::Blind => false,
        }
    }
}
