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
pub(crate) use wait::{Wait, Waited, wait};

use crate::entry::{AnyEntry, Generation};
use crate::error::Error;
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

/// What the end of a computation does to the place of its entry.
pub(crate) enum Landing<L> {
    /// Nothing: it failed, was dropped, or its value is not to be kept.
    Nothing,
    /// The value is stored.
    Store(L),
    /// The value is not to be kept, and neither is the one that it was to replace.
    Remove,
    /// The value cannot be stored.
    #[cfg_attr(not(feature = "shared"), expect(dead_code, reason = "a memory stores every value"))]
    Failed(Error),
}

/// Who drives a computation: a caller that blocks its thread must not wait for a task which that thread may have to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Driver {
    Thread,
    Task,
}

/// Why a computation is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// One computation. `E` is the errand: everything that the place of its entry needs at the end of the computation. It is
/// here and not beside the pointer to the flight, which a thread has on its stack for as long as the body runs: that is
/// small, so that a recursion may be deep.
pub(crate) struct Flight<E: ?Sized = dyn Any + Send + Sync> {
    /// The entry that will hold the value.
    pub(crate) entry: Arc<dyn AnyEntry>,
    /// The hash of the key.
    pub(crate) hash: u64,
    /// When the computation began, in the order of [`Flights::ticket`](table::Flights::ticket).
    pub(crate) ticket: u64,
    /// The generation that the value will be stored with.
    pub(crate) generation: Arc<Generation>,
    pub(crate) driver: Driver,
    pub(crate) purpose: Purpose,
    /// The place that it computes for, by address: with the hash of the key it tells whether two computations are
    /// of the same key.
    place: usize,
    /// The computation within which this one was begun.
    parent: Option<Arc<Flight>>,
    /// The number of computations above it.
    pub(crate) depth: u32,
    /// Whether its thread is within it, from [`enter`](context::enter) to [`leave`](context::leave). No other thread asks.
    pub(crate) entered: ByItsThread,
    phase: Mutex<Phase>,
    /// How often a leading task has polled the computation, and which task that is.
    polled: Mutex<(u64, Option<TaskId>)>,
    /// Set with the first waiter, so that a leader whose computation no call joined copies nothing.
    joined: AtomicBool,
    pub(crate) errand: E,
}

/// What a flight is made of, but for its place in the order of its table.
pub(crate) struct NewFlight<E> {
    pub(crate) entry: Arc<dyn AnyEntry>,
    pub(crate) generation: Arc<Generation>,
    pub(crate) driver: Driver,
    pub(crate) purpose: Purpose,
    /// The address of the place that it computes for.
    pub(crate) place: usize,
    pub(crate) errand: E,
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
    /// Whether an event has told that it takes too long.
    told: bool,
    /// Whether the computation has gone on to its next stage.
    moved: bool,
}

struct Waiter {
    id: u64,
    waker: Waker,
    /// The computation that cannot go on before this one is settled.
    within: Option<Arc<Flight>>,
    /// Whether it waits for the next stage only.
    for_stage: bool,
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

/// Wakes all of them, also when one panics. Wakers are user code: to be called outside locks.
fn wake_all<I: Iterator<Item = Waker>>(wakers: I) {
    struct Rest<I: Iterator<Item = Waker>>(I);
    impl<I: Iterator<Item = Waker>> Drop for Rest<I> {
        fn drop(&mut self) {
            self.0.by_ref().for_each(Waker::wake);
        }
    }
    let mut rest = Rest(wakers);
    rest.0.by_ref().for_each(Waker::wake);
}

impl<E: Send + Sync + 'static> Flight<E> {
    /// A computation with that hash and ticket, within the one that this thread is in.
    pub(crate) fn new(new: NewFlight<E>, (hash, ticket): (u64, u64)) -> Arc<Self> {
        let NewFlight { entry, generation, driver, purpose, place, errand } = new;
        let parent = context::current();
        Arc::new(Self {
            entry,
            hash,
            ticket,
            generation,
            driver,
            purpose,
            place,
            depth: parent.as_ref().map_or(0, |parent| parent.depth.saturating_add(1)),
            parent,
            entered: ByItsThread::new(false),
            phase: Mutex::new(Phase::Running(Running::default())),
            polled: Mutex::default(),
            joined: AtomicBool::new(false),
            errand,
        })
    }
}

impl Flight {
    /// This computation and those it was begun within, innermost first.
    fn ancestry(self: &Arc<Self>) -> impl Iterator<Item = &Arc<Self>> {
        std::iter::successors(Some(self), |flight| flight.parent.as_ref())
    }

    /// The errand, if it is one of that type.
    #[cfg(feature = "shared")]
    pub(crate) fn errand_as<E: 'static>(&self) -> Option<&E> {
        self.errand.downcast_ref()
    }
}

impl<E: ?Sized> Flight<E> {
    /// Whether this computes a key with that hash in that place.
    fn computes(&self, place: usize, hash: u64) -> bool {
        self.place == place && self.hash == hash
    }

    pub(crate) fn has_waiters(&self) -> bool {
        self.joined.load(Relaxed)
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
        wake_all(waiters.into_iter().map(|waiter| waiter.waker));
    }

    /// The computation has gone on to its next stage: wakes those who wait for that.
    #[cfg(feature = "shared")]
    pub(crate) fn move_on(&self) {
        let wakers: Vec<Waker> = match &mut *lock(&self.phase) {
            Phase::Settled(_) => return,
            Phase::Running(running) => {
                running.moved = true;
                let waiting = running.waiters.iter_mut().filter(|waiter| waiter.for_stage);
                waiting.map(|waiter| std::mem::replace(&mut waiter.waker, Waker::noop().clone())).collect()
            }
        };
        wake_all(wakers.into_iter());
    }

    /// Becomes a waiter, unless the flight has ended.
    fn register(&self, within: Option<Arc<Flight>>, waker: Waker, for_stage: bool) -> Result<u64, Settled> {
        match &mut *lock(&self.phase) {
            Phase::Settled(how) => Err(how.clone()),
            Phase::Running(running) => {
                let id = running.next_id;
                running.next_id += 1;
                running.waited_for.get_or_insert_with(Instant::now);
                running.waiters.push(Waiter { id, waker, within, for_stage });
                self.joined.store(true, Relaxed);
                Ok(id)
            }
        }
    }

    fn poll_waiter(&self, id: u64, mut waker: Waker) -> Poll<Waited> {
        match &mut *lock(&self.phase) {
            Phase::Settled(how) => return Poll::Ready(Waited::Settled(how.clone())),
            Phase::Running(running) => {
                if let Some(waiter) = running.waiters.iter_mut().find(|waiter| waiter.id == id) {
                    if waiter.for_stage && running.moved {
                        return Poll::Ready(Waited::Moved);
                    }
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
