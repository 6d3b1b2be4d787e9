//! How a computation begins, and what it is given and shows when it stores.

use std::time::Duration;

use super::{Stored, Token};

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
    /// With a value that is found, tell what is [left](super::Stored::left) of its lifetime.
    pub lifetime: bool,
    /// The fence of a computation in this process that could be shared, if it still stands.
    pub joining: Option<Fence>,
    /// Do not begin beside a computation that leads, and lead from now on.
    pub lead: bool,
    /// With `lead`: which leader to begin in spite of, and take over from. It has led for too long, or shows no sign of
    /// life. A backend that does not tell who leads ([`Backend::leader`](super::Backend::leader)) is never asked.
    pub instead_of: Option<Predecessor>,
    /// With `lead`: the [ticket](Leader::ticket) of the leader that this call has waited for. If that one or a later one
    /// ended by [`fail`](super::Backend::fail), begin beside whoever leads now, and do not lead.
    pub waited_for: Option<u64>,
}

impl Begin {
    /// A computation that fills what is missing.
    pub fn new(token: Token, lease: Duration) -> Self {
        Self {
            token,
            lease,
            over: false,
            lifetime: false,
            joining: None,
            lead: false,
            instead_of: None,
            waited_for: None,
        }
    }

    /// Begin even if there is a value.
    pub fn over(self, over: bool) -> Self {
        Self { over, ..self }
    }

    /// Whether to tell what is left of the lifetime of a value that is found.
    pub fn lifetime(self, lifetime: bool) -> Self {
        Self { lifetime, ..self }
    }

    /// The fence of a computation that could be shared.
    pub fn joining(self, joining: Option<Fence>) -> Self {
        Self { joining, ..self }
    }

    /// Do not begin beside a computation that leads.
    pub fn lead(self, lead: bool) -> Self {
        Self { lead, ..self }
    }

    /// Which leader to take over from.
    pub fn instead_of(self, instead_of: Option<Predecessor>) -> Self {
        Self { instead_of, ..self }
    }

    /// The ticket of the leader that was waited for.
    pub fn waited_for(self, waited_for: Option<u64>) -> Self {
        Self { waited_for, ..self }
    }
}

/// The one who leads, as [`Backend::leader`](super::Backend::leader) finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Leader {
    /// What tells it from other leaders: of a computation of this crate's, its [`token`](Begin::token).
    pub name: Vec<u8>,
    /// Something that is different after each renewal. A leader whose sign stays the same for longer than a lease is
    /// dead, whatever the clock of the server says.
    pub sign: Vec<u8>,
    /// The ticket of its computation.
    pub ticket: u64,
}

impl Leader {
    /// A leader with this name, this sign of life and this ticket.
    pub fn new(name: impl Into<Vec<u8>>, sign: impl Into<Vec<u8>>, ticket: u64) -> Self {
        Self { name: name.into(), sign: sign.into(), ticket }
    }
}

/// A leader that another one takes over from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Predecessor {
    /// Its [name](Leader::name).
    pub name: Vec<u8>,
    /// The last [sign](Leader::sign) that was seen of it: if it gave another one since, it lives, and is not to be taken
    /// over from. `None`: take over from it though it lives.
    pub sign: Option<Vec<u8>>,
}

impl Predecessor {
    /// The leader of this name, unless it has given another sign than this one.
    pub fn new(name: impl Into<Vec<u8>>, sign: Option<Vec<u8>>) -> Self {
        Self { name: name.into(), sign }
    }

    /// Whether it is this leader, as it was seen.
    pub fn is(&self, leader: &Leader) -> bool {
        self.name == leader.name && self.sign.as_ref().is_none_or(|sign| *sign == leader.sign)
    }
}

/// What [`Backend::begin`](super::Backend::begin) did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Begun {
    /// Nothing: there is a value.
    Value(Stored),
    /// Nothing: the computation to join may be joined.
    Standing,
    /// Nothing: another computation leads.
    LedByAnother,
    /// The computation has begun.
    Fence(Fence),
}

/// Proof of when a computation began: a fencing token. Only the backend that made it reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
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

impl Fence {
    /// The fence of the computation with this token, in this generation of its group and this epoch of its key.
    pub fn new(token: Token, generation: Token, epoch: Token, ticket: u64) -> Self {
        Self { token, generation, epoch, ticket }
    }
}
