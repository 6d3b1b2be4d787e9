//! Slots: all that the store knows of an entry, whatever its types.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::entry::{Freshness, Generation, Lifespan, Windows};
use crate::time::{Deadline, ticks};

/// The life of an entry: how long it stays, and how much it weighs.
#[derive(Clone, Copy)]
pub(crate) struct Life {
    span: Lifespan,
    /// How long after the end a sweep may come: the binary logarithm of [`ticks`].
    slack: u8,
    weight: u32,
}

impl Life {
    /// A life that begins now.
    pub(crate) fn new(lifetime: Option<Duration>, windows: Windows, weight: u32) -> Self {
        let span = Lifespan::new(lifetime, windows);
        let lifetime = lifetime.map_or(u64::MAX, ticks);
        // Within half a lifetime, so that an expired entry is gone within one.
        let slack = (lifetime / 2).max(1).ilog2().clamp(Self::LEAST_SLACK, Self::MOST_SLACK) as u8;
        // An entry without weight would be exempt from eviction.
        Self { span, slack, weight: weight.max(1) }
    }

    /// Eight milliseconds, so that one sweep serves many entries.
    const LEAST_SLACK: u32 = 25;
    /// Half a minute.
    const MOST_SLACK: u32 = 37;

    pub(super) fn weight(self) -> u32 {
        self.weight
    }

    /// When a sweep should have come, in [`milliseconds`](crate::time::milliseconds); `None` if none need come.
    pub(crate) fn sweep_after(self) -> Option<u64> {
        sweep_after(self.span, self.slack)
    }
}

fn sweep_after(span: Lifespan, slack: u8) -> Option<u64> {
    let end = span.kept_until;
    (end != Deadline::NEVER).then(|| end.later(1 << slack).milliseconds())
}

/// A slot. As small as possible, since there is one for each entry.
pub(crate) struct Slot {
    pub(crate) hash: u64,
    /// The ticket of the computation, or of the set, that made the entry. No two entries of a memory have the same.
    pub(crate) ticket: u64,
    pub(super) links: Links,
    /// `None` in a vacant slot.
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

/// The queue that an entry is in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Queued {
    /// For new entries, which may be asked for once and never again.
    Small,
    Main,
}

/// The state of an entry in one word: the end of its freshness in ticks, whose last eight bits, 60 nanoseconds, are
/// used for other data: four for the slack, one for whether the entry is kept beyond that end, one for the queue, two
/// for how often the entry was used lately.
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
        self.generation.as_ref().expect("a slot that is found has an entry")
    }

    pub(super) fn into_generation(self) -> Arc<Generation> {
        self.generation.expect("a slot that is removed has an entry")
    }

    /// The two ends of the entry.
    #[inline]
    pub(crate) fn lifespan(&self) -> Lifespan {
        // The function's windows, behind two pointers, are read only for an entry that is kept beyond its freshness.
        let is_kept = self.state.0.load(Relaxed) & State::KEPT != 0;
        let windows = if is_kept { self.generation().of.windows } else { Windows::default() };
        Lifespan::of(self.state.fresh_until(), windows)
    }

    /// Whether the entry may be used. To be called under the store's lock.
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

    /// Counts a use. Uses by several threads at the same time may count as one, and more than three count as three.
    #[inline]
    pub(super) fn note_use(&self) {
        let state = self.state.0.load(Relaxed);
        if state & State::USED != State::USED {
            self.state.0.store(state + 1, Relaxed);
        }
    }

    /// Takes one use back; whether there was one. By an atomic store: `*get_mut() -= u64::from(was_used)` was seen to
    /// be lost in optimised builds (rustc 1.95), so that `evict` did not end.
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

    /// Moves the entry to the main queue, without uses. The caller links it there.
    pub(super) fn promote(&mut self) {
        let state = self.state.0.get_mut();
        *state = *state & !State::USED | State::MAIN;
    }
}
