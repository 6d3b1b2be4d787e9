//! Who calls: threads, Tokio runtimes that come and go, runtimes without drivers, and executors that are not Tokio.

use std::pin::pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use cache_memoize::backend::{Backend, Begun, CallMode, Commit, Key, Read, Stored};
use cache_memoize::{ErrorKind, Redis};
use cache_memoize_tests::poll;
use cache_memoize_tests::servers::{RedisServer, wait_until};

use crate::store::{RUNTIME, Store, begin, both_ways, key, patient};

static SERVER: LazyLock<RedisServer> = LazyLock::new(RedisServer::start);
static REDIS: LazyLock<Redis> = LazyLock::new(|| patient(SERVER.url()));

fn backend() -> &'static dyn Backend {
    REDIS.as_shared().backend()
}

async fn set(backend: &dyn Backend, key: &Key, value: &[u8]) {
    let begun = backend.begin(key, begin().over(true), CallMode::ASYNC).await.expect("begin");
    let Begun::Fence(fence) = begun else { panic!("{begun:?}") };
    let commit = Commit::new(&fence, Some(value)).refresh(true);
    assert!(backend.commit(key, commit, CallMode::ASYNC).await.expect("commit"));
}

async fn set_and_read(text: &str) {
    let key = key(text);
    set(backend(), &key, b"value").await;
    let read =
        backend().read(&key, Read::new(), CallMode::ASYNC).await.expect("read").map(|stored| stored.value);
    assert_eq!(read.as_deref(), Some(&b"value"[..]));
    // Within a task, a blocking call sleeps on its thread and needs no runtime.
    let read = backend().read(&key, Read::new(), CallMode::BLOCKING);
    assert_eq!(read.await.expect("read"), Some(Stored::new(b"value")));
}

#[tokio::test]
async fn a_static_in_one_test() {
    set_and_read("one").await;
}

