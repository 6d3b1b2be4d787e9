//! Functions whose entries live on a [`Backend`]: what is the same for all backends.

mod begin;
mod errand;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod health;
mod hints;
pub(crate) mod key;
pub(crate) mod lookup;
mod miss;
pub(crate) mod registry;
mod remote_call;
mod renewal;
mod state;
pub(crate) mod target;

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use crate::backend::{Backend, Token};
use crate::background::Lane;
use crate::codec::{self, Codec};
use crate::flight::MAX_WAIT;
use crate::flight::table::Flights;
use crate::sync::{read, write};
use health::Health;
use renewal::Renewals;
pub(crate) use state::{Rejections, RemoteState};

/// How much is asked of a backend behind calls at a time.
const BACKGROUND: usize = 16;

/// A [`Backend`], ready to be named by functions. Cloning is cheap and gives the same cache.
#[derive(Clone)]
pub struct Shared(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) backend: Box<dyn Backend>,
    pub(crate) codec: Codec,
    pub(crate) namespace: String,
    pub(crate) max_value_size: usize,
    pub(crate) max_decoded_size: usize,
    pub(crate) lease: Duration,
    pub(crate) max_wait: Duration,
    pub(crate) flights: Flights,
    /// By number: every call looks here, and to compare a few numbers costs less than to hash one.
    states: RwLock<BTreeMap<u64, Arc<RemoteState>>>,
    health: Health,
    renewals: Renewals,
    /// What is asked of the backend and no caller waits for.
    pub(crate) lane: Lane,
}

impl Shared {
    /// The backend with the default settings.
    pub fn new(backend: impl Backend) -> Self {
        Self::builder(backend).build()
    }

    /// A backend to be configured.
    pub fn builder(backend: impl Backend) -> SharedBuilder {
        let inner = Inner {
            backend: Box::new(backend),
            codec: Codec::default(),
            namespace: String::new(),
            max_value_size: 16 << 20,
            max_decoded_size: codec::max_decoded_size(0),
            lease: Duration::from_secs(10),
            max_wait: MAX_WAIT,
            flights: Flights::default(),
            states: RwLock::default(),
            health: Health::default(),
            renewals: Renewals::default(),
            lane: Lane::new(BACKGROUND),
        };
        SharedBuilder(inner, None)
    }

    /// The backend itself, without keys, codecs and failing open.
    pub fn backend(&self) -> &dyn Backend {
        &*self.0.backend
    }

    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.0
    }

    /// Tells computations on different backends apart.
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// What a function has here.
    pub(crate) fn state(&self, function: u64, make: impl FnOnce() -> RemoteState) -> Arc<RemoteState> {
        if let Some(state) = read(&self.0.states).get(&function) {
            return state.clone();
        }
        let mut states = write(&self.0.states);
        states.entry(function).or_insert_with(|| Arc::new(make())).clone()
    }

    /// What all functions have here whose keys are of that group.
    pub(crate) fn states_of(&self, group: &str) -> Vec<Arc<RemoteState>> {
        let is_of = |state: &&Arc<RemoteState>| state.group.get().is_some_and(|its| **its == *group);
        read(&self.0.states).values().filter(is_of).cloned().collect()
    }
}

impl<B: Backend> From<B> for Shared {
    fn from(backend: B) -> Self {
        Self::new(backend)
    }
}

/// Random bits of the operating system, which are others in a forked process.
pub(crate) fn token() -> Token {
    let mut token = Token::default();
    if getrandom::fill(&mut token).is_err() {
        // There is no such system among those that have processes. A hash with random keys is unique as well.
        for (at, half) in token.chunks_mut(8).enumerate() {
            half.copy_from_slice(&RandomState::new().hash_one(at).to_le_bytes());
        }
    }
    token
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("backend", &self.0.backend.name()).finish_non_exhaustive()
    }
}

/// Settings of a [`Shared`]. How much memory a value may take is known once all others are.
#[must_use = "nothing is made before `build`"]
pub struct SharedBuilder(Inner, Option<usize>);

impl SharedBuilder {
    /// What all keys begin with, followed by a colon. None by default.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.0.namespace = namespace.into();
        if !self.0.namespace.is_empty() {
            self.0.namespace.push(':');
        }
        self
    }

    /// How values become bytes.
    pub fn codec(mut self, codec: Codec) -> Self {
        self.0.codec = codec;
        self
    }

    /// Larger values, in bytes, are neither stored nor read. 16 MiB by default.
    pub fn max_value_size(mut self, bytes: usize) -> Self {
        self.0.max_value_size = bytes;
        self
    }

    /// How much memory, in bytes, a value may take when it is read. What would take more is neither stored nor read:
    /// an entry of a byte for each element, which anybody who can write to the backend can make, becomes the whole
    /// width of the element's type for each. Reading holds at most twice as much for a moment, since collections keep
    /// room to grow. That room is a part of what is counted: a `Vec` counts for 7/4 of its elements.
    ///
    /// 256 MiB by default, or sixteen times [`max_value_size`](Self::max_value_size) where that is more.
    pub fn max_decoded_size(mut self, bytes: usize) -> Self {
        self.1 = Some(bytes);
        self
    }

    /// For how long a computation is taken for alive that no longer says so: what a crashed leader costs those who
    /// wait for it. 10 s by default; at least 10 ms and at most a day.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.0.lease = lease.clamp(Duration::from_millis(10), Duration::from_secs(24 * 60 * 60));
        self
    }

    /// How long a call waits for another's computation, of this process or with `single_flight = "fleet"` of any, before
    /// one more may begin beside it. 30 s by default; a function's own `max_wait` goes before it.
    pub fn max_wait(mut self, max_wait: Duration) -> Self {
        self.0.max_wait = max_wait;
        self
    }

    /// Makes the cache.
    pub fn build(self) -> Shared {
        let Self(mut inner, max_decoded_size) = self;
        inner.max_decoded_size =
            max_decoded_size.unwrap_or_else(|| codec::max_decoded_size(inner.max_value_size));
        Shared(Arc::new(inner))
    }
}
