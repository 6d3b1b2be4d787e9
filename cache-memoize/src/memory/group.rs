//! Groups: functions that share their entries in a memory, since they have the same `prefix`.
//!
//! An entry is of the generation of the function that stored it, and counted there. So to remove all entries that one
//! function of a group could find, the generations of all are ended. They end one after the other, within one call, and
//! that is enough: whatever began before the call is of one of them.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use crate::entry::FunctionState;
use crate::sync::{read, write};

/// The name of a group: the world from which calls are made (tests have their own), and the prefix.
pub(crate) type Name = (u64, &'static str);

/// All groups of a memory.
#[derive(Default)]
pub(super) struct Groups(RwLock<HashMap<Name, Arc<Group>>>);

/// The states of the functions of a group. The memory keeps them for as long as it exists.
#[derive(Default)]
pub(crate) struct Group(RwLock<Vec<Arc<FunctionState>>>);

impl Groups {
    /// The group of this name, with `state` in it.
    pub(super) fn with(&self, name: Name, state: &Arc<FunctionState>) -> Arc<Group> {
        let group = write(&self.0).entry(name).or_default().clone();
        let mut states = write(&group.0);
        if !states.iter().any(|known| Arc::ptr_eq(known, state)) {
            states.push(state.clone());
        }
        drop(states);
        group
    }
}

impl Group {
    /// The states of all functions that have an entry here, or have begun to compute one.
    pub(crate) fn scopes(&self) -> Vec<Arc<FunctionState>> {
        read(&self.0).clone()
    }
}
