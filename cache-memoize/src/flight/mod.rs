//! A flight: one computation of one key, from before its body begins until its result is there for everyone
//! who waits. Threads and tasks wait in the same way, through a [`Waker`].
//!
//! A flight ends in exactly one of a few ways ([`Settled`]). Waiting holds no lock, and neither does computing.

mod bound;
pub(crate) mod context;
pub(crate) mod table;
mod wait;

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool as ByItsThread, Ordering::Relaxed};
use std::task::{Poll, Waker};
use std::time::Instant;

pub(crate) use bound::{Bound, MAX_WAIT};
#[cfg(any(feature = "shared", feature = "testing", test))]
pub(crate) use wait::block_on;
pub(crate) use wait::{Wait, Waited, wait};

use crate::entry::{AnyEntry, Generation};
use crate::memory::Memory;
use crate::sync::shim::{AtomicBool, Mutex, lock};

/// How a flight ended.
#[derive(Clone)]
pub(crate) enum Settled {
    /// The entry of the flight has been filled: everyone may copy the value.
    Shared,
    /// A computation of the key that began later, beside this one, has filled this entry. This one goes on, for its own
    /// caller.
    Elsewhere(Arc<dyn AnyEntry>),
    /// The result belongs to its own caller: an error that is not `Clone`.
    Unshared,
    /// The body panicked, with this message where there was one.
    Panicked(Option<Arc<str>>),
    /// The leader was dropped before it had a result, or another one has stored a value: look again.
    Abandoned,
}

/// Who leads a flight: a caller that blocks its thread must not wait for a task which that thread may have to run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leader {
    Thread,
    Task,
}

/// One computation.
pub(crate) struct Flight {
    /// What will hold the value.
    pub(crate) entry: Arc<dyn AnyEntry>,
    /// Of the key.
    pub(crate) hash: u64,
    /// When it began, in the order of [`Flights::ticket`](table::Flights::ticket).
    pub(crate) ticket: u64,
    /// What it will be stored with.
    pub(crate) generation: Arc<Generation>,
    pub(crate) leader: Leader,
    /// The memory it computes for, by address: with the hash of the key it tells whether two computations are
    /// of the same key.
    memory: usize,
    /// The computation within which this one was begun.
    parent: Option<Arc<Flight>>,
    /// How many there are above it.
    pub(crate) depth: u32,
    /// Whether its thread is within it, from [`enter`](context::enter) to [`leave`](context::leave). No other thread asks.
    pub(crate) entered: ByItsThread,
    /// Where it was sent from, if that is a memory.
    pub(crate) errand: Option<Errand>,
    phase: Mutex<Phase>,
    /// How often a leading task has polled the computation, and which task that is.
    polled: Mutex<(u64, Option<TaskId>)>,
    /// Set with the first waiter, so that a leader whom nobody joined copies nothing.
    joined: AtomicBool,
}

/// Why a computation is made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// For its caller and all who join.
    Fill,
    /// For its caller alone, beside another computation.
    Aside,
    /// For its caller and all who join, beside another computation that takes too long.
    Relief,
    /// To replace what is stored.
    Refresh,
}

/// What the end of a computation for a memory needs to know. Here and not beside the pointer to the flight, which a
/// thread has on its stack for as long as the body runs: it is small so that a recursion may be deep.
pub(crate) struct Errand {
    pub(crate) memory: Memory,
    pub(crate) purpose: Purpose,
    /// The time when nothing was stored, where that is known.
    pub(crate) vacant: Option<u64>,
    /// How to store what it computes as a pair, if it may be one: an `Option<Copier<_, _>>`.
    pub(crate) copier: &'static (dyn Any + Send + Sync),
}

enum Phase {
    Running(Running),
    Settled(Settled),
}

#[derive(Default)]
struct Running {
    waiters: Vec<Waiter>,
    next_id: u64,
    /// When the first one began to wait.
    waited_for: Option<Instant>,
    /// Whether it was told that it takes too long.
    told: bool,
}

struct Waiter {
    id: u64,
    waker: Waker,
    /// The computation that cannot go on before this one is settled.
    within: Option<Arc<Flight>>,
}

/// A task, as far as its waker tells. Not the waker itself: a flight that held it would be held by its own task,
/// and keep that task alive for ever. That two tasks have the same identity, one after the other, costs no more
/// than a computation.
#[derive(Clone, Copy, PartialEq, Eq)]
struct TaskId {
    data: usize,
    vtable: usize,
}

impl TaskId {
    fn of(task: &Waker) -> Self {
        Self { data: task.data().addr(), vtable: std::ptr::from_ref(task.vtable()).addr() }
    }
}

/// Wakes waiters, also when one of them panics.
struct WakeAll(std::vec::IntoIter<Waiter>);

