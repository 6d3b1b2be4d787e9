//! §2, §3 Panics: nothing stored, nobody hangs, the next call computes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::task::{Context, Waker};
use std::thread;

use cache_memoize::cache_memoize;
use cache_memoize_tests::{Gate, eventually, held_while};

fn message(panic: Box<dyn std::any::Any + Send>) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .unwrap_or_else(|| (*panic.downcast_ref::<&str>().unwrap()).to_owned())
}

#[test]
fn a_panic_is_the_callers_and_the_next_call_computes() {
    static PANIC: AtomicBool = AtomicBool::new(true);

    #[cache_memoize]
    fn shaky(id: u64) -> u64 {
        assert!(!PANIC.load(SeqCst), "shaken by {id}");
        id
    }

    let panic = catch_unwind(|| shaky(1)).unwrap_err();
    assert_eq!(message(panic), "shaken by 1");
    assert_eq!((shaky_stats().in_flight, shaky_stats().entries), (0, 0));
    PANIC.store(false, SeqCst);
    assert_eq!(shaky(1), 1);
}

#[test]
fn waiters_get_the_panic() {
    static GATE: Gate = Gate::closed();

    #[cache_memoize]
    fn shaky() -> u64 {
        GATE.pass();
        panic!("shaken")
    }

    thread::scope(|scope| {
        let leader = scope.spawn(shaky);
        GATE.wait_for(1);
        let waiters: Vec<_> = (0..8).map(|_| scope.spawn(shaky)).collect();
        // A waiter that came late would compute by itself, and pass the open gate.
        eventually("all have called", || shaky_stats().misses + shaky_stats().joined >= 1);
        GATE.open();
        assert_eq!(message(leader.join().unwrap_err()), "shaken");
        for waiter in waiters {
            assert!(message(waiter.join().unwrap_err()).ends_with("shaken"));
        }
    });
    assert_eq!(shaky_stats().in_flight, 0);
}

/// User code that decides about the result, or copies it, is part of the computation: its panic is shared, too.
#[test]
fn waiters_get_the_panic_of_a_condition() {
    static HELD: AtomicBool = AtomicBool::new(true);

    #[cache_memoize(cache_if = |_| panic!("undecided"))]
    async fn shaky() -> u64 {
        held_while(&HELD).await;
        1
    }

    let context = &mut Context::from_waker(Waker::noop());
    let (mut leader, mut waiter) = (Box::pin(shaky()), Box::pin(shaky()));
    assert!(leader.as_mut().poll(context).is_pending() && waiter.as_mut().poll(context).is_pending());
    HELD.store(false, SeqCst);
    assert_eq!(
        message(catch_unwind(AssertUnwindSafe(|| leader.as_mut().poll(context))).unwrap_err()),
        "undecided"
    );
    let shared = catch_unwind(AssertUnwindSafe(|| waiter.as_mut().poll(context))).unwrap_err();
    assert!(message(shared).ends_with("undecided"));
    assert_eq!((shaky_stats().misses, shaky_stats().joined, shaky_stats().in_flight), (1, 1, 0));
}

#[test]
fn a_refresh_that_panics_leaves_the_old_value() {
    static PANIC: AtomicBool = AtomicBool::new(false);

    #[cache_memoize]
    fn shaky() -> u64 {
        assert!(!PANIC.load(SeqCst));
        1
    }

    shaky();
    PANIC.store(true, SeqCst);
    assert!(catch_unwind(shaky_refresh).is_err());
    assert_eq!(shaky(), 1);
}

#[test]
fn a_callback_that_panics_does_so_after_the_store() {
    #[cache_memoize(on_miss = |_| panic!("noticed"))]
    fn noticed(id: u64) -> u64 {
        id
    }

    assert_eq!(message(catch_unwind(|| noticed(1)).unwrap_err()), "noticed");
    assert_eq!(noticed_peek(1), Some(1));
    assert_eq!(noticed(1), 1);
}

#[test]
fn user_code_that_decides_may_panic() {
    #[cache_memoize(cache_if = |value| if *value == 1 { panic!("undecided") } else { true })]
    fn undecided(id: u64) -> u64 {
        id
    }

    assert!(catch_unwind(|| undecided(1)).is_err());
    assert_eq!(undecided(2), 2);
    assert_eq!((undecided_stats().in_flight, undecided_peek(1)), (0, None));
}

/// `Clone`, `Drop`, `Eq` and `Hash` of keys and values may panic and may call the cache again.
#[test]
fn user_code_in_keys_and_values_may_panic_and_re_enter() {
    static PANIC: AtomicU64 = AtomicU64::new(0);
    const EQ: u64 = 1;
    const HASH: u64 = 2;
    const CLONE: u64 = 3;

    #[derive(Debug)]
    struct Tricky(u64);
    impl PartialEq for Tricky {
        fn eq(&self, other: &Self) -> bool {
            assert_ne!(PANIC.load(SeqCst), EQ);
            plain(1);
            self.0 == other.0
        }
    }
    impl Eq for Tricky {}
    impl std::hash::Hash for Tricky {
        fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
            assert_ne!(PANIC.load(SeqCst), HASH);
            plain_invalidate(1);
            self.0.hash(state);
        }
    }
    impl Clone for Tricky {
        fn clone(&self) -> Self {
            assert_ne!(PANIC.load(SeqCst), CLONE);
            plain(2);
            Self(self.0)
        }
    }
    impl Drop for Tricky {
        fn drop(&mut self) {
            plain(3);
            plain_invalidate_all();
        }
    }

    #[cache_memoize(capacity = 4)]
    fn plain(id: u64) -> u64 {
        id
    }
    #[cache_memoize(capacity = 4)]
    fn tricky(key: Tricky) -> Tricky {
        Tricky(key.0)
    }

    for id in 0..20 {
        tricky(Tricky(id));
        tricky(Tricky(id));
    }
    for fault in [EQ, HASH, CLONE] {
        PANIC.store(fault, SeqCst);
        let calls = [19, 100 + fault].map(|id| {
            catch_unwind(AssertUnwindSafe(|| {
                let key = Tricky(id);
                std::mem::forget(tricky(key));
            }))
        });
        assert!(calls.iter().any(Result::is_err), "{fault}");
        PANIC.store(0, SeqCst);
        assert_eq!(tricky(Tricky(19)).0, 19);
        assert_eq!(tricky(Tricky(100 + fault)).0, 100 + fault);
    }
    assert_eq!(tricky_stats().in_flight, 0);
}
