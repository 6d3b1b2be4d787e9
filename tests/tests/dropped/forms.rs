//! Every future that a memoized function has.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};

use cache_memoize::{Error, Memory, Shared, cache_memoize};

use crate::harness::Later;

/// What the functions are called with.
pub(crate) struct World {
    /// What bodies return: numbers that grow.
    last: AtomicU64,
    /// How many bodies run.
    running: AtomicUsize,
    /// How many ran at the same time.
    most_running: AtomicUsize,
    pub(crate) cache: Shared,
    pub(crate) memory: Memory,
}

impl World {
    pub(crate) fn new(cache: Shared) -> Self {
        let (last, running, most_running) = Default::default();
        Self { last, running, most_running, cache, memory: Memory::new(1_000) }
    }

    /// A key that nobody used before.
    pub(crate) fn fresh_key(&self) -> u64 {
        static KEYS: AtomicU64 = AtomicU64::new(0);
        KEYS.fetch_add(1, SeqCst)
    }

    pub(crate) fn now(&self) -> u64 {
        self.last.load(SeqCst)
    }

    pub(crate) fn next(&self) -> u64 {
        self.last.fetch_add(1, SeqCst) + 1
    }

    /// A body with two awaits.
    async fn compute(&self) -> u64 {
        struct Running<'w>(&'w AtomicUsize);
        impl Drop for Running<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, SeqCst);
            }
        }
        let running = self.running.fetch_add(1, SeqCst) + 1;
        self.most_running.fetch_max(running, SeqCst);
        let _running = Running(&self.running);
        let number = self.next();
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        number
    }

    pub(crate) fn running(&self) -> usize {
        self.running.load(SeqCst)
    }

    pub(crate) fn most_running(&self) -> usize {
        self.most_running.load(SeqCst)
    }

    pub(crate) fn forget_most_running(&self) {
        self.most_running.store(0, SeqCst);
    }
}

/// One of the futures: what it returns, if it is a value.
pub(crate) type Form = for<'w> fn(&'w World, u64) -> Later<'w, Option<u64>>;

/// A function, and all its futures.
pub(crate) struct Functions {
    pub(crate) name: &'static str,
    pub(crate) call: Form,
    pub(crate) invalidate: Form,
    pub(crate) invalidate_all: Form,
    pub(crate) refresh: Form,
    pub(crate) set: Form,
    pub(crate) peek: Form,
    pub(crate) uncached: Form,
    pub(crate) in_flight: fn(&World) -> u64,
    /// It has no value, and its body runs once at a time.
    pub(crate) is_mark: bool,
}

impl Functions {
    pub(crate) fn all(&self) -> [(&'static str, Form); 7] {
        [
            ("call", self.call),
            ("invalidate", self.invalidate),
            ("invalidate_all", self.invalidate_all),
            ("refresh", self.refresh),
            ("set", self.set),
            ("peek", self.peek),
            ("uncached", self.uncached),
        ]
    }
}

/// The value in what a future returns, with a backend and without.
trait Outcome {
    fn value(self) -> Option<u64>;
}

impl Outcome for u64 {
    fn value(self) -> Option<u64> {
        Some(self)
    }
}

impl Outcome for () {
    fn value(self) -> Option<u64> {
        None
    }
}

impl Outcome for bool {
    fn value(self) -> Option<u64> {
        None
    }
}

impl<T: Outcome> Outcome for Option<T> {
    fn value(self) -> Option<u64> {
        self.and_then(T::value)
    }
}

impl<T: Outcome> Outcome for Result<T, Error> {
    fn value(self) -> Option<u64> {
        self.expect("nothing is wrong with the backend").value()
    }
}

/// The table of a function `number` and its companions.
macro_rules! table {
    ($name:literal, set: $set:expr, all: $all:expr, stats: $stats:expr, is_mark: $is_mark:expr) => {
        pub(crate) static FUNCTIONS: Functions = Functions {
            name: $name,
            call: |world, key| Box::pin(async move { number(world, key).await.value() }),
            invalidate: |world, key| Box::pin(async move { number_invalidate(world, key).await.value() }),
            invalidate_all: |world, _| Box::pin(async move { $all(world).await.value() }),
            refresh: |world, key| Box::pin(async move { number_refresh(world, key).await.value() }),
            set: |world, key| {
                Box::pin(async move {
                    let value = $set(world);
                    number_set(world, key, value).await.value().or(value.value())
                })
            },
            peek: |world, key| Box::pin(async move { number_peek(world, key).await.value() }),
            uncached: |world, key| Box::pin(async move { number_uncached(world, key).await.value() }),
            in_flight: |world| $stats(world).in_flight,
            is_mark: $is_mark,
        };
    };
}

/// A function that returns values.
macro_rules! of_values {
    ($module:ident, $name:literal, |$world:ident| [$($option:tt)*], all: $all:expr, stats: $stats:expr) => {
        pub(crate) mod $module {
            use super::*;

            #[cache_memoize(ttl = 600, args_rewrite = |_, key| key, $($option)*)]
            async fn number($world: &World, key: u64) -> u64 {
                let _ = key;
                $world.compute().await
            }

            table!($name, set: World::next, all: $all, stats: $stats, is_mark: false);
        }
    };
}

/// One whose body runs once.
macro_rules! of_marks {
    ($module:ident, $name:literal, |$world:ident| [$($option:tt)*], all: $all:expr, stats: $stats:expr) => {
        pub(crate) mod $module {
            use super::*;

            #[cache_memoize(ttl = 600, store_result = false, args_rewrite = |_, key| key, $($option)*)]
            async fn number($world: &World, key: u64) {
                let _ = key;
                $world.compute().await;
            }

            table!($name, set: |_| (), all: $all, stats: $stats, is_mark: true);
        }
    };
}

of_values!(own, "join", |world| [capacity = 1_000], all: |_| number_invalidate_all(), stats: |_| number_stats());
of_values!(
    own_alone, "alone", |world| [capacity = 1_000, single_flight = false], all: |_| number_invalidate_all(), stats: |_| number_stats()
);
of_marks!(own_mark, "mark", |world| [capacity = 1_000], all: |_| number_invalidate_all(), stats: |_| number_stats());
of_values!(
    named, "join", |world| [backend = world.memory], all: number_invalidate_all, stats: number_stats
);
of_values!(
    named_alone, "alone", |world| [backend = world.memory, single_flight = false],
    all: number_invalidate_all, stats: number_stats
);
of_marks!(named_mark, "mark", |world| [backend = world.memory], all: number_invalidate_all, stats: number_stats);
of_values!(shared, "join", |world| [backend = world.cache], all: number_invalidate_all, stats: number_stats);
of_values!(
    shared_alone, "alone", |world| [backend = world.cache, single_flight = false],
    all: number_invalidate_all, stats: number_stats
);
of_values!(
    shared_fleet, "fleet", |world| [backend = world.cache, single_flight = "fleet"],
    all: number_invalidate_all, stats: number_stats
);
of_marks!(shared_mark, "mark", |world| [backend = world.cache], all: number_invalidate_all, stats: number_stats);

pub(crate) static OWN: [&Functions; 3] = [&own::FUNCTIONS, &own_alone::FUNCTIONS, &own_mark::FUNCTIONS];
pub(crate) static NAMED: [&Functions; 3] =
    [&named::FUNCTIONS, &named_alone::FUNCTIONS, &named_mark::FUNCTIONS];
pub(crate) static SHARED: [&Functions; 4] =
    [&shared::FUNCTIONS, &shared_alone::FUNCTIONS, &shared_fleet::FUNCTIONS, &shared_mark::FUNCTIONS];
