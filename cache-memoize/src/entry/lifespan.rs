//! Until when an entry is fresh, and until when it is kept.

use std::time::Duration;

use crate::time::{Deadline, ticks};

/// How an entry that was found may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// It is served.
    Fresh,
    /// Its lifetime has passed, and it is kept for a window after that.
    Stale,
    /// It is as good as gone.
    Ended,
}

/// For how long a function keeps entries beyond their lifetime, in ticks. Known before a call looks. (No option asks for any
/// yet, so the two ends of every entry are equal.)
#[derive(Clone, Copy, Default)]
pub(crate) struct Windows {
    pub(crate) kept: u64,
}

/// The two ends of an entry.
#[derive(Clone, Copy)]
pub(crate) struct Lifespan {
    pub(crate) fresh_until: Deadline,
    pub(crate) kept_until: Deadline,
}

impl Lifespan {
    /// From now on; without a lifetime for ever.
    pub(crate) fn new(lifetime: Option<Duration>, windows: Windows) -> Self {
        Self::of(Deadline::after_ticks(lifetime.map_or(u64::MAX, ticks)), windows)
    }

    /// With that end of its freshness.
    #[inline]
    pub(crate) fn of(fresh_until: Deadline, windows: Windows) -> Self {
        let kept_until = match fresh_until {
            Deadline::NEVER => Deadline::NEVER,
            fresh_until => fresh_until.later(windows.kept),
        };
        Self { fresh_until, kept_until }
    }

    /// What the clock says now. It is read only if there is an end.
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
        assert_eq!(of(None, ticks(hour)), Freshness::Fresh, "there is no end to add to");
    }
}
