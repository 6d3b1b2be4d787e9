//! What an invalidation of tags leaves behind.

use super::Token;

/// One of 65 536 buckets. The cache puts each tag into one; tags that share a bucket are invalidated together.
pub type Bucket = u16;

/// What is known of some buckets, as [`Backend::marks`](super::Backend::marks) finds it in one atomic step.
///
/// An entry keeps the epoch and the marks of its buckets as they were before its computation began. It is valid as long as
/// all of them are the same: a mark never comes back, and the epoch ends when anything is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Marks {
    /// Ends when the backend loses any of this, and never comes back.
    pub epoch: Token,
    /// The number of the mark that was made last, in whichever bucket.
    pub clock: u64,
    /// The mark of each bucket that was asked about, in their order; `None` for one that was not marked in this epoch.
    pub marks: Vec<Option<Mark>>,
}

impl Marks {
    /// These marks, of this epoch and that clock.
    pub fn new(epoch: Token, clock: u64, marks: Vec<Option<Mark>>) -> Self {
        Self { epoch, clock, marks }
    }
}

/// When a bucket was marked last, and something that tells this mark from all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mark {
    /// Higher than that of each mark of the epoch that was there before.
    pub number: u64,
    /// Random: a server that forgot some marks counts up to the same numbers again.
    pub token: [u8; 8],
}

impl Mark {
    /// A mark of this number.
    pub fn new(number: u64, token: [u8; 8]) -> Self {
        Self { number, token }
    }
}
