//! News of what others did.

use std::fmt;
use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Instant;

use super::Group;

/// Something that may have happened in a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// Under the key of this text a value was stored, removed, or made to expire.
    Key(String),
    /// All values of this group were removed.
    Group(Group),
    /// Buckets of tags were marked.
    Marks,
    /// Changes may have been missed: nothing is known of any key, group or bucket.
    Gap,
    /// All changes that took effect before this instant have been told.
    UpTo(Instant),
}

/// A stream of the changes of a namespace, from when it was made.
///
/// It may tell of changes that did not happen, and more than once. What it does not tell, it says: a change that took
/// effect before the instant of a [`Change::UpTo`] was told before that, or a [`Change::Gap`] was. So whoever keeps copies
/// and uses them no longer than some time after the last `UpTo` never lags behind by more than that, whatever is lost:
/// messages, connections, or the time of the own process. The end of a lifetime, and what a backend loses, need not be
/// told.
pub struct Changes(Box<Next>);

type Next = dyn FnMut(&mut Context<'_>) -> Poll<Change> + Send;

impl Changes {
    /// The stream whose next change this polls for.
    ///
    /// ```
    /// use std::task::Poll;
    ///
    /// use cache_memoize::backend::{Change, Changes};
    ///
    /// // One that knows nothing, and says so.
    /// let _ignorant = Changes::from_poll(|_| Poll::Ready(Change::Gap));
    /// ```
    pub fn from_poll(next: impl FnMut(&mut Context<'_>) -> Poll<Change> + Send + 'static) -> Self {
        Self(Box::new(next))
    }

    /// The next change, once there is one.
    pub async fn next(&mut self) -> Change {
        poll_fn(|task| self.poll_next(task)).await
    }

    /// Polls for the next change.
    pub fn poll_next(&mut self, task: &mut Context<'_>) -> Poll<Change> {
        (self.0)(task)
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Changes(..)")
    }
}
