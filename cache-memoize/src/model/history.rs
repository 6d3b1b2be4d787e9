//! The history of one execution, and the rules by which it is judged.

use super::operation::Op;

/// One operation that was carried out.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) op: Op,
    pub(super) key: usize,
    /// The value that it would compute or set. No other operation of the program has the same.
    pub(super) value: u64,
    pub(super) began: u64,
    pub(super) ended: u64,
    /// When its body began and, as far as that can be seen, was over; `None` if it did not run.
    pub(super) ran: Option<(u64, u64)>,
    /// Its result.
    pub(super) got: Got,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Got {
    Value(u64),
    /// The operation has nothing to return, or found nothing, or was dropped.
    Nothing,
    Error,
    Panic,
}

impl Record {
    /// The value of another operation, as this one saw it.
    fn saw(&self) -> Option<u64> {
        match self.got {
            Got::Value(value) if self.op.looks() && self.ran.is_none() => Some(value),
            _ => None,
        }
    }

    fn succeeded(&self) -> bool {
        !matches!(self.got, Got::Error | Got::Panic)
    }

    /// Whether its value was computed, or set, wholly or in part before `moment`.
    fn is_older_than(&self, moment: u64) -> bool {
        match self.ran {
            // A body may have read its data as soon as it began.
            Some((began, _)) => began < moment,
            // A set takes effect at one unknown instant; so it is older for certain only if it was over.
            None => self.ended < moment,
        }
    }

    /// Whether it may have had an effect between the two moments.
    fn overlaps(&self, from: u64, to: u64) -> bool {
        self.began < to && self.ended > from
    }
}

/// Judges a history by the promises of the README. `colliding` keys take each other's place in the store, at the cost
/// of a miss.
pub(super) fn judge(history: &[Record], colliding: bool) -> Result<(), String> {
    let keys = history.iter().map(|record| record.key).max().map_or(0, |last| last + 1);
    for key in 0..keys {
        // An `f_invalidate_all` concerns every key.
        let of_key: Vec<Record> =
            history.iter().filter(|r| r.key == key || r.op == Op::InvalidateAll).cloned().collect();
        judge_key(&of_key, colliding).map_err(|fault| format!("{fault}\n{}", listed(history)))?;
    }
    Ok(())
}

fn listed(history: &[Record]) -> String {
    let mut lines: Vec<_> = history.iter().collect();
    lines.sort_by_key(|record| record.began);
    lines.iter().map(|record| format!("  {record:?}\n")).collect()
}

fn judge_key(history: &[Record], colliding: bool) -> Result<(), String> {
    for reader in history {
        let Some(value) = reader.saw() else { continue };
        let had_it =
            |record: &&Record| record.value == value && (record.ran.is_some() || record.op == Op::Set);
        let Some(origin) = history.iter().find(had_it) else {
            return Err(format!("{} saw {value}, which no operation computed or set", reader.value));
        };
        nothing_older(history, reader, origin)?;
        gone_stays_gone(history, reader, origin)?;
        replaced_stays_replaced(history, reader, origin)?;
        later_stays(history, reader, origin)?;
    }
    one_at_a_time(history)?;
    if colliding { Ok(()) } else { nothing_is_lost(history) }
}

/// A value that was computed before an invalidation is not seen by operations that begin after it.
fn nothing_older(history: &[Record], reader: &Record, origin: &Record) -> Result<(), String> {
    for inv in history.iter().filter(|record| record.op.overtakes() && record.succeeded()) {
        if inv.value == origin.value || reader.began < inv.ended {
            continue;
        }
        let stale = match (inv.ran, origin.op, origin.ran) {
            // Of two refreshes, the one whose body began last wins.
            (Some((body, _)), Op::Refresh, Some((began, _))) => began < body && origin.ended < reader.began,
            _ => origin.is_older_than(inv.began),
        };
        if stale {
            return Err(format!("{} saw {} after {:?} ({})", reader.value, origin.value, inv.op, inv.value));
        }
    }
    Ok(())
}

