//! Gates hold computations at named points: threads by blocking them, tasks without.

use std::pin::pin;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;

use cache_memoize::testing::{self, Gate, Point, Scope};
use cache_memoize::{Memory, Shared, cache_memoize};
use cache_memoize_tests::{finish, poll};

static BYTES: LazyLock<Shared> = LazyLock::new(|| Memory::default().into());

macro_rules! both_places {
    ($($module:ident [$($options:tt)*] $told:path;)*) => {$(
        mod $module {
            use super::*;

            static RUNS: AtomicU64 = AtomicU64::new(0);

            #[cache_memoize($($options)*)]
            fn row(x: u64) -> u64 {
                if x == 10 {
                    RUNS.fetch_add(1, SeqCst);
                }
                x
            }

            #[cache_memoize($($options)*)]
            async fn task(x: u64) -> u64 {
                x
            }

            /// Where it is, by what others see.
            #[test]
            fn a_thread_is_held_where_the_point_is() {
                let test = testing::isolate();
                let in_test = || {
                    let scope = test.scope().clone();
                    move || scope.run(|| row(10))
                };

                let missed = Gate::close("row", Point::Missed);
                let before_body = Gate::close("row", Point::BeforeBody);
                let before_store = Gate::close("row", Point::BeforeStore);
                let call = thread::spawn(in_test());
                missed.wait_for(1);
                assert_eq!((row_stats().in_flight, before_body.arrivals()), (0, 0), "it has not begun");
                missed.open();
                before_body.wait_for(1);
                assert_eq!(RUNS.load(SeqCst), 0, "its body has not");
                before_body.open();
                before_store.wait_for(1);
                assert_eq!(RUNS.load(SeqCst), 1, "now it has");
                assert_eq!($told(row_peek(10)), None, "and is not stored");

                let waiting = Gate::close("row", Point::Waiting).only_first(0);
                let waiter = thread::spawn(in_test());
                waiting.wait_for(1);
                before_store.open();
                assert_eq!((call.join().unwrap(), waiter.join().unwrap()), (10, 10));
                assert_eq!(row_stats().joined, 1);
                assert_eq!($told(row_peek(10)), Some(10));
            }

            /// The look that a call takes once more finds what was stored in between.
            #[test]
            fn between_the_look_and_the_computation_a_value_may_come() {
                let test = testing::isolate();
                let missed = Gate::close("row", Point::Missed).only_first(1);
                let scope = test.scope().clone();
                let late = thread::spawn(move || scope.run(|| row(20)));
                missed.wait_for(1);
                assert_eq!(row(20), 20);
                missed.open();
                assert_eq!(late.join().unwrap(), 20);
                assert_eq!((row_stats().hits, row_stats().misses), (1, 1));
            }

            #[test]
            fn a_task_is_held_without_its_thread() {
                let _test = testing::isolate();
                let gates = [Point::Missed, Point::BeforeBody, Point::BeforeStore]
                    .map(|point| Gate::close("task", point).only_first(1));
                let mut call = pin!(task(1));
                for gate in &gates {
                    assert_eq!(gate.arrivals(), 0);
                    assert!(poll(call.as_mut()).is_pending());
                    finish(gate.arrived(1));
                    assert!(poll(call.as_mut()).is_pending(), "held");
                    gate.open_for(1);
                }
                assert_eq!($told(finish(task_peek(1))), None);
                assert_eq!(finish(call), 1);
                assert_eq!(finish(task(1)), 1);
            }
        }
    )*};
}

both_places! {
    in_memory [] std::convert::identity;
    shared [backend = BYTES] Result::unwrap;
}

#[cache_memoize]
fn value(x: u64) -> u64 {
    x
}

#[test]
fn a_gate_holds_calls_of_its_scope_and_its_function() {
    #[cache_memoize]
    fn another_value(x: u64) -> u64 {
        x
    }
    let gate = Gate::close("value", Point::BeforeBody);
    Scope::isolated().run(|| value(1));
    another_value(1);
    assert_eq!(gate.arrivals(), 0);
    drop(gate);
    value(1);

    let _test = testing::isolate();
    let _held = Gate::close("gates::elsewhere::value", Point::BeforeBody);
    let counting = Gate::close("gates::value", Point::BeforeBody).only_first(0);
    value(2);
    assert_eq!(counting.arrivals(), 1);
}

#[test]
fn gates_open_for_some_and_when_they_are_dropped() {
    let test = testing::isolate();
    let gate = Gate::close("value", Point::BeforeStore);
    let calls: Vec<_> = (0..3)
        .map(|x| {
            let scope = test.scope().clone();
            let call = thread::spawn(move || scope.run(|| value(x)));
            gate.wait_for(x as usize + 1);
            call
        })
        .collect();
    gate.open_for(2);
    let mut calls = calls.into_iter();
    assert_eq!(calls.next().unwrap().join().unwrap(), 0);
    assert_eq!(calls.next().unwrap().join().unwrap(), 1);
    assert_eq!((gate.arrivals(), value_stats().in_flight), (3, 1));
    drop(gate);
    assert_eq!(calls.next().unwrap().join().unwrap(), 2);
}
