//! Deadlines on a cheap monotonic clock, and the types that users may give as a lifetime.

use std::time::{Duration, Instant};

/// An instant of the monotonic clock in ticks of 2⁻³² s. The clock is the coarse one of the operating
/// system: it advances every few milliseconds (4 ms on most Linux kernels) and costs a tenth of
/// [`std::time::Instant::now`], which every hit would have to pay.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Deadline(u64);

impl Deadline {
    pub(crate) const NEVER: Self = Self(u64::MAX);

    #[cfg(any(feature = "shared", test))]
    pub(crate) fn after(lifetime: Option<Duration>) -> Self {
        Self::after_ticks(lifetime.map_or(u64::MAX, ticks))
    }

    /// The deadline so many ticks from now; all ones are for ever.
    pub(crate) fn after_ticks(ticks: u64) -> Self {
        if ticks == u64::MAX { Self::NEVER } else { Self(now().saturating_add(ticks)) }
    }

    pub(crate) fn later(self, ticks: u64) -> Self {
        Self(self.0.saturating_add(ticks))
    }

    /// Whether the deadline has passed. Reads the clock only if there is one.
    #[inline]
    pub(crate) fn has_passed(self) -> bool {
        self != Self::NEVER && now() >= self.0
    }

    /// How long until then; none for one that never comes.
    #[cfg(feature = "shared")]
    pub(crate) fn left(self) -> Option<Duration> {
        let left = || coarsetime::Duration::from_ticks(self.0.saturating_sub(now())).into();
        (self != Self::NEVER).then(left)
    }

    /// The deadline as a number, to be kept in an atomic.
    pub(crate) fn ticks(self) -> u64 {
        self.0
    }

    /// The deadline of a number from [`ticks`](Self::ticks).
    pub(crate) fn from_ticks(ticks: u64) -> Self {
        Self(ticks)
    }

    /// The deadline by the clock of [`milliseconds`].
    pub(crate) fn milliseconds(self) -> u64 {
        in_milliseconds(self.0)
    }
}

/// A lifetime in ticks; more than 136 years is for ever.
pub(crate) fn ticks(lifetime: Duration) -> u64 {
    if lifetime.as_secs() >= 1 << 32 {
        return u64::MAX;
    }
    coarsetime::Duration::from(lifetime).as_ticks()
}

#[inline]
fn now() -> u64 {
    crate::hooks::ticks_now(real_now(), ticks)
}

#[inline]
fn real_now() -> u64 {
    // Not the variant that updates coarsetime's cache: it would write a shared cache line on every hit.
    coarsetime::Instant::now_without_cache_update().as_ticks()
}

/// The real clock in milliseconds, which no test stops or moves.
pub(crate) fn milliseconds() -> u64 {
    in_milliseconds(real_now())
}

fn in_milliseconds(ticks: u64) -> u64 {
    (ticks >> 32) * 1000 + (((ticks & 0xffff_ffff) * 1000) >> 32)
}

/// The instant `delay` after `now`, or a century after if the clock cannot represent it: longer than any program runs,
/// and short enough for every clock.
pub(crate) fn later(now: Instant, delay: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_secs(100 * 366 * 24 * 3600);
    now.checked_add(delay).unwrap_or_else(|| now + CENTURY)
}

/// The types that `ttl = …` and `err_ttl = …` accept: whole seconds, or a [`Duration`].
///
/// ```
/// use cache_memoize::cache_memoize;
/// use std::time::Duration;
///
/// #[cache_memoize(ttl = 60 * 5)]
/// fn in_seconds(id: u64) -> u64 { id }
///
/// #[cache_memoize(ttl = Duration::from_millis(250))]
/// fn as_a_duration(id: u64) -> u64 { id }
/// # in_seconds(1); as_a_duration(1);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a lifetime, as `ttl` and `err_ttl` need one",
    label = "expected whole seconds, a `Duration`, or text in quotes such as `\"1h 30m\"`",
    note = "a lifetime that depends on the value is a closure over it: `ttl = |value| Duration::from_secs(…)`"
)]
pub trait IntoTtl {
    /// The lifetime; [`Duration::ZERO`] means that the value is not stored.
    fn into_ttl(self) -> Duration;
}

#[diagnostic::do_not_recommend]
impl IntoTtl for Duration {
    fn into_ttl(self) -> Duration {
        self
    }
}

macro_rules! seconds {
    ($($integer:ty)*) => {$(
        #[diagnostic::do_not_recommend]
        impl IntoTtl for $integer {
            /// Whole seconds; a negative number is zero.
            #[allow(clippy::allow_attributes, unused_comparisons, reason = "one body for all integers")]
            fn into_ttl(self) -> Duration {
                Duration::from_secs(u64::try_from(self).unwrap_or(if self < 0 { 0 } else { u64::MAX }))
            }
        }
    )*};
}
seconds!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);

/// The types that `max_wait = …` accepts: whole seconds, or a [`Duration`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a time, as `max_wait` needs one",
    label = "expected whole seconds, a `Duration`, or text in quotes such as `\"300ms\"`"
)]
pub trait IntoMaxWait {
    /// The time.
    fn into_max_wait(self) -> Duration;
}

#[diagnostic::do_not_recommend]
impl<T: IntoTtl> IntoMaxWait for T {
    fn into_max_wait(self) -> Duration {
        self.into_ttl()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absurd_lifetimes_saturate() {
        assert_eq!(ticks(Duration::MAX), u64::MAX);
        assert_eq!(Deadline::after(Some(Duration::MAX)), Deadline::NEVER);
        assert_eq!((-5).into_ttl(), Duration::ZERO);
        assert_eq!(u128::MAX.into_ttl(), Duration::from_secs(u64::MAX));
    }

    #[test]
    fn milliseconds_of_a_deadline_are_on_the_same_clock() {
        let now = milliseconds();
        let deadline = Deadline::after(Some(Duration::from_millis(61_500))).milliseconds();
        assert!((now + 61_499..now + 62_500).contains(&deadline), "{now} {deadline}");
    }
}
