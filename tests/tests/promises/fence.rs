//! §1 Invalidation wins: {invalidate, invalidate_all, set, refresh} × {in the body, before the store}, threads.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;

use cache_memoize::cache_memoize;
use cache_memoize_tests::{Gate, iterations};

/// Where the overtaken computation is while the operation lands.
#[derive(Clone, Copy, PartialEq)]
enum Held {
    InTheBody,
    BeforeTheStore,
}

/// Whether somebody calls while the overtaken computation is still held: a later computation covers the fence's
/// tracks, so both must be tried.
#[derive(Clone, Copy, PartialEq)]
enum Late {
    Call,
    NoCall,
}

/// A row in a slow database, read by a memoized function that stops on request. `$operation` is what lands
/// while the first reader is held; `$expected` is what everyone must see afterwards, and `$stored` what the
/// operation itself has stored.
macro_rules! overtaken {
    ($name:ident, $held:expr, $operation:expr, $expected:expr, $stored:expr) => {
        mod $name {
            use super::*;
            overtaken!(beside_a_later_call, $held, Late::Call, $operation, $expected, $stored);
            overtaken!(alone, $held, Late::NoCall, $operation, $expected, $stored);
        }
    };
    ($name:ident, $held:expr, $late:expr, $operation:expr, $expected:expr, $stored:expr) => {
        #[test]
        fn $name() {
            static GATE: Gate = Gate::closed();
            static ROW: AtomicU64 = AtomicU64::new(1);
            const HELD: Held = $held;

            fn decided(_: &u64) -> bool {
                if HELD == Held::BeforeTheStore {
                    GATE.pass_first();
                }
                true
            }

            #[cache_memoize(ttl = 300, cache_if = decided)]
            fn row(id: u32) -> u64 {
                let _ = id;
                let value = ROW.load(SeqCst);
                if HELD == Held::InTheBody {
                    GATE.pass_first();
                }
                value
            }

            let overtaken = thread::spawn(|| row(7));
            GATE.wait_for(1);
            ROW.store(2, SeqCst);
            let operation: fn() = $operation;
            // G4: returns while the computation is held.
            operation();
            if $late == Late::Call {
                // G2: it does not join the old computation, which is still held.
                assert_eq!(row(7), $expected, "joined the overtaken computation");
            }
            GATE.open();
            // G3: who waited may get the old value.
            assert_eq!(overtaken.join().unwrap(), 1);
            // G1: and it is not stored.
            let stored: Option<u64> = if $late == Late::Call { Some($expected) } else { $stored };
            assert_eq!(row_peek(7), stored, "resurrected");
            assert_eq!(row(7), $expected, "resurrected");
            assert_eq!(row_peek(7), Some($expected));
            assert_eq!(row_stats().in_flight, 0);
        }
    };
}

macro_rules! by_each_operation {
    ($held:expr) => {
        use super::*;
        overtaken!(by_invalidate, $held, || assert!(!row_invalidate(7)), 2, None);
        overtaken!(by_invalidate_all, $held, row_invalidate_all, 2, None);
        overtaken!(by_set, $held, || row_set(7, 3), 3, Some(3));
        overtaken!(by_refresh, $held, || assert_eq!(row_refresh(7), 2), 2, Some(2));
    };
}

mod in_the_body {
    by_each_operation!(Held::InTheBody);
}
mod before_the_store {
    by_each_operation!(Held::BeforeTheStore);
}

#[test]
fn what_is_stored_is_gone() {
    static ROW: AtomicU64 = AtomicU64::new(1);

    #[cache_memoize]
    fn row(id: u64) -> u64 {
        id + ROW.load(SeqCst)
    }
    assert_eq!((row(10), row(20)), (11, 21));
    ROW.store(2, SeqCst);
    assert_eq!((row(10), row(20)), (11, 21));
    assert!(row_invalidate(10));
    assert!(!row_invalidate(10));
    assert_eq!((row(10), row(20)), (12, 21));
    row_invalidate_all();
    assert_eq!((row_peek(10), row_peek(20)), (None, None));
    assert_eq!((row(10), row(20)), (12, 22));
    row_set(10, 5);
    assert_eq!((row(10), row(20)), (5, 22));
    ROW.store(3, SeqCst);
    assert_eq!((row_refresh(10), row(20)), (13, 22));
    assert_eq!(row(10), 13);
}

/// The overtaken leader fails or panics: its successor is not touched.
#[test]
fn a_fenced_computation_that_fails_does_not_remove_its_successor() {
    static GATE: Gate = Gate::closed();

    #[cache_memoize]
    fn row(panics: bool) -> Result<u64, &'static str> {
        if GATE.arrivals() == 0 {
            GATE.pass();
            assert!(!panics, "late");
            return Err("late");
        }
        Ok(2)
    }

    let overtaken = thread::spawn(|| row(false));
    GATE.wait_for(1);
    row_invalidate(false);
    assert_eq!(row(false), Ok(2));
    GATE.open();
    assert_eq!(overtaken.join().unwrap(), Err("late"));
    assert_eq!(row_peek(false), Some(Ok(2)));
}

/// Two overtaken generations of one key, ended in the wrong order.
#[test]
fn several_overtaken_computations_end_in_any_order() {
    static GATES: [Gate; 2] = [Gate::closed(), Gate::closed()];
    static NEXT: AtomicU64 = AtomicU64::new(0);

    #[cache_memoize]
    fn row() -> u64 {
        let number = NEXT.fetch_add(1, SeqCst);
        if let Some(gate) = GATES.get(number as usize) {
            gate.pass();
        }
        number
    }

    let first = thread::spawn(row);
    GATES[0].wait_for(1);
    row_invalidate();
    let second = thread::spawn(row);
    GATES[1].wait_for(1);
    row_invalidate();
    assert_eq!(row(), 2);
    GATES[1].open();
    assert_eq!(second.join().unwrap(), 1);
    GATES[0].open();
    assert_eq!(first.join().unwrap(), 0);
    assert_eq!(row(), 2);
}

#[test]
fn invalidating_what_nobody_knows_leaks_nothing() {
    #[cache_memoize]
    #[allow(dead_code, reason = "only its companions are called")]
    fn row(id: u64) -> u64 {
        id
    }
    // A fence that outlived its computations would show as memory; see also the counting allocator's test.
    (0..iterations(100_000)).for_each(|id| assert!(!row_invalidate(id)));
    assert_eq!(row_stats().entries, 0);
}
