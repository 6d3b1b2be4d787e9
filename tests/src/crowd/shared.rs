//! A crowd on a Redis: one client with its functions, in this process or in another.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use cache_memoize::testing::{History, Op};
use cache_memoize::{Redis, RedisBuilder, Stats, cache_memoize};
use rustix::time::{ClockId, clock_gettime};
use tokio::runtime::{Builder, Handle};

use super::{Action, Kind, MIXES, Mix, Shared, Unshared, fate, linger, recorded, somehow};
use crate::random::{Random, locally, seed_thread};

/// How many functions there are. Each has a history of its own, for `f_invalidate_all` is about one function.
pub const FUNCTIONS: usize = 4;

/// One client of a Redis and what it has seen.
pub struct World {
    redis: Redis,
    histories: [History<u64>; FUNCTIONS],
}

/// Who does what for how long.
#[derive(Clone, Copy)]
#[expect(missing_docs, reason = "named after what they count")]
pub struct Plan {
    pub seed: u64,
    pub threads: u64,
    pub tasks: u64,
    pub keys: u64,
    pub time: Duration,
}

/// The same for all processes of a machine.
fn clock() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

impl World {
    /// A client of the Redis that the words name, with a number that no other client has: settings in milliseconds
    /// such as `timeout=50`, then the URL of a server, or `cluster` and the URLs of nodes.
    ///
    /// # Panics
    /// When the words make no sense.
    pub fn open<W: AsRef<str>>(origin: u16, words: &[W]) -> Arc<Self> {
        let words: Vec<_> = words.iter().map(AsRef::as_ref).collect();
        let mut builder = Redis::builder();
        let mut place = words.as_slice();
        while let [setting, rest @ ..] = place
            && let Some((name, value)) = setting.split_once('=')
        {
            builder = set(builder, name, Duration::from_millis(value.parse().expect("milliseconds")));
            place = rest;
        }
        let builder = match place {
            ["cluster", nodes @ ..] => builder.cluster(nodes.iter().copied()),
            [url] => builder.url(*url),
            other => panic!("no backend: {other:?}"),
        };
        let redis = builder.build().expect("settings that can work");
        let histories = std::array::from_fn(|_| History::with_clock(origin, clock));
        Arc::new(Self { redis, histories })
    }

    /// The history of each function.
    pub fn histories(&self) -> &[History<u64>; FUNCTIONS] {
        &self.histories
    }

    /// What each function did for this client.
    pub fn stats(&self) -> [Stats; FUNCTIONS] {
        [plain_stats(self), alone_stats(self), later_stats(self), fleet_stats(self)]
    }

    /// Threads and tasks do what they like until the time is over.
    ///
    /// # Panics
    /// When a thread cannot be started.
    pub fn run(self: &Arc<Self>, plan: Plan) {
        let mut random = Random::new(plan.seed);
        let mix = MIXES[random.below(MIXES.len() as u64) as usize];
        let end = Instant::now() + plan.time;
        let seed = random.next();
        let seeded = move || seed_thread(seed);
        let runtime =
            Builder::new_multi_thread().worker_threads(2).enable_all().on_thread_start(seeded).build();
        let runtime = runtime.expect("a runtime");
        std::thread::scope(|scope| {
            for _ in 0..plan.threads {
                let (seed, keys) = (random.next(), plan.keys);
                scope.spawn(move || self.thread(Random::new(seed), mix, keys, end));
            }
            runtime.block_on(self.tasks(plan, &mut random, mix, end));
        });
    }

    fn thread(&self, mut random: Random, mix: Mix, keys: u64, end: Instant) {
        seed_thread(random.next());
        while Instant::now() < end {
            let (kind, key) = (random.weighted(&mix), random.below(keys));
            let function = if random.one_in(4) { alone_act } else { plain_act };
            let _panic = catch_unwind(AssertUnwindSafe(|| function(self, kind, key)));
        }
    }

