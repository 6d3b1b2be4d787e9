//! The sweeper: reclaims entries that no call reads again, namely expired ones and those that `f_invalidate_all` made
//! invisible.
//!
//! A visit to the memory is planned when an entry that can expire is stored. A visit that is overdue shows that there
//! is no timer thread: it could not be started, or it is the parent's of a forked process. Then another visit is
//! planned.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{AcqRel, Relaxed};
use std::sync::{Arc, LazyLock, Mutex, Weak};
use std::time::{Duration, Instant};

use super::Inner;
use super::store::Life;
use crate::background::{self, Lane, Planned};
use crate::entry::Freshness;
use crate::sync::lock;
use crate::sync::shim::MODELLED;
use crate::time::{later, milliseconds};

/// When a memory is to be swept next.
pub(super) struct Due {
    /// The time of the next visit by the clock of [`milliseconds`], or [`Due::IDLE`].
    at: AtomicU64,
    /// The planned visit. It is cancelled by being dropped: when the visit is moved forward, or with the memory.
    visit: Mutex<Option<Planned>>,
}

impl Due {
    const IDLE: u64 = u64::MAX;
    /// How many milliseconds late a visit is taken to have no thread that pays it.
    const GRACE: u64 = 1000;

    fn is_late(due: u64, now: u64) -> bool {
        due.saturating_add(Self::GRACE) < now
    }
}

impl Default for Due {
    fn default() -> Self {
        Self { at: AtomicU64::new(Self::IDLE), visit: Mutex::default() }
    }
}

/// Plans a visit for an entry that was stored, unless one will come early enough.
pub(super) fn expect(memory: &Arc<Inner>, life: Life, ticket: u64) {
    /// Every how many insertions the timer thread is looked after, minus one (a bit mask): to find out the process
    /// costs a system call.
    const LOOKS: u64 = 15;
    let Some(at) = life.sweep_after() else { return };
    if ticket & LOOKS == 0 && !MODELLED {
        // In a forked process the timer thread is gone, and the visits that its memories expect are not late yet.
        background::attend();
    }
    // Nearly always a planned visit comes early enough. The store's lock orders this load with `sweep`: a sweep that
    // did not see the entry began before the entry was stored, and then this load sees that the sweep began.
    let due = memory.sweep.at.load(Relaxed);
    if at < due || Due::is_late(due, milliseconds()) {
        schedule(memory, at);
    }
}

/// Plans a visit for entries that can be reclaimed now.
pub(super) fn sweep_soon(memory: &Arc<Inner>) {
    schedule(memory, milliseconds().saturating_add(10));
}

/// Moves the next visit forward to `at`, if it is later, or is overdue.
fn schedule(memory: &Arc<Inner>, at: u64) {
    // The timer thread is not part of the model, whose programs sweep explicitly.
    if MODELLED {
        return;
    }
    let at = at.min(Due::IDLE - 1);
    // Ordered with the exchange in `pay`: an entry stored as a sweep begins is seen by it, or schedules another.
    let due = memory.sweep.at.fetch_min(at, AcqRel);
    if at < due {
        return plan(memory, at);
    }
    let now = milliseconds();
    // From now on the visit is due now: so if there is still no thread, it is overdue again after another grace period.
    if Due::is_late(due, now) && memory.sweep.at.compare_exchange(due, now, AcqRel, Relaxed).is_ok() {
        plan(memory, now);
    }
}

/// Plans the visit at `at`, in the place of the one that was planned.
fn plan(memory: &Arc<Inner>, at: u64) {
    /// The lane of all sweeps, one at a time: a destructor of the user's may take long.
    static SWEEPS: LazyLock<Lane> = LazyLock::new(|| Lane::new(1));
    let weak = Arc::downgrade(memory);
    let pause = Duration::from_millis(at.saturating_sub(milliseconds()));
    let visit = SWEEPS.at(later(Instant::now(), pause), Box::pin(async move { pay(&weak, at) }));
    let mut planned = lock(&memory.sweep.visit);
    // Unless another thread has moved the visit further forward.
    let is_next = memory.sweep.at.load(Relaxed) == at;
    let other = if is_next { planned.replace(visit) } else { Some(visit) };
    drop(planned);
    // Outside the lock, since dropping a planned visit takes the timer's lock.
    drop(other);
}

