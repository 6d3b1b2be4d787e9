//! One race: a computation is held, an operation overtakes it, and everyone looks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use super::driven::{Doing, Driven};
use super::subject::{Ends, FIRST, OLD, OLD_AND_UNDECIDED, Place, Row, Run, SET, Subject};
use crate::testing::{Gate, Point, Scope};

/// What overtakes the computation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Operation {
    Invalidate,
    InvalidateAll,
    Set,
    Refresh,
}

impl Operation {
    pub(super) const ALL: [Self; 4] = [Self::Invalidate, Self::InvalidateAll, Self::Set, Self::Refresh];
}

/// Where the computation is meanwhile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum At {
    BeforeBody,
    InBody,
    BeforeStore,
}

pub(super) const POINTS: [At; 3] = [At::BeforeBody, At::InBody, At::BeforeStore];

/// Who computes, and what becomes of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Who {
    GoesOn,
    Panics,
    Fails,
    IsDropped,
    IsParked,
}

impl Who {
    pub(super) const ALL: [Self; 5] =
        [Self::GoesOn, Self::Panics, Self::Fails, Self::IsDropped, Self::IsParked];

    pub(super) fn may_be_a_thread(self) -> bool {
        !matches!(self, Self::IsDropped | Self::IsParked)
    }
}

/// What happens between the operation and the end of the computation. A later computation covers the tracks of a fence,
/// so each must be tried.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Late {
    Nothing,
    /// A call.
    Call,
    /// A call begins to compute, and is still at it when the old computation ends.
    Computation,
}

impl Late {
    pub(super) const ALL: [Self; 3] = [Self::Nothing, Self::Call, Self::Computation];

    /// After an operation that leaves a value, nobody computes.
    pub(super) fn can_follow(self, operation: Operation) -> bool {
        self != Self::Computation || matches!(operation, Operation::Invalidate | Operation::InvalidateAll)
    }
}

pub(super) struct Story<'s> {
    pub(super) subject: &'static Subject,
    pub(super) places: &'s [Place],
    pub(super) scope: &'s Scope,
    pub(super) id: u64,
    pub(super) operation: Operation,
    pub(super) at: At,
    pub(super) who: Who,
    pub(super) late: Late,
}