#[tokio::test]
async fn a_static_in_another_test() {
    set_and_read("another").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_static_in_a_third_test() {
    set_and_read("third").await;
}

#[test]
fn a_static_on_a_thread() {
    for store in both_ways(&REDIS) {
        store.set(&key("thread"), b"value");
        assert!(store.remove(&key("thread")));
    }
}

fn current_thread() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

#[test]
fn runtimes_come_and_go_and_leave_no_connections() {
    let server = RedisServer::start();
    let redis = patient(server.url());
    let backend = redis.as_shared().backend();
    for _ in 0..50 {
        let runtime = current_thread();
        assert_eq!(
            runtime.block_on(backend.read(&key("one"), Read::new(), CallMode::ASYNC)).expect("read"),
            None
        );
    }
    let clients = || server.info("connected_clients").parse::<usize>().unwrap();
    assert!(clients() <= 2, "that which they share, and the one that asks");
    drop(redis);
    wait_until("the end of their connections", || clients() <= 1);
}

#[test]
fn all_runtimes_share_one_connection() {
    let server = RedisServer::start();
    let redis = patient(server.url());
    let runtimes = [current_thread(), current_thread()];
    let received = || server.info("total_connections_received").parse::<usize>().unwrap();
    let before = received();
    for runtime in &runtimes {
        runtime.block_on(async {
            let tasks: Vec<_> = (0..100)
                .map(|number| {
                    let redis = redis.clone();
                    tokio::spawn(async move {
                        let key = key(&number.to_string());
                        redis
                            .as_shared()
                            .backend()
                            .read(&key, Read::new(), CallMode::ASYNC)
                            .await
                            .expect("read")
                            .map(|stored| stored.value);
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
    }
    // The control connections ask for the number.
    assert_eq!(received() - before, 1 + 1);
}

#[test]
fn a_dropped_redis_closes_its_connections() {
    let server = RedisServer::start();
    for store in both_ways(&patient(server.url())) {
        store.set(&key("one"), b"value");
    }
    let clients = || server.info("connected_clients").parse::<usize>().unwrap();
    wait_until("the end of its connections", || clients() <= 1);
}

/// An executor that is a loop.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

#[test]
fn no_runtime_at_all() {
    block_on(set_and_read("no runtime"));
    let server = RedisServer::start();
    let redis = Redis::open(server.url()).unwrap();
    server.stop();
    let read = block_on(redis.as_shared().backend().read(&key("one"), Read::new(), CallMode::ASYNC));
    assert_eq!(read.expect_err("it hangs").kind(), ErrorKind::Timeout);
    server.cont();
}

#[test]
fn a_runtime_without_drivers() {
    let bare = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    bare.block_on(set_and_read("bare"));
    let timers = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    timers.block_on(set_and_read("no sockets"));
}

#[test]
fn calls_that_are_dropped_disturb_nobody() {
    let server = RedisServer::start();
    let redis = patient(server.url());
    let runtime = current_thread();
    let backend = redis.as_shared().backend();
    runtime.block_on(async {
        for number in 0..20 {
            set(backend, &key(&number.to_string()), number.to_string().as_bytes()).await;
        }
        for round in 0_u64..300 {
            let number = round % 20;
            let one = key(&number.to_string());
            let after = Duration::from_micros(round % 97);
            let read = tokio::time::timeout(after, backend.read(&one, Read::new(), CallMode::ASYNC)).await;
            if let Ok(read) = read {
                assert_eq!(read.unwrap(), Some(Stored::new(number.to_string())));
            }
            let other = (number + 7) % 20;
            let read = backend.read(&key(&other.to_string()), Read::new(), CallMode::ASYNC).await.unwrap();
            assert_eq!(read, Some(Stored::new(other.to_string())));
        }
    });
}

/// Also where the request was sent by another thread than the one that gives up.
#[test]
fn a_leader_that_is_dropped_leads_no_more_on_any_executor() {
    let server = RedisServer::start();
    let redis = patient(server.url());
    let backend = redis.as_shared().backend();
    let key = key("led");
    let runtime = current_thread();
    for on_tokio in [true, false] {
        let _entered = on_tokio.then(|| runtime.enter());
        // Connected.
        let turn = |reply| if on_tokio { runtime.block_on(reply) } else { block_on(reply) };
        assert_eq!(turn(backend.read(&key, Read::new(), CallMode::ASYNC)).expect("read"), None);

        server.command(&["CLIENT", "PAUSE", "60000", "WRITE"]).expect("CLIENT PAUSE");
        let mut dropped = backend.begin(&key, begin().lead(true), CallMode::ASYNC);
        wait_until("a request that waits", || {
            assert!(poll(std::pin::Pin::new(&mut dropped)).is_pending());
            if on_tokio {
                runtime.block_on(tokio::task::yield_now());
            }
            server.info("blocked_clients") == "1"
        });
        drop(dropped);
        server.command(&["CLIENT", "UNPAUSE"]).expect("CLIENT UNPAUSE");
        let began = Instant::now();
        wait_until("the end of a leader that is gone", || {
            let begun = RUNTIME.block_on(backend.begin(&key, begin().lead(true), CallMode::BLOCKING));
            if on_tokio {
                runtime.block_on(tokio::task::yield_now());
            }
            matches!(begun.expect("begin"), Begun::Fence(_))
        });
        println!("on tokio {on_tokio}: {:?}", began.elapsed());
        assert!(began.elapsed() < Duration::from_secs(2), "not by its lease");
        server.command(&["FLUSHALL"]).expect("FLUSHALL");
    }
}

#[test]
fn the_first_caller_may_go_away_while_it_connects() {
    let server = RedisServer::start();
    let redis = patient(server.url());
    let backend = redis.as_shared().backend();
    current_thread().block_on(async {
        let key = key("one");
        let mut first = backend.read(&key, Read::new(), CallMode::ASYNC);
        // Hardly ever ready.
        let _ = poll(std::pin::Pin::new(&mut first));
        let second = backend.read(&key, Read::new(), CallMode::ASYNC);
        drop(first);
        assert_eq!(second.await.expect("read"), None);
    });
}

#[test]
fn many_threads_share_the_pool() {
    let store = Store { redis: REDIS.clone(), call: CallMode::BLOCKING };
    std::thread::scope(|scope| {
        for number in 0..100 {
            let store = &store;
            scope.spawn(move || {
                let key = key(&format!("pool {number}"));
                for round in 0_u8..20 {
                    store.set(&key, &[number, round]);
                    assert_eq!(store.read(&key), Some(vec![number, round]));
                }
            });
        }
    });
}
