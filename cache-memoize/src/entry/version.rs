//! The versions of thread-local copies: with them a thread knows that its copy of a value is void.
//!
//! A copy has a version: the sum of two counters, one that many keys share and one of the function. Both only grow, so the
//! sum is the same only while neither has moved. A hit reads them and writes nothing.
//!
//! A change that takes an entry out of the store, or gives its place to another, moves the shared counter on *while it has
//! the store's lock*: no thread can have seen the change by then. Else a thread could find the new value in the store, and
//! after that the old one among its copies.
//!
//! The end of a generation is seen without a lock. So the function's counter is odd while that happens: then copies are
//! neither served nor made.
//!
//! A thread that copies reads the version *before* it looks into the store: then it finds what was there at that version, or
//! newer.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use crate::sync::shim::{self, MODELLED, process_wide};

/// So many that keys seldom void the copies of others, and so few that all of them stay in a processor's cache. In the
/// model there is one, also in the place of the functions' own: each step of a hit multiplies the orders to be tried.
const COUNTERS: usize = if MODELLED { 1 } else { 512 };

/// Two steps are one change, so that an odd number is left for the end of a generation.
const CHANGE: u64 = 2;

process_wide! {
    /// Those that keys share, of all memories.
    #[inline]
    fn counters() -> &[AtomicU64; COUNTERS] = [const { AtomicU64::new(0) }; COUNTERS];
}

#[inline]
fn counter(hash: u64) -> &'static AtomicU64 {
    // The fronts use the other bits.
    &counters()[(hash >> 40) as usize % COUNTERS]
}

fn counter_of(function: &AtomicU64) -> &AtomicU64 {
    if MODELLED { counter(0) } else { function }
}

/// The current version, for copies of a key of a function.
#[inline]
pub(crate) fn current(hash: u64, function: &AtomicU64) -> u64 {
    shim::pass();
    let shared = counter(hash).load(SeqCst);
    if MODELLED { shared } else { shared + function.load(SeqCst) }
}

/// Whether a value that was found after that version was read may be copied.
#[inline]
pub(crate) fn is_settled(version: u64) -> bool {
    version.is_multiple_of(CHANGE)
}

/// Voids the copies of a key. To be called within the lock of the store, where nobody else gets to run in the model.
pub(crate) fn void(hash: u64) {
    counter(hash).fetch_add(CHANGE, SeqCst);
}

/// Voids all copies of a function.
pub(crate) fn void_all(function: &AtomicU64) {
    shim::pass();
    counter_of(function).fetch_add(CHANGE, SeqCst);
}

/// The same, while something is done that is seen without the lock of the store. By one at a time.
pub(crate) fn void_all_while(function: &AtomicU64, change: impl FnOnce()) {
    let step = || {
        shim::pass();
        counter_of(function).fetch_add(CHANGE / 2, SeqCst);
    };
    step();
    change();
    step();
}