impl Story<'_> {
    pub(super) fn tell(&self) {
        let _scope = self.scope.enter();
        let (first, last) = (&self.places[0], &self.places[self.places.len() - 1]);
        let runs = Arc::new(AtomicU64::new(FIRST));

        let gate = match self.at {
            At::BeforeBody => Gate::close(self.subject.name, Point::BeforeBody),
            At::InBody => Gate::close(&self.stop("old"), Point::BeforeBody),
            At::BeforeStore => Gate::close(self.subject.name, Point::BeforeStore),
        };
        let gate = gate.only_first(1);
        let waiting = Gate::close(self.subject.name, Point::Waiting).only_first(0);

        let old = self.call_with(first, self.old_run(&runs));
        gate.wait_for(1);
        let waiter = self.call(first, &runs);
        waiting.wait_for(1);

        self.operate(last, &runs);
        self.check_operation(last);

        let successor = match self.late {
            Late::Nothing => None,
            Late::Call => {
                self.everyone_calls(&runs);
                None
            }
            Late::Computation => Some(self.succeed(first, &runs)),
        };

        match self.who {
            Who::IsDropped => old.drop_it(),
            Who::IsParked => old.park(),
            Who::GoesOn | Who::Panics | Who::Fails => {}
        }
        gate.open();
        let parked = if self.who == Who::IsParked {
            Some(old)
        } else {
            self.check_old(old.finish(&format!("{self}: the old computation")));
            None
        };
        if let Operation::Set = self.operation {
            assert_eq!(self.peek(first), Some(Ok(SET)), "{self}: what was set stays");
        }
        if let Some(successor) = successor {
            self.share(first, successor, &waiting, &runs);
        }
        assert!(!is_old(self.peek(last).as_ref()), "{self}: the old result was stored");
        self.everyone_calls(&runs);

        if let Some(old) = parked {
            old.drop_it();
            assert!(old.finish("what was parked").is_none());
        }
        self.check_end(waiter, &runs);
    }

    /// The operation has taken effect at once.
    fn check_operation(&self, last: &Place) {
        let kept = self.peek(last);
        match self.operation {
            Operation::Invalidate | Operation::InvalidateAll => {
                assert_eq!(kept, None, "{self}: something is there after it");
            }
            Operation::Set => assert_eq!(kept, Some(Ok(SET)), "{self}: what was set is there"),
            Operation::Refresh => self.is_new(kept.as_ref().expect("what was refreshed is there")),
        }
    }

    /// All have the new result in the end, and it is stored.
    fn check_end(&self, waiter: Driven<Row>, runs: &Arc<AtomicU64>) {
        // The waiter may get the old result, and computes if there will be none.
        let waited = waiter.finish(&format!("{self}: who waited for the old computation"));
        if let Who::IsDropped | Who::IsParked = self.who {
            self.is_new(&waited.expect("nobody dropped it").expect("its computation goes well"));
        }
        let computed = runs.load(SeqCst);
        let values: Vec<Row> = self.places.iter().map(|place| self.call_and_wait(place, runs)).collect();
        values.iter().for_each(|value| self.is_new(value));
        assert_eq!(runs.load(SeqCst), computed, "{self}: what is computed in the end is stored");
        for place in self.places {
            assert_eq!((self.subject.stats)(place.clone()).in_flight, 0, "{self}: something is left");
        }
    }

    /// The one that is overtaken.
    fn old_run(&self, runs: &Arc<AtomicU64>) -> Run {
        let ends = match (self.who, self.at) {
            (Who::Panics, At::BeforeStore) => Ends::Undecided,
            (Who::Panics, _) => Ends::Panics,
            (Who::Fails, _) => Ends::Fails,
            (Who::GoesOn | Who::IsDropped | Who::IsParked, _) => Ends::Well,
        };
        Run { ends: Some(ends), last: runs.clone(), stop: self.stop("old") }
    }

    /// Where bodies of this story stop.
    fn stop(&self, whose: &str) -> String {
        format!("{}-{}-{whose}", self.subject.name, self.id)
    }

    fn new_run(&self, runs: &Arc<AtomicU64>) -> Run {
        Run { ends: None, last: runs.clone(), stop: self.stop("new") }
    }

    fn call_with(&self, place: &Place, run: Run) -> Driven<Row> {
        let (call, place, id) = (self.subject.call, place.clone(), self.id);
        Driven::begin(self.scope, move || call(place, run, id))
    }

    fn call(&self, place: &Place, runs: &Arc<AtomicU64>) -> Driven<Row> {
        self.call_with(place, self.new_run(runs))
    }

    fn call_and_wait(&self, place: &Place, runs: &Arc<AtomicU64>) -> Row {
        self.wait("a call", self.call(place, runs))
    }

    fn wait<T: Send + 'static>(&self, what: &str, doing: Driven<T>) -> T {
        let ended = doing.finish(&format!("{self}: {what}")).expect("nobody dropped it");
        ended.unwrap_or_else(|panic| {
            let why = crate::call::guard::message_of(&*panic);
            panic!("{self}: {what} panicked: {}", why.as_deref().unwrap_or("without a word"))
        })
    }

    fn peek(&self, place: &Place) -> Option<Row> {
        let (peek, place, id) = (self.subject.peek, place.clone(), self.id);
        self.wait("`peek`", Driven::begin(self.scope, move || peek(place, id)))
    }

    /// Overtakes the computation, which is still held when this returns.
    fn operate(&self, place: &Place, runs: &Arc<AtomicU64>) {
        let (subject, place, run, id) = (self.subject, place.clone(), self.new_run(runs), self.id);
        let operation = self.operation;
        let make = move || -> Doing<()> {
            match operation {
                Operation::Invalidate => (subject.invalidate)(place, id),
                Operation::InvalidateAll => (subject.invalidate_all)(place),
                Operation::Set => (subject.set)(place, id),
                Operation::Refresh => {
                    let refreshing = (subject.refresh)(place, run, id);
                    Box::pin(async move { assert!(refreshing.await.is_ok()) })
                }
            }
        };
        self.wait("the operation", Driven::begin(self.scope, make));
    }

    /// Calls from everywhere, none of which may get the old result.
    fn everyone_calls(&self, runs: &Arc<AtomicU64>) {
        for place in self.places {
            let value = self.call_and_wait(place, runs);
            self.is_new(&value);
            if let Operation::Set = self.operation {
                assert_eq!(value, Ok(SET), "{self}: what was set stays");
            }
        }
    }

    /// A call that begins to compute, and stops in its body.
    fn succeed(&self, place: &Place, runs: &Arc<AtomicU64>) -> (Driven<Row>, Gate) {
        let gate = Gate::close(&self.stop("new"), Point::BeforeBody).only_first(1);
        let successor = self.call(place, runs);
        gate.wait_for(1);
        (successor, gate)
    }

    /// The old computation has ended: its successor is still there for others to share, and is stored.
    fn share(&self, place: &Place, successor: (Driven<Row>, Gate), waiting: &Gate, runs: &Arc<AtomicU64>) {
        let (successor, gate) = successor;
        let (waited, computed) = (waiting.arrivals(), runs.load(SeqCst));
        let sharing = self.call(place, runs);
        waiting.wait_for(waited + 1);
        gate.open();
        let value = self.wait("the successor", successor);
        self.is_new(&value);
        assert_eq!(self.wait("who shares the successor", sharing), value, "{self}: the successor is shared");
        assert_eq!(runs.load(SeqCst), computed, "{self}: the successor is shared");
        self.is_new(&self.peek(place).unwrap_or_else(|| panic!("{self}: the successor was not stored")));
    }

    /// Its own caller gets what it computed, whatever has overtaken it.
    fn check_old(&self, ended: Option<std::thread::Result<Row>>) {
        let as_expected = match (self.who, &ended) {
            (Who::IsDropped, None) | (Who::Panics, Some(Err(_))) | (Who::Fails, Some(Ok(Err(_)))) => true,
            (Who::GoesOn, Some(Ok(value))) => *value == Ok(OLD),
            _ => false,
        };
        assert!(as_expected, "{self}: the old computation ended with {:?}", ended.map(|ended| ended.ok()));
    }

    fn is_new(&self, value: &Row) {
        assert!(!is_old(Some(value)), "{self}: the old result was served");
        assert!(value.is_ok(), "{self}: {value:?}");
    }
}

fn is_old(value: Option<&Row>) -> bool {
    matches!(value, Some(Ok(OLD | OLD_AND_UNDECIDED)))
}

impl std::fmt::Display for Story<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { subject, operation, at, who, late, .. } = self;
        write!(f, "{} ({operation:?} while it is {at:?} and {who:?}, meanwhile {late:?})", subject.name)
    }
}
