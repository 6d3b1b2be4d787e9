//! Functions whose entries live on a [`Backend`]: the part that is the same for all backends.

mod begin;
mod builder;
mod errand;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod health;
mod hints;
pub(crate) mod key;
pub(crate) mod lookup;
mod memory;
mod miss;
pub(crate) mod registry;
mod remote_call;
mod renewal;
mod state;
pub(crate) mod target;
mod types;

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use crate::backend::{Backend, Group};
use crate::background::Lane;
use crate::codec::Codec;
use crate::flight::table::Flights;
use crate::sync::{read, write};
pub use builder::SharedBuilder;
use health::Health;
use renewal::Renewals;
pub(crate) use state::{Rejections, RemoteState};
pub(crate) use target::Names;

/// How much is asked of a backend behind calls at a time.
const BACKGROUND: usize = 16;

/// A [`Backend`], ready to be named by functions. Cloning is cheap and gives the same cache.
#[derive(Clone)]
pub struct Shared(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) codec: Codec,
    /// With a colon behind it, unless it is empty.
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
    /// Requests that no caller waits for.
    pub(crate) lane: Lane,
}

/// The namespace of a backend that is given none.
pub(crate) const NAMESPACE: &str = "memo";

impl Inner {
    /// The namespace itself.
    pub(crate) fn namespace(&self) -> &str {
        self.namespace.strip_suffix(':').unwrap_or_default()
    }
}

impl Shared {
    /// The backend with the default settings.
    pub fn new(backend: impl Backend) -> Self {
        Self::builder(backend).build()
    }

    /// A backend to be configured.
    pub fn builder(backend: impl Backend) -> SharedBuilder {
        SharedBuilder::new(Arc::new(backend))
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

    /// The state of a function on this backend.
    pub(crate) fn state(&self, function: u64, make: impl FnOnce() -> RemoteState) -> Arc<RemoteState> {
        if let Some(state) = read(&self.0.states).get(&function) {
            return state.clone();
        }
        let mut states = write(&self.0.states);
        states.entry(function).or_insert_with(|| Arc::new(make())).clone()
    }

    /// The states of all functions whose keys are of that group.
    pub(crate) fn states_of(&self, group: &Group) -> Vec<Arc<RemoteState>> {
        let is_of = |state: &&Arc<RemoteState>| state.group.get().is_some_and(|its| its == group);
        read(&self.0.states).values().filter(is_of).cloned().collect()
    }
}

impl<B: Backend> From<B> for Shared {
    fn from(backend: B) -> Self {
        Self::new(backend)
    }
}

// As with a `Memory`: no user code runs under a lock here. A backend that panics has failed, and is asked again.
impl UnwindSafe for Shared {}
impl RefUnwindSafe for Shared {}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("backend", &self.0.backend.name()).finish_non_exhaustive()
    }
}
