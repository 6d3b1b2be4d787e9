//! The workers: threads that poll tasks, as many as have something to do.
//!
//! A task holds a worker only while it is polled. One that blocks in that, which no backend should, has a worker to itself,
//! and others go on with theirs. In a process whose tasks do not block, one worker does everything, and ends when there was
//! nothing to do for a while.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Release};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant};

use super::timer::Planned;
use super::{Task, spawn};
use crate::sync::lock;

/// More tasks than this block at a time only in a program that has other troubles: the next one waits for a worker.
const MOST_WORKERS: usize = 64;

/// How long a worker waits for more.
const LINGER: Duration = Duration::from_secs(10);

/// A task that has begun.
pub(super) struct Running {
    /// `None` once it has ended.
    task: Mutex<Option<Task>>,
    /// One of the constants below.
    state: AtomicU8,
    /// Called once it has ended.
    then: Box<dyn Fn() + Send + Sync>,
}

/// Waits to be woken.
const ASLEEP: u8 = 0;
/// Waits for a worker.
const READY: u8 = 1;
/// Is polled.
const POLLED: u8 = 2;
/// Is polled, and was woken meanwhile.
const WOKEN: u8 = 3;

impl Running {
    /// Has a worker poll the task until it ends, and then call `then`.
    pub(super) fn begin(task: Task, then: impl Fn() + Send + Sync + 'static) {
        let task = Mutex::new(Some(task));
        push(Some(Arc::new(Self { task, state: AtomicU8::new(READY), then: Box::new(then) })));
    }

    /// Polls it, on a worker.
    fn step(self: Arc<Self>) {
        self.state.store(POLLED, Release);
        let waker = Waker::from(self.clone());
        let mut task = lock(&self.task);
        let Some(polled) = &mut *task else { return };
        let poll = || polled.as_mut().poll(&mut Context::from_waker(&waker)).is_pending();
        // A backend is not ours: a panic of its must not end the worker, and to drop what it panicked with may panic again.
        let is_pending = catch_unwind(AssertUnwindSafe(poll)).unwrap_or_else(|panic| {
            std::mem::forget(panic);
            false
        });
        if is_pending {
            drop(task);
            if self.state.compare_exchange(POLLED, ASLEEP, AcqRel, Acquire).is_err() {
                self.state.store(READY, Release);
                push(Some(self));
            }
            return;
        }
        let ended = task.take();
        drop(task);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(ended))) {
            std::mem::forget(panic);
        }
        (self.then)();
    }
}

impl Wake for Running {
    fn wake(self: Arc<Self>) {
        let next = |state| match state {
            ASLEEP => Some(READY),
            POLLED => Some(WOKEN),
            _ => None,
        };
        if self.state.fetch_update(AcqRel, Acquire, next) == Ok(ASLEEP) {
            push(Some(self));
        }
    }
}

/// The workers of this process.
struct Workers {
    process: u32,
    /// Tasks that wait for a worker.
    ready: VecDeque<Arc<Running>>,
    all: usize,
    idle: usize,
}

impl Workers {
    const fn of(process: u32) -> Self {
        Self { process, ready: VecDeque::new(), all: 0, idle: 0 }
    }
}

static WORKERS: Mutex<Workers> = Mutex::new(Workers::of(0));
static CHANGED: Condvar = Condvar::new();

/// Sees to it that there are workers for the tasks that wait, this one included.
fn push(task: Option<Arc<Running>>) {
    let process = std::process::id();
    let mut workers = lock(&WORKERS);
    let parents =
        (workers.process != process).then(|| std::mem::replace(&mut *workers, Workers::of(process)));
    workers.ready.extend(task);
    let is_short = workers.ready.len() > workers.idle && workers.all < MOST_WORKERS;
    workers.all += usize::from(is_short);
    drop(workers);
    // The tasks of the parent are its own.
    drop(parents);
    if !is_short {
        CHANGED.notify_one();
    } else if !spawn("cache-memoize-worker", work) {
        lock(&WORKERS).all -= 1;
        // Perhaps in a second.
        Planned::at(Instant::now() + Duration::from_secs(1), || push(None)).keep();
    }
}

fn work() {
    while let Some(task) = next() {
        task.step();
    }
}

/// Waits for a task, for a while.
fn next() -> Option<Arc<Running>> {
    let mut workers = lock(&WORKERS);
    loop {
        if let Some(task) = workers.ready.pop_front() {
            return Some(task);
        }
        workers.idle += 1;
        let (locked, waited) = CHANGED.wait_timeout(workers, LINGER).unwrap_or_else(PoisonError::into_inner);
        workers = locked;
        workers.idle -= 1;
        if waited.timed_out() && workers.ready.is_empty() {
            workers.all -= 1;
            return None;
        }
    }
}
