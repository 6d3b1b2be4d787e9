//! No wait is for ever, and no failure is a queue: leaders of other processes, seen by the clock of those who wait.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, sleep, spawn};
use std::time::{Duration, Instant};

use cache_memoize::backend::{Begin, Begun, CallMode, Group, Key};
use cache_memoize::{Event, EventKind, Memory, Redis, Shared, cache_memoize, observe};
use cache_memoize_tests::servers::{RedisServer, wait_until};
use cache_memoize_tests::{Gate, finish, stored};

use crate::subject::AMPLE;

/// What ended must be told within this time.
const SOON: Duration = Duration::from_secs(20);

fn open(server: &RedisServer) -> Redis {
    Redis::builder().url(server.url()).timeout(AMPLE).lease(Duration::from_millis(500)).build().unwrap()
}

/// What the thread returns, when it does.
fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Receiver<T> {
    let (sender, answer) = channel();
    spawn(move || sender.send(work()));
    answer
}

static RUNS: AtomicU64 = AtomicU64::new(0);

#[cache_memoize(ttl = 300, backend = redis, skip(redis), store_result = false, prefix = "once")]
fn once(redis: &Redis, id: u64) {
    let _ = (redis, id);
    RUNS.fetch_add(1, SeqCst);
}

/// A leader of whom nobody hears any more, although the server says that it leads for a thousand years: somebody wrote
/// that, or the clock of the server was set back.
#[test]
fn a_leader_without_a_sign_of_life_is_not_waited_for() {
    let server = RedisServer::start();
    let redis = open(&server);
    // The generation is there.
    once(&redis, 0);
    for (id, leader) in [(1, b"someone".to_vec()), (2, vec![7; 16])] {
        let text = once_cache_key(&redis, id);
        let fence = stored::fence(&text);
        let generation = server.command(&["GET", &stored::generation("once")]).bytes().to_vec();
        let fields: [&[u8]; 12] = [
            b"e",
            &[1; 16],
            b"t",
            b"1",
            b"n",
            b"1",
            b"o",
            &leader,
            b"g",
            &generation,
            b"u",
            b"32503680000000",
        ];
        let words: Vec<&[u8]> = [&b"HSET"[..], fence.as_bytes()].into_iter().chain(fields).collect();
        server.command(&words);
        let (before, redis) = (RUNS.load(SeqCst), redis.clone());
        assert_eq!(aside(move || once(&redis, id)).recv_timeout(SOON), Ok(()), "leader {leader:?}");
        assert_eq!(RUNS.load(SeqCst), before + 1);
    }
}

/// A dead leader that began by the rules, and whose lease the server prolongs.
#[test]
fn a_lease_of_the_dead_ends_by_the_clock_of_those_who_wait() {
    #[cache_memoize(ttl = 300, backend = redis, skip(redis), single_flight = "fleet", max_wait = 3600, prefix = "d")]
    fn shared(redis: &Redis, id: u64) -> u64 {
        let _ = redis;
        id
    }

    let server = RedisServer::start();
    let redis = open(&server);
    let text = shared_cache_key(&redis, 1);
    let begin = Begin::new([9; 16], Duration::from_secs(3600)).lead(true);
    let key = Key::new(stored::value(&text), Group::in_namespace("memo", "d"));
    let begun = finish(Shared::from(redis.clone()).backend().begin(&key, begin, CallMode::BLOCKING));
    assert!(matches!(begun, Ok(Begun::Fence(_))));
    let calls: Vec<_> = (0..4)
        .map(|_| {
            let redis = open(&server);
            aside(move || shared(&redis, 1))
        })
        .collect();
    calls.iter().for_each(|call| assert_eq!(call.recv_timeout(SOON), Ok(1)));
}

/// One that lives is waited for, by whoever may not run beside it; and that is told, once.
#[test]
fn runs_of_the_living_are_waited_for_and_that_is_told() {
    static TOLD: Mutex<Vec<Event>> = Mutex::new(Vec::new());
    static GATE: Gate = Gate::closed();

    #[cache_memoize(ttl = 300, backend = redis, skip(redis), store_result = false, max_wait = "200ms", prefix = "lives")]
    fn lives(redis: &Redis, id: u64) {
        let _ = (redis, id);
        GATE.pass();
    }

    observe(|event| {
        if event.kind == EventKind::Stuck && event.function.contains("lives") {
            TOLD.lock().unwrap().push(event.clone());
        }
    });
    let server = RedisServer::start();
    let processes: Vec<_> = (0..3).map(|_| open(&server)).collect();
    thread::scope(|scope| {
        for redis in processes.iter().chain(&processes) {
            scope.spawn(|| lives(redis, 1));
        }
        GATE.wait_for(1);
        // Several leases, and several times `max_wait`. Time passes; that is what the story is about.
        sleep(Duration::from_secs(3));
        assert_eq!(GATE.arrivals(), 1);
        GATE.open();
    });
    assert_eq!(GATE.arrivals(), 1);
    let told = TOLD.lock().unwrap();
    // Each of the three processes tells it.
    assert!((1..=3).contains(&told.len()), "{told:#?}");
    assert!(
        told[0].message.contains("200ms") && told[0].message.contains("store_result = false"),
        "{told:#?}"
    );
}

