//! A task with a thread of its own, which can be parked or dropped wherever it stands.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::JoinHandle;
use std::time::Duration;

use super::super::Scope;
use crate::sync::lock;

pub(super) type Doing<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// How a task ended; `None` if it was dropped.
type Ended<T> = Option<std::thread::Result<T>>;

pub(super) struct Driven<T> {
    thread: JoinHandle<()>,
    ended: Arc<Outcome<T>>,
    orders: Arc<Orders>,
}

struct Outcome<T> {
    ended: Mutex<Option<Ended<T>>>,
    changed: Condvar,
}

#[derive(Clone, Copy, PartialEq)]
enum Order {
    Poll,
    /// Being polled.
    Busy,
    /// Until it is woken.
    Rest,
    Park,
    Drop,
}

struct Orders {
    order: Mutex<Order>,
    changed: Condvar,
}

impl Orders {
    /// Gives an order to one who rests, so that nothing happens any more that the order comes too late for.
    fn give(&self, order: Order) {
        let is_busy = |order: &mut Order| matches!(order, Order::Poll | Order::Busy);
        let resting = self.changed.wait_while(lock(&self.order), is_busy);
        *resting.unwrap_or_else(PoisonError::into_inner) = order;
        self.changed.notify_all();
    }
}

impl Wake for Orders {
    fn wake(self: Arc<Self>) {
        let mut order = lock(&self.order);
        if matches!(*order, Order::Rest | Order::Busy) {
            *order = Order::Poll;
            self.changed.notify_all();
        }
    }
}

/// A story that hangs is a promise broken.
const PATIENCE: Duration = Duration::from_secs(60);

impl<T: Send + 'static> Driven<T> {
    /// Begins to drive what `make` makes, within the scope.
    pub(super) fn begin(scope: &Scope, make: impl FnOnce() -> Doing<T> + Send + 'static) -> Self {
        let orders = Arc::new(Orders { order: Mutex::new(Order::Poll), changed: Condvar::new() });
        let ended = Arc::new(Outcome { ended: Mutex::new(None), changed: Condvar::new() });
        let (scope, taken, outcome) = (scope.clone(), orders.clone(), ended.clone());
        let thread = std::thread::spawn(move || {
            let how = scope.run(|| drive(make(), &taken));
            // Whoever has an order for it waits no longer.
            *lock(&taken.order) = Order::Rest;
            taken.changed.notify_all();
            *lock(&outcome.ended) = Some(how);
            outcome.changed.notify_all();
        });
        Self { thread, ended, orders }
    }

    /// Polls it no more, whoever wakes it.
    pub(super) fn park(&self) {
        self.orders.give(Order::Park);
    }

    /// Drops it where it stands.
    pub(super) fn drop_it(&self) {
        self.orders.give(Order::Drop);
    }

    /// How it ended. Hangs for a minute at most.
    pub(super) fn finish(self, what: &str) -> Ended<T> {
        let Outcome { ended, changed } = &*self.ended;
        let (mut ended, _) = changed
            .wait_timeout_while(lock(ended), PATIENCE, |ended| ended.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        let Some(how) = ended.take() else { panic!("{what} hangs") };
        drop(ended);
        // It has nothing left to do but to end.
        let _ = self.thread.join();
        how
    }
}

fn drive<T>(mut task: Doing<T>, orders: &Arc<Orders>) -> Ended<T> {
    let waker = Waker::from(orders.clone());
    loop {
        let mut order = lock(&orders.order);
        while matches!(*order, Order::Rest | Order::Park) {
            order = orders.changed.wait(order).unwrap_or_else(PoisonError::into_inner);
        }
        if *order == Order::Drop {
            return None;
        }
        *order = Order::Busy;
        drop(order);
        match catch_unwind(AssertUnwindSafe(|| task.as_mut().poll(&mut Context::from_waker(&waker)))) {
            Ok(Poll::Ready(output)) => return Some(Ok(output)),
            Err(panic) => return Some(Err(panic)),
            Ok(Poll::Pending) => {}
        }
        let mut order = lock(&orders.order);
        if *order == Order::Busy {
            *order = Order::Rest;
            orders.changed.notify_all();
        }
    }
}