impl Drop for WakeAll {
    fn drop(&mut self) {
        while let Some(waiter) = self.0.next() {
            let mut rest = Self(std::mem::take(&mut self.0));
            waiter.waker.wake();
            self.0 = std::mem::take(&mut rest.0);
        }
    }
}

impl Flight {
    pub(crate) fn new(
        entry: Arc<dyn AnyEntry>,
        (hash, ticket): (u64, u64),
        generation: Arc<Generation>,
        leader: Leader,
        memory: usize,
        errand: Option<Errand>,
    ) -> Arc<Self> {
        let parent = context::current();
        Arc::new(Self {
            entry,
            hash,
            ticket,
            generation,
            leader,
            memory,
            depth: parent.as_ref().map_or(0, |parent| parent.depth.saturating_add(1)),
            parent,
            entered: ByItsThread::new(false),
            errand,
            phase: Mutex::new(Phase::Running(Running::default())),
            polled: Mutex::default(),
            joined: AtomicBool::new(false),
        })
    }

    /// Whether this computes a key with that hash in that memory.
    fn computes(&self, memory: usize, hash: u64) -> bool {
        self.memory == memory && self.hash == hash
    }

    pub(crate) fn has_waiters(&self) -> bool {
        self.joined.load(Relaxed)
    }

    /// This computation and those it was begun within, innermost first.
    fn ancestry(self: &Arc<Self>) -> impl Iterator<Item = &Arc<Self>> {
        std::iter::successors(Some(self), |flight| flight.parent.as_ref())
    }

    /// A task polls the computation.
    pub(crate) fn polled_by(&self, task: &Waker) {
        let mut polled = lock(&self.polled);
        *polled = (polled.0 + 1, Some(TaskId::of(task)));
    }

    /// How often the computation was polled, if the task with this waker is the one that leads it.
    fn polls_by(&self, task: &Waker) -> Option<u64> {
        let (polls, leader) = *lock(&self.polled);
        (leader == Some(TaskId::of(task))).then_some(polls)
    }

    /// Ends the flight and wakes everyone who waits. The first call decides.
    pub(crate) fn settle(&self, how: Settled) {
        let waiters = {
            let mut phase = lock(&self.phase);
            match &mut *phase {
                Phase::Settled(_) => return,
                Phase::Running(running) => {
                    let waiters = std::mem::take(&mut running.waiters);
                    *phase = Phase::Settled(how);
                    waiters
                }
            }
        };
        // Wakers are user code: outside the lock, and one that panics does not keep the others from being woken.
        if !waiters.is_empty() {
            drop(WakeAll(waiters.into_iter()));
        }
    }

    /// Becomes a waiter, unless the flight has ended.
    fn register(&self, within: Option<Arc<Flight>>, waker: Waker) -> Result<u64, Settled> {
        match &mut *lock(&self.phase) {
            Phase::Settled(how) => Err(how.clone()),
            Phase::Running(running) => {
                let id = running.next_id;
                running.next_id += 1;
                running.waited_for.get_or_insert_with(Instant::now);
                running.waiters.push(Waiter { id, waker, within });
                self.joined.store(true, Relaxed);
                Ok(id)
            }
        }
    }

    fn poll_waiter(&self, id: u64, mut waker: Waker) -> Poll<Settled> {
        match &mut *lock(&self.phase) {
            Phase::Settled(how) => return Poll::Ready(how.clone()),
            Phase::Running(running) => {
                if let Some(waiter) = running.waiters.iter_mut().find(|waiter| waiter.id == id) {
                    std::mem::swap(&mut waiter.waker, &mut waker);
                }
            }
        }
        // The old waker is dropped here, outside the lock.
        Poll::Pending
    }

    fn unregister(&self, id: u64) {
        let gone = match &mut *lock(&self.phase) {
            Phase::Settled(_) => None,
            Phase::Running(Running { waiters, .. }) => {
                waiters.iter().position(|waiter| waiter.id == id).map(|index| waiters.swap_remove(index))
            }
        };
        drop(gone);
    }

    /// Since when there are waiters, if there were any and it has not ended.
    fn waited_for(&self) -> Option<Instant> {
        match &*lock(&self.phase) {
            Phase::Settled(_) => None,
            Phase::Running(running) => running.waited_for,
        }
    }

    /// Whether nobody has been told yet that it takes too long. From now on it is told.
    pub(crate) fn is_to_be_told(&self) -> bool {
        match &mut *lock(&self.phase) {
            Phase::Settled(_) => false,
            Phase::Running(running) => !std::mem::replace(&mut running.told, true),
        }
    }

    /// Calls `visit` with every computation that waits for this one.
    fn for_each_waiting(&self, mut visit: impl FnMut(&Arc<Flight>)) {
        if let Phase::Running(Running { waiters, .. }) = &*lock(&self.phase) {
            waiters.iter().filter_map(|waiter| waiter.within.as_ref()).for_each(&mut visit);
        }
    }
}
