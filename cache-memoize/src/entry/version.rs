//! The versions of thread-local copies: by comparing them a thread learns that its copy of a value is void.
//!
//! The version of a copy is the sum of two counters, one that many keys share and one of the function. Both only grow,
//! so the sum is the same only while neither has moved. A hit reads them and writes nothing.
//!
//! A change that takes an entry out of the store, or gives its place to another, moves the shared counter on *while it
//! holds the store's lock*, so before any thread can have seen the change. Else a thread could find the new value in
//! the store, and after that the old one among its copies.
//!
//! The end of a generation becomes visible without a lock. So the function's counter is odd while that happens, and
//! copies are neither served nor made while it is.
//!
//! A thread that makes a copy reads the version *before* it looks into the store. So the entry that it finds is the one
//! of that version, or a newer one.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use crate::sync::shim::{self, MODELLED, process_wide};

/// The number of shared counters: enough that keys seldom void the copies of others, and few enough that all of them
/// stay in a processor's cache. In the model there is one, which stands for the functions' counters as well: each step
/// of a hit multiplies the orders to be tried.
const SHARED: usize = if MODELLED { 1 } else { 512 };

/// How far one change moves a counter: by two, so that odd versions are left for the end of a generation.
const CHANGE: u64 = 2;

process_wide! {
    /// The counters that keys share, of all memories.
    #[inline]
    fn shared_counters() -> &[AtomicU64; SHARED] = [const { AtomicU64::new(0) }; SHARED];
}

#[inline]
fn shared_counter(hash: u64) -> &'static AtomicU64 {
    // Thread caches use other bits of the hash.
    &shared_counters()[(hash >> 40) as usize % SHARED]
}

fn function_counter(function: &AtomicU64) -> &AtomicU64 {
    if MODELLED { shared_counter(0) } else { function }
}

/// The current version for copies of a key, given the counter of its function.
#[inline]
pub(crate) fn current(hash: u64, function: &AtomicU64) -> u64 {
    shim::pass();
    let shared = shared_counter(hash).load(SeqCst);
    if MODELLED { shared } else { shared + function.load(SeqCst) }
}

/// Whether a value may be copied that was found after this version was read: not while a generation is being ended.
#[inline]
pub(crate) fn is_settled(version: u64) -> bool {
    version.is_multiple_of(CHANGE)
}

/// Voids the copies of a key. To be called under the store's lock. (There no other thread runs in the model, so this is
/// no step of it.)
pub(crate) fn void(hash: u64) {
    shared_counter(hash).fetch_add(CHANGE, SeqCst);
}

/// Voids all copies of a function.
pub(crate) fn void_all(function: &AtomicU64) {
    shim::pass();
    function_counter(function).fetch_add(CHANGE, SeqCst);
}

/// Voids all copies of a function, and keeps its counter odd during a `change` that becomes visible without the store's
/// lock. One thread at a time may do this for a function.
pub(crate) fn void_all_while(function: &AtomicU64, change: impl FnOnce()) {
    let step = || {
        shim::pass();
        function_counter(function).fetch_add(CHANGE / 2, SeqCst);
    };
    step();
    change();
    step();
}
