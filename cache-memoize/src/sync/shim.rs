//! What threads meet at, as everyone has it: the standard library's.

use std::thread::Thread;
use std::time::Duration;

pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64};
pub(crate) use std::sync::{Mutex, MutexGuard};
pub(crate) use std::thread_local;

pub(crate) use super::lock;

/// Whether this is the build that is model checked.
pub(crate) const MODELLED: bool = false;

/// A thread that sleeps until it is woken.
pub(crate) struct Sleeper(Thread);

impl Sleeper {
    /// The thread that calls this.
    pub(crate) fn here() -> Self {
        Self(std::thread::current())
    }

    /// Sleeps; to be called by that thread. It may wake for no reason.
    pub(crate) fn sleep(&self) {
        std::thread::park();
    }

    /// The same for a time at most.
    pub(crate) fn sleep_for(&self, at_most: Duration) {
        std::thread::park_timeout(at_most);
    }

    /// Wakes it, or keeps it from falling asleep.
    pub(crate) fn wake(&self) {
        self.0.unpark();
    }
}

/// Before a thread uses what the model does not know; see the other one.
#[inline]
pub(crate) fn pass() {}

/// Something that the process has once, behind a function that returns it.
macro_rules! process_wide {
    ($(#[$doc:meta])* fn $name:ident() -> &$ty:ty = $value:expr;) => {
        $(#[$doc])*
        fn $name() -> &'static $ty {
            static IT: $ty = $value;
            &IT
        }
    };
}
pub(crate) use process_wide;
