//! `store_result = false`: run at most once per lifetime.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use cache_memoize::{cache_memoize, testing};
use cache_memoize_tests::{Gate, held_while};

#[test]
fn threads_wait_for_the_run_and_do_not_repeat_it() {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    static GATE: Gate = Gate::closed();

    #[cache_memoize(ttl = "1h", store_result = false)]
    fn send_digest(user: u64) {
        let _ = user;
        RUNS.fetch_add(1, SeqCst);
        GATE.pass();
    }

    thread::scope(|scope| {
        (0..16).for_each(|_| drop(scope.spawn(|| send_digest(7))));
        GATE.wait_for(1);
        GATE.open();
    });
    assert_eq!(RUNS.load(SeqCst), 1);
    testing::advance(Duration::from_secs(3601));
    send_digest(7);
    assert_eq!(RUNS.load(SeqCst), 2);
    assert!(send_digest_invalidate(7));
    send_digest(7);
    assert_eq!(RUNS.load(SeqCst), 3);
}

struct NotClone;

/// After a failure one of those who waited has the next try, and never two at a time.
#[test]
fn a_failed_run_gives_the_right_back_to_one() {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    static RUNNING: AtomicU64 = AtomicU64::new(0);
    static GATE: Gate = Gate::closed();

    #[cache_memoize(ttl = "1h", store_result = false)]
    fn send_digest() -> Result<(), NotClone> {
        assert_eq!(RUNNING.fetch_add(1, SeqCst), 0, "two runs at a time");
        let run = RUNS.fetch_add(1, SeqCst);
        GATE.pass();
        RUNNING.fetch_sub(1, SeqCst);
        if run < 3 { Err(NotClone) } else { Ok(()) }
    }

    let sent = thread::scope(|scope| {
        let calls: Vec<_> = (0..16).map(|_| scope.spawn(send_digest)).collect();
        GATE.wait_for(1);
        GATE.open();
        calls.into_iter().map(|call| call.join().unwrap()).filter(Result::is_ok).count()
    });
    assert_eq!(RUNS.load(SeqCst), 4);
    assert_eq!(sent, 13);
}

#[test]
fn so_for_tasks_and_for_panics() {
    static HELD: AtomicBool = AtomicBool::new(true);
    static RUNS: AtomicU64 = AtomicU64::new(0);

    #[cache_memoize(ttl = "1h", store_result = false)]
    async fn send_digest() -> Result<(), NotClone> {
        let run = RUNS.fetch_add(1, SeqCst);
        held_while(&HELD).await;
        if run == 0 { Err(NotClone) } else { Ok(()) }
    }
    #[cache_memoize(ttl = "1h", store_result = false)]
    fn shaky() {
        assert_ne!(RUNS.fetch_add(1, SeqCst), 100, "shaken");
    }

    let context = &mut Context::from_waker(Waker::noop());
    let (mut one, mut two, mut three) = (pin!(send_digest()), pin!(send_digest()), pin!(send_digest()));
    assert!(one.as_mut().poll(context).is_pending());
    assert!(two.as_mut().poll(context).is_pending());
    assert!(three.as_mut().poll(context).is_pending());
    HELD.store(false, SeqCst);
    assert!(matches!(one.poll(context), Poll::Ready(Err(NotClone))));
    HELD.store(true, SeqCst);
    assert!(two.as_mut().poll(context).is_pending(), "has the next try");
    assert!(three.as_mut().poll(context).is_pending(), "waits for it");
    assert_eq!(RUNS.load(SeqCst), 2);
    HELD.store(false, SeqCst);
    assert!(matches!(two.poll(context), Poll::Ready(Ok(()))));
    assert!(matches!(three.poll(context), Poll::Ready(Ok(()))));
    assert_eq!(RUNS.load(SeqCst), 2);

    RUNS.store(100, SeqCst);
    assert!(std::panic::catch_unwind(shaky).is_err());
    shaky();
    shaky();
    assert_eq!(RUNS.load(SeqCst), 102);
}
