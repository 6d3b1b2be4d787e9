//! The handles of functions in a memory: all that a function which names it with `backend = …` needs for a call, found
//! without a lock.

use std::sync::{Arc, OnceLock};

use super::{Group, Memory, thread_cache};
use crate::Error;
use crate::entry::FunctionState;
use crate::key::hash::Seed;

/// The handle of a function in a memory.
pub(crate) struct FunctionHandle {
    pub(crate) state: Arc<FunctionState>,
    /// Tells the function's entries from those of other functions.
    pub(crate) ident: u64,
    pub(crate) thread_cache: thread_cache::CacheId,
    pub(crate) seed: Seed,
    /// Whether the function's keys and values may be stored as pairs.
    pub(crate) pairs: bool,
    /// All functions whose entries have the same `ident`.
    pub(crate) group: Option<Arc<Group>>,
    /// Set if the function must not have entries.
    refused: Option<&'static dyn Refused>,
}

/// A function that must not have entries.
pub(crate) trait Refused: Sync {
    /// The reason, which is told once.
    fn reason(&'static self) -> Option<&'static Error>;
}

impl FunctionHandle {
    /// A handle for a function whose entries have this `ident`. With `own`, the memory is the function's own, and the
    /// first function to say so may store pairs.
    pub(crate) fn new(memory: &Memory, state: Arc<FunctionState>, ident: u64, own: bool) -> Self {
        let inner = memory.inner();
        let pairs = own && inner.reside(ident);
        let (thread_cache, seed) = (thread_cache::CacheId::new(), inner.secret.seed(ident));
        Self { state, ident, thread_cache, seed, pairs, group: None, refused: None }
    }

    /// The handle of a function in this group.
    pub(crate) fn sharing(self, group: Option<Arc<Group>>) -> Self {
        Self { group, ..self }
    }

    /// The handle of a function that must not have entries, if `refused` says so.
    pub(crate) fn refused(self, refused: Option<&'static dyn Refused>) -> Self {
        Self { refused, ..self }
    }

    /// The reason why the function must not have entries, if there is one.
    pub(crate) fn refusal(&self) -> Option<&'static Error> {
        self.refused.and_then(Refused::reason)
    }
}

/// The handles of all functions in a memory, by instance: a hash table of linked lists that only grow.
#[derive(Default)]
pub(crate) struct FunctionHandles([OnceLock<Box<Node>>; 8]);

struct Node {
    /// The address of an [`Instance`](crate::site::Instance), which lives as long as the program.
    instance: usize,
    handle: FunctionHandle,
    next: OnceLock<Box<Node>>,
}

impl FunctionHandles {
    /// The handle of the instance with this address.
    #[inline]
    pub(crate) fn of(&self, instance: usize, make: impl Fn() -> FunctionHandle) -> &FunctionHandle {
        // Addresses of instances are multiples of 16.
        let mut link = &self.0[(instance >> 4) % self.0.len()];
        loop {
            let node =
                link.get_or_init(|| Box::new(Node { instance, handle: make(), next: OnceLock::new() }));
            if node.instance == instance {
                return &node.handle;
            }
            link = &node.next;
        }
    }
}
