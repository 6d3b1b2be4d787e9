//! §3 Stack: large values and deep recursions in a thread of 2 MiB, which is what a test has, without optimisation.
//!
//! What overflows its stack ends the process, and so all of these tests.

use std::hint::black_box;
use std::panic::catch_unwind;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::task::{Context, Poll, Waker};
use std::thread;

use cache_memoize::{Memory, cache_memoize};
use cache_memoize_tests::{Gate, eventually};

const LARGE: usize = 100_000;

type Large = [u8; LARGE];

#[inline(never)]
fn large(seed: u8) -> Large {
    black_box([seed; LARGE])
}

fn on_a_thread<T: Send + 'static>(what: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = thread::Builder::new().stack_size(2 << 20).spawn(what).unwrap();
    thread.join().unwrap()
}

fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("nothing holds it"),
    }
}

/// Missed, found in the store, found there again.
macro_rules! three_times {
    ($call:expr, $byte:pat) => {
        for _ in 0..3 {
            assert!(on_a_thread(|| matches!($call, $byte)));
        }
    };
}

#[test]
fn large_values() {
    #[cache_memoize]
    fn plain(seed: u8) -> Large {
        large(seed)
    }
    #[cache_memoize]
    fn option(seed: u8) -> Option<Large> {
        Some(large(seed))
    }
    #[cache_memoize]
    fn shared(seed: u8) -> Result<Large, String> {
        Ok(large(seed))
    }
    #[cache_memoize]
    fn owned(seed: u8) -> Result<Large, std::io::Error> {
        Ok(large(seed))
    }

    three_times!(plain(1)[LARGE - 1], 1);
    three_times!(option(1).map(|value| value[7]), Some(1));
    three_times!(shared(1).map(|value| value[7]), Ok(1));
    three_times!(owned(1).map(|value| value[7]), Ok(1));
    assert_eq!((plain_stats().misses, plain_stats().hits), (1, 2));
}

#[test]
fn large_values_that_are_not_copy() {
    #[derive(Clone)]
    struct Page(Large);

    #[cache_memoize(capacity = 2, cache_if = |page| page.0[0] != 9)]
    fn page(seed: u8) -> Page {
        Page(large(seed))
    }

    three_times!(page(1).0[7], 1);
    three_times!(page(9).0[7], 9);
    assert_eq!((page_stats().misses, page_stats().hits), (4, 2), "nines are not stored");
    assert_eq!(on_a_thread(|| page_peek(1).map(|page| page.0[7])), Some(1));
    on_a_thread(|| page_set(1, Page(large(5))));
    assert_eq!(on_a_thread(|| page(1).0[7]), 5);
    assert_eq!(on_a_thread(|| page_refresh(1).0[7]), 1);
}

#[test]
fn large_values_in_a_memory_of_several_functions() {
    static MEMORY: std::sync::LazyLock<Memory> = std::sync::LazyLock::new(|| Memory::new(100));

    #[cache_memoize(backend = MEMORY)]
    fn one(seed: u8) -> Large {
        large(seed)
    }
    #[cache_memoize(backend = MEMORY, single_flight = false)]
    fn two(seed: u8) -> u8 {
        seed + 1
    }

    three_times!(one(1)[7], 1);
    three_times!(two(1), 2);
    assert!(on_a_thread(|| matches!(one_peek(1), Ok(Some([1, ..])))));
}

#[test]
fn large_values_of_tasks() {
    #[cache_memoize]
    async fn plain(seed: u8) -> Large {
        large(seed)
    }
    #[cache_memoize]
    async fn owned(seed: u8) -> Result<Large, std::io::Error> {
        Ok(large(seed))
    }

    three_times!(at_once(plain(1))[7], 1);
    three_times!(at_once(owned(1)).map(|value| value[7]), Ok(1));
    assert!(size_of_val(&plain(1)) < 2_048, "{}", size_of_val(&plain(1)));
    assert_eq!((plain_stats().misses, plain_stats().hits), (1, 2));
}

