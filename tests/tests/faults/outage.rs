//! What is the same in every outage: the value is right, three timeouts at most are paid for, after that calls cost
//! nothing, one event tells of each change, companions fail, and in the end everything hits again by itself.

use std::time::{Duration, Instant};

use cache_memoize::EventKind;
use cache_memoize_tests::servers::wait_for;

use crate::report::{Row, is_outage, thousand, timed};
use crate::subject::Subject;

/// What breaks, and what puts it right.
pub(crate) struct Outage<B, E> {
    pub(crate) fault: &'static str,
    /// Whether the server is well before.
    pub(crate) warm: bool,
    pub(crate) begin: B,
    pub(crate) end: E,
    /// One of these is in what `f_invalidate` and the event say.
    pub(crate) words: &'static [&'static str],
}

/// No fault may cost as much; those of others cost 9 to 30 seconds.
const LIMIT: Duration = Duration::from_secs(5);

pub(crate) fn survive<B: FnOnce(), E: FnOnce()>(subject: &Subject, outage: Outage<B, E>) {
    let Outage { fault, warm, begin, end, words } = outage;
    let speaks = |text: &str| words.iter().any(|words| text.contains(words));
    if warm {
        subject.warm(1);
    }
    begin();
    let before = subject.stats().errors;

    let (_, first) = timed(|| subject.hits(1));
    assert!(first < LIMIT, "{fault}: the first call took {first:?}");
    subject.wait_until_down(1);
    let open = thousand(|| {
        subject.hits(1);
    });
    assert!(open.0 < Duration::from_millis(10), "{fault}: with the breaker open, a call took {:?}", open.0);
    assert!(subject.stats().errors >= before + 1000, "{fault}: {:#}", subject.stats());

    let (invalidated, time) = timed(|| subject.invalidate(1));
    let error = invalidated.clone().expect_err("nothing was invalidated");
    assert!(is_outage(&error) && speaks(&error.to_string()), "{fault}: {:?}: {error}", error.kind());
    assert!(time < LIMIT, "{fault}: `f_invalidate` took {time:?}");
    // In whatever words; a companion always asks the server.
    for failed in [subject.invalidate_all(), subject.set(1, 1), subject.peek(1).map(drop)] {
        failed.expect_err("nothing was done");
    }
    let runs = subject.runs();
    subject.refresh(1).expect_err("nothing was refreshed");
    assert_eq!(subject.runs(), runs, "{fault}: a refresh that cannot be stored does not run the body");
    let events = subject.events();
    let [down] = &events[..] else { panic!("{fault}: not one event but {events:#?}") };
    assert_eq!(down.kind, EventKind::Down);
    assert!(speaks(&down.message), "{fault}: {down}");

    end();
    let ended = Instant::now();
    subject.warm(1);
    let recovered = ended.elapsed();
    assert!(recovered < 4 * LIMIT, "{fault}: recovered after {recovered:?}");
    is_well(subject, fault);
    Row {
        fault: format!("{fault}, {}", subject.functions.way),
        first,
        open: Some(open),
        invalidated,
        recovered,
    }
    .print();
}

/// Hits, companions work, and changes were told in turn.
pub(crate) fn is_well(subject: &Subject, fault: &str) {
    (2..50).for_each(|x| subject.warm(x));
    wait_for("an invalidation", || subject.invalidate(1));
    wait_for("a value that is gone", || match subject.peek(1) {
        Ok(None) => Ok(()),
        other => Err(format!("{other:?}")),
    });
    subject.warm(1);
    let changes = || {
        let events = subject.events();
        let kinds = events.iter().map(|event| event.kind).filter(|kind| *kind != EventKind::Refused);
        (kinds.collect::<Vec<_>>(), events)
    };
    // It is up, so it went down and up. One that came and went is news again when it has held for a while.
    let (changes, events) = wait_for("the news that it is up", || {
        subject.warm(1);
        let seen = changes();
        if seen.0.len() % 2 == 0 { Ok(seen) } else { Err(seen.1) }
    });
    let in_turn = changes.chunks(2).all(|pair| pair == [EventKind::Down, EventKind::Up]);
    assert!(in_turn, "{fault}: {events:#?}");
    // A machine that sleeps may look like a fault once, a call at a time would be hundreds.
    assert!(changes.len() <= 8, "{fault}: {events:#?}");
}
