//! Waiting for a flight to be settled.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use super::context::{self, NoWait};
use super::{Flight, Settled};

/// A registered waiter; dropping it gives the wait up.
pub(crate) struct Wait {
    flight: Arc<Flight>,
    id: u64,
}

/// Begins to wait for `flight`.
pub(crate) fn wait(flight: Arc<Flight>) -> Result<Wait, NoWait> {
    let id = context::register(&flight)?;
    Ok(Wait { flight, id })
}

impl Future for Wait {
    type Output = Settled;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Settled> {
        self.flight.poll_waiter(self.id, context.waker().clone())
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        self.flight.unregister(self.id);
    }
}

/// Runs a future on this thread, which sleeps while there is nothing to do.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}