    async fn tasks(self: &Arc<Self>, plan: Plan, random: &mut Random, mix: Mix, end: Instant) {
        let tasks: Vec<_> = (0..plan.tasks)
            .map(|_| {
                let (world, seed) = (self.clone(), random.next());
                Handle::current().spawn(async move {
                    let mut random = Random::new(seed);
                    while Instant::now() < end {
                        let mut action = || {
                            let (kind, key) = (random.weighted(&mix), random.below(plan.keys));
                            let function = if random.one_in(3) { fleet_act } else { later_act };
                            function(&world, kind, key)
                        };
                        let (one, another) = (action(), action());
                        somehow(one, another).await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("panics are caught");
        }
    }
}

fn set(builder: RedisBuilder, name: &str, value: Duration) -> RedisBuilder {
    match name {
        "timeout" => builder.timeout(value),
        "lease" => builder.lease(value),
        "max_wait" => builder.max_wait(value),
        _ => panic!("`{name}` is no setting"),
    }
}

/// Long enough now and then that requests of others come in between.
fn slow_body<E>(history: &History<u64>, key: u64, error: E) -> Result<u64, E> {
    let value = history.computed(key);
    if locally(|random| random.one_in(4)) {
        std::thread::sleep(Duration::from_micros(locally(|random| random.below(3_000))));
    }
    linger();
    fate(value, error)
}

async fn slow_body_later<E>(history: &History<u64>, key: u64, error: fn() -> E) -> Result<u64, E> {
    let value = history.computed(key);
    if locally(|random| random.one_in(4)) {
        tokio::time::sleep(Duration::from_micros(locally(|random| random.below(3_000)))).await;
    }
    fate(value, error())
}

#[cache_memoize(ttl = 600, skip(world), backend = world.redis)]
fn plain(world: &World, key: u64) -> Result<u64, Shared> {
    slow_body(&world.histories[0], key, Shared)
}

#[cache_memoize(ttl = "40ms", skip(world), backend = world.redis, single_flight = false)]
fn alone(world: &World, key: u64) -> Result<u64, Unshared> {
    slow_body(&world.histories[1], key, Unshared)
}

#[cache_memoize(ttl = 600, skip(world), backend = world.redis)]
async fn later(world: &World, key: u64) -> Result<u64, Unshared> {
    slow_body_later(&world.histories[2], key, || Unshared).await
}

#[cache_memoize(ttl = "40ms", skip(world), backend = world.redis, single_flight = "fleet")]
async fn fleet(world: &World, key: u64) -> Result<u64, Shared> {
    slow_body_later(&world.histories[3], key, || Shared).await
}

/// Everything that can be done to a function of threads.
macro_rules! act {
    ($act:ident, $history:literal, $f:ident, $peek:ident, $invalidate:ident, $all:ident, $set:ident, $refresh:ident) => {
        fn $act(world: &World, kind: Kind, key: u64) {
            let history = &world.histories[$history];
            match kind {
                Kind::Call => drop(history.record(Op::Call(key), || $f(world, key))),
                Kind::Peek => drop(history.record(Op::Peek(key), || $peek(world, key))),
                Kind::Invalidate => drop(history.record(Op::Invalidate(key), || $invalidate(world, key))),
                Kind::InvalidateAll => drop(history.record(Op::InvalidateAll, || $all(world))),
                Kind::Set => {
                    let number = history.number(key);
                    drop(history.record(Op::Set(key, number), || $set(world, key, Ok(number))));
                }
                Kind::Refresh => drop(history.record(Op::Refresh(key), || $refresh(world, key))),
            }
        }
    };
}

/// The same for one of tasks.
macro_rules! act_later {
    ($act:ident, $history:literal, $f:ident, $peek:ident, $invalidate:ident, $all:ident, $set:ident, $refresh:ident) => {
        fn $act(world: &World, kind: Kind, key: u64) -> Action<'_> {
            let history = &world.histories[$history];
            match kind {
                Kind::Call => recorded(history, Op::Call(key), $f(world, key)),
                Kind::Peek => recorded(history, Op::Peek(key), $peek(world, key)),
                Kind::Invalidate => recorded(history, Op::Invalidate(key), $invalidate(world, key)),
                Kind::InvalidateAll => recorded(history, Op::InvalidateAll, $all(world)),
                Kind::Set => {
                    let number = history.number(key);
                    recorded(history, Op::Set(key, number), $set(world, key, Ok(number)))
                }
                Kind::Refresh => recorded(history, Op::Refresh(key), $refresh(world, key)),
            }
        }
    };
}

act!(plain_act, 0, plain, plain_peek, plain_invalidate, plain_invalidate_all, plain_set, plain_refresh);
act!(alone_act, 1, alone, alone_peek, alone_invalidate, alone_invalidate_all, alone_set, alone_refresh);
act_later!(later_act, 2, later, later_peek, later_invalidate, later_invalidate_all, later_set, later_refresh);
act_later!(fleet_act, 3, fleet, fleet_peek, fleet_invalidate, fleet_invalidate_all, fleet_set, fleet_refresh);
