//! §2 A function may call itself.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use cache_memoize::cache_memoize;
use cache_memoize_tests::Gate;

#[test]
fn another_key_is_simply_computed() {
    #[cache_memoize]
    fn fib(n: u64) -> u64 {
        if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
    }
    assert_eq!(fib(90), 2_880_067_194_370_816_120);
    assert_eq!(fib_stats().misses, 91);
}

#[test]
fn the_same_key_is_computed_without_the_cache() {
    static DEPTH: AtomicU64 = AtomicU64::new(0);

    #[cache_memoize]
    fn itself(id: u64) -> u64 {
        match DEPTH.fetch_add(1, SeqCst) {
            depth @ 0..3 => itself(id) + depth,
            _ => 100,
        }
    }
    assert_eq!(itself(1), 103);
    assert_eq!(itself(1), 103);
    let stats = itself_stats();
    assert_eq!((stats.misses, stats.hits), (1, 1), "re-entrant calls do not count");
}

#[test]
fn also_after_it_invalidated_itself() {
    static DEPTH: AtomicU64 = AtomicU64::new(0);

    #[cache_memoize]
    fn itself(id: u64) -> u64 {
        if DEPTH.fetch_add(1, SeqCst) < 3 {
            itself_invalidate(id);
            return itself(id);
        }
        7
    }
    assert_eq!(itself(1), 7);
    assert_eq!(itself_peek(1), None, "it was overtaken");
    assert_eq!(itself_stats().misses, 1);
}

/// `f(1)` calls `f(2)` beside `f(2)` calling `f(1)`.
#[test]
fn a_circle_of_two_threads_is_cut() {
    static GATE: Gate = Gate::closed();

    // Both are inside before either asks for the other.
    static DEPTH: AtomicU64 = AtomicU64::new(0);
    #[cache_memoize]
    fn bounded(id: u64) -> u64 {
        if DEPTH.fetch_add(1, SeqCst) < 2 {
            GATE.pass();
            return bounded(3 - id) + id;
        }
        10
    }

    thread::scope(|scope| {
        let one = scope.spawn(|| bounded(1));
        let two = scope.spawn(|| bounded(2));
        GATE.wait_for(2);
        GATE.open();
        let (one, two) = (one.join().unwrap(), two.join().unwrap());
        // One of them was cut and computed its nested call itself (10); the other waited for it.
        assert!((one, two) == (11, 13) || (one, two) == (13, 12), "{one} {two}");
    });
    assert_eq!(bounded_stats().in_flight, 0);
}

#[test]
fn a_circle_of_two_tasks_is_cut() {
    static DEPTH: AtomicU64 = AtomicU64::new(0);

    #[cache_memoize]
    async fn bounded(id: u64) -> u64 {
        if DEPTH.fetch_add(1, SeqCst) < 2 {
            tokio::task::yield_now().await;
            return Box::pin(bounded(3 - id)).await + id;
        }
        10
    }

    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (one, two) = runtime.block_on(async {
        let (one, two) = (tokio::spawn(bounded(1)), tokio::spawn(bounded(2)));
        (one.await.unwrap(), two.await.unwrap())
    });
    assert!((one, two) == (11, 13) || (one, two) == (13, 12), "{one} {two}");
}

#[test]
fn a_circle_through_another_function_is_cut() {
    static DEPTH: AtomicU64 = AtomicU64::new(0);

    #[cache_memoize]
    fn even(n: u64) -> u64 {
        if DEPTH.fetch_add(1, SeqCst) > 5 { 0 } else { odd(n) + 1 }
    }
    #[cache_memoize]
    fn odd(n: u64) -> u64 {
        even(n) + 1
    }
    assert_eq!(even(1), even_peek(1).unwrap());
    assert_eq!((even_stats().misses, odd_stats().misses), (1, 1));
}

#[test]
fn two_nested_calls_of_one_body_may_share() {
    static RUNS: AtomicU64 = AtomicU64::new(0);

    #[cache_memoize]
    async fn leaf(id: u64) -> u64 {
        RUNS.fetch_add(1, SeqCst);
        tokio::task::yield_now().await;
        id
    }
    #[cache_memoize]
    async fn middle(id: u64) -> u64 {
        leaf(id).await + 1
    }
    #[cache_memoize]
    async fn root(id: u64) -> u64 {
        let (one, two) = tokio::join!(middle(id), leaf(id));
        one + two
    }

    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(runtime.block_on(root(5)), 11);
    assert_eq!(RUNS.load(SeqCst), 1);
}

/// What decides about a result and what copies it is part of the computation.
#[test]
fn user_code_after_the_body_may_call_the_same_key() {
    thread_local! {
        static AGAIN: Cell<bool> = const { Cell::new(true) };
    }
    fn again(call: impl FnOnce()) {
        if AGAIN.replace(false) {
            call();
        }
    }

    fn let_go<T>(_: T) {}

    struct Value(u64);
    impl Clone for Value {
        fn clone(&self) -> Self {
            again(|| let_go(by_clone(self.0)));
            Self(self.0)
        }
    }

    #[cache_memoize]
    fn by_clone(id: u64) -> Value {
        Value(id)
    }
    #[cache_memoize(cache_if = |value| { again(|| let_go(by_condition(*value))); true })]
    fn by_condition(id: u64) -> u64 {
        id
    }
    #[cache_memoize(ttl = |value: &u64| { again(|| let_go(by_lifetime(*value))); Duration::from_secs(1) })]
    fn by_lifetime(id: u64) -> u64 {
        id
    }
    #[cache_memoize(capacity = 9, weigher = |_, value| { again(|| let_go(by_weight(*value))); 1 })]
    fn by_weight(id: u64) -> u64 {
        id
    }

    let calls: [&dyn Fn(); 8] = [
        &|| let_go(by_clone(1)),
        &|| let_go(by_clone_refresh(1)),
        &|| let_go(by_condition(1)),
        &|| let_go(by_condition_refresh(1)),
        &|| let_go(by_lifetime(1)),
        &|| let_go(by_lifetime_refresh(1)),
        &|| let_go(by_weight(1)),
        &|| let_go(by_weight_refresh(1)),
    ];
    for call in calls {
        AGAIN.set(true);
        call();
        assert!(!AGAIN.get());
    }
}