/// Those who wait get a copy of a large value, on a small stack, too.
#[test]
fn large_values_are_shared() {
    static GATE: Gate = Gate::closed();

    #[cache_memoize(cache_if = |_| false)]
    fn page(seed: u8) -> Large {
        GATE.pass();
        large(seed)
    }

    let call = || thread::Builder::new().stack_size(2 << 20).spawn(|| page(3)[7]).unwrap();
    let leader = call();
    GATE.wait_for(1);
    let waiter = call();
    eventually("both have called", || page_stats().misses + page_stats().joined >= 1);
    GATE.open();
    assert_eq!((leader.join().unwrap(), waiter.join().unwrap()), (3, 3));
}

/// As deep as with `cached` 4.1, which has no single flight: there 304 bytes for each step of `fib`, here 288.
#[test]
fn deep_recursion() {
    const LEVELS: u64 = 6_800;

    #[cache_memoize]
    fn fib(n: u64) -> u128 {
        if n < 2 { n.into() } else { fib(n - 1).wrapping_add(fib(n - 2)) }
    }
    #[cache_memoize]
    fn grid(x: u64, y: u64) -> u64 {
        if x == 0 || y == 0 { 1 } else { grid(x - 1, y).wrapping_add(grid(x, y - 1)) }
    }
    #[cache_memoize]
    fn length(text: &str) -> u64 {
        if text.is_empty() { 0 } else { length(&text[1..]) + 1 }
    }

    assert_ne!(on_a_thread(|| fib(LEVELS)), 0);
    assert_eq!(fib_stats().misses, LEVELS + 1);
    assert_eq!(on_a_thread(|| grid(LEVELS, 1)), LEVELS + 1);
    assert_eq!(on_a_thread(|| length(&"x".repeat(LEVELS as usize))), LEVELS);
    assert_eq!(on_a_thread(|| fib_refresh(LEVELS)), fib(LEVELS));
}

/// Below the depth from which on nothing catches a panic, all is as above it: nobody hangs, nothing stays behind.
#[test]
fn a_panic_far_down() {
    static PANICS: AtomicBool = AtomicBool::new(true);
    static GATE: Gate = Gate::closed();

    #[cache_memoize]
    fn down(n: u64) -> u64 {
        if n == 0 {
            GATE.pass();
            assert!(!PANICS.load(SeqCst), "at the bottom");
            return 0;
        }
        down(n - 1) + 1
    }

    let leader = thread::spawn(|| catch_unwind(|| down(200)).is_err());
    GATE.wait_for(1);
    let waiters = [1, 100, 150, 199].map(|n| thread::spawn(move || catch_unwind(|| down(n)).is_err()));
    eventually("all have called", || down_stats().in_flight >= 201);
    GATE.open();
    assert!(leader.join().unwrap());
    assert!(waiters.into_iter().all(|waiter| waiter.join().unwrap()));
    assert_eq!((down_stats().in_flight, down_stats().entries), (0, 0));
    PANICS.store(false, SeqCst);
    assert_eq!(down(200), 200);
    assert_eq!(down_stats().entries, 201);
}

/// A body far down catches the panic of a call of its own: it is still within its own computation, and no other.
#[test]
fn a_panic_caught_far_down() {
    static RUNS: AtomicU64 = AtomicU64::new(0);

    #[cache_memoize]
    fn down(n: u64) -> u64 {
        match n {
            0 => match RUNS.fetch_add(1, SeqCst) {
                0 => panic!("the first time"),
                // Recursion on a key that is being computed, which only its context tells.
                runs => down(50) + runs,
            },
            50 => match RUNS.load(SeqCst) {
                0 => catch_unwind(|| down(49)).map_or_else(|_| down(0) + 1_000, |_| 1),
                _ => 7,
            },
            n => down(n - 1),
        }
    }

    assert_eq!(down(100), 1_008);
    assert_eq!(down(50), 1_008, "it was stored");
    assert_eq!(down_stats().in_flight, 0);
}
