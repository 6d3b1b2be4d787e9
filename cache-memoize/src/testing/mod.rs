//! Tools for tests of code that memoizes, behind the feature `testing`.

#[cfg(feature = "shared")]
mod conformance;
#[cfg(feature = "shared")]
mod faulty;

use std::cell::Cell;
use std::time::Duration;

#[cfg(feature = "shared")]
pub use conformance::{conformance, conformance_async};
#[cfg(feature = "shared")]
pub use faulty::{Faults, Faulty};

thread_local! {
    static OFFSET: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// Moves the clock by which entries expire forward, for the calls that this thread makes from now on.
///
/// Other threads, and so other tests, keep their own time.
///
/// ```
/// use cache_memoize::{cache_memoize, testing};
/// use std::time::Duration;
///
/// #[cache_memoize(ttl = "1h")]
/// fn answer() -> u64 { 42 }
///
/// answer();
/// testing::advance(Duration::from_secs(3599));
/// assert_eq!(answer_peek(), Some(42));
/// testing::advance(Duration::from_secs(2));
/// assert_eq!(answer_peek(), None);
/// ```
pub fn advance(by: Duration) {
    OFFSET.set(OFFSET.get().saturating_add(by));
}

pub(crate) fn clock_offset() -> Duration {
    OFFSET.try_with(Cell::get).unwrap_or_default()
}
