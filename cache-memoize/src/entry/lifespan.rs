//! The lifespan of an entry: until when it is fresh, and until when it is kept.

use std::time::Duration;

use crate::time::{Deadline, ticks};

/// Whether an entry in the store may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// Within its lifetime: served.
    Fresh,
    /// Past its lifetime, within the window for which it is kept after that.
    Stale,
    /// Past both, or of an ended generation: treated as absent.
    Ended,
}

/// The windows of a function: for how many ticks entries are kept beyond their lifetime. Known before a call looks. (No
/// option sets a window yet, so the two ends of every entry are equal.)
#[derive(Clone, Copy, Default)]
pub(crate) struct Windows {
    pub(crate) kept: u64,
}

/// The two ends of an entry: of its freshness, and of its stay.
#[derive(Clone, Copy)]
pub(crate) struct Lifespan {
    pub(crate) fresh_until: Deadline,
    pub(crate) kept_until: Deadline,
}

impl Lifespan {
    /// A lifespan that begins now; without a lifetime, one without an end.
    pub(crate) fn new(lifetime: Option<Duration>, windows: Windows) -> Self {
        Self::of(Deadline::after_ticks(lifetime.map_or(u64::MAX, ticks)), windows)
    }

    /// The lifespan with this end of freshness.
    #[inline]
    pub(crate) fn of(fresh_until: Deadline, windows: Windows) -> Self {
        let kept_until = match fresh_until {
            Deadline::NEVER => Deadline::NEVER,
            fresh_until => fresh_until.later(windows.kept),
        };
        Self { fresh_until, kept_until }
    }

    /// The freshness at this moment. The clock is read only if there is an end.
    #[inline]
    pub(crate) fn freshness(self) -> Freshness {
        match self.fresh_until.has_passed() {
            false => Freshness::Fresh,
            true if self.kept_until.has_passed() => Freshness::Ended,
            true => Freshness::Stale,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_fresh_then_stale_then_gone() {
        let hour = Duration::from_secs(3600);
        let of = |lifetime, kept| Lifespan::new(lifetime, Windows { kept }).freshness();
        assert_eq!(of(Some(hour), 0), Freshness::Fresh);
        assert_eq!(of(None, 0), Freshness::Fresh);
        assert_eq!(of(Some(Duration::ZERO), ticks(hour)), Freshness::Stale);
        assert_eq!(of(Some(Duration::ZERO), 0), Freshness::Ended);
        assert_eq!(of(None, ticks(hour)), Freshness::Fresh, "there is no end that the window could extend");
    }
}
