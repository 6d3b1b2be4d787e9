//! What the store knows of an entry, whatever its types.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::entry::{Freshness, Generation, Lifespan, Windows};
use crate::time::{Deadline, ticks};

/// How long an entry stays, and what it weighs.
#[derive(Clone, Copy)]
pub(crate) struct Life {
    span: Lifespan,
    /// How long after its end a sweep may take: the logarithm of [`ticks`].
    slack: u8,
    weight: u32,
}

impl Life {
    /// From now on, for as long as `lifetime` says.
    pub(crate) fn new(lifetime: Option<Duration>, windows: Windows, weight: u32) -> Self {
        let span = Lifespan::new(lifetime, windows);
        let lifetime = lifetime.map_or(u64::MAX, ticks);
        // Within half a lifetime, so that an expired entry is gone within one.
        let slack = (lifetime / 2).max(1).ilog2().clamp(Self::LEAST_SLACK, Self::MOST_SLACK) as u8;
        // What has no weight would be exempt from eviction.
        Self { span, slack, weight: weight.max(1) }
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
        sweep_after(self.span, self.slack)
    }
}

fn sweep_after(span: Lifespan, slack: u8) -> Option<u64> {
    let end = span.kept_until;
    (end != Deadline::NEVER).then(|| end.later(1 << slack).milliseconds())
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

/// The neighbours of a slot in its queue.
#[derive(Clone, Copy)]
pub(super) struct Links {
    pub(super) older: u32,
    pub(super) younger: u32,
}

impl Links {
    /// No neighbour.
    pub(super) const END: u32 = u32::MAX;
    pub(super) const NONE: Self = Self { older: Self::END, younger: Self::END };
}

/// Which queue an entry is in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Queued {
    /// Came lately, and may be asked for once and never again.
    Small,
    Main,
}

/// The end of the entry's freshness, and in its last eight bits, which are 60 nanoseconds of it: four for the slack, one for
/// whether the entry is kept beyond that end, one for the queue, two for how often the entry was asked for lately.
struct State(AtomicU64);

impl State {
    const SMALL: u64 = 0xff;
    const SLACK: u32 = 4;
    const KEPT: u64 = 1 << 3;
    const MAIN: u64 = 1 << 2;
    const USED: u64 = 0b11;

    fn new(life: Life, queue: Queued) -> Self {
        let Lifespan { fresh_until, kept_until } = life.span;
        let end = fresh_until.ticks() & !Self::SMALL;
        let slack = u64::from(life.slack - Life::LEAST_SLACK as u8) << Self::SLACK;
        let kept = if kept_until == fresh_until { 0 } else { Self::KEPT };
        let queue = if queue == Queued::Main { Self::MAIN } else { 0 };
        Self(AtomicU64::new(end | slack | kept | queue))
    }

    fn fresh_until(&self) -> Deadline {
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

    /// The two ends of the entry.
    #[inline]
    pub(crate) fn lifespan(&self) -> Lifespan {
        // An entry that is not kept for longer need not ask its function for how long that is.
        let is_kept = self.state.0.load(Relaxed) & State::KEPT != 0;
        let windows = if is_kept { self.generation().of.windows } else { Windows::default() };
        Lifespan::of(self.state.fresh_until(), windows)
    }

    /// How the entry may be used. Within the lock.
    #[inline]
    pub(crate) fn freshness(&self) -> Freshness {
        match self.generation().is_alive_here() {
            true => self.lifespan().freshness(),
            false => Freshness::Ended,
        }
    }

    /// See [`Life::sweep_after`].
    pub(crate) fn sweep_after(&self) -> Option<u64> {
        sweep_after(self.lifespan(), self.state.slack())
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
