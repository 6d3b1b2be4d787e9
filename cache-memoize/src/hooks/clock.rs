//! The clock by which entries in memory expire, as tests move it by hand.

use std::cell::Cell;
use std::sync::Mutex;
use std::time::Duration;

use super::current_world;
use crate::sync::lock;

thread_local! {
    static OFFSET: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// Moves the clock by which entries in memory expire forward.
///
/// In a [`Scope`](crate::testing::Scope) of its own, a test has a clock of its own, which only this function moves.
/// Outside of one, real time passes as well, and the clock is moved for the calls that this thread makes from now on;
/// other threads keep their own time.
///
/// On a shared backend, lifetimes end by the server's clock, which nothing here moves.
///
/// ```
/// use cache_memoize::{cache_memoize, testing};
/// use std::time::Duration;
///
/// #[cache_memoize(ttl = "1h")]
/// fn answer() -> u64 { 42 }
///
/// let _test = testing::isolate();
/// answer();
/// testing::advance(Duration::from_secs(3599));
/// assert_eq!(answer_peek(), Some(42));
/// testing::advance(Duration::from_secs(1));
/// assert_eq!(answer_peek(), None);
/// ```
pub fn advance(by: Duration) {
    match current_world() {
        Some(world) => world.clock.advance(by),
        None => OFFSET.set(OFFSET.get().saturating_add(by)),
    }
}

/// The time for this thread while the real clock says `real`, in the unit that `ticks` converts to.
pub(crate) fn ticks_now(real: u64, ticks: fn(Duration) -> u64) -> u64 {
    match current_world() {
        Some(world) => world.clock.ticks(ticks),
        None => real.saturating_add(OFFSET.try_with(|offset| ticks(offset.get())).unwrap_or_default()),
    }
}

/// A clock that stands still but for [`advance`]: how far it was moved. Not in ticks, to which each step would be
/// rounded.
#[derive(Default)]
pub(super) struct Clock(Mutex<Duration>);

impl Clock {
    /// As far ahead of the real clock as there is room for, so that sweeps, which go by the real clock, leave alone the
    /// entries that live by this one.
    const BEGINNING: u64 = 1 << 63;

    fn advance(&self, by: Duration) {
        let mut moved = lock(&self.0);
        *moved = moved.saturating_add(by);
    }

    fn ticks(&self, ticks: fn(Duration) -> u64) -> u64 {
        Self::BEGINNING.saturating_add(ticks(*lock(&self.0)))
    }
}
