//! Keeps the fence of a computation for as long as it runs.

use std::sync::{Arc, Mutex};

use super::Shared;
use super::caller::{Caller, heard};
use crate::backend::{Backend, Call, Fence, Key};
use crate::chores;
use crate::flight::block_on;
use crate::sync::lock;

/// Renews a fence until it is dropped.
pub(crate) struct Renewal(Arc<State>);

struct State {
    shared: Shared,
    key: Key,
    fence: Fence,
    next: Mutex<Next>,
}

#[derive(Default)]
struct Next {
    over: bool,
    planned: Option<chores::Planned>,
}

impl Renewal {
    pub(crate) fn of<S>(caller: &Caller<S>, fence: &Fence) -> Self {
        let state = Arc::new(State {
            shared: caller.shared.clone(),
            key: caller.key.wire.clone(),
            fence: fence.clone(),
            next: Mutex::default(),
        });
        plan(&state);
        Self(state)
    }
}

impl Drop for Renewal {
    fn drop(&mut self) {
        let planned = {
            let mut next = lock(&self.0.next);
            next.over = true;
            next.planned.take()
        };
        drop(planned);
    }
}

/// Twice may fail before the lease is over.
fn plan(state: &Arc<State>) {
    let mut next = lock(&state.next);
    if next.over {
        return;
    }
    let renewed = Arc::downgrade(state);
    next.planned = Some(chores::later(state.shared.inner().lease / 3, move || {
        if let Some(state) = renewed.upgrade() {
            renew(&state);
        }
    }));
}

fn renew(state: &Arc<State>) {
    let inner = state.shared.inner();
    if inner.admit().is_ok() {
        let renew = |backend| Backend::renew(backend, &state.key, &state.fence, inner.lease, Call::BLOCKING);
        let answer = block_on(heard(state.shared.backend(), renew));
        inner.learn(&answer);
        if let Ok(false) = answer {
            // Overtaken: there is nothing left to keep.
            return;
        }
    }
    plan(state);
}
