//! The shim in ordinary builds: locks, atomics and thread-locals of the standard library.

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

    /// Sleeps until woken, or wakes spuriously. To be called on that thread.
    pub(crate) fn sleep(&self) {
        std::thread::park();
    }

    /// Sleeps like [`sleep`](Self::sleep), but at most for this time.
    pub(crate) fn sleep_for(&self, at_most: Duration) {
        std::thread::park_timeout(at_most);
    }

    /// Wakes the thread, or keeps it from falling asleep.
    pub(crate) fn wake(&self) {
        self.0.unpark();
    }
}

/// A step of the model before a thread uses data that the model does not know. Nothing in ordinary builds.
#[inline]
pub(crate) fn pass() {}

/// A value that exists once in the process, behind a function that returns it.
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
