//! §1 on shared backends: {invalidate, invalidate all, set, refresh} × {in the body, before the store} × {threads,
//! tasks}, on every backend.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

use cache_memoize::cache_memoize;

use crate::backends::set_up;
use crate::world::Row;

/// Where the overtaken computation is while the operation lands.
#[derive(Clone, Copy, PartialEq)]
enum At {
    Body,
    Store,
}

/// A function that reads a row and stops where it is told to. `$operation` lands while the first reader, who has read
/// 1, is held; everybody must see 2 afterwards.
macro_rules! overtaken {
    ($name:ident on $backend:literal, $at:expr, $operation:expr, $operation_async:expr) => {
        mod $name {
            use super::*;

            #[test]
            fn by_a_thread() {
                static ROW: Row = Row::new();
                static RUNS: AtomicUsize = AtomicUsize::new(0);
                set_up();
                ROW.write(1);

                fn before_the_store(_: &u64) -> bool {
                    if $at == At::Store {
                        ROW.stop_first();
                    }
                    true
                }

                #[cache_memoize(ttl = 600, backend = $backend, cache_if = before_the_store)]
                fn row(id: u32) -> u64 {
                    let _ = id;
                    RUNS.fetch_add(1, SeqCst);
                    let value = ROW.read();
                    if $at == At::Body {
                        ROW.stop_first();
                    }
                    value
                }

                let overtaken = thread::spawn(|| row(7));
                ROW.wait_for_reader();
                ROW.write(2);
                // Returns while the computation is held.
                $operation;
                let runs = RUNS.load(SeqCst);
                assert_eq!(
                    row(7),
                    2,
                    "a call that starts after the operation does not join the old computation"
                );
                assert!(RUNS.load(SeqCst) <= runs + 1);
                ROW.go_on();
                assert_eq!(overtaken.join().unwrap(), 1, "whoever was there before may get the old value");
                assert_eq!(row_peek(7).unwrap(), Some(2), "nothing old is stored");
                assert_eq!(row(7), 2);
            }

            #[tokio::test]
            async fn by_a_task() {
                static ROW: Row = Row::new();
                static RUNS: AtomicUsize = AtomicUsize::new(0);
                set_up();
                ROW.write(1);

                #[cache_memoize(ttl = 600, backend = $backend)]
                async fn row(id: u32) -> u64 {
                    let _ = id;
                    RUNS.fetch_add(1, SeqCst);
                    let value = ROW.read();
                    ROW.stop_first_task().await;
                    value
                }

                let overtaken = tokio::spawn(row(7));
                ROW.task_has_read().await;
                ROW.write(2);
                $operation_async;
                let runs = RUNS.load(SeqCst);
                assert_eq!(
                    row(7).await,
                    2,
                    "a call that starts after the operation does not join the old computation"
                );
                assert!(RUNS.load(SeqCst) <= runs + 1);
                ROW.go_on();
                assert_eq!(overtaken.await.unwrap(), 1, "whoever was there before may get the old value");
                assert_eq!(row_peek(7).await.unwrap(), Some(2), "nothing old is stored");
                assert_eq!(row(7).await, 2);
            }
        }
    };
}

macro_rules! matrix {
    ($module:ident on $backend:literal) => {
        mod $module {
            use super::*;
            matrix!($backend, in_the_body, At::Body);
            matrix!($backend, before_the_store, At::Store);
        }
    };
    ($backend:literal, $module:ident, $at:expr) => {
        mod $module {
            use super::*;
            overtaken!(invalidate on $backend, $at, row_invalidate(7).unwrap(), row_invalidate(7).await.unwrap());
            overtaken!(
                invalidate_all on $backend,
                $at,
                row_invalidate_all().unwrap(),
                row_invalidate_all().await.unwrap()
            );
            overtaken!(set on $backend, $at, row_set(7, 2).unwrap(), row_set(7, 2).await.unwrap());
            overtaken!(refresh on $backend, $at, row_refresh(7).unwrap(), row_refresh(7).await.unwrap());
        }
    };
}

matrix!(memory on "memory");
matrix!(map on "map");
matrix!(redis on "redis");
