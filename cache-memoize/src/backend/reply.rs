//! How a backend answers: at once or later.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::Error;

/// Who waits for the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallMode {
    blocking: bool,
}

impl CallMode {
    /// A call from a function that is not `async`: its thread sleeps until the answer is there. The thread may be the
    /// one that drives the caller's async runtime, so the answer must not depend on that runtime.
    pub const BLOCKING: Self = Self { blocking: true };

    /// A call from an `async` function.
    pub const ASYNC: Self = Self { blocking: false };

    /// Whether a thread waits. A backend may then block and answer at once.
    pub fn is_blocking(self) -> bool {
        self.blocking
    }
}

/// The answer of a [`Backend`](super::Backend): there already, or a future.
///
/// ```
/// use cache_memoize::backend::Reply;
///
/// let at_once: Reply<'_, u8> = Reply::now(Ok(1));
/// let later: Reply<'_, u8> = Reply::later(async { Ok(2) });
/// # let _ = (at_once, later);
/// ```
#[must_use = "nothing may have happened yet"]
pub struct Reply<'a, T>(State<'a, T>);

enum State<'a, T> {
    Now(Option<Result<T, Error>>),
    Later(Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>),
}

impl<'a, T> Reply<'a, T> {
    /// An answer that is there already.
    pub fn now(answer: Result<T, Error>) -> Self {
        Self(State::Now(Some(answer)))
    }

    /// An answer that will be there.
    pub fn later(answer: impl Future<Output = Result<T, Error>> + Send + 'a) -> Self {
        Self(State::Later(Box::pin(answer)))
    }
}

impl<T> From<Result<T, Error>> for Reply<'_, T> {
    fn from(answer: Result<T, Error>) -> Self {
        Self::now(answer)
    }
}

// The answer is moved out of a reply, never pinned in it.
impl<T> Unpin for Reply<'_, T> {}

impl<T> Future for Reply<'_, T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Now(answer) => Poll::Ready(answer.take().expect("a reply is polled once")),
            State::Later(answer) => answer.as_mut().poll(context),
        }
    }
}

impl<T> std::fmt::Debug for Reply<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match &self.0 {
            State::Now(_) => "Reply::now(..)",
            State::Later(_) => "Reply::later(..)",
        })
    }
}
