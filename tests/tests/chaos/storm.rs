//! What goes wrong, and how often.

use std::time::Duration;

use cache_memoize::testing::{Faults, Faulty};

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Storm {
    Errors,
    Delays,
    Hangs,
    Corruption,
    LostRequests,
    LostAnswers,
    Late,
    Repeats,
    Everything,
}

impl Storm {
    pub(crate) fn begin(self, faulty: &Faulty) {
        const SHORT: Duration = Duration::from_micros(300);
        match self {
            Self::Errors => faulty.errors(0.2),
            Self::Delays => faulty.delays(0.3, Duration::ZERO..=SHORT),
            Self::Hangs => faulty.hangs(0.15, SHORT),
            Self::Corruption => faulty.corruption(0.3),
            Self::LostRequests => faulty.lost_requests(0.2),
            Self::LostAnswers => faulty.lost_answers(0.2),
            Self::Late => faulty.late(0.2),
            Self::Repeats => faulty.repeats(0.4),
            Self::Everything => faulty
                .errors(0.04)
                .delays(0.05, Duration::ZERO..=SHORT)
                .hangs(0.03, SHORT)
                .corruption(0.1)
                .lost_requests(0.04)
                .lost_answers(0.08)
                .late(0.08)
                .repeats(0.15),
        };
    }

    /// How often it struck.
    pub(crate) fn count(self, faults: &Faults) -> u64 {
        match self {
            Self::Errors => faults.errors,
            Self::Delays => faults.delays,
            Self::Hangs => faults.hangs,
            Self::Corruption => faults.corruption,
            Self::LostRequests => faults.lost_requests,
            Self::LostAnswers => faults.lost_answers,
            Self::Late => faults.late,
            Self::Repeats => faults.repeats,
            Self::Everything => faults.total(),
        }
    }

    /// Whether a companion may fail.
    pub(crate) fn fails(self) -> bool {
        !matches!(self, Self::Delays | Self::Corruption | Self::Repeats)
    }
}
