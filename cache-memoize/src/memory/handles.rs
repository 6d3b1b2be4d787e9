//! Who uses a memory: what each function that names it with `backend = …` needs for its calls, found without a lock.

use std::sync::{Arc, OnceLock};

use super::{Group, Memory, thread_cache};
use crate::Error;
use crate::entry::FunctionState;
use crate::key::hash::Seed;

/// A function in a memory.
pub(crate) struct FunctionHandle {
    pub(crate) state: Arc<FunctionState>,
    /// Tells the function's entries from those of others.
    pub(crate) ident: u64,
    pub(crate) thread_cache: thread_cache::Number,
    pub(crate) seed: Seed,
    /// Whether its keys and values may be stored as pairs.
    pub(crate) pairs: bool,
    /// All functions whose entries have the same number.
    pub(crate) group: Option<Arc<Group>>,
    /// The function that is to have no entries.
    refused: Option<&'static dyn Refused>,
}

/// A function that is to have no entries.
pub(crate) trait Refused: Sync {
    /// The reason, which is told once.
    fn reason(&'static self) -> Option<&'static Error>;
}

impl FunctionHandle {
    /// `ident` tells its entries from those of others. In a memory of its `own`, the first one may store pairs.
    pub(crate) fn new(memory: &Memory, state: Arc<FunctionState>, ident: u64, own: bool) -> Self {
        let inner = memory.inner();
        let pairs = own && inner.reside(ident);
        let (thread_cache, seed) = (thread_cache::Number::new(), inner.secret.seed(ident));
        Self { state, ident, thread_cache, seed, pairs, group: None, refused: None }
    }

    /// With others that have entries under the same number.
    pub(crate) fn sharing(self, group: Option<Arc<Group>>) -> Self {
        Self { group, ..self }
    }

    /// To have no entries.
    pub(crate) fn refused(self, refused: Option<&'static dyn Refused>) -> Self {
        Self { refused, ..self }
    }

    /// Why the function is to have no entries, if it is.
    pub(crate) fn refusal(&self) -> Option<&'static Error> {
        self.refused.and_then(Refused::reason)
    }
}

/// A list for each of a few hashes, to which is only added.
#[derive(Default)]
pub(crate) struct FunctionHandles([OnceLock<Box<Node>>; 8]);

struct Node {
    /// The address of a [`Instance`](crate::site::Instance), which lives as long as the program.
    instance: usize,
    handle: FunctionHandle,
    next: OnceLock<Box<Node>>,
}

impl FunctionHandles {
    /// What the instance with that address has here.
    #[inline]
    pub(crate) fn of(&self, instance: usize, make: impl Fn() -> FunctionHandle) -> &FunctionHandle {
        // Addresses of such things are multiples of 16.
        let mut place = &self.0[(instance >> 4) % self.0.len()];
        loop {
            let node =
                place.get_or_init(|| Box::new(Node { instance, handle: make(), next: OnceLock::new() }));
            if node.instance == instance {
                return &node.handle;
            }
            place = &node.next;
        }
    }
}
