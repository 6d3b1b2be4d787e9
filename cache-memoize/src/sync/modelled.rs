//! The shim in a model: loom's locks and atomics. loom tries every order in which threads can reach them.

use std::cell::RefCell;
use std::sync::PoisonError;
use std::sync::atomic::Ordering::AcqRel;
use std::time::Duration;

use loom::sync::Condvar;
use loom::sync::atomic::AtomicUsize;
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU64};
pub(crate) use loom::sync::{Mutex, MutexGuard};

/// Whether this is the build that is model checked.
pub(crate) const MODELLED: bool = true;

loom::thread_local! {
    static AT_NEXT_STEP: RefCell<Option<Box<dyn FnOnce()>>> = RefCell::new(None);
}

/// Has `then` called as soon as this thread has taken its next step.
pub(crate) fn at_next_step(then: impl FnOnce() + 'static) {
    AT_NEXT_STEP.with(|next| next.replace(Some(Box::new(then))));
}

/// Notes that this thread has taken a step, at which another thread may have run.
pub(crate) fn take_step() {
    let then = AT_NEXT_STEP.with(|next| next.borrow_mut().take());
    if let Some(then) = then {
        then();
    }
}

pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    let guard = mutex.lock().unwrap_or_else(PoisonError::into_inner);
    take_step();
    guard
}

/// A thread that sleeps until it is woken. Not by loom's `park`, which may lose a wake-up: it forgets one that came
/// early when another thread gives back the lock that this thread took last.
pub(crate) struct Sleeper {
    woken: Mutex<bool>,
    changed: Condvar,
}

impl Sleeper {
    pub(crate) fn here() -> Self {
        Self { woken: Mutex::new(false), changed: Condvar::new() }
    }

    pub(crate) fn sleep(&self) {
        let mut woken = lock(&self.woken);
        while !std::mem::take(&mut *woken) {
            woken = self.changed.wait(woken).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Without an end by itself: in the model time does not pass.
    pub(crate) fn sleep_for(&self, _: Duration) {
        self.sleep();
    }

    pub(crate) fn wake(&self) {
        *lock(&self.woken) = true;
        self.changed.notify_one();
    }
}

/// A point at which another thread may run before the one that passes it.
pub(crate) struct Point(AtomicUsize);

impl Point {
    pub(crate) fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    pub(crate) fn pass(&self) {
        self.0.fetch_add(1, AcqRel);
        take_step();
    }
}

process_wide! {
    fn everywhere() -> &Point = Point::new();
}

/// A step before a thread uses data that the model does not know, such as the store: another thread may use them first.
/// No other thread runs between this step and the thread's next one. All such uses pass one point: loom tries only the
/// orders of steps at the same point, and the effect of one use may be seen by another.
pub(crate) fn pass() {
    everywhere().pass();
}

/// A value that exists once in the process; in the model, once in each execution.
macro_rules! process_wide {
    ($(#[$doc:meta])* fn $name:ident() -> &$ty:ty = $value:expr;) => {
        $(#[$doc])*
        fn $name() -> &'static $ty {
            loom::lazy_static! { static ref IT: $ty = $value; }
            &IT
        }
    };
}
pub(crate) use process_wide;

/// `thread_local!` in the only form that is used. loom's, since all threads of a model are one thread of the system.
macro_rules! of_thread {
    ($(#[$doc:meta])* static $name:ident: $ty:ty = const $value:block;) => {
        loom::thread_local! { $(#[$doc])* static $name: $ty = $value; }
    };
}
pub(crate) use of_thread as thread_local;
