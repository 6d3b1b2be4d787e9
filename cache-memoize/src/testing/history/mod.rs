//! A record of what concurrent callers saw, and whether invalidation won every time.

mod check;
mod event;
#[cfg(test)]
mod tests;
mod verdict;

use std::cell::Cell;
use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::str::FromStr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

pub use event::{Op, Seen, Sight};
pub use verdict::{Summary, Violation};

use check::Floors;
use event::{Event, What};

use crate::sync::lock;

/// A record of who did what to memoized functions and what they saw, to be checked against what the cache promises:
/// **invalidation wins**.
///
/// Threads and tasks share one history, and wrap what they do in [`record`](Self::record). The body takes a number
/// from [`computed`](Self::computed) and puts it into its value, so that everyone who sees the value knows which
/// computation it is of. Nothing is judged until [`check`](Self::check).
///
/// ```
/// use cache_memoize::cache_memoize;
/// use cache_memoize::testing::{History, Op};
///
/// static HISTORY: History<u64> = History::new();
///
/// #[cache_memoize(ttl = 60)]
/// fn price(id: u64) -> u64 { HISTORY.computed(id) }
///
/// std::thread::scope(|scope| {
///     for thread in 0..4 {
///         scope.spawn(move || for round in 0..1_000 {
///             let id = round % 3;
///             match (round + thread) % 10 {
///                 0 => drop(HISTORY.record(Op::Invalidate(id), || price_invalidate(id))),
///                 1 => {
///                     let number = HISTORY.number(id);
///                     HISTORY.record(Op::Set(id, number), || price_set(id, number));
///                 }
///                 _ => drop(HISTORY.record(Op::Call(id), || price(id))),
///             }
///         });
///     }
/// });
/// let summary = HISTORY.check().unwrap_or_else(|violation| panic!("{violation}"));
/// assert_eq!(summary.reads, 3_200);
/// ```
///
/// # What is a violation
///
/// Only what is wrong in every order in which things could have happened, so there are no false alarms. Each operation
/// has a beginning and an end, by one clock that all share; what took effect did so in between.
///
/// - **A stale value.** It was read by a call or a peek that began after an invalidation, a set or a refresh of its key
///   had returned, and its computation had begun, or its set had ended, before that began.
/// - **A foreign value**, of another key, or one that nobody computed or set.
/// - In a [`strict`](Self::strict) history, **a value that came back**.
///
/// Whatever failed, panicked or was dropped may have happened or not: an invalidation that failed voids nothing.
///
/// # Several processes
///
/// Give each a history [`with_clock`](Self::with_clock), all on the same clock, let it write
/// [`lines`](Self::lines), and have one of them [`read`](Self::read_line) them all. Two clients in one process are two
/// origins as well.
pub struct History<K> {
    origin: u16,
    clock: Clock,
    strict: bool,
    cut_off: bool,
    numbers: AtomicU64,
    /// One for each thread, more or less, so that recording does not bring threads in step.
    shards: [Mutex<Vec<Event<K>>>; SHARDS],
    /// What was forgotten.
    floors: Mutex<Floors<K>>,
}

const SHARDS: usize = 16;

/// Numbers of different origins differ in the bits above.
const NUMBER_BITS: u32 = 48;

/// Tells the time. What happened later has a higher stamp, whichever threads look.
enum Clock {
    Counter(AtomicU64),
    Given(Box<dyn Fn() -> u64 + Send + Sync>),
}

impl<K> History<K> {
    /// An empty history of one process. Its clock is a counter, which orders everything.
    ///
    /// ```
    /// static HISTORY: cache_memoize::testing::History<u64> = cache_memoize::testing::History::new();
    /// ```
    pub const fn new() -> Self {
        Self::made(0, Clock::Counter(AtomicU64::new(1)))
    }

    /// One of several histories that will be checked together. `origin` is another one for each, and `clock` the same
    /// for all: a monotonic clock of the machine, such as `CLOCK_MONOTONIC` in nanoseconds. What happens after
    /// something else must not have a lower stamp. Equal stamps only make the check more lenient.
    ///
    /// ```
    /// use cache_memoize::testing::{History, Op};
    /// use std::sync::atomic::{AtomicU64, Ordering};
    ///
    /// static TIME: AtomicU64 = AtomicU64::new(0);
    /// let clock = || TIME.fetch_add(1, Ordering::SeqCst);
    /// let (one, two) = (History::with_clock(1, clock), History::with_clock(2, clock));
    ///
    /// let value = one.computed("alice".to_owned());
    /// one.record(Op::Invalidate("alice".to_owned()), || true);
    /// two.record(Op::Call("alice".to_owned()), || value);
    ///
    /// let all = History::<String>::new();
    /// for line in one.lines().iter().chain(&two.lines()) {
    ///     all.read_line(line)?;
    /// }
    /// let violation = all.check().expect_err("it was invalidated");
    /// assert!(violation.to_string().contains("invalidate"), "{violation}");
    /// # Ok::<(), String>(())
    /// ```
    pub fn with_clock(origin: u16, clock: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self::made(origin, Clock::Given(Box::new(clock)))
    }

