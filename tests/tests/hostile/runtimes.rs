//! Runtimes without drivers, with a clock that stands still, and those that have ended or end.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{LazyLock, mpsc};
use std::time::{Duration, Instant};

use cache_memoize::{Redis, cache_memoize};
use cache_memoize_tests::poll;
use cache_memoize_tests::servers::{RedisServer, wait_until};
use tokio::runtime::{Builder, Runtime};

use crate::no_panic;

static SERVER: LazyLock<RedisServer> = LazyLock::new(RedisServer::start);
static RUNS: AtomicU64 = AtomicU64::new(0);

/// Nothing here is about time, but for the machine.
fn open(server: &RedisServer) -> Redis {
    Redis::builder().url(server.url()).timeout(Duration::from_secs(20)).build().unwrap()
}

#[cache_memoize(ttl = 600, backend = redis, skip(redis), prefix = "rate")]
async fn rate(redis: &Redis, x: u64) -> u64 {
    // Those of one test.
    if x < 5000 {
        RUNS.fetch_add(1, SeqCst);
    }
    x + 1
}

#[cache_memoize(ttl = 600, backend = redis, skip(redis), prefix = "slow", single_flight = "fleet")]
async fn slow(redis: &Redis, x: u64) -> u64 {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        sender.send(())
    });
    receiver.await.expect("a thread");
    x + 1
}

/// Whatever a function and its companions do.
async fn everything(first: u64) {
    let (redis, other) = (open(&SERVER), open(&SERVER));
    let runs = RUNS.load(SeqCst);
    for x in first..first + 4 {
        for _ in 0..3 {
            assert_eq!(rate(&redis, x).await, x + 1);
        }
        assert_eq!(rate_peek(&other, x).await.expect("peek"), Some(x + 1));
        assert!(rate_invalidate(&other, x).await.expect("invalidate"));
        assert_eq!(rate_refresh(&redis, x).await.expect("refresh"), x + 1);
        rate_set(&redis, x, 7).await.expect("set");
        assert_eq!(rate(&other, x).await, 7);
    }
    assert_eq!(RUNS.load(SeqCst) - runs, 8, "hits are hits");
    // Two processes, as it were, of which one waits for the other.
    let (one, two) = tokio::join!(slow(&redis, first), slow(&other, first));
    assert_eq!((one, two), (first + 1, first + 1));
    assert!(rate_stats(&redis).errors == 0 && slow_stats(&other).errors == 0);
    rate_invalidate_all(&redis).await.expect("invalidate_all");
}

#[test]
fn runtimes_without_drivers_and_with_a_paused_clock_are_served_as_others() {
    no_panic();
    let mut first = 0;
    let drivers: [fn(&mut Builder) -> &mut Builder; 4] =
        [|none| none, Builder::enable_io, Builder::enable_time, Builder::enable_all];
    for enable in drivers {
        for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
            let runtime = enable(builder.worker_threads(1)).build().unwrap();
            runtime.block_on(everything(first));
            first += 100;
        }
    }
    for enable in &drivers[2..] {
        let mut builder = Builder::new_current_thread();
        let runtime = enable(builder.start_paused(true)).build().unwrap();
        runtime.block_on(everything(first));
        first += 100;
    }
}

/// As `#[tokio::test(start_paused = true)]` has it.
#[test]
fn a_paused_clock_neither_ends_a_wait_nor_holds_one_up() {
    no_panic();
    let server = RedisServer::start();
    let redis = Redis::builder().url(server.url()).timeout(Duration::from_millis(500)).build().unwrap();
    let paused = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    paused.block_on(async {
        assert_eq!(rate(&redis, 5000).await, 5001);
        tokio::time::advance(Duration::from_secs(3600)).await;
        assert_eq!(rate_peek(&redis, 5000).await.expect("an hour that did not pass"), Some(5001));
        server.stop();
        let began = Instant::now();
        rate_peek(&redis, 5000).await.expect_err("it hangs");
        assert!(began.elapsed() >= Duration::from_millis(500), "by the real clock");
        server.cont();
    });
}

/// On a thread of its own, which may hang.
fn in_time(what: &str, work: impl FnOnce() + Send + 'static) {
    let (sender, done) = mpsc::channel();
    std::thread::spawn(move || {
        work();
        sender.send(()).expect("the test waits");
    });
    assert_eq!(done.recv_timeout(Duration::from_secs(60)), Ok(()), "{what}");
}

/// An executor that is a loop.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    loop {
        if let std::task::Poll::Ready(output) = poll(future.as_mut()) {
            return output;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn multi_thread() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

#[test]
fn a_runtime_that_has_ended_is_as_good_as_none() {
    no_panic();
    for is_up in [true, false] {
        let server = RedisServer::start();
        let redis = open(&server);
        if !is_up {
            server.kill();
        }
        let ended = multi_thread();
        let handle = ended.handle().clone();
        drop(ended);
        let one = redis.clone();
        in_time("a call within a runtime that has ended", move || {
            let _entered = handle.enter();
            assert_eq!(block_on(rate(&one, 6000)), 6001);
        });
        in_time("a call of another runtime", move || {
            assert_eq!(multi_thread().block_on(rate(&redis, 6001)), 6002);
        });
    }
}

#[test]
fn short_runtimes_end_in_the_middle_of_calls() {
    no_panic();
    let server = RedisServer::start();
    let redis = open(&server);
    let rounds = 300;
    in_time("short runtimes", move || {
        for round in 0..rounds {
            let short = multi_thread();
            for task in 0..4 {
                let redis = redis.clone();
                short.spawn(async move {
                    let mut x = 0;
                    loop {
                        x += 1;
                        assert_eq!(rate(&redis, 7000 + (x + task) % 50).await, 7001 + (x + task) % 50);
                    }
                });
            }
            assert_eq!(short.block_on(rate(&redis, 7000 + round % 7)), 7001 + round % 7);
            drop(short);
        }
        assert_eq!(multi_thread().block_on(rate(&redis, 7000)), 7001);
    });
    let clients = || server.info("connected_clients").parse::<usize>().unwrap();
    wait_until("the end of its connections", || clients() <= 1);
}

#[test]
fn a_runtime_that_ends_takes_no_answer_of_others_with_it() {
    no_panic();
    let server = RedisServer::start();
    let redis = open(&server);
    let (ends, stays) = (multi_thread(), multi_thread());
    // The first to connect is the one that ends.
    assert_eq!(ends.block_on(rate(&redis, 8000)), 8001);
    server.stop();
    let asked: Vec<_> = (0..10)
        .flat_map(|x| [&ends, &stays].map(|runtime| (x, runtime)))
        .map(|(x, runtime)| {
            let redis = redis.clone();
            runtime.spawn(async move { rate_peek(&redis, 8000 + x).await })
        })
        .collect();
    drop(ends);
    server.cont();
    for (place, task) in asked.into_iter().enumerate() {
        let answer = stays.block_on(task);
        if place % 2 == 1 {
            answer.expect("a runtime that stays").expect("an answer");
        }
    }
}
