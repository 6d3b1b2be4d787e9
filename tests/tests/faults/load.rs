//! Many computations at a time, and backends that stand in each other's way: leases of the living are kept, and being
//! slow is not being down.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cache_memoize::{EventKind, Redis, cache_memoize};
use cache_memoize_tests::servers::{Mode, Proxy, RedisServer, wait_until};

use crate::subject::{AMPLE, Subject, wait};

/// Each of these stories needs the machine for itself.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many futures at once, all of which end.
async fn all<F: Future<Output = u64> + Send + 'static>(many: u64, call: impl Fn(u64) -> F) {
    let tasks: Vec<_> = (0..many).map(|key| tokio::spawn(call(key))).collect();
    for (key, task) in (0..many).zip(tasks) {
        assert_eq!(task.await.expect("a call that does not panic"), 2 * key);
    }
}

/// A thousand computations that take three leases each, ten milliseconds from the server.
#[test]
fn a_thousand_leases_are_kept() {
    #[cache_memoize(ttl = 600, skip(redis), backend = redis)]
    async fn long(redis: &Redis, key: u64) -> u64 {
        let _ = redis;
        tokio::time::sleep(Duration::from_secs(6)).await;
        2 * key
    }
    let _alone = alone();
    let server = RedisServer::start();
    let proxy = Proxy::new(&server);
    proxy.set(Mode::Delay(Duration::from_millis(5)));
    let build = Redis::builder().url(proxy.url()).timeout(AMPLE).lease(Duration::from_secs(2)).build();
    let redis: &'static Redis = Box::leak(Box::new(build.unwrap()));
    let ((), commands) = server.commands_of(|| wait(all(1000, |key| long(redis, key))));
    assert_eq!(long_stats(redis).stores, 1000, "{:#}", long_stats(redis));
    // A begin and a commit each, of which some are sent before the server knows the scripts; renewals are few.
    println!("\nleases: {} renewed, {} scripts", commands["pexpire"] - 1000, commands["evalsha"]);
    assert!(commands["evalsha"] <= 4000, "{commands:?}");
}

/// How often `claimed` runs at a time, at most.
static AT_A_TIME: AtomicUsize = AtomicUsize::new(0);
static RUNNING: AtomicUsize = AtomicUsize::new(0);

#[cache_memoize(ttl = 600, skip(redis), backend = redis, store_result = false)]
fn claimed(redis: &Redis, key: u64, time: u64) {
    let _ = (redis, key);
    AT_A_TIME.fetch_max(RUNNING.fetch_add(1, SeqCst) + 1, SeqCst);
    std::thread::sleep(Duration::from_millis(time));
    RUNNING.fetch_sub(1, SeqCst);
}

/// Computations of one backend are under way as it hangs; the claim of another's is kept all the same.
#[test]
fn a_backend_that_hangs_delays_no_other() {
    #[cache_memoize(ttl = 600, skip(redis, open), backend = redis)]
    async fn held(redis: &Redis, open: Arc<tokio::sync::Semaphore>, key: u64) -> u64 {
        let (_, _) = (redis, open.acquire().await);
        2 * key
    }
    let _alone = alone();
    let (hangs, well) = (RedisServer::start(), RedisServer::start());
    let lease = Duration::from_secs(2);
    let build = Redis::builder().url(hangs.url()).timeout(Duration::from_secs(3)).lease(lease).build();
    let first: &'static Redis = Box::leak(Box::new(build.unwrap()));
    let open = || Redis::builder().url(well.url()).timeout(AMPLE).lease(lease).build().unwrap();
    let processes: [&'static Redis; 2] = [(); 2].map(|()| &*Box::leak(Box::new(open())));

    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let calls = {
        let gate = gate.clone();
        std::thread::spawn(move || wait(all(4, |key| held(first, gate.clone(), key))))
    };
    wait_until("computations", || held_stats(first).in_flight == 4);
    hangs.stop();
    let runs = processes.map(|redis| std::thread::spawn(move || claimed(redis, 7, 8000)));
    runs.into_iter().for_each(|run| run.join().expect("a call that does not panic"));
    assert_eq!(AT_A_TIME.load(SeqCst), 1);
    hangs.cont();
    gate.close();
    calls.join().expect("values");
}

/// Ten thousand cold keys at once over one connection are more than an unoptimised client does in its time. That is
/// no outage: it is not told as one again and again.
#[test]
fn overload_is_no_outage() {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    #[cache_memoize(ttl = 600, skip(redis), backend = redis)]
    async fn quick(redis: &Redis, key: u64) -> u64 {
        let _ = redis;
        RUNS.fetch_add(1, SeqCst);
        2 * key
    }
    let _alone = alone();
    let server = RedisServer::start();
    let redis: &'static Redis = Box::leak(Box::new(Redis::open(server.url()).unwrap()));
    let subject = Subject::new(threads!(), redis.clone());
    for _ in 0..3 {
        wait(all(10_000, |key| quick(redis, key)));
    }
    let events = subject.events();
    let stats = quick_stats(redis);
    println!("\noverload: {} errors, {} events, {} stored", stats.errors, events.len(), stats.stores);
    let changes = events.iter().filter(|event| event.kind != EventKind::Refused).count();
    assert!(changes <= 2, "{events:#?}");
}

/// Each outage costs what it costs, but that a server comes and goes is told twice, and in the end that it stays.
#[test]
fn a_server_that_comes_and_goes_is_not_news_each_time() {
    const TIMES: usize = 8;
    let _alone = alone();
    let server = RedisServer::start();
    let subject = Subject::new(threads!(), Redis::open(server.url()).unwrap());
    subject.warm(1);
    for _ in 0..TIMES {
        server.kill();
        (0..10).for_each(|_| assert!(!subject.hits(1)));
        server.restart();
        subject.warm(1);
    }
    wait_until("news that it is up", || {
        subject.events().last().is_some_and(|event| event.kind == EventKind::Up)
    });
    let events = subject.events();
    assert!(events.len() < 2 * TIMES, "{events:#?}");
    let last = events.last().expect("news").to_string();
    println!("\ncomes and goes {TIMES} times: {} events, {last}", events.len());
}
