//! Blocking: runs a future on this thread, by polling and parking.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use super::shim::Sleeper;

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        Sleeper::wake(&self);
    }
}

/// Runs a future to its end on this thread, which sleeps while the future is pending.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    // Many futures are ready at once. Those need no waker, which is an allocation.
    if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        return output;
    }
    let output = block_on_until(future, None);
    output.expect("without a time, only the output ends it")
}

/// Runs a future on this thread until it ends; or until this time, if there is one, and then `None`.
pub(crate) fn block_on_until<F: Future + Unpin>(mut future: F, until: Option<Instant>) -> Option<F::Output> {
    let this_thread = Arc::new(Sleeper::here());
    let waker = Waker::from(this_thread.clone());
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = Pin::new(&mut future).poll(&mut context) {
            return Some(output);
        }
        match until.map(|until| until.saturating_duration_since(Instant::now())) {
            None => this_thread.sleep(),
            Some(Duration::ZERO) => return None,
            Some(left) => this_thread.sleep_for(left),
        }
    }
}