    const fn made(origin: u16, clock: Clock) -> Self {
        Self {
            origin,
            clock,
            strict: false,
            cut_off: false,
            numbers: AtomicU64::new(1),
            shards: [const { Mutex::new(Vec::new()) }; SHARDS],
            floors: Mutex::new(Floors::new()),
        }
    }

    /// Also demands that **what is gone stays gone**: when somebody looked after a value was there and saw another or
    /// none, nobody who begins later may see that value again.
    ///
    /// This holds in memory, where there is one place for the entry of a key. It does not hold on a shared backend: a
    /// call that cannot reach it computes beside the value that is still there. Leave out calls that `bypass_if` keeps
    /// from the cache, and threads that [`advance`](super::advance) their clock.
    ///
    /// ```
    /// use cache_memoize::testing::{History, Op};
    ///
    /// let history = History::new().strict();
    /// let value = history.computed(7);
    /// history.record(Op::Call(7), || value);
    /// history.record(Op::Peek(7), || None::<u64>);
    /// history.record(Op::Call(7), || value);
    /// assert!(history.check().is_err());
    /// ```
    pub const fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Allows the exception that the guide makes for a process that cannot reach the backend: while a computation runs, callers
    /// of the same origin may share it, though another origin has invalidated its key meanwhile.
    ///
    /// For histories of several origins in which servers fail.
    ///
    /// ```
    /// # use cache_memoize::testing::History;
    /// let history = History::<u64>::new().may_be_cut_off();
    /// # assert!(history.check().is_ok());
    /// ```
    pub const fn may_be_cut_off(mut self) -> Self {
        self.cut_off = true;
        self
    }

    fn stamp(&self) -> u64 {
        match &self.clock {
            // One after the other, also for what was done before: whoever has the higher stamp has seen it all.
            Clock::Counter(last) => last.fetch_add(1, Ordering::AcqRel),
            Clock::Given(clock) => clock(),
        }
    }

    fn next_number(&self) -> u64 {
        u64::from(self.origin) << NUMBER_BITS | self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    fn push(&self, event: Event<K>) {
        static THREADS: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static SHARD: Cell<usize> = Cell::new(THREADS.fetch_add(1, Ordering::Relaxed) % SHARDS);
        }
        lock(&self.shards[SHARD.try_with(Cell::get).unwrap_or(0)]).push(event);
    }
}

impl<K> Default for History<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K> Debug for History<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let events: usize = self.shards.iter().map(|shard| lock(shard).len()).sum();
        f.debug_struct("History")
            .field("origin", &self.origin)
            .field("events", &events)
            .finish_non_exhaustive()
    }
}

impl<K: Clone + Eq + Hash + Debug> History<K> {
    /// A computation of that key begins. To be called first thing in the body, before it reads anything that an
    /// invalidation may be about; gives the number by which its value is known.
    ///
    /// ```
    /// use cache_memoize::{cache_memoize, testing::{History, Seen, Sight}};
    ///
    /// static HISTORY: History<String> = History::new();
    ///
    /// #[derive(Clone)]
    /// struct Page { html: String, number: u64 }
    ///
    /// impl Seen for Page {
    ///     fn seen(&self) -> Sight { Sight::Value(self.number) }
    /// }
    ///
    /// #[cache_memoize]
    /// fn page(path: &str) -> Page {
    ///     let number = HISTORY.computed(path.to_owned());
    ///     Page { html: format!("<h1>{path}</h1>"), number }
    /// }
    /// # page("/");
    /// # assert_eq!(HISTORY.check().unwrap().computations, 1);
    /// ```
    pub fn computed(&self, key: K) -> u64 {
        let (value, at) = (self.next_number(), self.stamp());
        self.push(Event { origin: self.origin, start: at, end: at, what: What::Computed(key, value) });
        value
    }

    /// A number for a value of that key which will be [set](Op::Set).
    ///
    /// ```
    /// use cache_memoize::testing::{History, Op};
    ///
    /// let history = History::new();
    /// let number = history.number("alice");
    /// history.record(Op::Set("alice", number), || ());
    /// history.record(Op::Call("alice"), || number);
    /// assert_eq!(history.check().unwrap().sets, 1);
    /// ```
    pub fn number(&self, key: K) -> u64 {
        let (value, at) = (self.next_number(), self.stamp());
        self.push(Event { origin: self.origin, start: at, end: at, what: What::Drawn(key, value) });
        value
    }

