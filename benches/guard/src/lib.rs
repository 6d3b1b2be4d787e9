//! Instructions of one operation, counted instead of timed: the same on a busy machine as on a quiet one.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

pub mod callgrind;

/// What a future gives that never waits.
#[inline]
pub fn at_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a hit waits for nobody"),
    }
}
