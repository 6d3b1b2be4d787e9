//! Threads, in memory.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;

use cache_memoize::testing::{History, Op};
use cache_memoize::{Memory, Stats, cache_memoize};
use cache_memoize_tests::crowd::{Kind, Shared, Unshared, body};
use cache_memoize_tests::random::{Random, seed_thread};

use crate::rounds::rounds;

struct Subject {
    history: &'static History<u64>,
    act: fn(Kind, u64),
    stats: fn() -> Stats,
}

static MEMORY: LazyLock<Memory> = LazyLock::new(|| Memory::new(100));
static SMALL: LazyLock<Memory> = LazyLock::new(|| Memory::new(2));
/// As a shared backend would be, but for the network.
static BYTES: LazyLock<cache_memoize::Shared> = LazyLock::new(|| Memory::new(100).into());

/// A function with these options, and all that can be done to it, recorded.
macro_rules! subject {
    ($name:ident, $error:ident $(, $($options:tt)*)?) => {
        #[test]
        fn $name() {
            static HISTORY: History<u64> = History::new().strict();

            #[cache_memoize($($($options)*)?)]
            fn f(key: u64) -> Result<u64, $error> {
                body(&HISTORY, key, $error)
            }

            fn act(kind: Kind, key: u64) {
                match kind {
                    Kind::Call => drop(HISTORY.record(Op::Call(key), || f(key))),
                    Kind::Peek => drop(HISTORY.record(Op::Peek(key), || f_peek(key))),
                    Kind::Invalidate => drop(HISTORY.record(Op::Invalidate(key), || f_invalidate(key))),
                    Kind::InvalidateAll => {
                        let _done = HISTORY.record(Op::InvalidateAll, f_invalidate_all);
                    }
                    Kind::Set => {
                        let number = HISTORY.number(key);
                        let _done = HISTORY.record(Op::Set(key, number), || f_set(key, Ok(number)));
                    }
                    Kind::Refresh => drop(HISTORY.record(Op::Refresh(key), || f_refresh(key))),
                }
            }

            hurry(stringify!($name), &Subject { history: &HISTORY, act, stats: f_stats });
        }
    };
}

subject!(alone_in_its_memory, Shared);
subject!(side_by_side, Shared, single_flight = false);
subject!(errors_of_their_own, Unshared, ttl = "1h");
subject!(expiring, Shared, ttl = "2ms");
subject!(evicted, Shared, capacity = 2);
subject!(expiring_and_evicted_side_by_side, Unshared, ttl = "3ms", capacity = 2, single_flight = false);
subject!(in_a_named_memory, Shared, backend = MEMORY);
subject!(in_a_small_named_memory, Unshared, backend = SMALL, ttl = "2ms");
subject!(in_a_memory_of_bytes, Shared, backend = BYTES);

/// Two to four threads at a time, on one to three keys.
fn hurry(name: &str, subject: &Subject) {
    const OPERATIONS: u64 = 1_000;
    let sum = rounds(name, subject.history, 25_000, |random, mix| {
        let (threads, keys) = (2 + random.below(3), 1 + random.below(3));
        let seeds: Vec<_> = (0..threads).map(|_| random.next()).collect();
        std::thread::scope(|scope| {
            for seed in seeds {
                scope.spawn(move || {
                    let mut random = Random::new(seed);
                    seed_thread(random.next());
                    for _ in 0..OPERATIONS {
                        let (kind, key) = (random.weighted(&mix), random.below(keys));
                        let _panic = catch_unwind(AssertUnwindSafe(|| (subject.act)(kind, key)));
                    }
                });
            }
        });
        assert_eq!((subject.stats)().in_flight, 0, "{name}: nobody computes any more");
    });
    assert!(sum.failed > 0 && sum.invalidations > 0, "{sum}");
}
