//! The workers: threads that poll tasks, as many as there are tasks ready to be polled.
//!
//! A task holds a worker only while it is polled. A task that blocks in its `poll`, which no backend should, keeps a
//! worker to itself, and other tasks get other workers. In a process whose tasks do not block, one worker does
//! everything, and ends after a while without tasks.

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

/// The most workers. If so many tasks block at a time, the next one waits; that program has other troubles.
const MOST_WORKERS: usize = 64;

/// How long a worker without a task waits for one before it ends.
const LINGER: Duration = Duration::from_secs(10);

/// A task that has begun.
pub(super) struct Running {
    /// `None` once the task has ended.
    task: Mutex<Option<Task>>,
    /// One of the constants below.
    state: AtomicU8,
    /// Called once the task has ended.
    then: Box<dyn Fn() + Send + Sync>,
}

/// The state of a task that waits to be woken.
const ASLEEP: u8 = 0;
/// The state of a task that waits for a worker: it is in the queue, once.
const READY: u8 = 1;
/// The state of a task that is being polled.
const POLLED: u8 = 2;
/// The state of a task that is being polled, and was woken meanwhile: it is polled again.
const WOKEN: u8 = 3;

impl Running {
    /// Has a worker poll the task until it ends, and then call `then`.
    pub(super) fn begin(task: Task, then: impl Fn() + Send + Sync + 'static) {
        let task = Mutex::new(Some(task));
        push(Some(Arc::new(Self { task, state: AtomicU8::new(READY), then: Box::new(then) })));
    }

    /// Polls the task once, on a worker.
    fn step(self: Arc<Self>) {
        self.state.store(POLLED, Release);
        let waker = Waker::from(self.clone());
        let mut task = lock(&self.task);
        let Some(polled) = &mut *task else { return };
        let poll = || polled.as_mut().poll(&mut Context::from_waker(&waker)).is_pending();
        // A backend is foreign code: its panic must not end the worker, and dropping the panic's payload may panic
        // again.
        let is_pending = catch_unwind(AssertUnwindSafe(poll)).unwrap_or_else(|panic| {
            std::mem::forget(panic);
            false
        });
        if is_pending {
            drop(task);
            // If it was woken while it was polled, nothing else will put it into the queue.
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
    /// The number of workers.
    all: usize,
    /// The number of workers that wait for a task.
    idle: usize,
}

impl Workers {
    const fn of(process: u32) -> Self {
        Self { process, ready: VecDeque::new(), all: 0, idle: 0 }
    }
}

static WORKERS: Mutex<Workers> = Mutex::new(Workers::of(0));
static CHANGED: Condvar = Condvar::new();

/// Adds a task, if there is one, and starts a worker if all are busy.
fn push(task: Option<Arc<Running>>) {
    let process = std::process::id();
    let mut workers = lock(&WORKERS);
    let parents =
        (workers.process != process).then(|| std::mem::replace(&mut *workers, Workers::of(process)));
    workers.ready.extend(task);
    let is_short = workers.ready.len() > workers.idle && workers.all < MOST_WORKERS;
    workers.all += usize::from(is_short);
    drop(workers);
    // In a forked process: the tasks of the parent, which are its own. Outside the lock, since dropping one may run
    // anything.
    drop(parents);
    if !is_short {
        CHANGED.notify_one();
    } else if !spawn("cache-memoize-worker", work) {
        lock(&WORKERS).all -= 1;
        // No thread could be started. Tries again in a second.
        Planned::at(Instant::now() + Duration::from_secs(1), || push(None)).keep();
    }
}

fn work() {
    while let Some(task) = next() {
        task.step();
    }
}

/// The next task; `None` when none has come for a while.
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
