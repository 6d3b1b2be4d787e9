//! The time of a history: the order in which things happened in one execution of a model.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed, Ordering::SeqCst};

use loom::sync::atomic::fence;

use crate::sync::shim::{at_next_step, take_step};

/// Counts, outside the model, so that looking at it is not a step of its own.
#[derive(Clone, Default)]
pub(super) struct Clock(Arc<AtomicU64>);

impl Clock {
    /// Now. What had happened to whoever looked earlier is known to whoever looks later: without this, a model of
    /// weak memory would make no promise to a call that begins *after* an invalidation on another thread.
    pub(super) fn now(&self) -> u64 {
        fence(SeqCst);
        self.0.fetch_add(1, Relaxed) + 1
    }
}

/// When the operation that this thread is about to begin took its first step. Before that nobody can tell whether it
/// has begun, so to take the latest moment is to judge as strictly as one may.
pub(super) struct Begin {
    clock: Clock,
    at: Arc<AtomicU64>,
}

impl Begin {
    pub(super) fn new(clock: &Clock) -> Self {
        let at = Arc::new(AtomicU64::new(0));
        let (then, now) = (at.clone(), clock.clone());
        at_next_step(move || then.store(now.now(), Relaxed));
        Self { clock: clock.clone(), at }
    }

    /// When the operation began and, since it has ended, when it ended.
    pub(super) fn end(self) -> (u64, u64) {
        take_step();
        (self.at.load(Relaxed), self.clock.now())
    }
}
