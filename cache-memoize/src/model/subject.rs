//! The subject of a search: a cache on which operations can be carried out.

use std::cell::{Cell, RefCell};

use super::history::{Got, Record};
use super::program::Step;
use super::stamp::{Begin, Clock};

/// A cache.
pub(super) trait Subject: Sized + Send + Sync + 'static {
    /// An unused cache.
    fn new(colliding: bool) -> Self;

    /// Carries out an operation. `body` is to be told when the body begins, and when it is known to be over.
    fn perform(&self, step: &Step, body: &Body) -> Got;

    /// Checks the cache at rest: all operations have ended, the last of which was a call of key 0.
    fn rest(self) -> Result<(), String>;
}

/// The record of a body: when it ran.
pub(super) struct Body {
    clock: Clock,
    began: Cell<Option<u64>>,
    over: Cell<Option<u64>>,
    /// The operations that were carried out within it.
    within: RefCell<Vec<Record>>,
}

impl Body {
    /// Notes that the body begins.
    pub(super) fn begin(&self) {
        self.began.set(Some(self.clock.now()));
    }

    /// Notes that the body is over and there will be no value for others. Where there will be one, this is not called:
    /// no other call has a reason to compute before the operation has ended.
    pub(super) fn end(&self) {
        self.over.set(Some(self.clock.now()));
    }

    /// Carries out an operation within the body.
    pub(super) fn within(&self, subject: &impl Subject, step: &Step) {
        let records = record(subject, step, &self.clock);
        self.within.borrow_mut().extend(records);
    }
}

/// Carries out an operation and records it, with those within its body.
pub(super) fn record(subject: &impl Subject, step: &Step, clock: &Clock) -> Vec<Record> {
    let body = Body {
        clock: clock.clone(),
        began: Cell::default(),
        over: Cell::default(),
        within: RefCell::default(),
    };
    let begin = Begin::new(clock);
    let got = subject.perform(step, &body);
    let (began, ended) = begin.end();
    let ran = body.began.get().map(|began| (began, body.over.get().unwrap_or(ended)));
    let Step { op, key, value } = *step;
    let mut records = body.within.take();
    records.push(Record { op, key, value, began, ended, ran, got });
    records
}
