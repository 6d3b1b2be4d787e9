//! What a service does with its cache: mostly hits on a few keys, and all the rest.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use cache_memoize::testing::{History, Op, Summary};
use cache_memoize::{Redis, Stats, cache_memoize};
use cache_memoize_tests::crowd::{Kind, Mix, Shared, body, body_later, mix, recorded, somehow};
use cache_memoize_tests::random::{Random, locally, seed_thread};
use cache_memoize_tests::servers::wait_until;
use tokio::runtime::{Builder, Runtime};

static URL: OnceLock<String> = OnceLock::new();

static REDIS: LazyLock<Redis> = LazyLock::new(|| {
    let builder = Redis::builder().url(URL.get().expect("the service has started"));
    builder.timeout(Duration::from_millis(100)).build().expect("a valid URL")
});

/// Of each manner: how many keys it has, and what is done.
const KEYS: u64 = 2_000;
const MIX: Mix = mix(9_000, 300, 400, 1, 150, 149);

/// Operations of one thread or task in a second, so that a window has a bounded history.
const PACE: u64 = 1_000;

macro_rules! threads {
    ($name:ident, $($options:tt)*) => {
        mod $name {
            use super::*;

            pub(super) static HISTORY: History<u64> = History::new();

            #[cache_memoize($($options)*)]
            fn f(key: u64) -> Result<u64, Shared> {
                body(&HISTORY, key, Shared)
            }

            pub(super) fn act(kind: Kind, key: u64) {
                match kind {
                    Kind::Call => drop(HISTORY.record(Op::Call(key), || f(key))),
                    Kind::Peek => drop(HISTORY.record(Op::Peek(key), || f_peek(key))),
                    Kind::Invalidate => drop(HISTORY.record(Op::Invalidate(key), || f_invalidate(key))),
                    Kind::InvalidateAll => {
                        let _done = HISTORY.record(Op::InvalidateAll, || f_invalidate_all());
                    }
                    Kind::Set => {
                        let number = HISTORY.number(key);
                        let _done = HISTORY.record(Op::Set(key, number), || f_set(key, Ok(number)));
                    }
                    Kind::Refresh => drop(HISTORY.record(Op::Refresh(key), || f_refresh(key))),
                }
            }

            pub(super) fn stats() -> Stats {
                f_stats()
            }
        }
    };
}

macro_rules! tasks {
    ($name:ident, $($options:tt)*) => {
        mod $name {
            use super::*;

            pub(super) static HISTORY: History<u64> = History::new();

            #[cache_memoize($($options)*)]
            async fn f(key: u64) -> Result<u64, Shared> {
                body_later(&HISTORY, key, || Shared).await
            }

            pub(super) fn act(kind: Kind, key: u64) -> cache_memoize_tests::crowd::Action<'static> {
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

            pub(super) fn stats() -> Stats {
                f_stats()
            }
        }
    };
}

// A quarter of the keys has no room in memory.
threads!(memory, ttl = "700ms", capacity = 1_500);
tasks!(memory_later, capacity = 1_500);
threads!(redis, ttl = "2s", backend = REDIS);
tasks!(redis_later, ttl = 600, backend = REDIS);

pub(crate) struct Service {
    runtime: Runtime,
}

/// A name, what was seen, what was done.
type Part = (&'static str, &'static History<u64>, fn() -> Stats);

const PARTS: [Part; 4] = [
    ("memory, threads", &memory::HISTORY, memory::stats),
    ("memory, tasks", &memory_later::HISTORY, memory_later::stats),
    ("redis, threads", &redis::HISTORY, redis::stats),
    ("redis, tasks", &redis_later::HISTORY, redis_later::stats),
];

impl Service {
    pub(crate) fn start(url: String) -> Self {
        URL.set(url).expect("one service");
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .on_thread_start(|| seed_thread(1))
            .build()
            .expect("a runtime");
        Self { runtime }
    }

    /// Everybody does what they like for a while, and then nobody does anything.
    pub(crate) fn window(&self, seed: u64, time: Duration, mut harm: impl FnMut(&mut Random)) {
        let mut random = Random::new(seed);
        let end = Instant::now() + time;
        let tasks: Vec<_> =
            (0..3).map(|_| self.runtime.spawn(task(Random::new(random.next()), end))).collect();
        std::thread::scope(|scope| {
            for _ in 0..2 {
                let seed = random.next();
                scope.spawn(move || thread(Random::new(seed), end));
            }
            while Instant::now() < end {
                harm(&mut random);
            }
        });
        tasks.into_iter().for_each(|task| self.runtime.block_on(task).expect("panics are caught"));
    }

    /// Whether anything stale was seen or is stuck.
    pub(crate) fn judge(&self) -> Summary {
        let mut sum = Summary::default();
        for (name, history, stats) in PARTS {
            // What was dropped is given back at once; nothing here takes time.
            wait_until("nothing in flight", || stats().in_flight == 0);
            match history.check_and_forget() {
                Ok(summary) => sum += summary,
                Err(violation) => panic!("{name}: {violation}"),
            }
        }
        sum
    }

    pub(crate) fn totals(&self) -> String {
        PARTS.map(|(name, _, stats)| format!("{name}: {}", stats())).join("\n")
    }
}

fn thread(mut random: Random, end: Instant) {
    seed_thread(random.next());
    let mut pace = Pace::begin();
    while Instant::now() < end {
        let (kind, key) = (random.weighted(&MIX), random.zipf(KEYS));
        let act = if random.one_in(3) { redis::act } else { memory::act };
        let _panic = catch_unwind(AssertUnwindSafe(|| act(kind, key)));
        std::thread::sleep(pace.rest());
    }
}

async fn task(mut random: Random, end: Instant) {
    let mut pace = Pace::begin();
    while Instant::now() < end {
        let mut action = || {
            let (kind, key) = (random.weighted(&MIX), random.zipf(KEYS));
            let act = if random.one_in(3) { redis_later::act } else { memory_later::act };
            act(kind, key)
        };
        let (one, another) = (action(), action());
        somehow(one, another).await;
        let rest = pace.rest();
        if !rest.is_zero() {
            tokio::time::sleep(rest).await;
        }
    }
}

/// So many operations a second, in bursts.
struct Pace {
    began: Instant,
    done: u32,
}

impl Pace {
    fn begin() -> Self {
        Self { began: Instant::now(), done: 0 }
    }

    /// How long to rest after an operation.
    fn rest(&mut self) -> Duration {
        self.done += 1;
        match locally(|random| random.one_in(50)) {
            true => (Duration::from_secs(1) * self.done / PACE as u32).saturating_sub(self.began.elapsed()),
            false => Duration::ZERO,
        }
    }
}
