//! The bound of a wait: how long a follower waits for a computation before one more may begin beside it.
//!
//! A body may need a resource that its callers hold, such as a thread of a pool or a worker of a runtime. So no caller
//! waits for ever: one that has waited for `max_wait` begins one more computation of the key, and the next may begin
//! when that one is as old.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::{Duration, Instant};

use super::{Driver, Wait, Waited};
use crate::background;
use crate::sync::block_on_until;
use crate::sync::shim::MODELLED;

/// The `max_wait` of functions that do not set one.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(30);

/// The bound of all waits of one call, for one computation after the other.
#[derive(Clone, Copy)]
pub(crate) struct Bound {
    pub(crate) max_wait: Duration,
    /// When the call will have waited for `max_wait`; `None` is never.
    own: Option<Instant>,
    /// Whether this thread may be one of a few that all computations need.
    crowded: bool,
    /// When the wait is interrupted to ask the table for relief; `None` is never.
    due: Option<Instant>,
}

impl Bound {
    /// The bound of a call that begins to wait now.
    pub(crate) fn new(max_wait: Duration, driver: Driver) -> Self {
        let own = after(Instant::now(), max_wait);
        let crowded = driver == Driver::Thread && is_of_a_runtime();
        // A thread that computations may need asks before it waits: the computation may be overdue already.
        let due = if crowded { Some(Instant::now()) } else { own };
        Self { max_wait, own, crowded, due }
    }

    /// When the call may begin one more computation. `relieved` is when the last computation of the key began beside
    /// another, and `waited_for` since when followers wait for the one that callers may join now.
    pub(super) fn due(&self, relieved: Option<Instant>, waited_for: Option<Instant>) -> Option<Instant> {
        /// How many computations may begin in one `max_wait` on the threads of a runtime, once the first is overdue. A
        /// thread that goes on waiting may be the very one that the body needs; and each thread that is let go takes up
        /// the next task, which may be another call of the same key.
        const CROWD: u32 = 64;
        match (self.crowded, relieved) {
            (false, None) => self.own,
            // One computation begins in each `max_wait`, however many callers wait.
            (false, Some(relieved)) => Some(self.own?.max(after(relieved, self.max_wait)?)),
            // Not only this call's wait counts, but that of the follower that has waited longest.
            (true, None) => match waited_for {
                Some(since) => Some(self.own?.min(after(since, self.max_wait)?)),
                None => self.own,
            },
            (true, Some(relieved)) => after(relieved, self.max_wait / CROWD),
        }
    }

    /// Has the next wait end at `due`; without a time, only with the computation.
    pub(crate) fn ask_at(&mut self, due: Option<Instant>) {
        self.due = due;
    }

    /// Waits on this thread; `None` when it is time to ask for relief.
    pub(crate) fn block_on(&self, wait: &mut Wait) -> Option<Waited> {
        block_on_until(wait, self.due)
    }

    /// Waits as a task; `None` when it is time to ask for relief.
    pub(crate) async fn wait(&self, wait: &mut Wait) -> Option<Waited> {
        // In the model time does not pass, and there is no timer: only a time that has come counts.
        let until = self.due.filter(|due| !MODELLED || *due <= Instant::now());
        let mut sleep = pin!(until.map(background::sleep_until));
        poll_fn(|task| match Pin::new(&mut *wait).poll(task) {
            Poll::Ready(waited) => Poll::Ready(Some(waited)),
            Poll::Pending => match sleep.as_mut().as_pin_mut() {
                Some(sleep) => sleep.poll(task).map(|()| None),
                None => Poll::Pending,
            },
        })
        .await
    }
}

/// The instant `delay` later; `None` if the clock cannot represent it.
fn after(instant: Instant, delay: Duration) -> Option<Instant> {
    instant.checked_add(delay)
}

/// Whether this thread is, or may be, a worker of a Tokio runtime. Without the feature `tokio` only the thread's name
/// tells, and a runtime may have been built with other names.
fn is_of_a_runtime() -> bool {
    /// The names of Tokio's threads: from 1.50 on, and before.
    const NAMES: [&str; 2] = ["tokio-rt-worker", "tokio-runtime-worker"];
    #[cfg(feature = "tokio")]
    if tokio::runtime::Handle::try_current().is_ok() {
        return true;
    }
    std::thread::current().name().is_some_and(|name| NAMES.contains(&name))
}
