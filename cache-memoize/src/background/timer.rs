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

/// Names something that is due.
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

/// The thread, by the process that has it: in a forked one it is gone.
struct Thread(AtomicU32);

impl Thread {
    /// Sees to it that this process has the thread; whether it has.
    fn run_in(&self, process: u32, spawn: impl FnOnce() -> bool) -> bool {
        if self.0.load(Relaxed) == process || self.0.swap(process, AcqRel) == process || spawn() {
            return true;
        }
        // The next one that asks tries again.
        self.0.store(0, Relaxed);
        false
    }
}

/// Something that will be done. Dropping it calls it off, if it has not begun.
#[must_use = "dropping it calls it off"]
pub(crate) struct Planned(Due);

impl Planned {
    /// Does something when its time has come: on the thread that keeps time, so it is something short.
    pub(super) fn at(at: Instant, deed: impl FnOnce() + Send + 'static) -> Self {
        Self(set(at, Alarm::Do(Box::new(deed))).0)
    }

    /// It will be done in any case.
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

/// Ready when the time is over.
#[cfg(feature = "shared")]
pub(crate) fn sleep(delay: Duration) -> Sleep {
    sleep_until(time::later(Instant::now(), delay))
}

/// Ready at that time.
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
        // The one before is called off, with the waker that may have changed.
        self.alarm = None;
        if now >= self.until {
            return Poll::Ready(());
        }
        let (due, is_kept) = set(self.until, Alarm::Wake(context.waker().clone()));
        self.alarm = Some(Planned(due));
        if !is_kept {
            // No thread can be had that would wake the sleeper.
            std::thread::sleep((self.until - now).min(Duration::from_millis(10)));
            context.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

/// Sees to it that alarms are heeded in this process, which may be a forked one; whether they are.
pub(crate) fn attend() -> bool {
    THREAD.run_in(std::process::id(), || spawn("cache-memoize-timer", keep_time))
}

/// Sets an alarm. Whether there is a thread that heeds it: if not, the next one that is set tries again.
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

/// What is done is not the timer's own, such as wakers of the user's: a panic must not end the thread, and to drop what it
/// panicked with may panic again.
fn ring(alarm: Alarm) {
    let ring = || match alarm {
        Alarm::Wake(waker) => waker.wake(),
        Alarm::Do(deed) => deed(),
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
    fn another_process_and_one_that_got_no_thread_begin_one() {
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
        assert_eq!(begins(7, true), (false, true), "there is one");
        assert_eq!(begins(8, true), (true, true), "but not in a forked process");
    }

    #[test]
    fn sleepers_are_woken() {
        let began = Instant::now();
        block_on(sleep_until(began + Duration::from_millis(5)));
        assert!(began.elapsed() >= Duration::from_millis(5));
    }
}
