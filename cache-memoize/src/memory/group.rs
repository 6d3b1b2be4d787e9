//! Functions that share their entries in a memory, since they are given one `prefix`.
//!
//! An entry is of the generation of the function that stored it, and counted there. So to remove all that one of them
//! could find is to end the generations of all. They end one after the other, within one call, and that is enough: what
//! began before the call is of one of them.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use crate::entry::FunctionState;
use crate::sync::{read, write};

/// From which world calls are made, and the name that all have in keys.
pub(crate) type Name = (u64, &'static str);

/// All of a memory.
#[derive(Default)]
pub(super) struct Groups(RwLock<HashMap<Name, Arc<Group>>>);

/// What each of the functions has in the memory, which keeps it for as long as it is there itself.
#[derive(Default)]
pub(crate) struct Group(RwLock<Vec<Arc<FunctionState>>>);

impl Groups {
    /// The group of that name, with `scope` in it.
    pub(super) fn with(&self, name: Name, scope: &Arc<FunctionState>) -> Arc<Group> {
        let group = write(&self.0).entry(name).or_default().clone();
        let mut scopes = write(&group.0);
        if !scopes.iter().any(|known| Arc::ptr_eq(known, scope)) {
            scopes.push(scope.clone());
        }
        drop(scopes);
        group
    }
}

impl Group {
    /// All that have something here, or have begun to compute it.
    pub(crate) fn scopes(&self) -> Vec<Arc<FunctionState>> {
        read(&self.0).clone()
    }
}
