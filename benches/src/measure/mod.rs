//! How it is measured: pairs within a round, allocations and instructions counted, cells in processes of their own.

pub mod allocator;
pub mod cells;
pub mod keys;
pub mod rounds;
pub mod server;
pub mod threads;

use std::time::Duration;

/// How much is done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// A look, in a minute or two.
    Quick,
    /// What goes into the documentation.
    All,
}

impl Effort {
    /// How often contestants take turns.
    pub fn rounds(self) -> usize {
        match self {
            Self::Quick => 9,
            Self::All => 31,
        }
    }

    /// How long a contestant's turn is, at least: short, so that some turn goes undisturbed.
    pub fn turn(self) -> Duration {
        match self {
            Self::Quick => Duration::from_micros(500),
            Self::All => Duration::from_millis(2),
        }
    }
}
