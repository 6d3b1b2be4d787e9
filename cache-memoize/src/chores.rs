//! What is done later or aside: waking sleepers, and I/O that no caller waits for.
//!
//! Two threads, begun when first needed: one keeps time and only wakes, so that it is never late because a backend is;
//! the other does the I/O, one thing after the other. Sync functions have no runtime that could do either.

use std::collections::BTreeMap;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Condvar, LazyLock, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::sync::lock;
use crate::time;

type Chore = Box<dyn FnOnce() + Send>;

/// Names something that is due.
type Due = (Instant, u64);

enum Alarm {
    Wake(Waker),
    Do(Chore),
}

#[derive(Default)]
struct Timer {
    alarms: BTreeMap<Due, Alarm>,
    last: u64,
    /// The process that has the thread: in a forked one it is gone.
    running: Option<u32>,
}

static TIMER: LazyLock<(Mutex<Timer>, Condvar)> = LazyLock::new(Default::default);

/// What leads to the thread, and the process that has it: in a forked one it is gone.
type Worker = (u32, Sender<Chore>);

/// Does something soon, on the thread for chores.
pub(crate) fn soon(chore: impl FnOnce() + Send + 'static) {
    static CHORES: LazyLock<Mutex<Option<Worker>>> = LazyLock::new(Mutex::default);
    let mut chores = lock(&CHORES);
    let process = std::process::id();
    if chores.as_ref().is_none_or(|(of, _)| *of != process) {
        let (sender, receiver) = channel::<Chore>();
        let work = move || receiver.iter().for_each(carry_out);
        *chores = spawn("cache-memoize-chores", work).then_some((process, sender));
    }
    if let Some((_, sender)) = &*chores {
        // The thread ends with its sender.
        let _ = sender.send(Box::new(chore));
    }
}

/// Does something when its time has come, unless the returned guard was dropped before.
pub(crate) fn later(delay: Duration, chore: impl FnOnce() + Send + 'static) -> Planned {
    Planned(set(delay, Alarm::Do(Box::new(chore))))
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
        self.alarm = Some(Planned(set(left, Alarm::Wake(context.waker().clone()))));
        Poll::Pending
    }
}

fn set(delay: Duration, alarm: Alarm) -> Due {
    let (timer, changed) = &*TIMER;
    let mut timer = lock(timer);
    timer.last += 1;
    let due = (time::later(Instant::now(), delay), timer.last);
    let is_next = timer.alarms.first_key_value().is_none_or(|(next, _)| due < *next);
    timer.alarms.insert(due, alarm);
    let process = std::process::id();
    if timer.running != Some(process) {
        timer.running = spawn("cache-memoize-timer", keep_time).then_some(process);
    } else if is_next {
        changed.notify_one();
    }
    due
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
                    Alarm::Do(chore) => soon(chore),
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

/// Wakers and backends are not ours; a panic of theirs must not end the thread.
fn carry_out(chore: Chore) {
    let _ = catch_unwind(AssertUnwindSafe(chore));
}

/// Whether there is such a thread now. Without one, what was to be done is not: no promise rests on chores.
fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> bool {
    std::thread::Builder::new().name(name.to_owned()).spawn(work).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flight::block_on;

    #[test]
    fn chores_come_in_the_order_of_time_and_can_be_called_off() {
        let (sender, done) = channel();
        let tell = |what: &'static str| {
            let sender = sender.clone();
            move || sender.send(what).unwrap()
        };
        let _second = later(Duration::from_millis(20), tell("second"));
        let _first = later(Duration::from_millis(1), tell("first"));
        drop(later(Duration::from_millis(10), tell("called off")));
        assert_eq!([done.recv().unwrap(), done.recv().unwrap()], ["first", "second"]);
        soon(|| panic!("a chore may panic"));
        soon(tell("third"));
        assert_eq!(done.recv().unwrap(), "third");
    }

    #[test]
    fn sleepers_are_woken() {
        let began = Instant::now();
        block_on(sleep(Duration::from_millis(5)));
        assert!(began.elapsed() >= Duration::from_millis(5));
    }
}
