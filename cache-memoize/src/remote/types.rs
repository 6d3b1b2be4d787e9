//! The types of a function's entries, as functions: only these are compiled for each function, and all else once.

use std::sync::Arc;

use super::errand::RemoteKey;
use crate::entry::{self, AnyEntry};
use crate::shape::shared::SharedShape;

/// The entries of a function's flights, without its types.
#[derive(Clone, Copy)]
pub(super) struct Types {
    /// An entry without a value.
    pub(super) vacant: fn(RemoteKey) -> Arc<dyn AnyEntry>,
    /// Whether an entry is of these types.
    pub(super) fits: fn(&dyn AnyEntry) -> bool,
}

impl Types {
    pub(super) fn of<S: SharedShape>() -> Self {
        Self {
            vacant: |key| entry::vacant::<RemoteKey, S::Shared>(0, key),
            fits: |entry| entry.view::<RemoteKey, S::Shared>().is_some(),
        }
    }
}
