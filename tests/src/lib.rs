//! What the stories share: gates that hold a computation at a point until the test lets it go on.

use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Condvar, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

pub mod crowd;
pub mod hooks;
pub mod random;
pub mod servers;
pub mod stored;

/// A point in a computation. Tests wait for arrivals and open the gate; nothing sleeps.
pub struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    arrived: usize,
    /// How many may have passed; beyond that they wait.
    allowed: usize,
}

/// A test that hangs is a test that fails. Miri takes its time.
const PATIENCE: Duration = Duration::from_secs(if cfg!(miri) { 1_200 } else { 60 });

impl Gate {
    /// A gate that holds everyone who arrives.
    pub const fn closed() -> Self {
        Self { state: Mutex::new(State { arrived: 0, allowed: 0 }), changed: Condvar::new() }
    }

    /// Arrives, and waits until the gate is open for this arrival: the first arrival needs one permit, the
    /// second two, and so on.
    pub fn pass(&self) {
        let mut state = self.state.lock().unwrap();
        state.arrived += 1;
        let number = state.arrived;
        self.changed.notify_all();
        let held = |state: &mut State| state.allowed < number;
        let (_state, timeout) = self.changed.wait_timeout_while(state, PATIENCE, held).unwrap();
        assert!(!timeout.timed_out(), "nobody opened the gate");
    }

    /// Arrives without waiting beyond the first: only the first arrival is held.
    pub fn pass_first(&self) {
        let first = self.state.lock().unwrap().arrived == 0;
        if first { self.pass() } else { self.count() }
    }

    fn count(&self) {
        self.state.lock().unwrap().arrived += 1;
        self.changed.notify_all();
    }

    /// Waits until that many have arrived.
    pub fn wait_for(&self, arrivals: usize) {
        let state = self.state.lock().unwrap();
        let few = |state: &mut State| state.arrived < arrivals;
        let (state, timeout) = self.changed.wait_timeout_while(state, PATIENCE, few).unwrap();
        assert!(!timeout.timed_out(), "{} of {arrivals} arrived", state.arrived);
    }

    /// Lets the first so many pass.
    pub fn open_for(&self, arrivals: usize) {
        self.state.lock().unwrap().allowed = arrivals;
        self.changed.notify_all();
    }

    /// Lets everyone pass.
    pub fn open(&self) {
        self.state.lock().unwrap().allowed = usize::MAX;
        self.changed.notify_all();
    }

    /// How many have arrived.
    pub fn arrivals(&self) -> usize {
        self.state.lock().unwrap().arrived
    }
}

/// So many times, or a hundredth of that under Miri, which takes its time.
pub const fn iterations(count: u64) -> u64 {
    if cfg!(miri) { count / 100 } else { count }
}

/// Polls a future once, with a waker that does nothing: the test fixes the order of events.
pub fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Polls a future at most so often, whenever it is woken; then it is dropped.
pub async fn polled_at_most<F: Future>(times: u64, future: F) -> Option<F::Output> {
    let (mut future, mut left) = (pin!(future), times);
    std::future::poll_fn(|task| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(task) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// The output of a future that is ready at once.
///
/// # Panics
/// If it is not.
pub fn finish<F: Future>(future: F) -> F::Output {
    match poll(pin!(future)) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("not ready at once"),
    }
}

/// Pending while the flag is set. Wakes nobody, for the tests poll by hand.
pub async fn held_while(held: &AtomicBool) {
    std::future::poll_fn(|_| if held.load(SeqCst) { Poll::Pending } else { Poll::Ready(()) }).await;
}

/// Waits until `done`, looking again and again: for things that happen on another thread and tell nobody.
///
/// # Panics
/// After a minute.
pub fn eventually(what: &str, done: impl Fn() -> bool) {
    let began = std::time::Instant::now();
    while !done() {
        assert!(began.elapsed() < PATIENCE, "{what}: not after a minute");
        std::thread::yield_now();
    }
}
