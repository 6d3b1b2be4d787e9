//! A call that has not looked yet, with the types of its function: decodes the bytes that the untyped rest of the call finds.

use std::time::Duration;

use super::errand::{OnBackend, RemoteKey};
use super::miss::{Finding, Miss};
use crate::call::join::Joined;
use crate::call::{JoinMode, Look, Place, Turn};
use crate::flight::Driver;
use crate::shape::shared::SharedShape;
use crate::stats::Count;
use crate::sync::block_on;

/// A call that has not looked yet.
pub enum Lookup<S: SharedShape> {
    /// It uses the cache.
    Call(Box<Miss>, std::marker::PhantomData<fn() -> S>),
    /// It does not.
    Bypass,
}

/// A value that was found, as an entry keeps it and not as the function returns it: an error of the function need not be
/// `Send`.
pub struct Here<S: SharedShape>(S::Shared);

impl<S: SharedShape> Here<S> {
    /// The value.
    pub fn value(self) -> S::Return {
        S::restore(self.0)
    }
}

type Joining<S> = Result<Here<S>, Turn<OnBackend, RemoteKey, S>>;

impl<S: SharedShape> Lookup<S> {
    /// See [`JoinMode::Process`].
    pub fn join(self, found: &mut Place<S::Return>) -> Turn<OnBackend, RemoteKey, S> {
        self.joined(JoinMode::Process, found)
    }

    /// See [`join`](Self::join).
    pub async fn join_async(self) -> Joining<S> {
        self.find(JoinMode::Process, Driver::Task).await
    }

    /// See [`JoinMode::Fleet`].
    pub fn join_fleet(self, found: &mut Place<S::Return>) -> Turn<OnBackend, RemoteKey, S> {
        self.joined(JoinMode::Fleet, found)
    }

    /// See [`join_fleet`](Self::join_fleet).
    pub async fn join_fleet_async(self) -> Joining<S> {
        self.find(JoinMode::Fleet, Driver::Task).await
    }

    /// See [`JoinMode::Claim`].
    pub fn claim(self, found: &mut Place<S::Return>) -> Turn<OnBackend, RemoteKey, S> {
        self.joined(JoinMode::Claim, found)
    }

    /// See [`claim`](Self::claim).
    pub async fn claim_async(self) -> Joining<S> {
        self.find(JoinMode::Claim, Driver::Task).await
    }

    /// See [`JoinMode::Alone`].
    pub fn alone(self, found: &mut Place<S::Return>) -> Turn<OnBackend, RemoteKey, S> {
        self.joined(JoinMode::Alone, found)
    }

    /// See [`alone`](Self::alone).
    pub async fn alone_async(self) -> Joining<S> {
        self.find(JoinMode::Alone, Driver::Task).await
    }

    /// The user's bound of waiting.
    pub fn max_wait(mut self, max_wait: fn() -> Duration) -> Self {
        if let Self::Call(miss, _) = &mut self {
            miss.max_wait(max_wait());
        }
        self
    }

    fn joined(self, mode: JoinMode, found: &mut Place<S::Return>) -> Turn<OnBackend, RemoteKey, S> {
        match block_on(self.find(mode, Driver::Thread)) {
            Ok(here) => {
                **found = Some(here.value());
                Turn::NONE
            }
            Err(turn) => turn,
        }
    }

    async fn find(self, mode: JoinMode, driver: Driver) -> Joining<S> {
        let Self::Call(mut miss, _) = self else { return Err(Turn::NONE) };
        miss.by(mode, driver);
        loop {
            match miss.find().await {
                Joined::Found(Finding::Bytes(bytes)) => match miss.call.open::<S>(&bytes) {
                    Some(value) => {
                        miss.call.counters().count(Count::Hits);
                        return Ok(Here(value));
                    }
                    None => miss.is_over(),
                },
                Joined::Found(Finding::Entry(entry)) => {
                    let entry = entry.view::<RemoteKey, S::Shared>();
                    let value = entry.and_then(|entry| entry.value().cloned());
                    return Ok(Here(value.expect("it was found there")));
                }
                Joined::Leader(guard) => return Err(Turn::of(guard)),
                Joined::Bypass => return Err(Turn::NONE),
            }
        }
    }
}

impl<S: SharedShape> Look for Lookup<S> {
    fn bypass() -> Self {
        Self::Bypass
    }
}
