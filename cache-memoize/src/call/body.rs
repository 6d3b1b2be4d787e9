//! Between an `async fn` and its body: nothing of the body is touched by a hit, and nothing of it is moved by a miss.
//!
//! A future that is passed to another one by value has two places there, as an argument and as the future that is polled,
//! and one more at each step down. So the function's own future keeps the body, and the steps below get a pointer to it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The body, pinned in the caller's frame. Dropping this drops the body first, so that it never outlives its computation.
pub struct Body<'b, F>(Pin<&'b mut Option<F>>);

impl<'b, F: Future> Body<'b, F> {
    /// The body in that frame.
    #[inline]
    pub fn new(place: Pin<&'b mut Option<F>>) -> Self {
        Self(place)
    }
}

/// A body of any type.
pub(super) trait AnyBody<R> {
    fn poll(&mut self, task: &mut Context<'_>) -> Poll<R>;
    /// Drops the body, which has returned or panicked.
    fn end(&mut self);
}

impl<F: Future> AnyBody<F::Output> for Body<'_, F> {
    #[inline]
    fn poll(&mut self, task: &mut Context<'_>) -> Poll<F::Output> {
        self.0.as_mut().as_pin_mut().expect("it is there until it ends").poll(task)
    }

    #[inline]
    fn end(&mut self) {
        self.0.set(None);
    }
}

impl<F: Future> Future for Body<'_, F> {
    type Output = F::Output;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<F::Output> {
        AnyBody::poll(&mut *self, task)
    }
}

impl<F> Drop for Body<'_, F> {
    #[inline]
    fn drop(&mut self) {
        self.0.set(None);
    }
}
