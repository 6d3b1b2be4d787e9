//! §2 One computation per key, for tasks.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::task::Poll;

use cache_memoize::cache_memoize;
use cache_memoize_tests::{finish, held_while, iterations, poll};
use tokio::sync::Semaphore;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_tasks_share_one_computation() {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    static GATE: Semaphore = Semaphore::const_new(0);

    #[cache_memoize(ttl = 60)]
    async fn slow(id: u64) -> String {
        RUNS.fetch_add(1, SeqCst);
        let _permit = GATE.acquire().await;
        format!("value {id}")
    }

    const TASKS: u64 = iterations(1000);
    let tasks: Vec<_> = (0..TASKS).map(|_| tokio::spawn(slow(1))).collect();
    tokio::task::yield_now().await;
    GATE.add_permits(1);
    for task in tasks {
        assert_eq!(task.await.unwrap(), "value 1");
    }
    assert_eq!(RUNS.load(SeqCst), 1);
    let stats = slow_stats();
    assert_eq!(stats.hits + stats.joined + stats.misses, TASKS);
    assert_eq!(stats.misses, 1);
}

#[test]
fn joined_in_one_task() {
    static RUNS: AtomicU64 = AtomicU64::new(0);

    #[cache_memoize]
    async fn slow(id: u64) -> u64 {
        RUNS.fetch_add(1, SeqCst);
        tokio::task::yield_now().await;
        id
    }

    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(runtime.block_on(async { tokio::join!(slow(1), slow(1), slow(2)) }), (1, 1, 2));
    assert_eq!(RUNS.load(SeqCst), 2);
}

/// A future that was polled once and is only held since, as `select!` leaves them, cannot end while its own task
/// waits for it.
#[test]
fn a_parked_leader_in_the_same_task_is_not_waited_for() {
    static RUNS: AtomicU64 = AtomicU64::new(0);

    #[cache_memoize]
    async fn slow(id: u64) -> u64 {
        RUNS.fetch_add(1, SeqCst);
        tokio::task::yield_now().await;
        id
    }

    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut parked = Box::pin(slow(1));
        tokio::select! {
            biased;
            _ = &mut parked => unreachable!("yields first"),
            () = std::future::ready(()) => {}
        }
        assert_eq!(slow(1).await, 1);
        assert_eq!(RUNS.load(SeqCst), 2);
        // A parked leader in *another* task is that task's business.
        assert_eq!(parked.await, 1);
    });
    assert_eq!((slow_stats().in_flight, finish(slow_peek(1))), (0, Some(1)));
}

/// Whatever order a combinator polls in, siblings share.
#[test]
fn siblings_in_one_task_share_however_they_are_polled() {
    static RUNS: AtomicU64 = AtomicU64::new(0);

    #[cache_memoize(capacity = 1)]
    async fn slow(id: u64) -> u64 {
        RUNS.fetch_add(1, SeqCst);
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        id
    }

    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        for round in 0..50 {
            RUNS.store(0, SeqCst);
            let calls = tokio::join!(slow(round), slow(round), slow(round), slow(round), slow(round));
            assert_eq!((calls, RUNS.load(SeqCst)), ((round, round, round, round, round), 1));
        }
    });
}

#[test]
fn a_waiter_takes_over_from_a_leader_that_is_dropped() {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    static HELD: AtomicBool = AtomicBool::new(true);

    #[cache_memoize]
    async fn slow() -> u64 {
        let run = RUNS.fetch_add(1, SeqCst);
        held_while(&HELD).await;
        run
    }

    let mut leader = Box::pin(slow());
    let mut waiter = pin!(slow());
    let mut another = pin!(slow());
    assert!(poll(leader.as_mut()).is_pending());
    assert!(poll(waiter.as_mut()).is_pending());
    assert!(poll(another.as_mut()).is_pending());
    drop(leader);
    assert!(poll(waiter.as_mut()).is_pending(), "leads now");
    assert!(poll(another.as_mut()).is_pending(), "waits for the new leader");
    assert_eq!(RUNS.load(SeqCst), 2, "one computation at a time");
    HELD.store(false, SeqCst);
    assert_eq!(poll(waiter), Poll::Ready(1));
    assert_eq!(poll(another), Poll::Ready(1));
    assert_eq!((slow_stats().in_flight, slow_stats().joined), (0, 1));
}

#[test]
fn a_waiter_that_is_dropped_is_forgotten() {
    static HELD: AtomicBool = AtomicBool::new(true);

    #[cache_memoize]
    async fn slow() -> u64 {
        held_while(&HELD).await;
        7
    }

    let mut leader = pin!(slow());
    let mut waiter = Box::pin(slow());
    assert!(poll(leader.as_mut()).is_pending());
    assert!(poll(waiter.as_mut()).is_pending());
    drop(waiter);
    HELD.store(false, SeqCst);
    assert_eq!(poll(leader), Poll::Ready(7));
}

