//! The time of a history: the order of events in one execution of a model.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed, Ordering::SeqCst};

use loom::sync::atomic::fence;

use crate::sync::shim::{at_next_step, take_step};

/// A clock that counts. It is not part of the model, so reading it is no step.
#[derive(Clone, Default)]
pub(super) struct Clock(Arc<AtomicU64>);

impl Clock {
    /// The time now. A thread that reads a later time knows all that the readers of earlier times knew: without the
    /// memory fence, a model of weak memory would promise nothing to a call that begins *after* an invalidation on
    /// another thread.
    pub(super) fn now(&self) -> u64 {
        fence(SeqCst);
        self.0.fetch_add(1, Relaxed) + 1
    }
}

/// The begin of an operation: the time of its first step on this thread. Before that step no other thread can tell
/// whether it has begun, so to take the latest moment is to judge as strictly as one may.
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
