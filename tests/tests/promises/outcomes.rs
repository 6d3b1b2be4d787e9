//! What is stored, for how long, and who is told: the options about results, and the callbacks.

use std::cell::RefCell;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::task::Poll;
use std::time::Duration;

use cache_memoize::{cache_memoize, testing};
use cache_memoize_tests::{held_while, poll};

thread_local! {
    static TOLD: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn tell(what: String) {
    TOLD.with_borrow_mut(|told| told.push(what));
}

fn told() -> Vec<String> {
    TOLD.take()
}

#[test]
fn callbacks_are_told_of_each_call_once() {
    #[cache_memoize(
        bypass_if = fresh,
        on_hit = |name, id, _| tell(format!("hit {name} {id}")),
        on_miss = |name, id, _| tell(format!("miss {name} {id} {:?}", row_peek(name, *id, false))),
    )]
    fn row(name: &str, id: u64, fresh: bool) -> u64 {
        let _ = (name, fresh);
        id
    }

    row("a", 1, false);
    assert_eq!(told(), ["miss a 1 Some(1)"], "after the store");
    row("a", 1, false);
    assert_eq!(told(), ["hit a 1"]);
    row("a", 1, true);
    row_peek("a", 1, false);
    row_set("a", 2, false, 5);
    row_uncached("a", 1, false);
    assert_eq!(told(), [""; 0], "bypassed calls, a look and a set tell nobody");
    row_refresh("a", 2, false);
    assert_eq!(told(), ["miss a 2 Some(2)"], "a refresh counts as a miss");
    row_invalidate("a", 2, false);
    assert_eq!(told(), [""; 0]);
    let stats = row_stats();
    assert_eq!((stats.hits, stats.misses), (1, 2), "neither bypassed calls nor looks are counted");
}

#[test]
fn who_joins_a_computation_is_told_of_a_hit() {
    static HELD: AtomicBool = AtomicBool::new(true);

    #[cache_memoize(on_hit = |id| tell(format!("hit {id}")), on_miss = |id| tell(format!("miss {id}")))]
    async fn row(id: u64) -> u64 {
        held_while(&HELD).await;
        id
    }

    let (mut leader, mut waiter) = (pin!(row(1)), pin!(row(1)));
    assert!(poll(leader.as_mut()).is_pending() && poll(waiter.as_mut()).is_pending());
    HELD.store(false, SeqCst);
    assert_eq!((poll(leader), poll(waiter)), (Poll::Ready(1), Poll::Ready(1)));
    assert_eq!(told(), ["miss 1", "hit 1"]);
}

#[derive(Clone, Debug, PartialEq)]
enum Fault {
    NotFound,
    Busy,
}

/// What the functions below return in this test.
fn answer() -> Result<u64, Fault> {
    ANSWER.with_borrow(Clone::clone)
}

fn will_answer(answer: Result<u64, Fault>) {
    ANSWER.set(answer);
}

thread_local! {
    static ANSWER: RefCell<Result<u64, Fault>> = const { RefCell::new(Ok(0)) };
}

#[test]
fn errors_are_stored_only_on_request() {
    #[cache_memoize]
    fn never(id: u64) -> Result<u64, Fault> {
        let _ = id;
        answer()
    }
    #[cache_memoize(ttl = 100, cache_err = |fault| *fault == Fault::NotFound, err_ttl = 10)]
    fn some(id: u64) -> Result<u64, Fault> {
        let _ = id;
        answer()
    }
    #[cache_memoize(ttl = 100, cache_err = true)]
    fn all(id: u64) -> Result<u64, Fault> {
        let _ = id;
        answer()
    }

    for fault in [Fault::NotFound, Fault::Busy] {
        will_answer(Err(fault.clone()));
        for _ in 0..2 {
            assert_eq!(never(1), Err(fault.clone()));
            // These have stored the first.
            assert_eq!((some(1), all(1)), (Err(Fault::NotFound), Err(Fault::NotFound)));
        }
    }
    assert_eq!((never_stats().misses, some_stats().misses, all_stats().misses), (4, 1, 1));
    testing::advance(Duration::from_secs(11));
    assert_eq!(some(1), Err(Fault::Busy), "a stored error has a lifetime of its own");
    assert_eq!(all(1), Err(Fault::NotFound), "or that of values");
    assert_eq!(some_peek(1), None, "and this one is not stored");
}

#[test]
fn what_a_refresh_that_fails_does_to_the_old_value() {
    #[cache_memoize(cache_err = |fault| *fault == Fault::NotFound)]
    fn row() -> Result<u64, Fault> {
        answer()
    }

    will_answer(Ok(1));
    assert_eq!(row(), Ok(1));
    will_answer(Err(Fault::Busy));
    assert_eq!(row_refresh(), Err(Fault::Busy));
    assert_eq!(row(), Ok(1), "an error that is not stored leaves it");
    will_answer(Err(Fault::NotFound));
    assert_eq!(row_refresh(), Err(Fault::NotFound));
    assert_eq!(row(), Err(Fault::NotFound), "one that is stored replaces it");
    row_set(Ok(7));
    assert_eq!(row(), Ok(7));
    row_set(Err(Fault::Busy));
    assert_eq!(row_peek(), None, "a set that is not stored removes it");
}

#[test]
fn none_is_a_value_unless_it_is_said_not_to_be() {
    static RUNS: AtomicU64 = AtomicU64::new(0);

    #[cache_memoize]
    fn kept(id: u64) -> Option<u64> {
        RUNS.fetch_add(1, SeqCst);
        (id > 0).then_some(id)
    }
    #[cache_memoize(cache_none = false)]
    fn dropped(id: u64) -> Option<u64> {
        RUNS.fetch_add(1, SeqCst);
        (id > 0).then_some(id)
    }
    #[cache_memoize(cache_none = false)]
    fn nested(id: u64) -> Result<Option<u64>, Fault> {
        RUNS.fetch_add(1, SeqCst);
        Ok((id > 0).then_some(id))
    }

    for id in [0, 0, 1, 1] {
        kept(id);
        dropped(id);
        nested(id).unwrap();
    }
    assert_eq!((kept_stats().misses, dropped_stats().misses, nested_stats().misses), (2, 3, 3));
    assert_eq!((kept_peek(0), dropped_peek(0), nested_peek(0)), (Some(None), None, None));
}
