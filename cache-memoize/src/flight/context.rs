//! The computation that this thread is in, and the search for circles of waiting.
//!
//! A computation that waits for a flight is an edge of the graph of waiting; computations in a circle of edges would
//! wait for each other for ever. Only a call made *within* a computation adds an edge, so an ordinary call never takes
//! the lock here.

use std::cell::RefCell;
use std::collections::HashSet;
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::task::Waker;

use super::{Flight, Settled};
use crate::sync::shim::{Mutex, lock, process_wide, thread_local};

thread_local! {
    /// The innermost computation. Without a destructor, so that it lives as long as the thread and serves calls made in
    /// the destructors of other thread-locals. Nothing leaks by that: each computation that is entered is left.
    static CURRENT: ManuallyDrop<RefCell<Option<Arc<Flight>>>> =
        const { ManuallyDrop::new(RefCell::new(None)) };
}

/// The innermost computation on this thread's stack.
pub(crate) fn current() -> Option<Arc<Flight>> {
    CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
}

/// Whether this thread computes the key already, at any depth: then the call is a recursion. `computed` tells whether
/// any thread does, which saves a deep recursion over many keys from looking back all the way each time; `is_same`,
/// whether a flight with this hash is of the key itself.
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
    /// Puts the outer computation back, also after a panic.
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

/// Makes `flight`, which was begun on this thread, the current computation until [`leave`].
pub(crate) fn enter(flight: Arc<Flight>) {
    let _outer = CURRENT.try_with(|current| current.replace(Some(flight)));
}

/// Makes the computation in which `flight` was begun the current one again.
pub(crate) fn leave<E: ?Sized>(flight: &Flight<E>) {
    let outer = flight.parent.clone();
    let _inner = CURRENT.try_with(|current| current.replace(outer));
}

/// Why a call may not wait.
pub(crate) enum NoWait {
    /// The flight has ended meanwhile.
    Settled(Settled),
    /// The flight waits, directly or through others, for a computation that this call is part of.
    Circle,
}

process_wide! {
    /// The lock on the graph of waiting. Searching for a circle and adding the edge are one step under it, or two calls
    /// could each miss the other's edge. It is taken before a flight's phase.
    fn graph() -> &Mutex<()> = Mutex::new(());
}

/// Registers the caller as a waiter of `flight`.
pub(crate) fn register(flight: &Arc<Flight>, for_stage: bool) -> Result<u64, NoWait> {
    // The real waker comes with the first poll.
    let waker = Waker::noop().clone();
    let Some(within) = current() else {
        return flight.register(None, waker, for_stage).map_err(NoWait::Settled);
    };
    // Declared before the lock, so dropped after it: the search may hold the last reference to a flight, and with it a
    // key whose destructor is user code.
    let mut search = CircleSearch::default();
    let _graph = lock(graph());
    if search.waits_for(flight, &within) {
        return Err(NoWait::Circle);
    }
    flight.register(Some(within), waker, for_stage).map_err(NoWait::Settled)
}

/// A search through all computations that wait for one, directly or through others.
#[derive(Default)]
struct CircleSearch {
    seen: HashSet<*const Flight>,
    /// Computations that wait for the caller, each with its ancestry, and that are still to be looked at.
    blocked: Vec<Arc<Flight>>,
    /// Computations that were looked at. Kept, so that the addresses in `seen` stay theirs, and so that none is dropped
    /// under the lock.
    visited: Vec<Arc<Flight>>,
}

impl CircleSearch {
    /// Whether `flight` cannot end before `within`, or an ancestor of it, ends.
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
