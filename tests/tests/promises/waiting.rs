//! §2 Nobody waits for ever: a body may need what its waiters hold.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::thread::{self, sleep, spawn};
use std::time::{Duration, Instant};

use cache_memoize::{Memory, cache_memoize};
use cache_memoize_tests::{Gate, eventually};

/// Longer than what is promised, for machines that are busy.
const SOON: Duration = Duration::from_secs(20);

/// The first program of its kind: blocking calls on the workers of a Tokio runtime, whose bodies need these workers.
#[test]
fn workers_of_a_runtime_that_wait_are_not_missed_for_ever() {
    #[cache_memoize(ttl = 60, max_wait = "2s")]
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
    // One for each `max_wait` is twelve seconds.
    assert!(began.elapsed() < Duration::from_secs(8), "eight answers after {:?}", began.elapsed());
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

/// Two functions of one key, of which only one is in a hurry.
macro_rules! two_functions {
    ($patient:ident, $hasty:ident, $body:expr) => {
        static MEMORY: LazyLock<Memory> = LazyLock::new(|| Memory::new(10));

        #[cache_memoize(backend = MEMORY, prefix = "one", max_wait = 3600)]
        fn $patient(id: u64) -> Result<u64, NotClone> {
            $body(id, false)
        }

        #[cache_memoize(backend = MEMORY, prefix = "one", max_wait = "50ms")]
        fn $hasty(id: u64) -> Result<u64, NotClone> {
            $body(id, true)
        }
    };
}

#[derive(Debug, PartialEq)]
struct NotClone;

/// A caller that has waited for a short time only gets the value of the one that was begun beside, at once.
#[test]
fn a_value_from_beside_is_for_those_who_wait_already() {
    static GATE: Gate = Gate::closed();
    static WAITING: AtomicU64 = AtomicU64::new(0);
    two_functions!(patient, hasty, |id: u64, hasty: bool| {
        if !hasty {
            GATE.pass();
        }
        Ok(id + u64::from(hasty))
    });

    thread::scope(|scope| {
        let first = scope.spawn(|| patient(1));
        GATE.wait_for(1);
        let others = [(); 4].map(|()| {
            scope.spawn(|| {
                WAITING.fetch_add(1, SeqCst);
                patient(1)
            })
        });
        eventually("all of them call", || WAITING.load(SeqCst) == 4);
        assert_eq!(hasty(1), Ok(2));
        others.into_iter().for_each(|other| assert_eq!(other.join().unwrap(), Ok(2)));
        GATE.open();
        assert_eq!(first.join().unwrap(), Ok(1));
    });
}

/// And the other way round: the one that took long is the first to end.
#[test]
fn a_value_that_took_long_is_for_those_who_came_later() {
    static GATES: [Gate; 2] = [const { Gate::closed() }; 2];
    static WAITING: AtomicBool = AtomicBool::new(false);
    two_functions!(patient, hasty, |id: u64, hasty: bool| {
        GATES[usize::from(hasty)].pass();
        Ok(id + u64::from(hasty))
    });

    thread::scope(|scope| {
        let first = scope.spawn(|| patient(1));
        GATES[0].wait_for(1);
        let beside = scope.spawn(|| hasty(1));
        GATES[1].wait_for(1);
        let later = scope.spawn(|| {
            WAITING.store(true, SeqCst);
            patient(1)
        });
        eventually("it calls", || WAITING.load(SeqCst));
        // It should wait; if it comes late it is a hit, which is right as well.
        sleep(Duration::from_millis(100));
        GATES[0].open();
        assert_eq!((first.join().unwrap(), later.join().unwrap()), (Ok(1), Ok(1)));
        GATES[1].open();
        assert_eq!(beside.join().unwrap(), Ok(2));
        assert_eq!(patient(1), Ok(2), "what began later stays");
    });
    assert_eq!(GATES[0].arrivals(), 1);
}

/// The one beside fails: then callers join the one that takes long, and do not compute.
#[test]
fn a_computation_that_takes_long_is_joined_again() {
    static GATE: Gate = Gate::closed();
    two_functions!(patient, hasty, |id: u64, hasty: bool| {
        if hasty {
            return Err(NotClone);
        }
        GATE.pass();
        Ok(id)
    });

    thread::scope(|scope| {
        let first = scope.spawn(|| patient(1));
        GATE.wait_for(1);
        assert_eq!(hasty(1), Err(NotClone));
        let later = scope.spawn(|| patient(1));
        // It would be there by then.
        sleep(Duration::from_millis(300));
        assert_eq!(GATE.arrivals(), 1);
        GATE.open();
        assert_eq!((first.join().unwrap(), later.join().unwrap()), (Ok(1), Ok(1)));
    });
}

/// An invalidation overtakes both, and those who call after it get neither.
#[test]
fn an_invalidation_overtakes_all_of_them() {
    static GATE: Gate = Gate::closed();
    static ROW: AtomicU64 = AtomicU64::new(1);

    #[cache_memoize(max_wait = "50ms")]
    fn read(id: u64) -> u64 {
        let row = ROW.load(SeqCst);
        if row == 1 {
            GATE.pass();
        }
        id + row
    }

    thread::scope(|scope| {
        let old = [(); 3].map(|()| scope.spawn(|| read(1)));
        GATE.wait_for(2);
        ROW.store(2, SeqCst);
        read_invalidate(1);
        assert_eq!(read(1), 3);
        GATE.open();
        old.into_iter().for_each(|old| assert!([2, 3].contains(&old.join().unwrap())));
        assert_eq!(read(1), 3);
    });
}

/// `store_result = false`: nobody runs beside, however long it takes.
#[test]
fn runs_are_waited_for_as_long_as_they_take() {
    static GATE: Gate = Gate::closed();
    static TOLD: AtomicU64 = AtomicU64::new(0);

    #[cache_memoize(ttl = 60, store_result = false, max_wait = "20ms")]
    fn run_once(id: u64) {
        let _ = id;
        GATE.pass();
    }

    cache_memoize::observe(|event| {
        if event.kind == cache_memoize::EventKind::Stuck && event.function.contains("run_once") {
            TOLD.fetch_add(1, SeqCst);
        }
    });
    thread::scope(|scope| {
        (0..4).for_each(|_| drop(scope.spawn(|| run_once(1))));
        eventually("it is told", || TOLD.load(SeqCst) > 0);
        sleep(Duration::from_millis(300));
        assert_eq!((GATE.arrivals(), TOLD.load(SeqCst)), (1, 1));
        GATE.open();
    });
    assert_eq!((GATE.arrivals(), TOLD.load(SeqCst)), (1, 1));
}
