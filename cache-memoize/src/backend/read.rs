//! What is read of an entry.

use std::time::Duration;

/// How a value is read: by default, the value alone.
///
/// ```
/// use cache_memoize::backend::Read;
///
/// assert!(!Read::new().lifetime);
/// assert!(Read::new().lifetime(true).lifetime);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Read {
    /// Whether to tell what is [left](Stored::left) of its lifetime, too. Some servers need a command more for that, so a
    /// backend leaves it out unless it is asked.
    pub lifetime: bool,
}

impl Read {
    /// The value alone.
    pub const fn new() -> Self {
        Self { lifetime: false }
    }

    /// Whether to tell what is left of its lifetime.
    pub const fn lifetime(self, lifetime: bool) -> Self {
        Self { lifetime }
    }
}

/// A value that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stored {
    /// The bytes that were committed.
    pub value: Vec<u8>,
    /// What is left of its lifetime, if that was asked for.
    pub left: Left,
}

impl Stored {
    /// This value, of whose lifetime nothing is known.
    pub fn new(value: impl Into<Vec<u8>>) -> Self {
        Self { value: value.into(), left: Left::Unknown }
    }

    /// What is left of its lifetime.
    pub fn left(self, left: Left) -> Self {
        Self { left, ..self }
    }
}

/// How long a backend will still keep a value: for the rest of its [lifetime](super::Commit::lifetime) and its [stale
/// window](super::Commit::stale) together.
///
/// So a value is within its lifetime if more is left than its stale window, which the cache knows from the value. That is
/// by the clock of the backend, which is one for all processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Left {
    /// It was not asked for, or the backend cannot tell.
    Unknown,
    /// The value has no end.
    Forever,
    /// So long, by the backend's clock.
    For(Duration),
}

impl Left {
    /// What is left of something that ends then, or never.
    pub fn of(end: Option<Duration>) -> Self {
        end.map_or(Self::Forever, Self::For)
    }

    /// Whether more is left than this. What is not known is not more.
    pub fn is_more_than(self, duration: Duration) -> bool {
        match self {
            Self::Unknown => false,
            Self::Forever => true,
            Self::For(left) => left > duration,
        }
    }
}
