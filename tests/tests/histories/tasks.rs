//! Tasks, in memory: beside each other, several in one, and dropped midway.

use std::sync::LazyLock;

use cache_memoize::testing::{History, Op};
use cache_memoize::{Memory, Stats, cache_memoize};
use cache_memoize_tests::crowd::{Action, Kind, Mix, Shared, Unshared, body_later, recorded, somehow};
use cache_memoize_tests::random::{Random, seed_thread};
use tokio::runtime::{Builder, Runtime};

use crate::rounds::rounds;

struct Subject {
    history: &'static History<u64>,
    act: fn(Kind, u64) -> Action<'static>,
    stats: fn() -> Stats,
}

static MEMORY: LazyLock<Memory> = LazyLock::new(|| Memory::new(100));
static SMALL: LazyLock<Memory> = LazyLock::new(|| Memory::new(2));
/// As a shared backend would be, but for the network.
static BYTES: LazyLock<cache_memoize::Shared> = LazyLock::new(|| Memory::new(100).into());

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_multi_thread().worker_threads(3).on_thread_start(|| seed_thread(3)).build().unwrap()
});

/// A function with these options, and all that can be done to it, recorded.
macro_rules! subject {
    ($name:ident, $error:ident $(, $($options:tt)*)?) => {
        #[test]
        fn $name() {
            static HISTORY: History<u64> = History::new().strict();

            #[cache_memoize($($($options)*)?)]
            async fn f(key: u64) -> Result<u64, $error> {
                body_later(&HISTORY, key, || $error).await
            }

            fn act(kind: Kind, key: u64) -> Action<'static> {
                match kind {
                    Kind::Call => recorded(&HISTORY, Op::Call(key), f(key)),
                    Kind::Peek => recorded(&HISTORY, Op::Peek(key), f_peek(key)),
                    Kind::Invalidate => recorded(&HISTORY, Op::Invalidate(key), f_invalidate(key)),
                    Kind::InvalidateAll => recorded(&HISTORY, Op::InvalidateAll, f_invalidate_all()),
                    Kind::Set => {
                        let number = HISTORY.number(key);
                        recorded(&HISTORY, Op::Set(key, number), f_set(key, Ok(number)))
                    }
                    Kind::Refresh => recorded(&HISTORY, Op::Refresh(key), f_refresh(key)),
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
subject!(in_a_named_memory, Shared, backend = MEMORY);
subject!(in_a_small_named_memory, Unshared, backend = SMALL, ttl = "2ms");
subject!(in_a_memory_of_bytes, Shared, backend = BYTES);

/// Two to six tasks at a time, on one to three keys.
fn hurry(name: &str, subject: &Subject) {
    let sum = rounds(name, subject.history, 25_000, |random, mix| {
        let (tasks, keys) = (2 + random.below(5), 1 + random.below(3));
        let tasks: Vec<_> = (0..tasks)
            .map(|_| RUNTIME.spawn(task(subject.act, Random::new(random.next()), mix, keys)))
            .collect();
        tasks.into_iter().for_each(|task| RUNTIME.block_on(task).expect("panics are caught"));
        assert_eq!((subject.stats)().in_flight, 0, "{name}: nobody computes any more");
    });
    assert!(sum.failed > 0 && sum.invalidations > 0, "{sum}");
}

async fn task(act: fn(Kind, u64) -> Action<'static>, mut random: Random, mix: Mix, keys: u64) {
    const STEPS: u64 = 700;
    for _ in 0..STEPS {
        let mut action = || act(random.weighted(&mix), random.below(keys));
        let (one, another) = (action(), action());
        somehow(one, another).await;
    }
}