#[test]
fn other_keys_do_not_wait() {
    static HELD: AtomicBool = AtomicBool::new(true);

    #[cache_memoize]
    async fn slow(id: u64) -> u64 {
        if id == 1 {
            held_while(&HELD).await;
        }
        id
    }

    assert_eq!(poll(pin!(slow(2))), Poll::Ready(2));
    let mut leader = pin!(slow(1));
    assert!(poll(leader.as_mut()).is_pending());
    assert_eq!(poll(pin!(slow(2))), Poll::Ready(2), "a hit beside a computation");
    for id in 3..100 {
        assert_eq!(poll(pin!(slow(id))), Poll::Ready(id), "a miss beside a computation");
    }
    HELD.store(false, SeqCst);
    assert_eq!(poll(leader), Poll::Ready(1));
}

#[derive(Debug, PartialEq)]
struct Failure(u64);

#[test]
fn an_error_that_is_not_clone_makes_waiters_compute_side_by_side() {
    static RUNNING: AtomicU64 = AtomicU64::new(0);
    static HELD: AtomicBool = AtomicBool::new(true);

    #[cache_memoize]
    async fn failing() -> Result<u64, Failure> {
        let run = RUNNING.fetch_add(1, SeqCst);
        let first = run == 0;
        if first {
            held_while(&HELD).await;
        }
        Err(Failure(run))
    }

    static SECOND: AtomicBool = AtomicBool::new(true);
    #[cache_memoize]
    async fn failing_slowly() -> Result<u64, Failure> {
        let run = RUNNING.fetch_add(1, SeqCst);
        held_while(&SECOND).await;
        Err(Failure(run))
    }

    let mut leader = pin!(failing());
    let mut waiters: Vec<_> = (0..20).map(|_| Box::pin(failing())).collect();
    assert!(poll(leader.as_mut()).is_pending());
    waiters.iter_mut().for_each(|waiter| assert!(poll(waiter.as_mut()).is_pending()));
    HELD.store(false, SeqCst);
    assert_eq!(poll(leader), Poll::Ready(Err(Failure(0))));
    for waiter in &mut waiters {
        assert!(matches!(poll(waiter.as_mut()), Poll::Ready(Err(_))));
    }
    assert_eq!(RUNNING.load(SeqCst), 21);

    // All twenty are under way at the same time: none waits for another.
    RUNNING.store(0, SeqCst);
    let mut leader = Box::pin(failing_slowly());
    let mut waiters: Vec<_> = (0..20).map(|_| Box::pin(failing_slowly())).collect();
    assert!(poll(leader.as_mut()).is_pending());
    waiters.iter_mut().for_each(|waiter| assert!(poll(waiter.as_mut()).is_pending()));
    SECOND.store(false, SeqCst);
    assert!(poll(leader.as_mut()).is_ready());
    SECOND.store(true, SeqCst);
    waiters.iter_mut().for_each(|waiter| assert!(poll(waiter.as_mut()).is_pending()));
    assert_eq!(RUNNING.load(SeqCst), 21, "side by side");
    assert_eq!(failing_slowly_stats().in_flight, 20);
}

#[test]
fn an_error_that_is_clone_is_shared() {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    static HELD: AtomicBool = AtomicBool::new(true);

    #[cache_memoize]
    async fn failing() -> Result<u64, String> {
        let run = RUNS.fetch_add(1, SeqCst);
        held_while(&HELD).await;
        Err(format!("failure {run}"))
    }

    let mut leader = pin!(failing());
    let mut waiters: Vec<_> = (0..20).map(|_| Box::pin(failing())).collect();
    assert!(poll(leader.as_mut()).is_pending());
    waiters.iter_mut().for_each(|waiter| assert!(poll(waiter.as_mut()).is_pending()));
    HELD.store(false, SeqCst);
    assert_eq!(poll(leader), Poll::Ready(Err("failure 0".into())));
    for waiter in &mut waiters {
        assert_eq!(poll(waiter.as_mut()), Poll::Ready(Err("failure 0".into())));
    }
    assert_eq!(poll(pin!(failing())), Poll::Ready(Err("failure 1".into())), "shared, but not stored");
}

/// Futures stay `Send` when the body's is, whatever the arguments and the result are.
#[test]
fn futures_stay_send() {
    fn assert_send<T: Send>(_: &T) {}

    #[cache_memoize(skip(not_sync), on_hit = |_, _| {})]
    async fn borrows(text: &str, not_sync: std::cell::Cell<u8>) -> Result<String, *const u8> {
        tokio::task::yield_now().await;
        let _ = not_sync.take();
        Ok(text.to_owned())
    }

    let text = String::from("text");
    assert_send(&borrows(&text, std::cell::Cell::new(1)));
    assert_send(&borrows_refresh(&text, std::cell::Cell::new(1)));
    assert_send(&borrows_invalidate(&text));
    assert_send(&borrows_peek(&text));
}

#[test]
fn a_body_is_kept_once() {
    #[cache_memoize]
    async fn large(id: u64) -> u64 {
        let room = [id; 2048];
        std::future::ready(()).await;
        room.iter().sum()
    }
    let body = size_of_val(&large_uncached(1));
    assert!(body > 16_384);
    assert!(size_of_val(&large(1)) < body + 2_048, "{} of {body}", size_of_val(&large(1)));
    assert!(size_of_val(&large_refresh(1)) < body + 2_048, "{} of {body}", size_of_val(&large_refresh(1)));
}
