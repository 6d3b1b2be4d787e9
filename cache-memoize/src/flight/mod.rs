//! Single flight, the cure for cache stampedes (dogpiles): of all callers of a key, one computes, the *leader*, and the
//! others, its *followers*, wait and share the result.
//!
//! A flight is one computation of one key, from before its body begins until its followers have the result. Threads and
//! tasks wait in the same way, through a [`Waker`]. A flight ends in exactly one of a few ways ([`Settled`]). Neither
//! waiting nor computing holds a lock.

mod bound;
pub(crate) mod context;
pub(crate) mod table;
mod wait;

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool as OwnThreadBool, Ordering::Relaxed};
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
    /// The entry of the flight has its value, which every follower may copy.
    Shared,
    /// A later computation of the key, begun beside this one, has filled the entry given here. This one goes on, for
    /// its own caller.
    Elsewhere(Arc<dyn AnyEntry>),
    /// The result is its own caller's alone: an error that is not `Clone`.
    Unshared,
    /// The body panicked, with this message where there was one.
    Panicked(Option<Arc<str>>),
    /// The leader was dropped before it had a result (its future was cancelled), or another one has stored a value:
    /// followers look again.
    Abandoned,
}

/// A landing: the effect of a computation's end on the entry at its place.
pub(crate) enum Landing<L> {
    /// None: the computation failed, was dropped, or its value is not to be kept.
    Nothing,
    /// The value is stored.
    Store(L),
    /// The value is not to be kept, and neither is the one that it was to replace.
    Remove,
    /// The value cannot be stored.
    #[cfg_attr(not(feature = "shared"), expect(dead_code, reason = "a memory stores every value"))]
    Failed(Error),
}

/// The driver of a computation or of a wait. A caller that blocks its thread must not wait for a task which that thread
/// may have to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Driver {
    Thread,
    Task,
}

/// The purpose of a computation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A value for its caller and its followers.
    Fill,
    /// A value for its caller alone, beside another computation.
    Aside,
    /// A value for its caller and its followers, beside another computation that takes too long.
    Relief,
    /// A value that replaces the stored one.
    Refresh,
}

/// One computation. `E` is the errand: everything that the place of the entry needs at the end of the computation. It
/// lies in the flight and not beside the pointer to it, which a thread has on its stack for as long as the body runs:
/// so a level of a recursion takes little stack.
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
    /// The address of the place that it computes for. Together with the key's hash it narrows down whether two
    /// computations are of the same key.
    place: usize,
    /// The computation within which this one was begun.
    parent: Option<Arc<Flight>>,
    /// The number of its ancestors.
    pub(crate) depth: u32,
    /// Whether the leader's thread is within it, from [`enter`](context::enter) to [`leave`](context::leave). Only that
    /// thread reads and writes it, so the model need not see it.
    pub(crate) entered: OwnThreadBool,
    /// Locked last of all: no other lock is taken while it is held.
    phase: Mutex<Phase>,
    /// How often a leading task has polled the computation, and which task that is.
    polled: Mutex<(u64, Option<TaskId>)>,
    /// Set by the first follower, so that a leader without followers copies nothing.
    joined: AtomicBool,
    pub(crate) errand: E,
}

/// The parts of a new flight, but for its hash and ticket, which the table adds.
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
    /// When the first waiter began to wait.
    waited_for: Option<Instant>,
    /// Whether an event has said that the computation takes too long.
    told: bool,
    /// Whether the computation has gone on to its next stage.
    moved: bool,
}

struct Waiter {
    id: u64,
    waker: Waker,
    /// The computation in which the waiting call was made: it cannot go on before this flight is settled. An edge of
    /// the graph of waiting.
    within: Option<Arc<Flight>>,
    /// Whether the waiter waits for the next stage only.
    for_stage: bool,
}

/// The identity of a task, as far as its waker tells. Not the waker itself: the task owns its flight, so a flight that
/// held the waker would keep the task alive for ever. Two tasks that have the same identity, one after the other, cost
/// no more than one needless computation.
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

/// Wakes all of them, also when one panics. Wakers are user code, so this is to be called outside locks.
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
    /// A computation with this hash and ticket, begun within the current one of this thread.
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
            entered: OwnThreadBool::new(false),
            phase: Mutex::new(Phase::Running(Running::default())),
            polled: Mutex::default(),
            joined: AtomicBool::new(false),
            errand,
        })
    }
}

impl Flight {
    /// This computation and its ancestors, innermost first.
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
    /// Whether the computation is of a key with this hash, for this place.
    fn computes(&self, place: usize, hash: u64) -> bool {
        self.place == place && self.hash == hash
    }

    /// Whether a call has joined the computation.
    pub(crate) fn has_waiters(&self) -> bool {
        self.joined.load(Relaxed)
    }

    /// Notes that this task polls the computation.
    pub(crate) fn polled_by(&self, task: &Waker) {
        let mut polled = lock(&self.polled);
        *polled = (polled.0 + 1, Some(TaskId::of(task)));
    }

    /// How often the computation was polled, if the task with this waker leads it.
    fn polls_by(&self, task: &Waker) -> Option<u64> {
        let (polls, leader) = *lock(&self.polled);
        (leader == Some(TaskId::of(task))).then_some(polls)
    }

    /// Ends the flight and wakes all waiters. The first call decides how it ended.
    pub(crate) fn settle(&self, how: Settled) {
        // The wakers are taken out under the lock and called after it.
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

    /// Moves the computation on to its next stage, and wakes the waiters for that.
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

    /// Adds a waiter, unless the flight has ended; its number.
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

    /// Whether the wait of a waiter is over; if not, `waker` is woken when it is.
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
        // Outside the lock: the waker is user code, and `within` may hold the last reference to a flight.
        drop(gone);
    }

    /// When the first waiter began to wait; `None` without one, or if the flight has ended.
    fn waited_for(&self) -> Option<Instant> {
        match &*lock(&self.phase) {
            Phase::Settled(_) => None,
            Phase::Running(running) => running.waited_for,
        }
    }

    /// Whether the event that the computation takes too long is still to be sent. True once.
    pub(crate) fn is_to_be_told(&self) -> bool {
        match &mut *lock(&self.phase) {
            Phase::Settled(_) => false,
            Phase::Running(running) => !std::mem::replace(&mut running.told, true),
        }
    }

    /// Calls `visit` with every computation that waits for this one: the edges of the graph of waiting that end here.
    fn for_each_waiting(&self, mut visit: impl FnMut(&Arc<Flight>)) {
        if let Phase::Running(Running { waiters, .. }) = &*lock(&self.phase) {
            waiters.iter().filter_map(|waiter| waiter.within.as_ref()).for_each(&mut visit);
        }
    }
}
