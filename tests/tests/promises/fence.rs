//! §1 Invalidation wins: {invalidate, invalidate_all, set, refresh} × {in the body, before the store}, threads.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;

use cache_memoize::cache_memoize;
use cache_memoize_tests::Gate;

/// Where the overtaken computation is while the operation lands.
#[derive(Clone, Copy, PartialEq)]
enum Held {
    InTheBody,
    BeforeTheStore,
}

/// A row in a slow database, read by a memoized function that stops on request. `$operation` is what lands
/// while the first reader is held; `$expected` is what everyone must see afterwards.
macro_rules! overtaken {
    ($name:ident, $held:expr, $operation:expr, $expected:expr) => {
        #[test]
        fn $name() {
            static GATE: Gate = Gate::closed();
            static ROW: AtomicU64 = AtomicU64::new(1);
            const HELD: Held = $held;

            #[cache_memoize(ttl = 300, cache_if = |_| {
                if HELD == Held::BeforeTheStore {
                    GATE.pass_first();
                }
                true
            })]
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
            // G2: a call that starts now does not join the old computation, which is still held.
            assert_eq!(row(7), $expected, "joined the overtaken computation");
            GATE.open();
            // G3: who waited may get the old value.
            assert_eq!(overtaken.join().unwrap(), 1);
            // G1: and it is not stored.
            assert_eq!(row(7), $expected, "resurrected");
            assert_eq!(row_peek(7), Some($expected));
            assert_eq!(row_stats().in_flight, 0);
        }
    };
}

// `row` is a name inside each test, so that the operations are closures over nothing.
macro_rules! matrix {
    ($($module:ident: $held:expr;)*) => {$(
        mod $module {
            use super::*;
            overtaken_by!($held);
        }
    )*};
}

macro_rules! overtaken_by {
    ($held:expr) => {
        overtaken!(by_invalidate, $held, || assert!(!row_invalidate(7)), 2);
        overtaken!(by_invalidate_all, $held, row_invalidate_all, 2);
        overtaken!(by_set, $held, || row_set(7, 3), 3);
        overtaken!(by_refresh, $held, || assert_eq!(row_refresh(7), 2), 2);
    };
}

matrix! {
    in_the_body: Held::InTheBody;
    before_the_store: Held::BeforeTheStore;
}
