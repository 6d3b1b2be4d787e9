//! How long a caller waits for a computation before one more may begin beside it.
//!
//! A body may need what its callers hold: a thread of a pool, a worker of a runtime. So no caller waits for ever. One that
//! has waited for `max_wait` begins one more computation of the key, and another one may when that is as old.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::{Duration, Instant};

use super::{Driver, Wait, Waited};
use crate::background;
use crate::sync::block_on_until;
use crate::sync::shim::MODELLED;

/// Where nothing else is said.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(30);

/// What one call may wait for one computation after the other.
#[derive(Clone, Copy)]
pub(crate) struct Bound {
    pub(crate) max_wait: Duration,
    /// When the call has waited for `max_wait`; `None` is never.
    own: Option<Instant>,
    /// Whether this thread may be one of a few that all computations need.
    crowded: bool,
    /// When to ask next.
    due: Option<Instant>,
}

impl Bound {
    /// Beginning now.
    pub(crate) fn new(max_wait: Duration, driver: Driver) -> Self {
        let own = after(Instant::now(), max_wait);
        let crowded = driver == Driver::Thread && is_of_a_runtime();
        // A thread that others may need asks first, and then waits.
        let due = if crowded { Some(Instant::now()) } else { own };
        Self { max_wait, own, crowded, due }
    }

    /// When the call may begin one more computation: the last one of the key that began beside another did so at
    /// `relieved`, and the one that callers may join now is waited for since `waited_for`.
    pub(super) fn due(&self, relieved: Option<Instant>, waited_for: Option<Instant>) -> Option<Instant> {
        /// So many begin in one `max_wait` on the threads of a runtime, once the computation is overdue. Such a thread
        /// that goes on waiting may be the very one that the body needs; and each that is let go takes up the next task,
        /// which may be another call of the same key.
        const CROWD: u32 = 64;
        match (self.crowded, relieved) {
            (false, None) => self.own,
            (false, Some(relieved)) => Some(self.own?.max(after(relieved, self.max_wait)?)),
            (true, None) => match waited_for {
                Some(since) => Some(self.own?.min(after(since, self.max_wait)?)),
                None => self.own,
            },
            (true, Some(relieved)) => after(relieved, self.max_wait / CROWD),
        }
    }

    /// Not before then; never, if there is no such time.
    pub(crate) fn ask_at(&mut self, due: Option<Instant>) {
        self.due = due;
    }

    /// Waits on this thread; `None` when the time is over.
    pub(crate) fn block_on(&self, wait: &mut Wait) -> Option<Waited> {
        block_on_until(wait, self.due)
    }

    /// Waits as a task; `None` when the time is over.
    pub(crate) async fn wait(&self, wait: &mut Wait) -> Option<Waited> {
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

/// That much later; `None` if it is too far off to be told.
fn after(instant: Instant, delay: Duration) -> Option<Instant> {
    instant.checked_add(delay)
}

/// Whether this thread is a worker of a Tokio runtime, or may be one. Its name tells, unless the runtime was built with
/// others.
fn is_of_a_runtime() -> bool {
    /// What Tokio calls its threads, and did up to 1.49.
    const NAMES: [&str; 2] = ["tokio-rt-worker", "tokio-runtime-worker"];
    #[cfg(feature = "tokio")]
    if tokio::runtime::Handle::try_current().is_ok() {
        return true;
    }
    std::thread::current().name().is_some_and(|name| NAMES.contains(&name))
}