/// Pays the visit that was planned for `at`: sweeps, unless the visit was moved forward since. If a destructor of the
/// user's panics, the visit is planned again.
fn pay(memory: &Weak<Inner>, at: u64) {
    let Some(memory) = memory.upgrade() else { return };
    if memory.sweep.at.compare_exchange(at, Due::IDLE, AcqRel, Relaxed).is_err() {
        return;
    }
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| sweep(&memory))) {
        schedule(&memory, milliseconds().saturating_add(1000));
        // Dropping a panic may panic.
        std::mem::forget(panic);
    }
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(memory))) {
        std::mem::forget(panic);
    }
}

/// Reclaims all ended entries, gives memory back, and plans the next visit.
pub(super) fn sweep(memory: &Arc<Inner>) {
    let began = Instant::now();
    let mut gone: Vec<(u64, u64)> = Vec::new();
    let mut next: Option<u64> = None;
    memory.store.for_each(|slot| {
        if slot.freshness() == Freshness::Ended {
            gone.push((slot.hash, slot.ticket));
        } else if let Some(visit) = slot.sweep_after() {
            next = Some(next.map_or(visit, |next| next.min(visit)));
        }
    });
    gone.iter().for_each(|&(hash, ticket)| memory.reclaim(hash, ticket));
    memory.store.shrink();
    if let Some(next) = next {
        // Sweeps of a huge memory must not take more than a twentieth of a thread's time.
        let pause = u64::try_from(20 * began.elapsed().as_millis()).unwrap_or(Due::IDLE);
        schedule(memory, next.max(milliseconds().saturating_add(pause)));
    }
}

#[cfg(all(test, not(cache_memoize_loom)))]
mod tests {
    use super::super::rivals::By;
    use super::super::{Capacity, FunctionState, Memory};
    use super::*;
    use crate::entry::{AnyEntry, Entry, Windows};
    use std::sync::OnceLock;

    #[test]
    fn a_visit_that_is_overdue_is_planned_again() {
        let memory = Memory::of(Capacity::Unbounded);
        let due = || memory.inner().sweep.at.load(Relaxed);
        // A visit that was planned on a timer thread which is gone.
        let past = milliseconds().saturating_sub(Due::GRACE + 1);
        memory.inner().sweep.at.store(past, Relaxed);
        let hour = Life::new(Some(Duration::from_secs(3600)), Windows::default(), 1);
        expect(memory.inner(), hour, 1);
        assert_ne!(due(), past);
        let planned = milliseconds() + 500;
        memory.inner().sweep.at.store(planned, Relaxed);
        expect(memory.inner(), hour, 1);
        assert_eq!(due(), planned, "a visit that is not overdue stays as planned");
    }

    #[test]
    fn a_sweep_gives_memory_back() {
        let memory = Memory::of(Capacity::Unbounded);
        let state = FunctionState::new("", Arc::default());
        for key in 0..10_000_u64 {
            let entry: Arc<dyn AnyEntry> = Arc::new(Entry { ident: 0, key, value: OnceLock::from(key) });
            let hash = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mut compare = By::new(|_| (), |()| false);
            drop(memory.inner().set(
                hash,
                &entry,
                Life::new(None, Windows::default(), 1),
                None,
                &mut compare,
                || state.generation(),
            ));
        }
        assert!(memory.inner().store.room() >= 10_000);
        state.end_generation();
        sweep(memory.inner());
        assert_eq!(state.stats(None).entries, 0);
        assert!(memory.inner().store.room() < 1_000, "{}", memory.inner().store.room());
    }
}
