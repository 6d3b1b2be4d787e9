//! §1 Invalidation wins, for tasks: the same matrix, with the order of events fixed by polling by hand.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::task::Poll;

use cache_memoize::cache_memoize;
use cache_memoize_tests::{finish, held_while, poll};

macro_rules! overtaken {
    ($name:ident, $operation:expr, $expected:expr) => {
        #[test]
        fn $name() {
            static HELD: AtomicBool = AtomicBool::new(true);
            static ROW: AtomicU64 = AtomicU64::new(1);

            #[cache_memoize(ttl = 300)]
            async fn row(id: u32) -> u64 {
                let _ = id;
                let value = ROW.load(SeqCst);
                if value == 1 {
                    held_while(&HELD).await;
                }
                value
            }

            let mut overtaken = pin!(row(7));
            let mut waiter = pin!(row(7));
            assert!(poll(overtaken.as_mut()).is_pending());
            assert!(poll(waiter.as_mut()).is_pending());
            ROW.store(2, SeqCst);
            $operation;
            assert_eq!(finish(row(7)), $expected, "joined the overtaken computation");
            HELD.store(false, SeqCst);
            assert_eq!(poll(overtaken), Poll::Ready(1));
            assert_eq!(poll(waiter), Poll::Ready(1), "who waited overlaps the operation");
            assert_eq!(finish(row(7)), $expected, "resurrected");
            assert_eq!(finish(row_peek(7)), Some($expected));
            let stats = row_stats();
            assert_eq!((stats.in_flight, stats.joined), (0, 1));
        }
    };
}

overtaken!(by_invalidate, assert!(!finish(row_invalidate(7))), 2);
overtaken!(by_invalidate_all, finish(row_invalidate_all()), 2);
overtaken!(by_set, finish(row_set(7, 3)), 3);
overtaken!(by_refresh, assert_eq!(finish(row_refresh(7)), 2), 2);

/// G4: an overtaken computation that ends does not take its successor off the table: callers go on joining it.
#[test]
fn an_overtaken_computation_leaves_its_successor_alone() {
    static HELD: [AtomicBool; 2] = [const { AtomicBool::new(true) }; 2];
    static RUNS: AtomicU64 = AtomicU64::new(0);

    #[cache_memoize]
    async fn row() -> u64 {
        let run = RUNS.fetch_add(1, SeqCst);
        if let Some(held) = HELD.get(run as usize) {
            held_while(held).await;
        }
        run
    }

    let mut old = pin!(row());
    assert!(poll(old.as_mut()).is_pending());
    finish(row_invalidate());
    let mut successor = pin!(row());
    assert!(poll(successor.as_mut()).is_pending());
    HELD[0].store(false, SeqCst);
    assert_eq!(poll(old), Poll::Ready(0));
    let mut late = pin!(row());
    assert!(poll(late.as_mut()).is_pending(), "joins the successor");
    assert_eq!(RUNS.load(SeqCst), 2);
    HELD[1].store(false, SeqCst);
    assert_eq!((poll(successor), poll(late)), (Poll::Ready(1), Poll::Ready(1)));
    assert_eq!(finish(row_peek()), Some(1));
}

#[test]
fn of_overlapping_refreshes_the_one_that_began_last_wins() {
    static HELD: AtomicBool = AtomicBool::new(true);
    static ROW: AtomicU64 = AtomicU64::new(1);

    #[cache_memoize]
    #[allow(dead_code, reason = "only its companions are called")]
    async fn row() -> u64 {
        let value = ROW.fetch_add(1, SeqCst);
        if value == 1 {
            held_while(&HELD).await;
        }
        value
    }

    let mut first = pin!(row_refresh());
    assert!(poll(first.as_mut()).is_pending());
    assert_eq!(finish(row_refresh()), 2);
    HELD.store(false, SeqCst);
    assert_eq!(poll(first), Poll::Ready(1));
    assert_eq!(finish(row_peek()), Some(2), "the refresh that began first came last and must not win");
}

