//! Crowds: threads and tasks that do random things to memoized functions, for histories and for soaking.

mod shared;

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::task::Poll;

use cache_memoize::testing::{History, Op, Seen};

use crate::random::locally;

pub use shared::{FUNCTIONS, Plan, World};

/// What can be done to a key.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "named after the functions and their companions")]
pub enum Kind {
    Call,
    Peek,
    Invalidate,
    InvalidateAll,
    Set,
    Refresh,
}

/// How often which.
pub type Mix = [(u64, Kind); 6];

/// Each finds something else.
pub const MIXES: [Mix; 4] =
    [mix(60, 10, 10, 4, 8, 8), mix(40, 20, 40, 0, 0, 0), mix(50, 10, 0, 10, 15, 15), mix(85, 5, 4, 1, 2, 3)];

/// So many of each.
pub const fn mix(call: u64, peek: u64, invalidate: u64, all: u64, set: u64, refresh: u64) -> Mix {
    use Kind::{Call, Invalidate, InvalidateAll, Peek, Refresh, Set};
    [
        (call, Call),
        (peek, Peek),
        (invalidate, Invalidate),
        (all, InvalidateAll),
        (set, Set),
        (refresh, Refresh),
    ]
}

/// An error that all who wait can share.
#[derive(Clone, Debug)]
pub struct Shared;

/// One that they cannot.
#[derive(Debug)]
pub struct Unshared;

/// What becomes of a value: mostly that it is returned; now and then that the body fails, or panics.
///
/// # Errors
/// The given one.
///
/// # Panics
/// Without the message that a panic prints.
pub fn fate<E>(value: u64, error: E) -> Result<u64, E> {
    match locally(|random| random.below(100)) {
        0..=5 => Err(error),
        6..=9 => resume_unwind(Box::new("a body that panics")),
        _ => Ok(value),
    }
}

/// The body of a function: a number, after a while, or not.
///
/// # Errors
/// See [`fate`].
pub fn body<E>(history: &History<u64>, key: u64, error: E) -> Result<u64, E> {
    let value = history.computed(key);
    linger();
    fate(value, error)
}

/// The same in a task.
///
/// # Errors
/// See [`fate`].
pub async fn body_later<E>(history: &History<u64>, key: u64, error: fn() -> E) -> Result<u64, E> {
    let value = history.computed(key);
    for _ in 0..locally(|random| random.below(5)) {
        tokio::task::yield_now().await;
    }
    linger();
    fate(value, error())
}

/// Lets others go first, or keeps the processor, or neither.
pub fn linger() {
    match locally(|random| random.below(4)) {
        0 => std::thread::yield_now(),
        1 => (0..locally(|random| random.below(2_000))).for_each(|_| std::hint::spin_loop()),
        2 => (0..3).for_each(|_| std::thread::yield_now()),
        _ => {}
    }
}

/// Something that a task does.
pub type Action<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Records it, and forgets what comes out.
pub fn recorded<'a, F>(history: &'a History<u64>, op: Op<u64>, work: F) -> Action<'a>
where
    F: Future<Output: Seen> + Send + 'a,
{
    Box::pin(async move { drop(history.record_async(op, work).await) })
}

/// Does it once or with another in the same task, or gives it up midway; goes on after a panic.
pub async fn somehow(one: Action<'_>, another: Action<'_>) {
    let (how, polls) = locally(|random| (random.below(10), random.below(8)));
    match how {
        0 => drop(tokio::join!(survived(one), survived(another))),
        1 => given_up(survived(one), polls).await,
        _ => survived(one).await,
    }
}

async fn survived(mut action: Action<'_>) {
    poll_fn(|task| {
        let polled = catch_unwind(AssertUnwindSafe(|| action.as_mut().poll(task)));
        polled.unwrap_or(Poll::Ready(()))
    })
    .await;
}

/// Polls so many times at most, then drops the future.
async fn given_up(action: impl Future<Output = ()>, mut polls: u64) {
    let mut action = pin!(action);
    poll_fn(|task| {
        if polls == 0 {
            return Poll::Ready(());
        }
        polls -= 1;
        action.as_mut().poll(task)
    })
    .await;
}
