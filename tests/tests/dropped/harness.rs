//! Polling by hand, so often and no more; and running to the end what must not hang.

use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

pub(crate) type Later<'w, T> = Pin<Box<dyn Future<Output = T> + Send + 'w>>;

/// A future with a task of its own.
pub(crate) struct Task<'w, T> {
    future: Later<'w, T>,
    woken: Arc<Woken>,
    waker: Waker,
}

#[derive(Default)]
struct Woken(Mutex<bool>, Condvar);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        *self.0.lock().unwrap() = true;
        self.1.notify_all();
    }
}

impl<'w, T> Task<'w, T> {
    pub(crate) fn new(future: Later<'w, T>) -> Self {
        let woken = Arc::<Woken>::default();
        Self { future, waker: Waker::from(woken.clone()), woken }
    }

    /// Polls so often, whether or not anybody wakes it; its output, if it ends with that.
    pub(crate) fn polled(&mut self, times: usize) -> Option<T> {
        for _ in 0..times {
            if let Poll::Ready(output) = self.future.as_mut().poll(&mut Context::from_waker(&self.waker)) {
                return Some(output);
            }
        }
        None
    }

    /// Polls whenever it is woken.
    ///
    /// # Panics
    /// If nobody wakes it.
    pub(crate) fn ended(mut self) -> T {
        loop {
            if let Some(output) = self.polled(1) {
                return output;
            }
            let woken = self.woken.0.lock().unwrap();
            let patience = Duration::from_secs(20);
            let wait = self.woken.1.wait_timeout_while(woken, patience, |woken| !*woken);
            let (mut woken, timeout) = wait.unwrap();
            assert!(!timeout.timed_out(), "nobody wakes it");
            *woken = false;
        }
    }
}

/// Polls what `make` makes never, once, twice and so on, and gives it to `drop_it` with what was made beside it, until it
/// ends by itself, or was polled `most` times, for it may wait for what was made beside it. How often it was dropped.
pub(crate) fn drop_at_every_await<'w, B, T>(
    most: usize,
    mut make: impl FnMut() -> (B, Later<'w, T>),
    mut drop_it: impl FnMut(usize, B, Task<'w, T>),
) -> usize {
    for polls in 0..=most {
        let (beside, future) = make();
        let mut task = Task::new(future);
        if task.polled(polls).is_some() {
            assert!(polls > 0, "a future does nothing before it is polled");
            return polls;
        }
        drop_it(polls, beside, task);
    }
    most + 1
}
