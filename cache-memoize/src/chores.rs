//! What is done later or aside: waking sleepers, and I/O that no caller waits for.
//!
//! One thread keeps time and only wakes, so that it is never late because a backend is. What asks a backend is done in a
//! [`Lane`] of that backend. All threads begin when they are first needed. Sync functions have no runtime that could do
//! either.

mod lane;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Condvar, LazyLock, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

pub(crate) use lane::Lane;
use lane::carry_out;

use crate::sync::lock;
use crate::time;

type Chore = Box<dyn FnOnce() + Send>;

/// Names something that is due.
type Due = (Instant, u64);

enum Alarm {
    Wake(Waker),
    Do(Lane, Chore),
    /// Look for threads again.
    TryAgain,
}

#[derive(Default)]
struct Timer {
    alarms: BTreeMap<Due, Alarm>,
    last: u64,
    /// The process that has the thread: in a forked one it is gone.
    running: Option<u32>,
}

static TIMER: LazyLock<(Mutex<Timer>, Condvar)> = LazyLock::new(Default::default);

/// Does something for a backend when its time has come, unless the returned guard was dropped before.
pub(crate) fn later(delay: Duration, lane: &Lane, chore: impl FnOnce() + Send + 'static) -> Planned {
    Planned(set(delay, Alarm::Do(lane.clone(), Box::new(chore))).0)
}

/// Ready when the time is over.
pub(crate) fn sleep(delay: Duration) -> Sleep {
    sleep_until(time::later(Instant::now(), delay))
}

/// Ready at that time.
pub(crate) fn sleep_until(until: Instant) -> Sleep {
    Sleep { until, alarm: None }
}

/// Something that will be done. Dropping it calls it off, if it has not begun.
#[must_use = "dropping it calls it off"]
pub(crate) struct Planned(Due);

impl Planned {
    /// It will be done in any case.
    pub(crate) fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for Planned {
    fn drop(&mut self) {
        let chore = lock(&TIMER.0).alarms.remove(&self.0);
        drop(chore);
    }
}

/// See [`sleep`].
pub(crate) struct Sleep {
    until: Instant,
    alarm: Option<Planned>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let left = self.until.saturating_duration_since(Instant::now());
        // The one before is called off, with the waker that may have changed.
        self.alarm = None;
        if left.is_zero() {
            return Poll::Ready(());
        }
        let (due, is_kept) = set(left, Alarm::Wake(context.waker().clone()));
        self.alarm = Some(Planned(due));
        if !is_kept {
            // No thread can be had that would wake the sleeper.
            std::thread::sleep(left.min(Duration::from_millis(10)));
            context.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

/// Sets an alarm. Whether there is a thread that heeds it: if not, the next one that is set tries again.
fn set(delay: Duration, alarm: Alarm) -> (Due, bool) {
    let (timer, changed) = &*TIMER;
    let process = std::process::id();
    let mut timer = lock(timer);
    timer.last += 1;
    let due = (time::later(Instant::now(), delay), timer.last);
    let is_next = timer.alarms.first_key_value().is_none_or(|(next, _)| due < *next);
    timer.alarms.insert(due, alarm);
    let is_kept = timer.running == Some(process);
    timer.running = Some(process);
    drop(timer);
    if is_kept {
        if is_next {
            changed.notify_one();
        }
        return (due, true);
    }
    let is_kept = spawn("cache-memoize-timer", keep_time);
    if !is_kept {
        lock(&TIMER.0).running = None;
    }
    (due, is_kept)
}

/// A thread could not be had; perhaps in a second.
fn retry_later() {
    let _ = set(Duration::from_secs(1), Alarm::TryAgain);
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
                match alarm {
                    Alarm::Wake(waker) => carry_out(Box::new(|| waker.wake())),
                    Alarm::Do(lane, chore) => lane.next(chore),
                    Alarm::TryAgain => lane::try_again(),
                }
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

/// Whether there is such a thread now.
fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> bool {
    std::thread::Builder::new().name(name.to_owned()).spawn(work).is_ok()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;
    use crate::sync::block_on;

    #[test]
    fn chores_come_in_the_order_of_time_and_can_be_called_off() {
        let (sender, done) = channel();
        let tell = |what: &'static str| {
            let sender = sender.clone();
            move || sender.send(what).unwrap()
        };
        let lane = Lane::default();
        let _second = later(Duration::from_millis(20), &lane, tell("second"));
        later(Duration::from_millis(1), &lane, tell("first")).keep();
        drop(later(Duration::from_millis(10), &lane, tell("called off")));
        assert_eq!([done.recv().unwrap(), done.recv().unwrap()], ["first", "second"]);
        lane.soon(|| panic!("a chore may panic"));
        lane.soon(tell("third"));
        assert_eq!(done.recv().unwrap(), "third");
    }

    #[test]
    fn sleepers_are_woken() {
        let began = Instant::now();
        block_on(sleep(Duration::from_millis(5)));
        assert!(began.elapsed() >= Duration::from_millis(5));
    }
}
