//! What is to be done for one backend, one thing after the other, beside what is done for others.
//!
//! A lane that has something to do waits for a thread, and a thread does one thing of one lane and asks for the next. So
//! a backend that hangs has one thread at a time, and the others go on with theirs. In a process whose backends
//! answer, one thread does everything, and ends when there was nothing to do for a while.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::{Chore, retry_later, spawn};
use crate::sync::lock;

/// More backends than this hang at a time only in a program that has other troubles: the next one waits for a thread.
const MOST_THREADS: usize = 64;

/// How long a thread waits for more.
const LINGER: Duration = Duration::from_secs(10);

/// More than this wait for a backend only while it hangs. What comes then is left undone: no promise rests on it.
const MOST_WAITING: usize = 1 << 16;

/// The chores of one backend. Clones are the same lane.
#[derive(Clone, Default)]
pub(crate) struct Lane(Arc<Mutex<Line>>);

#[derive(Default)]
struct Line {
    chores: VecDeque<Chore>,
    /// The process in which this lane has a thread or waits for one: in a forked one there are no such threads.
    attended: Option<u32>,
}

impl Lane {
    /// Does something when everything before it is done.
    pub(crate) fn soon(&self, chore: impl FnOnce() + Send + 'static) {
        self.push(Box::new(chore), VecDeque::push_back);
    }

    /// Does something next: its time has come, and what waits has none.
    pub(crate) fn next(&self, chore: impl FnOnce() + Send + 'static) {
        self.push(Box::new(chore), VecDeque::push_front);
    }

    fn push(&self, chore: Chore, push: fn(&mut VecDeque<Chore>, Chore)) {
        let process = std::process::id();
        let mut line = lock(&self.0);
        if line.chores.len() >= MOST_WAITING {
            drop(line);
            return;
        }
        push(&mut line.chores, chore);
        let is_attended = line.attended == Some(process);
        line.attended = Some(process);
        drop(line);
        attend((!is_attended).then(|| self.clone()), process);
    }

    /// Does one thing. Whether there is more.
    fn step(&self) -> bool {
        let chore = lock(&self.0).chores.pop_front();
        if let Some(chore) = chore {
            carry_out(chore);
        }
        let mut line = lock(&self.0);
        if line.chores.is_empty() {
            line.attended = None;
        }
        line.attended.is_some()
    }
}

/// A backend is not ours; a panic of its must not end the thread, and to drop what it panicked with may panic again.
pub(super) fn carry_out(chore: Chore) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(chore)) {
        std::mem::forget(panic);
    }
}

/// The threads of this process.
struct Threads {
    process: u32,
    /// Lanes that wait for a thread.
    waiting: VecDeque<Lane>,
    all: usize,
    idle: usize,
}

impl Threads {
    const fn of(process: u32) -> Self {
        Self { process, waiting: VecDeque::new(), all: 0, idle: 0 }
    }
}

static THREADS: Mutex<Threads> = Mutex::new(Threads::of(0));
static CHANGED: Condvar = Condvar::new();

/// Sees to it that there are threads for the lanes that wait, this one included.
fn attend(lane: Option<Lane>, process: u32) {
    let mut threads = lock(&THREADS);
    let parents =
        (threads.process != process).then(|| std::mem::replace(&mut *threads, Threads::of(process)));
    threads.waiting.extend(lane);
    let is_short = threads.waiting.len() > threads.idle && threads.all < MOST_THREADS;
    threads.all += usize::from(is_short);
    drop(threads);
    // The lanes of the parent are attended to when they are asked for something.
    drop(parents);
    if !is_short {
        CHANGED.notify_one();
    } else if !spawn("cache-memoize-chores", work) {
        lock(&THREADS).all -= 1;
        retry_later();
    }
}

/// A thread could not be had, some time ago.
pub(super) fn try_again() {
    attend(None, std::process::id());
}

fn work() {
    while let Some(lane) = next_lane() {
        if lane.step() {
            lock(&THREADS).waiting.push_back(lane);
        }
    }
}

/// Waits for a lane, for a while.
fn next_lane() -> Option<Lane> {
    let mut threads = lock(&THREADS);
    loop {
        if let Some(lane) = threads.waiting.pop_front() {
            return Some(lane);
        }
        threads.idle += 1;
        let (locked, waited) = CHANGED.wait_timeout(threads, LINGER).unwrap_or_else(PoisonError::into_inner);
        threads = locked;
        threads.idle -= 1;
        if waited.timed_out() && threads.waiting.is_empty() {
            threads.all -= 1;
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    const AMPLE: Duration = Duration::from_secs(60);

    /// A lane that hangs until the sender is dropped, and says so.
    fn hanging() -> (Lane, Sender<()>) {
        let (lane, (end, hangs), (began, is_begun)) = (Lane::default(), channel::<()>(), channel());
        lane.soon(move || {
            began.send(()).unwrap();
            let _ = hangs.recv();
        });
        is_begun.recv_timeout(AMPLE).unwrap();
        (lane, end)
    }

    fn told<T: Send + 'static>(lane: &Lane, what: T) -> Receiver<T> {
        let (sender, receiver) = channel();
        lane.soon(move || drop(sender.send(what)));
        receiver
    }

    #[test]
    fn a_lane_that_hangs_is_alone_with_it() {
        let hanging: Vec<_> = (0..20).map(|_| hanging()).collect();
        let well = Lane::default();
        for round in 0..1000 {
            assert_eq!(told(&well, round).recv_timeout(AMPLE), Ok(round));
        }
        let late: Vec<_> = hanging.iter().map(|(lane, _)| told(lane, ())).collect();
        assert!(late.iter().all(|late| late.try_recv().is_err()), "one thing after the other");
        drop(hanging);
        assert!(late.iter().all(|late| late.recv_timeout(AMPLE) == Ok(())));
    }

    #[test]
    fn what_has_a_time_comes_before_what_has_none() {
        let ((lane, end), order) = (hanging(), Arc::new(Mutex::new(Vec::new())));
        let note = |what| {
            let order = order.clone();
            move || lock(&order).push(what)
        };
        lane.soon(|| panic!("a chore may panic"));
        lane.soon(note("whenever"));
        lane.next(note("now"));
        let last = told(&lane, ());
        drop(end);
        assert_eq!(last.recv_timeout(AMPLE), Ok(()));
        assert_eq!(*lock(&order), ["now", "whenever"]);
    }

    #[test]
    fn what_waits_is_bounded() {
        let (lane, end) = hanging();
        for _ in 0..2 * MOST_WAITING {
            lane.soon(|| {});
        }
        assert_eq!(lock(&lane.0).chores.len(), MOST_WAITING);
        drop(end);
    }
}
