//! §2 One computation per key, for threads.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;

use cache_memoize::cache_memoize;
use cache_memoize_tests::{Gate, iterations};

#[test]
fn sixty_four_threads_share_one_computation() {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    static GATE: Gate = Gate::closed();

    #[cache_memoize(ttl = 60)]
    fn slow(id: u64) -> String {
        RUNS.fetch_add(1, SeqCst);
        GATE.pass();
        format!("value {id}")
    }

    thread::scope(|scope| {
        let threads: Vec<_> = (0..64).map(|_| scope.spawn(|| slow(1))).collect();
        GATE.wait_for(1);
        GATE.open();
        threads.into_iter().for_each(|thread| assert_eq!(thread.join().unwrap(), "value 1"));
    });
    assert_eq!(RUNS.load(SeqCst), 1);
    let stats = slow_stats();
    assert_eq!((stats.misses, stats.hits + stats.joined), (1, 63));
}

#[test]
fn without_single_flight_everyone_computes() {
    static GATE: Gate = Gate::closed();

    #[cache_memoize(single_flight = false)]
    fn slow() -> usize {
        GATE.pass();
        GATE.arrivals()
    }

    thread::scope(|scope| {
        (0..4).for_each(|_| drop(scope.spawn(slow)));
        GATE.wait_for(4);
        GATE.open();
    });
    assert_eq!(slow_stats().misses, 4);
}

#[test]
fn hits_and_misses_on_other_keys_are_not_delayed() {
    static GATE: Gate = Gate::closed();

    #[cache_memoize]
    fn slow(id: u64) -> u64 {
        if id == 1 {
            GATE.pass();
        }
        id
    }

    slow(2);
    let held = thread::spawn(|| slow(1));
    GATE.wait_for(1);
    // Were any of them to wait, this test would not end.
    assert_eq!((2..200).map(slow).sum::<u64>(), (2..200).sum::<u64>());
    assert_eq!(slow_stats().in_flight, 1);
    GATE.open();
    assert_eq!(held.join().unwrap(), 1);
}

struct NotClone;

/// That they compute side by side and not in turn is shown with tasks, whose order a test can fix.
#[test]
fn twenty_failing_callers_all_get_an_error() {
    static GATE: Gate = Gate::closed();

    #[cache_memoize]
    fn failing() -> Result<u64, NotClone> {
        GATE.pass();
        Err(NotClone)
    }

    thread::scope(|scope| {
        let calls: Vec<_> = (0..20).map(|_| scope.spawn(failing)).collect();
        GATE.wait_for(1);
        GATE.open();
        assert!(calls.into_iter().all(|call| call.join().unwrap().is_err()));
    });
    let stats = failing_stats();
    assert_eq!((stats.misses, stats.in_flight, stats.entries), (20, 0, 0));
}

/// Between a miss and leading, somebody else may have stored the value: the second look finds it. Copying the key
/// is the moment in between that a test can use.
#[test]
fn the_leader_takes_a_second_look() {
    #[derive(PartialEq, Eq, Hash)]
    struct Key(u64);
    impl Clone for Key {
        fn clone(&self) -> Self {
            if value_peek(Key(self.0)).is_none() && SET.fetch_add(1, SeqCst) == 0 {
                value_set(Key(self.0), 5);
            }
            Self(self.0)
        }
    }
    static SET: AtomicU64 = AtomicU64::new(0);

    #[cache_memoize]
    fn value(key: Key) -> u64 {
        key.0
    }
    assert_eq!(value(Key(1)), 5, "computed what was there");
    assert_eq!((value_stats().misses, value_stats().hits), (0, 1));
}

#[test]
fn flights_leave_nothing_behind() {
    #[cache_memoize(capacity = 10)]
    fn double(x: u64) -> u64 {
        2 * x
    }

    for x in 0..iterations(1_000) {
        double(x);
        double_invalidate(x + 1_000_000);
    }
    let stats = double_stats();
    assert_eq!(stats.in_flight, 0);
    assert!(stats.entries <= 10, "{stats}");
}
