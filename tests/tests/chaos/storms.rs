//! Random calls and companions in random weather.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use cache_memoize::testing::Faulty;
use cache_memoize::{Memory, Redis, Shared};
use cache_memoize_tests::random::Random;
use cache_memoize_tests::servers::{RedisServer, wait_until};
use cache_memoize_tests::{finish, polled_at_most};

use crate::functions::{Functions, OF_TASKS, OF_THREADS};
use crate::judge::{KEYS, Operation, Process, World};
use crate::storm::Storm;
use crate::{seeds, tasks, tells_seed};

#[path = "../../../examples/custom_backend.rs"]
#[allow(dead_code, reason = "only its backend is needed")]
pub(crate) mod custom_backend;

/// What is wrapped.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    Map,
    Memory,
    Redis,
}

/// Who calls.
#[derive(Clone, Copy, Debug)]
enum Callers {
    Threads,
    Tasks,
}

static SERVER: LazyLock<RedisServer> = LazyLock::new(RedisServer::start);

impl Place {
    pub(crate) fn backend(self) -> Shared {
        match self {
            Self::Memory => Memory::new(100_000).into(),
            Self::Map => Shared::new(custom_backend::Map::default()),
            Self::Redis => {
                Redis::builder().url(SERVER.url()).timeout(Duration::from_secs(20)).build().unwrap().into()
            }
        }
    }
}

/// What a story of many seeds did, so that one that does nothing is noticed.
#[derive(Default)]
struct Tally {
    calls: AtomicU64,
    failed: AtomicU64,
    dropped: AtomicU64,
    struck: AtomicU64,
    computed: AtomicU64,
}

fn operation(random: &mut Random) -> Operation {
    match random.below(100) {
        0..55 => Operation::Call,
        55..65 => Operation::Peek,
        65..78 => Operation::Invalidate,
        78..84 => Operation::InvalidateAll,
        84..92 => Operation::Refresh,
        _ => Operation::Set,
    }
}

/// Some operations, one after the other.
async fn walk(
    process: &Process<'_>,
    functions: &[&Functions; 3],
    may_drop: bool,
    length: u64,
    mut random: Random,
    tally: &Tally,
) {
    // Mostly one function, so that calls meet.
    let favourite = random.below(3);
    for _ in 0..length {
        let kind = if !random.one_in(10) { favourite } else { random.below(3) };
        let (operation, key) = (operation(&mut random), random.below(KEYS as u64));
        let performed = process.perform(functions[kind as usize], operation, key);
        let polls = if may_drop && random.one_in(10) { 1 + random.below(12) } else { u64::MAX };
        tally.calls.fetch_add(1, SeqCst);
        match polled_at_most(polls, performed).await {
            Some(Ok(())) => {}
            Some(Err(_)) => drop(tally.failed.fetch_add(1, SeqCst)),
            None => drop(tally.dropped.fetch_add(1, SeqCst)),
        }
    }
}

fn story(storm: Storm, place: Place, callers: Callers, seed: u64, tally: &Tally) {
    let random = &mut Random::new(seed);
    let faulty = Faulty::new(place.backend(), seed);
    let world = World::default();
    // Processes share nothing but the backend. What a process computes while it cannot reach that, it shares among its
    // own callers and cannot hear of others' invalidations: so either one process, or one caller in each.
    let (processes, per_process) = if random.one_in(2) { (1, 3) } else { (2, 1) };
    let namespace = format!("{storm:?}{place:?}{callers:?}{seed}");
    let process = |_| {
        let cache = Shared::builder(faulty.clone()).namespace(&*namespace);
        // Short, for who leads may be a request of which nobody heard.
        let cache = cache.lease(Duration::from_millis(20)).max_wait(Duration::from_millis(10)).build();
        Process { world: &world, cache }
    };
    let processes: Vec<_> = (0..processes).map(process).collect();
    let callers_of = || processes.iter().flat_map(|process| std::iter::repeat_n(process, per_process));
    storm.begin(&faulty);
    match callers {
        Callers::Threads => thread::scope(|scope| {
            for process in callers_of() {
                let random = Random::new(random.next());
                scope.spawn(move || finish(walk(process, &OF_THREADS, false, 20, random, tally)));
            }
        }),
        Callers::Tasks => {
            faulty.steps(random.below(3) as u32, random.below(3) as u32);
            let walk = |process| walk(process, &OF_TASKS, true, 20, Random::new(random.next()), tally);
            let walks: Vec<_> = callers_of().map(walk).map(|walk| Box::pin(walk) as _).collect();
            tasks::run(random, walks);
        }
    }
    tally.struck.fetch_add(storm.count(&faulty.faults()), SeqCst);
    tally.computed.fetch_add(world.now(), SeqCst);
    faulty.calm();
    for process in &processes {
        the_next_calls_hit(process, callers);
    }
}

/// When the backend works again.
fn the_next_calls_hit(process: &Process<'_>, callers: Callers) {
    let functions = match callers {
        Callers::Threads => &OF_THREADS,
        Callers::Tasks => &OF_TASKS,
    };
    let perform = |functions, operation, key| {
        let performed = process.perform(functions, operation, key);
        tasks::run(&mut Random::new(0), vec![Box::pin(async { performed.await.unwrap() })]);
    };
    for functions in functions {
        for key in 0..KEYS as u64 {
            // Ends the pause of a backend that had been given up.
            perform(functions, Operation::Peek, key);
            // The lease is so short that a slow machine loses a fence now and then.
            wait_until("a hit", || {
                perform(functions, Operation::Call, key);
                let computed = process.world.now();
                perform(functions, Operation::Call, key);
                process.world.now() == computed
            });
            let computed = process.world.now();
            perform(functions, Operation::Invalidate, key);
            perform(functions, Operation::Call, key);
            assert_eq!(process.world.now(), computed + 1);
        }
    }
}

fn stories(storm: Storm, place: Place, callers: Callers, count: u64) {
    let tally = Tally::default();
    let seeds = seeds(count);
    for seed in seeds.clone() {
        tells_seed(seed, || story(storm, place, callers, seed, &tally));
    }
    let Tally { calls, failed, dropped, struck, computed } = &tally;
    let [calls, failed, dropped, struck, computed] =
        [calls, failed, dropped, struck, computed].map(|count| count.load(SeqCst));
    println!(
        "{storm:?} on {place:?}, {callers:?}: {} seeds, {calls} operations, {failed} failed, {dropped} dropped, \
         {computed} computed, {struck} faults",
        seeds.count()
    );
    assert!(struck > 0 && computed > 0 && computed < calls, "{storm:?} is no storm");
    assert_eq!(failed > 0, storm.fails(), "{failed} companions failed");
}

macro_rules! weather {
    ($($name:ident $storm:ident)*) => {$(
        mod $name {
            use super::*;

            #[test]
            fn on_a_map_in_threads() {
                stories(Storm::$storm, Place::Map, Callers::Threads, 40);
            }

            #[test]
            fn on_a_map_in_tasks() {
                stories(Storm::$storm, Place::Map, Callers::Tasks, 120);
            }

            #[test]
            fn on_redis_in_threads() {
                stories(Storm::$storm, Place::Redis, Callers::Threads, 4);
            }

            #[test]
            fn on_redis_in_tasks() {
                stories(Storm::$storm, Place::Redis, Callers::Tasks, 4);
            }
        }
    )*};
}

weather! {
    errors Errors
    delays Delays
    hangs Hangs
    corruption Corruption
    lost_requests LostRequests
    lost_answers LostAnswers
    late Late
    repeats Repeats
    everything Everything
}
