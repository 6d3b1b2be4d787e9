//! The state of one function on one backend.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, RwLock};
use std::time::{Duration, Instant};

use super::hints::Hints;
use crate::backend::Group;
use crate::codec::envelope::Mismatch;
use crate::entry::FunctionState;
use crate::key::witness::Witnesses;
use crate::shape::shared::{Fingerprints, SharedShape};
use crate::sync::{lock, read, write};

/// How many entries of a function were found and not served, by reason.
pub(crate) type Rejections = Mutex<BTreeMap<&'static str, u64>>;

pub(crate) struct RemoteState {
    /// The counters, and the generation that `f_invalidate_all` ends for computations that the backend does not know.
    pub(crate) function: Arc<FunctionState>,
    pub(crate) hints: Hints,
    /// The group that `f_invalidate_all` ends, with the namespace.
    pub(crate) group: OnceLock<Group>,
    /// The witnesses that tell calls with one key from each other.
    pub(crate) witnesses: Witnesses,
    /// By shape, of which a generic function has several.
    types: RwLock<Vec<(TypeId, Fingerprints)>>,
    rejected: Arc<Rejections>,
    /// When it was last told that calls wait for too long.
    stuck: Mutex<Option<Instant>>,
}

impl RemoteState {
    pub(crate) fn new(function: Arc<FunctionState>, rejected: Arc<Rejections>) -> Self {
        Self {
            function,
            hints: Hints::default(),
            group: OnceLock::new(),
            witnesses: Witnesses::default(),
            types: RwLock::default(),
            rejected,
            stuck: Mutex::default(),
        }
    }

    /// The types that the function stores.
    pub(crate) fn types<S: SharedShape>(&self) -> Fingerprints {
        let shape = typeid::of::<S>();
        if let Some((_, known)) = read(&self.types).iter().find(|(known, _)| *known == shape) {
            return *known;
        }
        // Runs user code, so not under the lock; twice does no harm.
        let types = S::fingerprints();
        write(&self.types).push((shape, types));
        types
    }

    /// Whether it is news that calls wait for too long: not if it was told a short time ago.
    #[cold]
    pub(crate) fn is_stuck_news(&self) -> bool {
        const QUIET: Duration = Duration::from_secs(60);
        let mut told = lock(&self.stuck);
        let is_news = told.is_none_or(|told| told.elapsed() >= QUIET);
        if is_news {
            *told = Some(Instant::now());
        }
        is_news
    }

    /// An entry was found and not served.
    #[cold]
    pub(crate) fn reject(&self, mismatch: Mismatch) {
        *lock(&self.rejected).entry(mismatch.name()).or_default() += 1;
    }
}
