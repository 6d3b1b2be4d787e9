//! §3 User code in the worst places: destructors, wakers, initialisers, threads that end.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, LazyLock, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use cache_memoize::testing::{self, Gate, Point, Scope};
use cache_memoize::{Memory, cache_memoize};
use cache_memoize_tests::held_while;

/// What makes room for a value is dropped after those who wait for the value have been woken.
#[test]
fn an_evicted_value_whose_drop_panics_leaves_nobody_waiting() {
    static HELD: AtomicBool = AtomicBool::new(true);
    static ARMED: AtomicBool = AtomicBool::new(false);

    struct Guard;
    impl Drop for Guard {
        fn drop(&mut self) {
            assert!(!ARMED.swap(false, SeqCst), "dropped");
        }
    }

    #[cache_memoize(capacity = 1)]
    async fn value(id: u64) -> Arc<Guard> {
        if id == 2 {
            held_while(&HELD).await;
        }
        Arc::new(Guard)
    }

    let context = &mut Context::from_waker(Waker::noop());
    assert!(pin!(value(1)).poll(context).is_ready());
    let (mut leader, mut waiter) = (Box::pin(value(2)), Box::pin(value(2)));
    assert!(leader.as_mut().poll(context).is_pending() && waiter.as_mut().poll(context).is_pending());
    HELD.store(false, SeqCst);
    ARMED.store(true, SeqCst);
    assert!(catch_unwind(AssertUnwindSafe(|| leader.as_mut().poll(context).is_ready())).is_err());
    assert!(waiter.as_mut().poll(context).is_ready(), "its value is there");
}

/// A waker that panics does not keep the others from being woken.
#[test]
fn a_waker_that_panics_is_alone_with_it() {
    static HELD: AtomicBool = AtomicBool::new(true);
    static WOKEN: AtomicU64 = AtomicU64::new(0);

    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("the executor is gone");
        }
    }
    struct Counts;
    impl Wake for Counts {
        fn wake(self: Arc<Self>) {
            WOKEN.fetch_add(1, SeqCst);
        }
    }

    #[cache_memoize]
    async fn value() -> u64 {
        held_while(&HELD).await;
        7
    }

    let (panics, counts) = (Waker::from(Arc::new(Panics)), Waker::from(Arc::new(Counts)));
    let mut leader = Box::pin(value());
    let (mut bad, mut good) = (Box::pin(value()), Box::pin(value()));
    assert!(leader.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert!(bad.as_mut().poll(&mut Context::from_waker(&panics)).is_pending());
    assert!(good.as_mut().poll(&mut Context::from_waker(&counts)).is_pending());
    HELD.store(false, SeqCst);
    let led = || leader.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready();
    assert!(catch_unwind(AssertUnwindSafe(led)).is_err());
    assert_eq!(WOKEN.load(SeqCst), 1);
    assert_eq!(good.as_mut().poll(&mut Context::from_waker(&counts)), Poll::Ready(7));
}

/// A call that joins compares its key with that of the computation, and no lock is held meanwhile.
#[test]
fn who_joins_compares_keys_without_a_lock() {
    static ARMED: AtomicBool = AtomicBool::new(false);

    #[derive(Clone, Hash, Eq)]
    #[expect(clippy::derived_hash_with_manual_eq, reason = "it compares what would be compared")]
    struct Key(u64);
    impl PartialEq for Key {
        fn eq(&self, other: &Self) -> bool {
            if ARMED.swap(false, SeqCst) {
                let (done, is_done) = mpsc::channel();
                let scope = Scope::current();
                thread::spawn(move || {
                    let _scope = scope.enter();
                    value_invalidate(Key(1));
                    done.send(value(Key(2))).unwrap();
                });
                let others = is_done.recv_timeout(Duration::from_secs(30));
                assert_eq!(others, Ok(2), "others wait while keys are compared");
            }
            self.0 == other.0
        }
    }

    #[cache_memoize]
    fn value(key: Key) -> u64 {
        key.0
    }

    let test = testing::isolate();
    let gate = Gate::close("value", Point::BeforeBody).only_first(1);
    let in_test = || {
        let scope = test.scope().clone();
        thread::spawn(move || scope.run(|| value(Key(1))))
    };
    let leader = in_test();
    gate.wait_for(1);
    ARMED.store(true, SeqCst);
    let waiting = Gate::close("value", Point::Waiting).only_first(0);
    let joiner = in_test();
    waiting.wait_for(1);
    gate.open();
    assert_eq!((leader.join().unwrap(), joiner.join().unwrap()), (1, 1));
    assert!(!ARMED.load(SeqCst));
}

