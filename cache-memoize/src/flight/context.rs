//! Which computation this thread is in, and whether waiting for another would close a circle.
//!
//! A computation that waits for a flight is an edge; a circle of such edges never ends. Both questions are asked
//! only by a call made *within* a computation, so an ordinary call never takes the lock here.

use std::cell::RefCell;
use std::sync::{Arc, Mutex};
use std::task::Waker;

use super::{Flight, Settled};
use crate::sync::lock;

thread_local! {
    static CURRENT: RefCell<Option<Arc<Flight>>> = const { RefCell::new(None) };
}

/// The innermost computation on this thread's stack; none while the thread is being torn down.
pub(crate) fn current() -> Option<Arc<Flight>> {
    CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
}

/// Whether this thread is computing that key already, at any depth: then the call is recursion. `computed` tells
/// whether anybody is, which saves a deep recursion over many keys from looking back all the way each time.
pub(crate) fn is_recursion(memory: usize, hash: u64, computed: impl FnOnce() -> bool) -> bool {
    let Some(current) = current() else { return false };
    computed() && current.ancestry().any(|flight| flight.computes(memory, hash))
}

/// Runs `body` within `flight`.
pub(crate) fn within<R>(flight: &Arc<Flight>, body: impl FnOnce() -> R) -> R {
    /// Puts the outer computation back, also when the body panics.
    struct Restore(Option<Arc<Flight>>);
    impl Drop for Restore {
        fn drop(&mut self) {
            let outer = self.0.take();
            let _inner = CURRENT.try_with(|current| current.replace(outer));
        }
    }
    let outer = CURRENT.try_with(|current| current.replace(Some(flight.clone()))).ok().flatten();
    let _restore = Restore(outer);
    body()
}

/// Why a call may not wait.
pub(crate) enum NoWait {
    /// The flight has ended meanwhile.
    Settled(Settled),
    /// The flight waits, directly or not, for a computation that this call is part of.
    Circle,
}

/// Registers the caller as a waiter of `flight`.
pub(crate) fn register(flight: &Arc<Flight>) -> Result<u64, NoWait> {
    // The real waker comes with the first poll.
    let waker = Waker::noop().clone();
    let Some(within) = current() else {
        return flight.register(None, waker).map_err(NoWait::Settled);
    };
    // Looking for a circle and adding the edge are one step, or two calls could each miss the other's edge.
    static GRAPH: Mutex<()> = Mutex::new(());
    let _graph = lock(&GRAPH);
    if waits_for(flight, &within) {
        return Err(NoWait::Circle);
    }
    flight.register(Some(within), waker).map_err(NoWait::Settled)
}

/// Whether `flight` cannot end before `within`, or one of those that `within` was begun in, ends.
fn waits_for(flight: &Arc<Flight>, within: &Arc<Flight>) -> bool {
    let mut seen: Vec<Arc<Flight>> = Vec::new();
    let mut blocked: Vec<Arc<Flight>> = vec![within.clone()];
    // Everything in `blocked`, with its ancestry, waits for the caller.
    while let Some(next) = blocked.pop() {
        for computation in next.ancestry() {
            if Arc::ptr_eq(computation, flight) {
                return true;
            }
            if seen.iter().any(|seen| Arc::ptr_eq(seen, computation)) {
                break;
            }
            seen.push(computation.clone());
            computation.for_each_waiting(|waiting| blocked.push(waiting.clone()));
        }
    }
    false
}
