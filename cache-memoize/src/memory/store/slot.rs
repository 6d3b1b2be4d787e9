//! What the store knows of an entry, whatever its types.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::queue::Links;
use crate::entry::Generation;
use crate::time::{Deadline, ticks};

/// How long an entry stays, and what it weighs.
#[derive(Clone, Copy)]
pub(crate) struct Life {
    deadline: Deadline,
    /// How long after the deadline a sweep may take: the logarithm of [`ticks`].
    slack: u8,
    weight: u32,
}

impl Life {
    /// From now on, for as long as `lifetime` says.
    pub(crate) fn new(lifetime: Option<Duration>, weight: u32) -> Self {
        let lifetime = lifetime.map_or(u64::MAX, ticks);
        // Within half a lifetime, so that an expired entry is gone within one.
        let slack = (lifetime / 2).max(1).ilog2().clamp(Self::LEAST_SLACK, Self::MOST_SLACK) as u8;
        // What has no weight would be exempt from eviction.
        Self { deadline: Deadline::after_ticks(lifetime), slack, weight: weight.max(1) }
    }

    /// Eight milliseconds: so that one sweep serves many entries.
    const LEAST_SLACK: u32 = 25;
    /// Half a minute.
    const MOST_SLACK: u32 = 37;

    pub(super) fn weight(self) -> u32 {
        self.weight
    }

    /// When the sweep should have come, in [`milliseconds`](crate::time::milliseconds); `None` if it need not.
    pub(crate) fn sweep_after(self) -> Option<u64> {
        sweep_after(self.deadline, self.slack)
    }
}

fn sweep_after(deadline: Deadline, slack: u8) -> Option<u64> {
    (deadline != Deadline::NEVER).then(|| deadline.later(1 << slack).milliseconds())
}

/// As small as can be: there are as many as entries.
pub(crate) struct Slot {
    pub(crate) hash: u64,
    /// When its computation began, in the order of [`Flights::ticket`](crate::flight::table::Flights::ticket). No two
    /// entries of a memory have the same.
    pub(crate) ticket: u64,
    pub(super) links: Links,
    /// `None` where there is no entry.
    generation: Option<Arc<Generation>>,
    state: State,
}

/// Which queue an entry is in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Queued {
    /// Came lately, and may be asked for once and never again.
    Small,
    Main,
}

/// The deadline, and in its last eight bits, which are 60 nanoseconds of it: four for the slack, one for the queue, two for
/// how often the entry was asked for lately.
struct State(AtomicU64);

impl State {
    const SMALL: u64 = 0xff;
    const SLACK: u32 = 4;
    const MAIN: u64 = 1 << 2;
    const USED: u64 = 0b11;

    fn new(life: Life, queue: Queued) -> Self {
        let deadline = life.deadline.ticks() & !Self::SMALL;
        let queue = if queue == Queued::Main { Self::MAIN } else { 0 };
        Self(AtomicU64::new(
            deadline | u64::from(life.slack - Life::LEAST_SLACK as u8) << Self::SLACK | queue,
        ))
    }

    fn deadline(&self) -> Deadline {
        match self.0.load(Relaxed) | Self::SMALL {
            u64::MAX => Deadline::NEVER,
            ticks => Deadline::from_ticks(ticks & !Self::SMALL),
        }
    }

    fn slack(&self) -> u8 {
        ((self.0.load(Relaxed) & Self::SMALL) as u8 >> Self::SLACK) + Life::LEAST_SLACK as u8
    }
}

impl Slot {
    pub(super) const fn vacant() -> Self {
        Self { hash: 0, ticket: 0, links: Links::NONE, generation: None, state: State(AtomicU64::new(0)) }
    }

    pub(super) fn new(
        hash: u64,
        ticket: u64,
        generation: Arc<Generation>,
        life: Life,
        queue: Queued,
    ) -> Self {
        let (generation, state) = (Some(generation), State::new(life, queue));
        Self { hash, ticket, links: Links::NONE, generation, state }
    }

    pub(super) fn is_vacant(&self) -> bool {
        self.generation.is_none()
    }

    pub(crate) fn generation(&self) -> &Arc<Generation> {
        self.generation.as_ref().expect("what is vacant is not found")
    }

    pub(super) fn into_generation(self) -> Arc<Generation> {
        self.generation.expect("what is vacant is not removed")
    }

    pub(crate) fn deadline(&self) -> Deadline {
        self.state.deadline()
    }

    /// Whether the entry may be served: its generation lives and its time has not passed. Within the lock.
    #[inline]
    pub(crate) fn is_fresh(&self) -> bool {
        self.generation().is_alive_here() && !self.deadline().has_passed()
    }

    /// See [`Life::sweep_after`].
    pub(crate) fn sweep_after(&self) -> Option<u64> {
        sweep_after(self.deadline(), self.state.slack())
    }

    /// It is asked for. Threads that say so at the same time may count as one.
    #[inline]
    pub(super) fn note_use(&self) {
        let state = self.state.0.load(Relaxed);
        if state & State::USED != State::USED {
            self.state.0.store(state + 1, Relaxed);
        }
    }

    /// Takes one use back; whether there was one. As one atomic store: `*get_mut() -= u64::from(was_used)` was seen to be
    /// lost in optimised builds (rustc 1.95), and `evict` to go round for ever.
    pub(super) fn spend_use(&mut self) -> bool {
        let state = self.state.0.load(Relaxed);
        if state & State::USED == 0 {
            return false;
        }
        self.state.0.store(state - 1, Relaxed);
        true
    }

    pub(super) fn queue(&self) -> Queued {
        if self.state.0.load(Relaxed) & State::MAIN == 0 { Queued::Small } else { Queued::Main }
    }

    /// It is in the other queue from now on, and has yet to be used there.
    pub(super) fn promote(&mut self) {
        let state = self.state.0.get_mut();
        *state = *state & !State::USED | State::MAIN;
    }
}
