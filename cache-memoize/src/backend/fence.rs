//! What a computation is given when it begins, and shows when it stores.

use std::time::Duration;

/// 128 random bits, new for each use.
pub type Token = [u8; 16];

/// How a computation would begin.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Begin {
    /// Names this computation.
    pub token: Token,
    /// For how long the fence must be kept, unless it is renewed.
    pub lease: Duration,
    /// Begin even if there is a value: it is to be replaced.
    pub over: bool,
    /// The fence of a computation in this process that could be shared, if it still stands.
    pub joining: Option<Fence>,
    /// Do not begin beside a computation that leads, and lead from now on.
    pub lead: bool,
}

impl Begin {
    /// A computation that fills what is missing.
    pub fn new(token: Token, lease: Duration) -> Self {
        Self { token, lease, over: false, joining: None, lead: false }
    }

    /// Begin even if there is a value.
    pub fn over(self, over: bool) -> Self {
        Self { over, ..self }
    }

    /// The fence of a computation that could be shared.
    pub fn joining(self, joining: Option<Fence>) -> Self {
        Self { joining, ..self }
    }

    /// Do not begin beside a computation that leads.
    pub fn lead(self, lead: bool) -> Self {
        Self { lead, ..self }
    }
}

/// What [`Backend::begin`](super::Backend::begin) did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Nothing: there is a value.
    Value(Vec<u8>),
    /// Nothing: the computation to join may be joined.
    Standing,
    /// Nothing: another computation leads.
    Led,
    /// The computation has begun.
    Fence(Fence),
}

/// Proof of when a computation began. Only the backend that made it reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The token of the computation.
    pub token: Token,
    /// Which generation of its group it belongs to: [`remove_all`](super::Backend::remove_all) ends one.
    pub generation: Token,
    /// Which epoch of its key it belongs to: [`remove`](super::Backend::remove) ends one.
    pub epoch: Token,
    /// Orders the computations of an epoch by when they began.
    pub ticket: u64,
}

/// What a computation would store.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Commit<'a> {
    /// What [`Begun::Fence`] gave.
    pub fence: &'a Fence,
    /// The value; `None` when a refresh leaves nothing to keep.
    pub value: Option<&'a [u8]>,
    /// How long the value lives, at least a millisecond; `None` for ever.
    pub lifetime: Option<Duration>,
    /// Whether it replaces what is there, and fences off computations that began earlier.
    pub refresh: bool,
}

impl<'a> Commit<'a> {
    /// Stores a value that does not expire.
    pub fn new(fence: &'a Fence, value: Option<&'a [u8]>) -> Self {
        Self { fence, value, lifetime: None, refresh: false }
    }

    /// How long the value lives.
    pub fn lifetime(self, lifetime: Option<Duration>) -> Self {
        Self { lifetime, ..self }
    }

    /// Whether it replaces what is there.
    pub fn refresh(self, refresh: bool) -> Self {
        Self { refresh, ..self }
    }
}
