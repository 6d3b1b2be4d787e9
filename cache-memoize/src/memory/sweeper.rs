//! Reclaims entries that nobody reads again: expired ones, and those that `f_invalidate_all` made invisible.
//!
//! One thread for the whole process, begun with the first entry that can expire, asleep until something is due. A visit
//! that is overdue shows that there is none: it could not be had, or is the parent's. Then another is begun.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::{AcqRel, Relaxed};
use std::sync::atomic::{AtomicU32, AtomicU64};
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::Inner;
use super::store::Life;
use crate::sync::lock;
use crate::sync::shim::MODELLED;
use crate::time::milliseconds;

/// When a memory is to be swept next: [`milliseconds`], or [`Due::IDLE`].
pub(super) struct Due(AtomicU64);

impl Due {
    const IDLE: u64 = u64::MAX;
    /// A visit that is so late, in milliseconds, has no thread that pays it.
    const GRACE: u64 = 1000;

    fn is_late(due: u64, now: u64) -> bool {
        due.saturating_add(Self::GRACE) < now
    }
}

impl Default for Due {
    fn default() -> Self {
        Self(AtomicU64::new(Self::IDLE))
    }
}

/// An entry may have been stored that lives so long.
pub(super) fn expect(memory: &Arc<Inner>, life: Life, ticket: u64) {
    /// Of so many insertions one, less one: to ask for the process costs a system call.
    const LOOKS: u64 = 15;
    let Some(at) = life.sweep_after() else { return };
    if ticket & LOOKS == 0 && !MODELLED {
        // In a forked process the thread is gone, and what its memories expect is not late yet.
        SWEEPER.run_in(std::process::id(), spawn);
    }
    // Nearly always a sweep comes early enough. The store's lock orders this with `sweep`: one that did not see the entry
    // had begun before the entry was stored, and then this sees that it had.
    let due = memory.sweep.0.load(Relaxed);
    if at < due || Due::is_late(due, milliseconds()) {
        schedule(memory, at);
    }
}

/// There is something to reclaim now.
pub(super) fn sweep_soon(memory: &Arc<Inner>) {
    schedule(memory, milliseconds().saturating_add(10));
}

fn schedule(memory: &Arc<Inner>, at: u64) {
    // Its thread is not of the model, which sweeps when it likes to.
    if MODELLED {
        return;
    }
    let at = at.min(Due::IDLE - 1);
    // Ordered with the exchange in `sweep`: an entry stored as a sweep begins is seen by it, or schedules another.
    let due = memory.sweep.0.fetch_min(at, AcqRel);
    if at < due {
        return visit(memory, at);
    }
    let now = milliseconds();
    // Again after another while, if there is still no thread.
    if Due::is_late(due, now) && memory.sweep.0.compare_exchange(due, now, AcqRel, Relaxed).is_ok() {
        visit(memory, now);
    }
}

fn visit(memory: &Arc<Inner>, at: u64) {
    let sweeper = &SWEEPER;
    // Looked at under the lock, and dropped after it is given back: one may be the last of its kind, with values of the
    // user's, whose destructors may come back here.
    let mut looked_at = Vec::new();
    let mut queue = lock(&sweeper.queue);
    if queue.len() == queue.capacity() {
        // Before it grows: memories that are gone need no visit, and neither do visits that were moved forward.
        queue.retain(|Reverse(visit)| visit.is_due(&mut looked_at));
    }
    queue.push(Reverse(Visit { at, memory: Arc::downgrade(memory) }));
    drop(queue);
    sweeper.changed.notify_one();
    sweeper.run_in(std::process::id(), spawn);
}

struct Sweeper {
    queue: Mutex<BinaryHeap<Reverse<Visit>>>,
    changed: Condvar,
    /// The process that has the thread, or none.
    process: AtomicU32,
}

static SWEEPER: Sweeper =
    Sweeper { queue: Mutex::new(BinaryHeap::new()), changed: Condvar::new(), process: AtomicU32::new(0) };

struct Visit {
    at: u64,
    memory: Weak<Inner>,
}

impl Visit {
    /// Whether the memory is still there and waits for this very visit.
    fn is_due(&self, looked_at: &mut Vec<Arc<Inner>>) -> bool {
        let Some(memory) = self.memory.upgrade() else { return false };
        let is_due = memory.sweep.0.load(Relaxed) == self.at;
        looked_at.push(memory);
        is_due
    }
}

impl PartialEq for Visit {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}
impl Eq for Visit {}
impl PartialOrd for Visit {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Visit {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.at.cmp(&other.at)
    }
}