    /// Does it, and records when it began and ended and what it returned. A panic is recorded and goes on.
    ///
    /// ```
    /// use cache_memoize::testing::{History, Op};
    ///
    /// let history = History::new();
    /// let value = history.record(Op::Call(7), || history.computed(7));
    /// assert_eq!(history.record(Op::Peek(7), || Some(value)), Some(value));
    /// assert_eq!(history.check().unwrap().reads, 2);
    /// ```
    pub fn record<R: Seen>(&self, op: Op<K>, work: impl FnOnce() -> R) -> R {
        let pending = self.begin(op);
        let returned = work();
        pending.end(returned.seen());
        returned
    }

    /// The same for a future. It begins with the first poll; dropped before it is ready, it may have happened or not.
    ///
    /// ```
    /// use cache_memoize::{cache_memoize, testing::{History, Op}};
    ///
    /// static HISTORY: History<u64> = History::new();
    ///
    /// #[cache_memoize]
    /// async fn price(id: u64) -> u64 { HISTORY.computed(id) }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let value = HISTORY.record_async(Op::Call(7), price(7)).await;
    /// assert_eq!(HISTORY.record_async(Op::Peek(7), price_peek(7)).await, Some(value));
    /// # HISTORY.check().unwrap();
    /// # }
    /// ```
    pub async fn record_async<F: Future<Output: Seen>>(&self, op: Op<K>, work: F) -> F::Output {
        let pending = self.begin(op);
        let returned = work.await;
        pending.end(returned.seen());
        returned
    }

    fn begin(&self, op: Op<K>) -> Pending<'_, K> {
        Pending { history: self, op: Some(op), start: self.stamp() }
    }

    /// Judges all that was recorded. No recorded operation should be under way meanwhile.
    ///
    /// # Errors
    ///
    /// The first violation that was found, with the operations that show it.
    #[must_use = "it says whether an invalidation was lost"]
    pub fn check(&self) -> Result<Summary, Violation> {
        check::check(self.strict, self.cut_off, &lock(&self.floors), self.events())
    }

    /// The same, and forgets what can play no part in later checks, so that a long run takes bounded memory: what is
    /// kept are the values that may still be read. No recorded operation may be under way meanwhile.
    ///
    /// # Errors
    ///
    /// See [`check`](Self::check).
    ///
    /// ```
    /// use cache_memoize::testing::{History, Op};
    ///
    /// let history = History::new();
    /// let old = history.record(Op::Call(7), || history.computed(7));
    /// history.record(Op::Invalidate(7), || true);
    /// assert_eq!(history.check_and_forget().unwrap().reads, 1);
    ///
    /// // It is still known that this one is void.
    /// history.record(Op::Call(7), || old);
    /// assert!(history.check_and_forget().is_err());
    /// ```
    #[must_use = "it says whether an invalidation was lost"]
    pub fn check_and_forget(&self) -> Result<Summary, Violation> {
        let mut floors = lock(&self.floors);
        let events: Vec<_> = self.shards.iter().flat_map(|shard| std::mem::take(&mut *lock(shard))).collect();
        let kept = floors.clone().raised(&events);
        let summary = check::check(self.strict, self.cut_off, &floors, events)?;
        *floors = kept;
        Ok(summary)
    }

    fn events(&self) -> Vec<Event<K>> {
        self.shards.iter().flat_map(|shard| lock(shard).clone()).collect()
    }

    /// Everything that was recorded, one event a line, for [`read_line`](Self::read_line).
    pub fn lines(&self) -> Vec<String>
    where
        K: Display,
    {
        self.events().iter().map(Event::to_string).collect()
    }

    /// Adds an event from another history.
    ///
    /// # Errors
    ///
    /// When it is not a line that [`lines`](Self::lines) wrote.
    pub fn read_line(&self, line: &str) -> Result<(), String>
    where
        K: FromStr,
    {
        line.parse().map(|event| self.push(event))
    }
}

/// An operation under way. Dropped without an end, it may have happened or not.
struct Pending<'h, K: Clone + Eq + Hash + Debug> {
    history: &'h History<K>,
    op: Option<Op<K>>,
    start: u64,
}

impl<K: Clone + Eq + Hash + Debug> Pending<'_, K> {
    fn end(mut self, seen: Sight) {
        self.ended(seen);
    }

    fn ended(&mut self, seen: Sight) {
        let Some(op) = self.op.take() else { return };
        let (history, start) = (self.history, self.start);
        let what = What::Did(op, seen);
        history.push(Event { origin: history.origin, start, end: history.stamp(), what });
    }
}

impl<K: Clone + Eq + Hash + Debug> Drop for Pending<'_, K> {
    fn drop(&mut self) {
        self.ended(Sight::Failed);
    }
}
