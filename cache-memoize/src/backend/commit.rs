//! What a computation would store.

use std::time::Duration;

use super::Fence;

/// What a computation would store.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Commit<'a> {
    /// What [`Begun::Fence`](super::Begun::Fence) gave.
    pub fence: &'a Fence,
    /// The value; `None` when there is nothing to keep.
    pub value: Option<&'a [u8]>,
    /// How long the value lives, at least a millisecond; `None` for ever.
    pub lifetime: Option<Duration>,
    /// How long the backend keeps the value after its lifetime, or after [`expire`](super::Backend::expire): readers tell
    /// by what is [left](super::Left) that it is stale. It also stands in every value that has such a window, as
    /// milliseconds in the eight bytes from 48 on, little endian: a script on the server may take it from there. Zero for
    /// a backend that does not [keep stale values](super::Backend::keeps_stale).
    pub stale: Duration,
    /// Whether it replaces what is there, and fences off computations that began earlier.
    pub refresh: bool,
    /// What must be there now for the value to be stored. `None`: anything.
    pub expect: Option<Expect<'a>>,
}

impl<'a> Commit<'a> {
    /// Stores a value that does not expire.
    pub fn new(fence: &'a Fence, value: Option<&'a [u8]>) -> Self {
        Self { fence, value, lifetime: None, stale: Duration::ZERO, refresh: false, expect: None }
    }

    /// How long the value lives.
    pub fn lifetime(self, lifetime: Option<Duration>) -> Self {
        Self { lifetime, ..self }
    }

    /// How long it is kept after that.
    pub fn stale(self, stale: Duration) -> Self {
        Self { stale, ..self }
    }

    /// Whether it replaces what is there.
    pub fn refresh(self, refresh: bool) -> Self {
        Self { refresh, ..self }
    }

    /// What must be there now.
    pub fn expect(self, expect: Option<Expect<'a>>) -> Self {
        Self { expect, ..self }
    }

    /// How long the backend keeps the value: for its lifetime and its stale window.
    pub fn kept(&self) -> Option<Duration> {
        self.lifetime.map(|lifetime| lifetime.saturating_add(self.stale))
    }
}

/// What is to be replaced, and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expect<'a> {
    /// There is no value.
    Nothing,
    /// There is a value, and it ends with these bytes. No two values that were ever stored under a key do, for each has
    /// random bytes near its end.
    Tail(&'a [u8]),
}

impl Expect<'_> {
    /// Whether it is this that was expected.
    ///
    /// ```
    /// use cache_memoize::backend::Expect;
    ///
    /// assert!(Expect::Nothing.is_met_by(None) && !Expect::Nothing.is_met_by(Some(b"")));
    /// assert!(Expect::Tail(b"end").is_met_by(Some(b"the end")) && !Expect::Tail(b"end").is_met_by(None));
    /// ```
    pub fn is_met_by(&self, value: Option<&[u8]>) -> bool {
        match (self, value) {
            (Self::Nothing, None) => true,
            (Self::Tail(tail), Some(value)) => value.ends_with(tail),
            (Self::Nothing, Some(_)) | (Self::Tail(_), None) => false,
        }
    }
}