impl Sweeper {
    /// Sees to it that this process has the thread. Where none can be had, expired entries wait for a lookup, for
    /// eviction, or for the next attempt.
    fn run_in(&self, process: u32, spawn: impl FnOnce() -> bool) {
        if self.process.load(Relaxed) != process && self.process.swap(process, AcqRel) != process && !spawn()
        {
            self.process.store(0, Relaxed);
        }
    }
}

fn spawn() -> bool {
    std::thread::Builder::new().name("cache-memoize".into()).spawn(|| run(&SWEEPER)).is_ok()
}

fn run(sweeper: &Sweeper) {
    let mut queue = lock(&sweeper.queue);
    loop {
        let now = milliseconds();
        queue = match queue.peek() {
            None => sweeper.changed.wait(queue).unwrap_or_else(PoisonError::into_inner),
            Some(Reverse(visit)) if visit.at > now => {
                let pause = Duration::from_millis(visit.at - now);
                sweeper.changed.wait_timeout(queue, pause).unwrap_or_else(PoisonError::into_inner).0
            }
            Some(_) => {
                let visit = queue.pop();
                drop(queue);
                if let Some(Reverse(visit)) = visit {
                    pay(&visit);
                }
                lock(&sweeper.queue)
            }
        };
    }
}

/// Sweeps, unless the visit was moved forward since. A destructor of the user's that panics does not end the
/// sweeper: it comes again.
fn pay(visit: &Visit) {
    let Some(memory) = visit.memory.upgrade() else { return };
    if memory.sweep.0.compare_exchange(visit.at, Due::IDLE, AcqRel, Relaxed).is_err() {
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

pub(super) fn sweep(memory: &Arc<Inner>) {
    let began = Instant::now();
    let mut gone: Vec<(u64, u64)> = Vec::new();
    let mut next: Option<u64> = None;
    memory.store.for_each(|slot| {
        if !slot.is_fresh() {
            gone.push((slot.hash, slot.ticket));
        } else if let Some(visit) = slot.sweep_after() {
            next = Some(next.map_or(visit, |next| next.min(visit)));
        }
    });
    gone.iter().for_each(|&(hash, ticket)| memory.reclaim(hash, ticket));
    memory.store.shrink();
    if let Some(next) = next {
        // Sweeping a huge memory must not become a thread's whole life.
        let pause = u64::try_from(20 * began.elapsed().as_millis()).unwrap_or(Due::IDLE);
        schedule(memory, next.max(milliseconds().saturating_add(pause)));
    }
}

#[cfg(all(test, not(cache_memoize_loom)))]
mod tests {
    use super::super::rivals::By;
    use super::super::{Capacity, FunctionState, Memory};
    use super::*;
    use crate::entry::{AnyEntry, Entry};
    use std::sync::OnceLock;

    #[test]
    fn another_process_and_one_that_got_no_thread_begin_one() {
        let sweeper =
            Sweeper { queue: Mutex::default(), changed: Condvar::new(), process: AtomicU32::new(0) };
        let begins = |process, succeeds| {
            let mut tried = false;
            sweeper.run_in(process, || {
                tried = true;
                succeeds
            });
            tried
        };
        assert!(begins(7, false), "the first attempt fails");
        assert!(begins(7, true), "and the second does not");
        assert!(!begins(7, true), "there is one");
        assert!(begins(8, true), "but not in a forked process");
    }

    #[test]
    fn a_visit_that_is_overdue_is_planned_again() {
        let memory = Memory::of(Capacity::Unbounded);
        let due = || memory.inner().sweep.0.load(Relaxed);
        // As a thread leaves it that is gone.
        let past = milliseconds().saturating_sub(Due::GRACE + 1);
        memory.inner().sweep.0.store(past, Relaxed);
        let hour = Life::new(Some(Duration::from_secs(3600)), 1);
        expect(memory.inner(), hour, 1);
        assert_ne!(due(), past);
        let planned = milliseconds() + 500;
        memory.inner().sweep.0.store(planned, Relaxed);
        expect(memory.inner(), hour, 1);
        assert_eq!(due(), planned, "not before");
    }

    #[test]
    fn a_sweep_gives_memory_back() {
        let memory = Memory::of(Capacity::Unbounded);
        let scope = FunctionState::new("", Arc::default());
        for key in 0..10_000_u64 {
            let entry: Arc<dyn AnyEntry> = Arc::new(Entry { ident: 0, key, value: OnceLock::from(key) });
            let hash = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mut compare = By::new(|_| (), |()| false);
            drop(
                memory
                    .inner()
                    .set(hash, &entry, Life::new(None, 1), None, &mut compare, || scope.generation()),
            );
        }
        assert!(memory.inner().store.room() >= 10_000);
        scope.end_generation();
        sweep(memory.inner());
        assert_eq!(scope.stats(None).entries, 0);
        assert!(memory.inner().store.room() < 1_000, "{}", memory.inner().store.room());
    }
}
