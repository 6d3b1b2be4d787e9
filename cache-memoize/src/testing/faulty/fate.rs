//! What happens to a request: drawn from the seed, by what is asked.

use std::ops::RangeInclusive;
use std::time::Duration;

use twox_hash::XxHash3_64;

use crate::ErrorKind;

/// How likely each fault is.
#[derive(Clone, Debug)]
pub(super) struct Odds {
    pub(super) errors: f64,
    pub(super) delays: f64,
    pub(super) delay: RangeInclusive<Duration>,
    pub(super) hangs: f64,
    pub(super) deadline: Duration,
    pub(super) corruption: f64,
    pub(super) lost_requests: f64,
    pub(super) lost_answers: f64,
    pub(super) late: f64,
    pub(super) repeats: f64,
    pub(super) steps: (u32, u32),
}

impl Default for Odds {
    fn default() -> Self {
        Self {
            errors: 0.0,
            delays: 0.0,
            delay: Duration::ZERO..=Duration::ZERO,
            hangs: 0.0,
            deadline: Duration::ZERO,
            corruption: 0.0,
            lost_requests: 0.0,
            lost_answers: 0.0,
            late: 0.0,
            repeats: 0.0,
            steps: (0, 0),
        }
    }
}

/// What happens to one request.
#[derive(Debug)]
pub(super) struct Fate {
    pub(super) steps: (u32, u32),
    pub(super) delay: Option<Duration>,
    pub(super) course: Course,
    pub(super) repeat: Option<Repeat>,
    pub(super) damage: Option<Damage>,
}

/// How a request ends.
#[derive(Debug)]
pub(super) enum Course {
    Answered,
    Refused(ErrorKind),
    RequestLost,
    AnswerLost,
    Late { requests: u64 },
    Hangs { deadline: Duration, carried_out: bool },
}

/// When a request is carried out for the second time.
#[derive(Clone, Copy, Debug)]
pub(super) enum Repeat {
    AtOnce,
    Late { requests: u64 },
}

/// What becomes of a value. The numbers are positions, to be taken modulo.
#[derive(Clone, Copy, Debug)]
pub(super) enum Damage {
    Flipped(u64),
    Cut(u64),
    Swapped(u64),
}

/// The furthest that something late is put off.
const LATEST: u64 = 8;

impl Fate {
    /// Draws everything, whatever the odds: so that other odds change what they are for, and nothing else.
    pub(super) fn new(odds: &Odds, seed: u64, question: (&str, &str, u64)) -> Self {
        let mut random = Random::new(seed, question);
        let delay = random.is(odds.delays).then_some(random.within(&odds.delay));
        let hangs = random.is(odds.hangs);
        let carried_out = random.is(0.5);
        let refused = random.is(odds.errors);
        let kind = [ErrorKind::Unavailable, ErrorKind::Timeout, ErrorKind::Backend][random.below(3) as usize];
        let request_lost = random.is(odds.lost_requests);
        let answer_lost = random.is(odds.lost_answers);
        let late = random.is(odds.late);
        let requests = 1 + random.below(LATEST);
        let course = match (hangs, refused, request_lost, answer_lost, late) {
            (true, ..) => Course::Hangs { deadline: odds.deadline, carried_out },
            (_, true, ..) => Course::Refused(kind),
            (_, _, true, ..) => Course::RequestLost,
            (.., true, _) => Course::AnswerLost,
            (.., true) => Course::Late { requests },
            _ => Course::Answered,
        };
        let twice = random.is(odds.repeats);
        let repeat = match random.is(0.5) {
            true => Repeat::AtOnce,
            false => Repeat::Late { requests: 1 + random.below(LATEST) },
        };
        let damaged = random.is(odds.corruption);
        let at = random.next();
        let damage = [Damage::Flipped(at), Damage::Cut(at), Damage::Swapped(at)][random.below(3) as usize];
        Self {
            steps: odds.steps,
            delay,
            course,
            repeat: twice.then_some(repeat),
            damage: damaged.then_some(damage),
        }
    }
}

impl Damage {
    /// Whether there was something to damage.
    pub(super) fn apply(self, value: &mut Vec<u8>, other: Option<Vec<u8>>) -> bool {
        match self {
            Self::Swapped(_) if other.is_some() => *value = other.unwrap_or_default(),
            _ if value.is_empty() => return false,
            Self::Cut(at) => value.truncate((at % value.len() as u64) as usize),
            Self::Flipped(at) | Self::Swapped(at) => {
                let bit = at % (8 * value.len() as u64);
                value[(bit / 8) as usize] ^= 1 << (bit % 8);
            }
        }
        true
    }
}

/// SplitMix64. Small, and good enough for drawing lots: a dependency would be heavier.
struct Random(u64);

impl Random {
    fn new(seed: u64, (what, key, times): (&str, &str, u64)) -> Self {
        let of_what = XxHash3_64::oneshot_with_seed(seed, what.as_bytes());
        let mut random = Self(XxHash3_64::oneshot_with_seed(of_what, key.as_bytes()).wrapping_add(times));
        // Neighbours would have sequences that differ by one step.
        Self(random.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn is(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// At least 0 and less than 1.
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn within(&mut self, range: &RangeInclusive<Duration>) -> Duration {
        *range.start() + (*range.end() - *range.start()).mul_f64(self.unit())
    }
}