/// A task that only its wakers keep alive is freed when they go, although it leads a computation.
#[test]
fn a_leading_task_does_not_keep_itself_alive() {
    type Parked = Mutex<Option<std::pin::Pin<Box<dyn Future<Output = u64> + Send>>>>;
    struct Task(Parked);
    impl Wake for Task {
        fn wake(self: Arc<Self>) {}
    }

    #[cache_memoize]
    async fn value() -> u64 {
        static FIRST: AtomicBool = AtomicBool::new(true);
        if FIRST.swap(false, SeqCst) {
            std::future::pending::<()>().await;
        }
        7
    }

    let task = Arc::new(Task(Mutex::default()));
    let waker = Waker::from(task.clone());
    let mut leader: std::pin::Pin<Box<dyn Future<Output = u64> + Send>> = Box::pin(value());
    assert!(leader.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    *task.0.lock().unwrap() = Some(leader);
    let weak = Arc::downgrade(&task);
    drop((task, waker));
    assert!(weak.upgrade().is_none(), "the task holds itself");
    assert_eq!(pin!(value()).poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(7));
}

/// Copying the arguments for `on_miss` is part of the computation.
#[test]
fn a_copy_for_on_miss_may_call_the_same_key() {
    struct Argument(u64);
    impl Clone for Argument {
        fn clone(&self) -> Self {
            static FIRST: AtomicBool = AtomicBool::new(true);
            if FIRST.swap(false, SeqCst) {
                assert_eq!(value(Self(self.0)), self.0);
            }
            Self(self.0)
        }
    }

    #[cache_memoize(args_rewrite = |argument| argument.0, on_miss = |_| ())]
    fn value(argument: Argument) -> u64 {
        argument.0
    }
    assert_eq!(value(Argument(1)), 1);
    assert_eq!(value_stats().misses, 1);
}

#[test]
fn a_capacity_may_call_its_function() {
    fn capacity() -> u64 {
        static FIRST: AtomicBool = AtomicBool::new(true);
        if FIRST.swap(false, SeqCst) { value(5) } else { 6 }
    }

    #[cache_memoize(capacity = capacity())]
    fn value(x: u64) -> u64 {
        x
    }
    assert_eq!(value(1), 1);
    assert_eq!(value_stats().capacity, Some(6), "made by the nested call");
}

#[test]
fn recursion_in_the_destructor_of_a_thread_local() {
    #[cache_memoize]
    fn itself(depth: u64) -> u64 {
        thread_local! {
            static LEFT: std::cell::Cell<u64> = const { std::cell::Cell::new(3) };
        }
        let left = LEFT.get();
        LEFT.set(left.saturating_sub(1));
        if left == 0 { depth } else { itself(depth) + 1 }
    }

    struct Calls;
    impl Drop for Calls {
        fn drop(&mut self) {
            RESULT.store(itself(10), SeqCst);
        }
    }
    static RESULT: AtomicU64 = AtomicU64::new(0);
    thread::spawn(|| {
        thread_local! {
            static CALLS: Calls = const { Calls };
        }
        CALLS.with(|_| ());
    })
    .join()
    .unwrap();
    assert_eq!(RESULT.load(SeqCst), 13);
}

/// Under one prefix, too, a float is no integer.
#[test]
fn a_float_is_not_the_integer_with_its_bits() {
    static SHARED: LazyLock<Memory> = LazyLock::new(Memory::default);

    #[cache_memoize(backend = SHARED, prefix = "number")]
    fn float(x: f32) -> u32 {
        x as u32
    }
    #[cache_memoize(backend = SHARED, prefix = "number")]
    fn integer(x: u32) -> u32 {
        x
    }
    assert_eq!((float(1.0), integer(1.0_f32.to_bits())), (1, 1.0_f32.to_bits()));
}
