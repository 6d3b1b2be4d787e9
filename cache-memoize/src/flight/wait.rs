//! Waiting for a flight to be settled: the future of a follower.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::context::{self, NoWait};
use super::{Flight, Settled};

/// A registered waiter of a flight. Dropping it gives the wait up.
pub(crate) struct Wait {
    flight: Arc<Flight>,
    id: u64,
    patience: Patience,
}

/// The end of a wait.
pub(crate) enum Waited {
    Settled(Settled),
    /// The computation has gone on to its next stage.
    Moved,
    /// The leader is a future that this very task holds and does not poll, so it will never end while the task waits.
    Parked,
}

/// Begins to wait for the end of `flight`; with `for_stage`, for its next stage or its end, whichever comes first.
pub(crate) fn wait(flight: Arc<Flight>, for_stage: bool) -> Result<Wait, NoWait> {
    let id = context::register(&flight, for_stage)?;
    Ok(Wait { flight, id, patience: Patience::Fresh })
}

impl Future for Wait {
    type Output = Waited;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Waited> {
        if let Poll::Ready(waited) = self.flight.poll_waiter(self.id, context.waker().clone()) {
            return Poll::Ready(waited);
        }
        let Some(polls) = self.flight.polls_by(context.waker()) else { return Poll::Pending };
        self.patience = match self.patience {
            Patience::Fresh => Patience::Idle { polls, times: 0 },
            // Not polled since this waiter was polled last.
            Patience::Idle { polls: before, times } if before == polls => match times + 1 {
                Patience::LIMIT => return Poll::Ready(Waited::Parked),
                times => Patience::Idle { polls, times },
            },
            Patience::Idle { .. } | Patience::Trusting => Patience::Trusting,
        };
        if let Patience::Idle { .. } = self.patience {
            context.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

/// The patience of a waiter with a leader in its own task. Siblings in a `join!` are polled whenever the task is; a
/// future that was polled once in a `select!` and is only held since is not, and a wait for it would never end. So the
/// waiter has the task polled a few times and looks whether the leader is polled, too.
#[derive(Clone, Copy)]
enum Patience {
    Fresh,
    Idle {
        polls: u64,
        times: u32,
    },
    /// The leader was seen to be polled beside this waiter.
    Trusting,
}

impl Patience {
    /// Combinators that change the order in which they poll may poll the waiter twice before the leader.
    const LIMIT: u32 = 4;
}

impl Drop for Wait {
    fn drop(&mut self) {
        self.flight.unregister(self.id);
    }
}
