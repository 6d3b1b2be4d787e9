//! What a check says, for people.

use std::fmt::{self, Debug, Display};
use std::ops::AddAssign;

use super::event::{Event, Op, Sight, What};

/// What a history without violations contains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Calls and peeks that succeeded.
    pub reads: u64,
    /// Bodies that began.
    pub computations: u64,
    /// Invalidations, of one key or all, that succeeded.
    pub invalidations: u64,
    /// Sets that succeeded.
    pub sets: u64,
    /// Refreshes that succeeded.
    pub refreshes: u64,
    /// Operations that failed, panicked or were dropped.
    pub failed: u64,
}

impl Summary {
    pub(super) fn of<K>(events: &[Event<K>]) -> Self {
        let mut summary = Self::default();
        for event in events {
            let counter = match &event.what {
                What::Computed(..) => &mut summary.computations,
                What::Drawn(..) => continue,
                What::Did(_, Sight::Failed) => &mut summary.failed,
                What::Did(Op::Call(_) | Op::Peek(_), _) => &mut summary.reads,
                What::Did(Op::Refresh(_), _) => &mut summary.refreshes,
                What::Did(Op::Set(..), _) => &mut summary.sets,
                What::Did(Op::Invalidate(_) | Op::InvalidateAll, _) => &mut summary.invalidations,
            };
            *counter += 1;
        }
        summary
    }

    /// All operations, whatever became of them.
    ///
    /// ```
    /// use cache_memoize::testing::{History, Op};
    ///
    /// let history = History::new();
    /// history.record(Op::Call(7), || history.computed(7));
    /// history.record(Op::InvalidateAll, || ());
    /// assert_eq!(history.check().unwrap().operations(), 2);
    /// ```
    pub fn operations(&self) -> u64 {
        self.reads + self.invalidations + self.sets + self.refreshes + self.failed
    }
}

impl AddAssign for Summary {
    fn add_assign(&mut self, other: Self) {
        self.reads += other.reads;
        self.computations += other.computations;
        self.invalidations += other.invalidations;
        self.sets += other.sets;
        self.refreshes += other.refreshes;
        self.failed += other.failed;
    }
}

impl Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reads, computations, invalidations, sets, refreshes, failed } = self;
        write!(
            f,
            "{} operations: {reads} reads, {invalidations} invalidations, {sets} sets, {refreshes} refreshes, \
             {failed} failed or dropped; {computations} computations",
            self.operations()
        )
    }
}

/// What a history contains that must not be. `Display` shows the operations, each with the stamps of its beginning and
/// its end.
#[derive(Clone, PartialEq, Eq)]
pub struct Violation {
    what: &'static str,
    lines: Vec<String>,
}

impl Violation {
    pub(super) fn new(what: &'static str) -> Self {
        Self { what, lines: Vec::new() }
    }

    pub(super) fn show(mut self, label: &str, text: String) -> Self {
        self.lines.push(format!("{label:>16}  {text}"));
        self
    }

    pub(super) fn event<'e, K: Debug + 'e>(
        self,
        label: &str,
        event: impl Into<Option<&'e Event<K>>>,
    ) -> Self {
        let text = event.into().map_or_else(|| "before the last check".to_owned(), described);
        self.show(label, text)
    }

    /// What else happened to the key within that time.
    pub(super) fn around<K: Debug + PartialEq>(
        mut self,
        events: &[Event<K>],
        key: &K,
        from: u64,
        to: u64,
    ) -> Self {
        const MANY: usize = 40;
        let concerns = |event: &&Event<K>| {
            let of_key = match &event.what {
                What::Computed(other, _) | What::Drawn(other, _) => other == key,
                What::Did(Op::InvalidateAll, _) => true,
                What::Did(Op::Call(other) | Op::Peek(other) | Op::Refresh(other), _) => other == key,
                What::Did(Op::Set(other, _) | Op::Invalidate(other), _) => other == key,
            };
            of_key && event.end >= from && event.start <= to
        };
        let around: Vec<_> = events.iter().filter(concerns).map(described).collect();
        self.lines.push(format!("in that time, on that key ({} events):", around.len()));
        let skipped = around.len().saturating_sub(MANY);
        self.lines.extend(around.into_iter().skip(skipped).map(|line| format!("{:18}{line}", "")));
        self
    }
}

fn described<K: Debug>(event: &Event<K>) -> String {
    let Event { origin, start, end, what } = event;
    let done = match what {
        What::Computed(key, value) => format!("a body of {key:?} begins: number {value}"),
        What::Drawn(key, value) => format!("number {value} is to be set for {key:?}"),
        What::Did(Op::Set(key, value), seen) => format!("set {key:?} to {value}: {seen}"),
        What::Did(Op::Call(key), seen) => format!("call {key:?}: {seen}"),
        What::Did(Op::Peek(key), seen) => format!("peek {key:?}: {seen}"),
        What::Did(Op::Refresh(key), seen) => format!("refresh {key:?}: {seen}"),
        What::Did(Op::Invalidate(key), seen) => format!("invalidate {key:?}: {seen}"),
        What::Did(Op::InvalidateAll, seen) => format!("invalidate_all: {seen}"),
    };
    format!("[{start} {end}] origin {origin}: {done}")
}

impl Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)?;
        self.lines.iter().try_for_each(|line| write!(f, "\n{line}"))
    }
}

/// As [`Display`], for `unwrap`.
impl Debug for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

impl std::error::Error for Violation {}
