//! Reclaims entries that nobody reads again: expired ones, and those that `f_invalidate_all` made invisible.
//!
//! One thread for the whole process, begun with the first entry that can expire, asleep until something is due.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::Inner;
use super::entry::AnyEntry;
use crate::sync::lock;
use crate::time::Deadline;

/// When a memory is to be swept next: milliseconds since [`start`], or [`Due::IDLE`].
pub(super) struct Due(AtomicU64);

impl Due {
    const IDLE: u64 = u64::MAX;
}

impl Default for Due {
    fn default() -> Self {
        Self(AtomicU64::new(Self::IDLE))
    }
}

/// The sweep that follows a deadline comes a little later, so that one sweep serves many entries; but within
/// half a lifetime, so that an expired entry is gone within one.
fn slack(lifetime: Duration) -> Duration {
    (lifetime / 2).clamp(Duration::from_millis(10), Duration::from_secs(30))
}

/// An entry with that deadline has been stored.
pub(super) fn expect(memory: &Arc<Inner>, deadline: Deadline) {
    if deadline == Deadline::NEVER {
        return;
    }
    let lifetime = deadline.remaining();
    schedule(memory, lifetime.saturating_add(slack(lifetime)));
}

/// There is something to reclaim now.
pub(super) fn sweep_soon(memory: &Arc<Inner>) {
    schedule(memory, Duration::from_millis(10));
}

fn start() -> Instant {
    static START: OnceLock<Instant> = OnceLock::new();
    *START.get_or_init(Instant::now)
}

fn schedule(memory: &Arc<Inner>, delay: Duration) {
    let at = u64::try_from((start().elapsed().saturating_add(delay)).as_millis()).unwrap_or(Due::IDLE - 1);
    if memory.sweep.0.fetch_min(at, Relaxed) <= at {
        return;
    }
    let Some(sweeper) = sweeper() else { return };
    lock(&sweeper.queue).push(Reverse(Visit { at, memory: Arc::downgrade(memory) }));
    sweeper.changed.notify_one();
}

struct Sweeper {
    queue: Mutex<BinaryHeap<Reverse<Visit>>>,
    changed: Condvar,
}

struct Visit {
    at: u64,
    memory: Weak<Inner>,
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

/// The sweeper, or `None` where no thread can be had: then expired entries wait for a lookup or for eviction.
fn sweeper() -> Option<&'static Sweeper> {
    static SWEEPER: Sweeper = Sweeper { queue: Mutex::new(BinaryHeap::new()), changed: Condvar::new() };
    static THREAD: OnceLock<bool> = OnceLock::new();
    let spawn = || std::thread::Builder::new().name("cache-memoize".into()).spawn(|| run(&SWEEPER)).is_ok();
    THREAD.get_or_init(spawn).then_some(&SWEEPER)
}

fn run(sweeper: &Sweeper) {
    let mut queue = lock(&sweeper.queue);
    loop {
        let now = u64::try_from(start().elapsed().as_millis()).unwrap_or(u64::MAX);
        queue = match queue.peek() {
            None => sweeper.changed.wait(queue).unwrap_or_else(PoisonError::into_inner),
            Some(Reverse(visit)) if visit.at > now => {
                let pause = Duration::from_millis(visit.at - now);
                sweeper.changed.wait_timeout(queue, pause).unwrap_or_else(PoisonError::into_inner).0
            }
            Some(_) => {
                let visit = queue.pop().map(|Reverse(visit)| visit.memory);
                drop(queue);
                // A destructor of the user's that panics must not end the sweeper.
                let visit = || visit.and_then(|memory| memory.upgrade()).map(sweep);
                let _ = std::panic::catch_unwind(AssertUnwindSafe(visit));
                lock(&sweeper.queue)
            }
        };
    }
}

fn sweep(memory: Arc<Inner>) {
    // From now on a new entry schedules a visit of its own.
    memory.sweep.0.store(Due::IDLE, Relaxed);
    let began = Instant::now();
    let mut gone: Vec<Arc<dyn AnyEntry>> = Vec::new();
    let mut next: Option<Duration> = None;
    memory.store.for_each(|entry| {
        if !entry.is_fresh() {
            gone.push(entry.clone());
        } else if entry.deadline() != Deadline::NEVER {
            let remaining = entry.deadline().remaining();
            let visit = remaining.saturating_add(slack(remaining));
            next = Some(next.map_or(visit, |next| next.min(visit)));
        }
    });
    gone.iter().for_each(|entry| memory.reclaim(entry));
    if let Some(next) = next {
        // Sweeping a huge memory must not become a thread's whole life.
        schedule(&memory, next.max(20 * began.elapsed()));
    }
}
