//! Which computation this thread is in, and whether waiting for another would close a circle.
//!
//! A computation that waits for a flight is an edge; a circle of such edges never ends. Both questions are asked
//! only by a call made *within* a computation, so an ordinary call never takes the lock here.

use std::cell::RefCell;
use std::collections::HashSet;
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::task::Waker;

use super::{Flight, Settled};
use crate::sync::shim::{Mutex, lock, process_wide, thread_local};

thread_local! {
    /// Without a destructor of its own, so that it is there as long as the thread is, also for calls made in the
    /// destructors of other thread-locals. Nothing stays in it: whatever enters leaves.
    static CURRENT: ManuallyDrop<RefCell<Option<Arc<Flight>>>> =
        const { ManuallyDrop::new(RefCell::new(None)) };
}

/// The innermost computation on this thread's stack.
pub(crate) fn current() -> Option<Arc<Flight>> {
    CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
}

/// Whether this thread is computing that key already, at any depth: then the call is recursion. `computed` tells
/// whether anybody is, which saves a deep recursion over many keys from looking back all the way each time; `is_same`,
/// whether a flight with that hash is of the key itself.
pub(crate) fn is_recursion(
    (place, hash): (usize, u64),
    computed: impl FnOnce() -> bool,
    is_same: impl Fn(&Flight) -> bool,
) -> bool {
    let Some(current) = current() else { return false };
    computed() && current.ancestry().any(|flight| flight.computes(place, hash) && is_same(flight))
}

/// Runs `body` within `flight`.
pub(crate) fn within<R>(flight: Arc<Flight>, body: impl FnOnce() -> R) -> R {
    /// Puts the outer computation back, also when the body panics.
    struct Restore(Option<Arc<Flight>>);
    impl Drop for Restore {
        fn drop(&mut self) {
            let outer = self.0.take();
            let _inner = CURRENT.try_with(|current| current.replace(outer));
        }
    }
    let outer = CURRENT.try_with(|current| current.replace(Some(flight))).ok().flatten();
    let _restore = Restore(outer);
    body()
}

/// Goes on within `flight`, which was begun on this thread, until [`leave`].
pub(crate) fn enter(flight: Arc<Flight>) {
    let _outer = CURRENT.try_with(|current| current.replace(Some(flight)));
}

/// Goes on within what `flight` was begun in.
pub(crate) fn leave<E: ?Sized>(flight: &Flight<E>) {
    let outer = flight.parent.clone();
    let _inner = CURRENT.try_with(|current| current.replace(outer));
}

/// Why a call may not wait.
pub(crate) enum NoWait {
    /// The flight has ended meanwhile.
    Settled(Settled),
    /// The flight waits, directly or not, for a computation that this call is part of.
    Circle,
}

process_wide! {
    /// Looking for a circle and adding the edge are one step, or two calls could each miss the other's edge.
    fn graph() -> &Mutex<()> = Mutex::new(());
}

/// Registers the caller as a waiter of `flight`.
pub(crate) fn register(flight: &Arc<Flight>, for_stage: bool) -> Result<u64, NoWait> {
    // The real waker comes with the first poll.
    let waker = Waker::noop().clone();
    let Some(within) = current() else {
        return flight.register(None, waker, for_stage).map_err(NoWait::Settled);
    };
    // Dropped after the lock is given back: these may be the last to hold a flight, with a key of the user's.
    let mut search = Search::default();
    let _graph = lock(graph());
    if search.waits_for(flight, &within) {
        return Err(NoWait::Circle);
    }
    flight.register(Some(within), waker, for_stage).map_err(NoWait::Settled)
}

/// Looks through those that wait for a computation.
#[derive(Default)]
struct Search {
    seen: HashSet<*const Flight>,
    /// Everything in here, with its ancestry, waits for the caller.
    blocked: Vec<Arc<Flight>>,
    /// What was looked at, kept so that it stays where it is and is dropped by whoever drops the search.
    visited: Vec<Arc<Flight>>,
}

impl Search {
    /// Whether `flight` cannot end before `within`, or one of those that `within` was begun in, ends.
    fn waits_for(&mut self, flight: &Arc<Flight>, within: &Arc<Flight>) -> bool {
        let Self { seen, blocked, visited } = self;
        blocked.push(within.clone());
        while let Some(next) = blocked.pop() {
            visited.push(next);
            for computation in visited.last().into_iter().flat_map(Flight::ancestry) {
                if Arc::ptr_eq(computation, flight) {
                    return true;
                }
                if !seen.insert(Arc::as_ptr(computation)) {
                    break;
                }
                computation.for_each_waiting(|waiting| blocked.push(waiting.clone()));
            }
        }
        false
    }
}
