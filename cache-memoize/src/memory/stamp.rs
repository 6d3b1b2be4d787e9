//! What tells a thread that its copy of a value is void.
//!
//! A copy is of a time: the sum of two counters, one that many keys share and one of the function. Whatever takes an
//! entry out of the store, or another's place in it, moves one of them on before it returns. Both only grow, so the sum
//! is the same only while neither has moved. A hit reads them and writes nothing.
//!
//! Who copies reads the time *before* it looks into the store: then it finds what was there at that time, or newer.

use std::sync::atomic::Ordering::SeqCst;

use crate::sync::door::{self, AtomicU64, MODELLED, process_wide};

/// So many that keys seldom void the copies of others, and so few that all of them stay in a processor's cache. In the
/// model there is one, also in the place of the functions' own: each step of a hit multiplies the orders to be tried.
const COUNTERS: usize = if MODELLED { 1 } else { 512 };

process_wide! {
    /// Those that keys share, of all memories.
    #[inline]
    fn counters() -> &[AtomicU64; COUNTERS] = door::counters!(COUNTERS);
}

#[inline]
fn counter(hash: u64) -> &'static AtomicU64 {
    // The fronts use the other bits.
    &counters()[(hash >> 40) as usize % COUNTERS]
}

/// The time now, for copies of a key of a function.
#[inline]
pub(crate) fn now(hash: u64, function: &AtomicU64) -> u64 {
    let shared = door::count(counter(hash));
    if MODELLED { shared } else { shared + door::count(function) }
}

/// Voids the copies of a key.
pub(super) fn void(hash: u64) {
    counter(hash).fetch_add(1, SeqCst);
}

/// Voids all copies of a function.
pub(super) fn void_all(function: &AtomicU64) {
    let counter = if MODELLED { counter(0) } else { function };
    counter.fetch_add(1, SeqCst);
}