/// One more for each `max_wait`, in the whole fleet.
#[test]
fn the_fleet_begins_one_more_at_a_time() {
    const MAX_WAIT: Duration = Duration::from_millis(800);
    static GATE: Gate = Gate::closed();

    #[cache_memoize(ttl = 300, backend = redis, skip(redis), single_flight = "fleet", max_wait = MAX_WAIT)]
    fn stuck(redis: &Redis, id: u64) -> u64 {
        let _ = redis;
        GATE.pass();
        id
    }

    let server = RedisServer::start();
    let processes: Vec<_> = (0..4).map(|_| open(&server)).collect();
    let began = Instant::now();
    thread::scope(|scope| {
        for redis in processes.iter().chain(&processes) {
            scope.spawn(|| assert_eq!(stuck(redis, 1), 1));
        }
        GATE.wait_for(3);
        let (elapsed, runs) = (began.elapsed(), GATE.arrivals());
        assert!(elapsed >= 2 * MAX_WAIT, "the third after {elapsed:?}");
        assert!(runs <= 1 + (elapsed.as_millis() / MAX_WAIT.as_millis()) as usize, "{runs} in {elapsed:?}");
        GATE.open();
    });
    assert!(GATE.arrivals() <= 2 + (began.elapsed().as_millis() / MAX_WAIT.as_millis()) as usize);
}

/// What the body of one second that fails returns, in eight processes at a time: how many ran, and when the last was over.
macro_rules! failing {
    ($servers:expr, $type:ty, $returned:expr, $($option:tt)*) => {{
        static RAN: AtomicU64 = AtomicU64::new(0);

        #[cache_memoize(ttl = 60, backend = shared, skip(shared), single_flight = "fleet", $($option)*)]
        fn fails(shared: &Shared, id: u64) -> $type {
            let _ = (shared, id);
            RAN.fetch_add(1, SeqCst);
            sleep(Duration::from_secs(1));
            $returned
        }

        let began = Instant::now();
        let processes: Vec<Shared> = $servers;
        thread::scope(|scope| {
            for shared in &processes {
                scope.spawn(|| {
                    let _ = fails(shared, 1);
                });
            }
        });
        let (took, ran) = (began.elapsed(), RAN.load(SeqCst));
        assert_eq!(ran, 8);
        // In turn it is eight seconds.
        assert!(took < Duration::from_secs(5), "{ran} runs in {took:?}");
        println!("{}: {ran} runs in {took:?}", stringify!($type));
    }};
}

#[derive(Debug)]
struct NotClone;

#[test]
fn failing_computations_of_a_fleet_are_side_by_side() {
    let server = RedisServer::start();
    let fleet = || (0..8).map(|_| Shared::from(open(&server))).collect::<Vec<_>>();
    failing!(fleet(), Result<u64, NotClone>, Err(NotClone), prefix = "a");
    failing!(fleet(), Result<u64, String>, Err("none".to_owned()), prefix = "b");
    failing!(fleet(), Option<u64>, None, prefix = "c", cache_none = false);
    failing!(fleet(), u64, 1, prefix = "d", cache_if = |_| false);
    let memory = Memory::new(100);
    let fleet = || (0..8).map(|_| Shared::from(memory.clone())).collect::<Vec<_>>();
    failing!(fleet(), Result<u64, NotClone>, Err(NotClone), prefix = "e");
}

/// A run that fails gives the right to run to one, also in the fleet.
#[test]
fn runs_that_fail_are_in_turn() {
    static RUNNING: AtomicU64 = AtomicU64::new(0);
    static TWICE: AtomicBool = AtomicBool::new(false);

    #[cache_memoize(ttl = 60, backend = redis, skip(redis), store_result = false)]
    fn fails(redis: &Redis, id: u64) -> Result<(), String> {
        let _ = (redis, id);
        TWICE.fetch_or(RUNNING.fetch_add(1, SeqCst) > 0, SeqCst);
        sleep(Duration::from_millis(50));
        RUNNING.fetch_sub(1, SeqCst);
        Err("none".to_owned())
    }

    let server = RedisServer::start();
    let processes: Vec<_> = (0..6).map(|_| open(&server)).collect();
    thread::scope(|scope| {
        for redis in &processes {
            scope.spawn(|| fails(redis, 1).unwrap_err());
        }
    });
    assert!(!TWICE.load(SeqCst), "two at a time");
}

/// What failures leave on the server is gone soon.
#[test]
fn failures_leave_nothing() {
    #[cache_memoize(ttl = 60, backend = redis, skip(redis), single_flight = "fleet", prefix = "gone")]
    fn fails(redis: &Redis, id: u64) -> Result<u64, String> {
        let _ = redis;
        Err(id.to_string())
    }

    let server = RedisServer::start();
    let redis = open(&server);
    (0..50).for_each(|id| drop(fails(&redis, id)));
    wait_until("the generation alone", || server.command(&["KEYS", "*"]).items().len() == 1);
}

/// The longest of all times is a time, too.
#[test]
fn the_longest_times_do_not_overflow() {
    const FOR_EVER: Duration = Duration::MAX;
    static GATE: Gate = Gate::closed();

    #[cache_memoize(ttl = FOR_EVER, backend = redis, skip(redis), single_flight = "fleet", max_wait = FOR_EVER)]
    fn patient(redis: &Redis, id: u64) -> u64 {
        let _ = redis;
        GATE.pass();
        id
    }

    let server = RedisServer::start();
    let open = || {
        let builder = Redis::builder().url(server.url()).max_wait(FOR_EVER).lease(FOR_EVER).timeout(FOR_EVER);
        builder.build().unwrap()
    };
    let (a, b) = (open(), open());
    thread::scope(|scope| {
        for redis in [&a, &b, &b, &a] {
            scope.spawn(|| assert_eq!(patient(redis, 1), 1));
        }
        GATE.wait_for(1);
        // They wait for each other.
        wait_until("one who listens", || !server.command(&["PUBSUB", "CHANNELS"]).items().is_empty());
        GATE.open();
    });
    assert_eq!(GATE.arrivals(), 1);
}