/// Once a call has found a value to be gone, no operation finds it again.
fn gone_stays_gone(history: &[Record], reader: &Record, origin: &Record) -> Result<(), String> {
    for miss in history.iter().filter(|record| record.op.is_call()) {
        if let Some((missed, _)) = miss.ran
            && origin.ended < miss.began
            && missed < reader.began
        {
            return Err(format!("{} saw {}, which {} had missed", reader.value, origin.value, miss.value));
        }
    }
    Ok(())
}

/// Once an operation that looked after a value was stored has found another or none, no operation finds that value
/// again.
fn replaced_stays_replaced(history: &[Record], reader: &Record, origin: &Record) -> Result<(), String> {
    // A value that was shared with followers need not have been stored.
    if !origin.op.stores() || !origin.succeeded() {
        return Ok(());
    }
    let found_none = |r: &Record| r.op == Op::Peek && r.got == Got::Nothing;
    let other = |r: &&Record| found_none(r) || r.saw().is_some_and(|saw| saw != origin.value);
    match history.iter().filter(other).find(|r| origin.ended < r.began && r.ended < reader.began) {
        Some(other) => Err(format!(
            "{} saw {}, which {} had found replaced or removed",
            reader.value, origin.value, other.value
        )),
        None => Ok(()),
    }
}

/// A value that was computed and stored is not replaced by one whose computation began earlier. A task has its ticket
/// some time before its body begins, so only whole calls can be compared.
fn later_stays(history: &[Record], reader: &Record, origin: &Record) -> Result<(), String> {
    let Some((began, _)) = origin.ran else { return Ok(()) };
    let stored = |r: &&Record| r.op.stores() && r.succeeded() && r.ran.is_some() && r.ended < reader.began;
    match history.iter().filter(stored).find(|stored| began < stored.began) {
        Some(stored) => {
            Err(format!("{} saw {}, which is older than {}", reader.value, origin.value, stored.value))
        }
        None => Ok(()),
    }
}

/// Single flight: two calls do not compute at the same time, unless an operation came between them.
fn one_at_a_time(history: &[Record]) -> Result<(), String> {
    // A call that waited for an error that is not `Clone` does not wait again, unless only one may run.
    let convoy = history.iter().any(|record| record.op.fails());
    let waits = |record: &&Record| record.op.claims() || !(convoy || record.op.is_apart());
    let calls = || history.iter().filter(|record| record.op.is_call()).filter(waits);
    for first in calls() {
        for second in calls() {
            let (Some((one, over)), Some((other, _))) = (first.ran, second.ran) else { continue };
            // A task begins some time before its body does.
            let since = first.began.min(second.began);
            let divided = || history.iter().any(|d| d.op.divides() && d.overlaps(since, other));
            // A thread does not wait for a task. Other calls do not wait for such a thread, which may take its time to
            // begin.
            let lone = |call: &Record| {
                !call.op.is_task() && history.iter().any(|d| d.op.is_task() && d.overlaps(call.began, other))
            };
            if one < other && other < over && !divided() && !lone(first) && !lone(second) {
                return Err(format!("{} computed beside {}", second.value, first.value));
            }
        }
    }
    Ok(())
}

/// A stored value is found, unless an operation removed it.
fn nothing_is_lost(history: &[Record]) -> Result<(), String> {
    // A value that was shared with followers need not have been stored.
    let is_stored = |saw: u64| history.iter().any(|r| r.value == saw && r.op.stores());
    let stored = |r: &&Record| r.op.stores() && r.succeeded() && r.saw().is_none_or(is_stored);
    for stored in history.iter().filter(stored) {
        for reader in history.iter().filter(|r| r.op.looks() && r.began > stored.ended) {
            let removed = history.iter().any(|r| r.op.removes() && r.overlaps(stored.began, reader.ended));
            if !removed && reader.saw().is_none() {
                return Err(format!("{} did not find what {} had stored", reader.value, stored.value));
            }
        }
    }
    Ok(())
}
