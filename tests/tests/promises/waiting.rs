//! §2 Nobody waits for ever: a body may need what its waiters hold.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::thread::{self, sleep, spawn};
use std::time::{Duration, Instant};

use cache_memoize::cache_memoize;
use cache_memoize_tests::{Gate, eventually};

/// Longer than what is promised, for machines that are busy.
const SOON: Duration = Duration::from_secs(20);

/// The first program of its kind: blocking calls on the workers of a Tokio runtime, whose bodies need these workers.
#[test]
fn workers_of_a_runtime_that_wait_are_not_missed_for_ever() {
    #[cache_memoize(ttl = 60, max_wait = "250ms")]
    fn price(id: u64) -> u64 {
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async move {
                tokio::time::sleep(Duration::from_millis(50)).await;
                id * 3
            })
        })
    }

    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (sender, answers) = channel();
    let began = Instant::now();
    for _ in 0..8 {
        let sender = sender.clone();
        runtime.spawn(async move { sender.send(price(7)) });
    }
    for _ in 0..8 {
        assert_eq!(answers.recv_timeout(SOON), Ok(21), "after {:?}", began.elapsed());
    }
    // One for each `max_wait` would take longer, were it so for workers too.
    println!("eight answers after {:?}", began.elapsed());
    runtime.shutdown_background();
}

/// The second: a thread of a pool that waits is the one that the leader's body needs.
#[test]
fn a_thread_that_waits_for_one_who_needs_it_goes_on() {
    static RAN: AtomicU64 = AtomicU64::new(0);
    static HELPED: AtomicBool = AtomicBool::new(false);

    #[cache_memoize(ttl = 60, max_wait = "100ms")]
    fn page(id: u64) -> u64 {
        let run = RAN.fetch_add(1, SeqCst);
        if run == 0 {
            eventually("the other thread helps", || HELPED.load(SeqCst));
        }
        id + run
    }

    let first = spawn(|| page(7));
    eventually("the leader has begun", || RAN.load(SeqCst) == 1);
    let second = spawn(|| {
        let page = page(7);
        HELPED.store(true, SeqCst);
        page
    });
    assert_eq!(second.join().unwrap(), 8, "its own");
    assert_eq!(first.join().unwrap(), 7);
    assert_eq!(page(7), 8, "what began later stays");
    assert_eq!(RAN.load(SeqCst), 2);
}

/// One more for each `max_wait`, however many wait.
#[test]
fn one_more_at_a_time() {
    const MAX_WAIT: Duration = Duration::from_millis(400);
    static GATE: Gate = Gate::closed();

    #[cache_memoize(ttl = 60, max_wait = MAX_WAIT)]
    fn stuck(id: u64) -> u64 {
        GATE.pass();
        id
    }

    let began = Instant::now();
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| assert_eq!(stuck(1), 1));
        }
        GATE.wait_for(4);
        let (elapsed, runs) = (began.elapsed(), GATE.arrivals());
        assert!(elapsed >= 3 * MAX_WAIT, "the fourth after {elapsed:?}");
        assert!(runs <= 1 + (elapsed.as_millis() / MAX_WAIT.as_millis()) as usize, "{runs} in {elapsed:?}");
        GATE.open();
    });
    assert!(GATE.arrivals() <= 2 + (began.elapsed().as_millis() / MAX_WAIT.as_millis()) as usize);
}

/// Those who go on waiting get whichever value comes first.
#[test]
fn waiters_take_whichever_value_comes() {
    static GATE: Gate = Gate::closed();

    #[cache_memoize(ttl = 60, max_wait = "100ms")]
    fn slow(id: u64) -> u64 {
        let run = GATE.arrivals() as u64;
        // The first is held until the end of the test.
        if run == 0 {
            GATE.pass();
        } else {
            sleep(Duration::from_millis(1));
        }
        id + 10 * run + 10
    }

    thread::scope(|scope| {
        let first = scope.spawn(|| slow(1));
        GATE.wait_for(1);
        let others: Vec<_> = (0..8).map(|_| scope.spawn(|| slow(1))).collect();
        // All of them while the first one is still at it.
        others.into_iter().for_each(|other| assert_eq!(other.join().unwrap(), 21));
        assert_eq!(slow(1), 21);
        GATE.open();
        assert_eq!(first.join().unwrap(), 11);
        assert_eq!(slow(1), 21, "the later one stays");
    });
    assert_eq!(slow_stats().misses, 2);
}
