//! What is recorded: plain data that can be a line of text.

use std::fmt::{self, Display};
use std::str::FromStr;

/// What somebody does with a memoized function.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Op<K> {
    /// Calls the function with the arguments that this key stands for.
    Call(K),
    /// `f_peek`.
    Peek(K),
    /// `f_refresh`.
    Refresh(K),
    /// `f_set`, with a value that carries this number, from [`History::number`](super::History::number).
    Set(K, u64),
    /// `f_invalidate`.
    Invalidate(K),
    /// `f_invalidate_all`.
    InvalidateAll,
}

/// What a result tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sight {
    /// The value with this number.
    Value(u64),
    /// No value was there.
    Nothing,
    /// It was done.
    Done,
    /// It failed: it may have happened or not.
    Failed,
}

/// Results of memoized functions and their companions. To be implemented for the type of the values, which carry
/// their number in some way; a bare `u64` is its own number.
pub trait Seen {
    /// What it tells.
    fn seen(&self) -> Sight;
}

impl Seen for u64 {
    fn seen(&self) -> Sight {
        Sight::Value(*self)
    }
}

impl Seen for bool {
    fn seen(&self) -> Sight {
        Sight::Done
    }
}

impl Seen for () {
    fn seen(&self) -> Sight {
        Sight::Done
    }
}

impl<T: Seen> Seen for Option<T> {
    fn seen(&self) -> Sight {
        self.as_ref().map_or(Sight::Nothing, Seen::seen)
    }
}

impl<T: Seen, E> Seen for Result<T, E> {
    fn seen(&self) -> Sight {
        self.as_ref().map_or(Sight::Failed, Seen::seen)
    }
}

/// Something that happened, between two stamps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event<K> {
    pub(super) origin: u16,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) what: What<K>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What<K> {
    /// A body began.
    Computed(K, u64),
    /// A number for a value to be set.
    Drawn(K, u64),
    Did(Op<K>, Sight),
}

impl<K> Event<K> {
    /// What was read, if it was a read that succeeded: the key, and the value or none.
    pub(super) fn read(&self) -> Option<(&K, Option<u64>)> {
        let What::Did(Op::Call(key) | Op::Peek(key), seen) = &self.what else { return None };
        match seen {
            Sight::Value(value) => Some((key, Some(*value))),
            Sight::Nothing => Some((key, None)),
            Sight::Done | Sight::Failed => None,
        }
    }

    /// What it made void for certain: the key, or none for all of them.
    pub(super) fn voids(&self) -> Option<Option<&K>> {
        match &self.what {
            What::Did(_, Sight::Failed) => None,
            What::Did(Op::Invalidate(key) | Op::Set(key, _) | Op::Refresh(key), _) => Some(Some(key)),
            What::Did(Op::InvalidateAll, _) => Some(None),
            What::Did(Op::Call(_) | Op::Peek(_), _) | What::Computed(..) | What::Drawn(..) => None,
        }
    }
}

/// Words: the origin, the two stamps, what, the number or what was seen, and the key, which may have spaces.
impl<K: Display> Display for Event<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, start, end, what } = self;
        write!(f, "{origin} {start} {end} ")?;
        match what {
            What::Computed(key, value) => write!(f, "computed {value} {key}"),
            What::Drawn(key, value) => write!(f, "drawn {value} {key}"),
            What::Did(Op::Call(key), seen) => write!(f, "call {seen} {key}"),
            What::Did(Op::Peek(key), seen) => write!(f, "peek {seen} {key}"),
            What::Did(Op::Refresh(key), seen) => write!(f, "refresh {seen} {key}"),
            What::Did(Op::Set(key, value), seen) => write!(f, "set {seen} {value} {key}"),
            What::Did(Op::Invalidate(key), seen) => write!(f, "invalidate {seen} {key}"),
            What::Did(Op::InvalidateAll, seen) => write!(f, "invalidate_all {seen} "),
        }
    }
}

impl<K: FromStr> FromStr for Event<K> {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        parse(line).ok_or_else(|| format!("`{line}` is no event"))
    }
}

fn parse<K: FromStr>(line: &str) -> Option<Event<K>> {
    let mut words = line.splitn(6, ' ');
    let mut number = || words.next()?.parse::<u64>().ok();
    let (origin, start, end) = (number()?, number()?, number()?);
    let (name, seen, rest) = (words.next()?, words.next()?, words.next()?);
    let key = |text: &str| text.parse::<K>().ok();
    let sight = || seen.parse::<Sight>().ok();
    let what = match name {
        "computed" => What::Computed(key(rest)?, seen.parse().ok()?),
        "drawn" => What::Drawn(key(rest)?, seen.parse().ok()?),
        "call" => What::Did(Op::Call(key(rest)?), sight()?),
        "peek" => What::Did(Op::Peek(key(rest)?), sight()?),
        "refresh" => What::Did(Op::Refresh(key(rest)?), sight()?),
        "set" => {
            let (value, rest) = rest.split_once(' ')?;
            What::Did(Op::Set(key(rest)?, value.parse().ok()?), sight()?)
        }
        "invalidate" => What::Did(Op::Invalidate(key(rest)?), sight()?),
        "invalidate_all" => What::Did(Op::InvalidateAll, sight()?),
        _ => return None,
    };
    Some(Event { origin: origin.try_into().ok()?, start, end, what })
}

impl Display for Sight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => value.fmt(f),
            Self::Nothing => f.write_str("nothing"),
            Self::Done => f.write_str("done"),
            Self::Failed => f.write_str("failed"),
        }
    }
}

impl FromStr for Sight {
    type Err = std::num::ParseIntError;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Ok(match word {
            "nothing" => Self::Nothing,
            "done" => Self::Done,
            "failed" => Self::Failed,
            number => Self::Value(number.parse()?),
        })
    }
}
