//! The timer: wakes sleepers and starts tasks when their time has come.

use std::collections::BTreeMap;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering::AcqRel, Ordering::Relaxed};
use std::sync::{Condvar, LazyLock, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::spawn;
use crate::sync::lock;
#[cfg(feature = "shared")]
use crate::time;

/// The key of an alarm: when it is due, and a number that tells it from others at that time.
type Due = (Instant, u64);

enum Alarm {
    Wake(Waker),
    Do(Box<dyn FnOnce() + Send>),
}

#[derive(Default)]
struct Timer {
    alarms: BTreeMap<Due, Alarm>,
    last: u64,
}

static TIMER: LazyLock<(Mutex<Timer>, Condvar)> = LazyLock::new(Default::default);

static THREAD: Thread = Thread(AtomicU32::new(0));

/// The timer thread, by the process that it runs in: in a forked process it is gone.
struct Thread(AtomicU32);

impl Thread {
    /// Starts the thread unless this process has it; whether it has it now.
    fn run_in(&self, process: u32, spawn: impl FnOnce() -> bool) -> bool {
        if self.0.load(Relaxed) == process || self.0.swap(process, AcqRel) == process || spawn() {
            return true;
        }
        // The next call tries again.
        self.0.store(0, Relaxed);
        false
    }
}

/// A planned action. Dropping it cancels the action, if that has not begun.
#[must_use = "dropping it cancels the action"]
pub(crate) struct Planned(Due);

impl Planned {
    /// Plans an action. It runs on the timer thread, so it must be short.
    pub(super) fn at(at: Instant, action: impl FnOnce() + Send + 'static) -> Self {
        Self(set(at, Alarm::Do(Box::new(action))).0)
    }

    /// Has the action done in any case: it can no longer be cancelled.
    pub(crate) fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for Planned {
    fn drop(&mut self) {
        let alarm = lock(&TIMER.0).alarms.remove(&self.0);
        drop(alarm);
    }
}

/// A future that is ready after `delay`.
#[cfg(feature = "shared")]
pub(crate) fn sleep(delay: Duration) -> Sleep {
    sleep_until(time::later(Instant::now(), delay))
}

/// A future that is ready at this time.
pub(crate) fn sleep_until(until: Instant) -> Sleep {
    Sleep { until, alarm: None }
}

/// See [`sleep_until`].
pub(crate) struct Sleep {
    until: Instant,
    alarm: Option<Planned>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let now = Instant::now();
        // The waker may have changed: the alarm before is cancelled, and set anew.
        self.alarm = None;
        if now >= self.until {
            return Poll::Ready(());
        }
        let (due, is_kept) = set(self.until, Alarm::Wake(context.waker().clone()));
        self.alarm = Some(Planned(due));
        if !is_kept {
            // There is no timer thread, and none can be started: waits here for a moment and has itself polled again.
            std::thread::sleep((self.until - now).min(Duration::from_millis(10)));
            context.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

/// Starts the timer thread unless this process has it, which may be a forked one; whether it has it now.
pub(crate) fn attend() -> bool {
    THREAD.run_in(std::process::id(), || spawn("cache-memoize-timer", keep_time))
}

/// Sets an alarm; its key, and whether there is a timer thread to heed it. If not, the next alarm tries to start one
/// again.
fn set(at: Instant, alarm: Alarm) -> (Due, bool) {
    let (timer, changed) = &*TIMER;
    let mut locked = lock(timer);
    locked.last += 1;
    let due = (at, locked.last);
    let is_next = locked.alarms.first_key_value().is_none_or(|(next, _)| due < *next);
    locked.alarms.insert(due, alarm);
    drop(locked);
    if is_next {
        changed.notify_one();
    }
    (due, attend())
}

/// The timer thread: rings every alarm when it is due, without the lock.
fn keep_time() {
    let (timer, changed) = &*TIMER;
    let mut locked = lock(timer);
    loop {
        let now = Instant::now();
        locked = match locked.alarms.first_entry() {
            Some(next) if next.key().0 <= now => {
                let alarm = next.remove();
                drop(locked);
                ring(alarm);
                lock(timer)
            }
            Some(next) => {
                let left = next.key().0 - now;
                changed.wait_timeout(locked, left).unwrap_or_else(PoisonError::into_inner).0
            }
            None => changed.wait(locked).unwrap_or_else(PoisonError::into_inner),
        };
    }
}

/// Rings an alarm. It may run foreign code, such as wakers of the user's. A panic of that must not end the thread; and
/// the panic's payload is forgotten, since dropping it may panic again.
fn ring(alarm: Alarm) {
    let ring = || match alarm {
        Alarm::Wake(waker) => waker.wake(),
        Alarm::Do(action) => action(),
    };
    if let Err(panic) = catch_unwind(AssertUnwindSafe(ring)) {
        std::mem::forget(panic);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::block_on;

    #[test]
    fn a_thread_is_started_in_another_process_and_after_a_failure() {
        let thread = Thread(AtomicU32::new(0));
        let begins = |process, succeeds| {
            let mut tried = false;
            let runs = thread.run_in(process, || {
                tried = true;
                succeeds
            });
            (tried, runs)
        };
        assert_eq!(begins(7, false), (true, false), "the first attempt fails");
        assert_eq!(begins(7, true), (true, true), "and the second does not");
        assert_eq!(begins(7, true), (false, true), "this process has the thread");
        assert_eq!(begins(8, true), (true, true), "a forked process does not");
    }

    #[test]
    fn sleepers_are_woken() {
        let began = Instant::now();
        block_on(sleep_until(began + Duration::from_millis(5)));
        assert!(began.elapsed() >= Duration::from_millis(5));
    }
}