#[test]
fn a_computation_that_begins_during_a_refresh_may_replace_it_but_not_the_reverse_of_time() {
    static HELD: AtomicBool = AtomicBool::new(true);

    #[cache_memoize(single_flight = false)]
    async fn row(id: u64) -> u64 {
        let _ = id;
        static ROW: AtomicU64 = AtomicU64::new(1);
        let value = ROW.fetch_add(1, SeqCst);
        if value == 1 {
            held_while(&HELD).await;
        }
        value
    }

    let mut old = pin!(row(1));
    assert!(poll(old.as_mut()).is_pending());
    // Began later, ends first, and nobody invalidated: the newer value stays.
    assert_eq!(finish(row(1)), 2);
    HELD.store(false, SeqCst);
    assert_eq!(poll(old), Poll::Ready(1));
    assert_eq!(finish(row_peek(1)), Some(2));
}

#[test]
fn a_refresh_that_fails_leaves_the_old_value_and_serves_it_meanwhile() {
    static HELD: AtomicBool = AtomicBool::new(true);
    static FAIL: AtomicBool = AtomicBool::new(false);

    #[cache_memoize]
    async fn row() -> Result<u64, String> {
        if FAIL.load(SeqCst) {
            held_while(&HELD).await;
            return Err("gone".into());
        }
        Ok(1)
    }

    assert_eq!(finish(row()), Ok(1));
    FAIL.store(true, SeqCst);
    let mut refresh = pin!(row_refresh());
    assert!(poll(refresh.as_mut()).is_pending());
    assert_eq!(finish(row()), Ok(1), "the old value is served while the refresh runs");
    HELD.store(false, SeqCst);
    assert_eq!(poll(refresh), Poll::Ready(Err("gone".into())));
    assert_eq!(finish(row()), Ok(1));
}

#[test]
fn a_refresh_whose_value_is_refused_removes_the_old_one() {
    static ROW: AtomicU64 = AtomicU64::new(1);

    #[cache_memoize(cache_if = |value| *value < 2)]
    async fn row() -> u64 {
        ROW.load(SeqCst)
    }

    assert_eq!(finish(row()), 1);
    ROW.store(2, SeqCst);
    assert_eq!(finish(row_refresh()), 2);
    assert_eq!(finish(row_peek()), None);
    ROW.store(1, SeqCst);
    assert_eq!(finish(row()), 1);
    finish(row_set(5));
    assert_eq!(finish(row_peek()), None, "and so does a refused set");
}

/// A refresh that lands without storing overtakes what began before it all the same.
#[test]
fn a_refused_refresh_overtakes_an_earlier_one_and_an_earlier_call() {
    static HELD: AtomicBool = AtomicBool::new(true);
    static ROW: AtomicU64 = AtomicU64::new(1);

    #[cache_memoize(cache_if = |value| *value < 3, single_flight = false)]
    async fn row() -> u64 {
        let value = ROW.fetch_add(1, SeqCst);
        if value < 3 {
            held_while(&HELD).await;
        }
        value
    }

    let mut call = pin!(row());
    let mut first = pin!(row_refresh());
    assert!(poll(call.as_mut()).is_pending() && poll(first.as_mut()).is_pending());
    assert_eq!(finish(row_refresh()), 3, "refused: it removes what is stored");
    HELD.store(false, SeqCst);
    assert_eq!((poll(call), poll(first)), (Poll::Ready(1), Poll::Ready(2)));
    assert_eq!(finish(row_peek()), None, "both had read before the refresh that landed");
}

#[test]
fn a_refresh_overtaken_by_an_invalidation_returns_its_value_and_stores_nothing() {
    static HELD: AtomicBool = AtomicBool::new(true);

    #[cache_memoize]
    #[allow(dead_code, reason = "only its companions are called")]
    async fn row() -> u64 {
        held_while(&HELD).await;
        1
    }

    let mut refresh = pin!(row_refresh());
    assert!(poll(refresh.as_mut()).is_pending());
    assert!(!finish(row_invalidate()));
    HELD.store(false, SeqCst);
    assert_eq!(poll(refresh), Poll::Ready(1));
    assert_eq!(finish(row_peek()), None);
}
