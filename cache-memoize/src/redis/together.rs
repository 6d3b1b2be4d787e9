//! Several requests at the same time, without a task for each.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

/// Both at the same time.
pub(super) async fn both<A: Future, B: Future>(one: A, other: B) -> (A::Output, B::Output) {
    let (mut one, mut other) = (pin!(one), pin!(other));
    let (mut first, mut second) = (None, None);
    poll_fn(|context| {
        if first.is_none()
            && let Poll::Ready(output) = one.as_mut().poll(context)
        {
            first = Some(output);
        }
        if second.is_none()
            && let Poll::Ready(output) = other.as_mut().poll(context)
        {
            second = Some(output);
        }
        match (first.take(), second.take()) {
            (Some(one), Some(other)) => Poll::Ready((one, other)),
            (one, other) => {
                (first, second) = (one, other);
                Poll::Pending
            }
        }
    })
    .await
}

/// All at the same time, but no more than so many; what they gave, in their order.
pub(super) async fn all<F: Future>(mut futures: impl Iterator<Item = F>, at_once: usize) -> Vec<F::Output> {
    let (mut running, mut outputs) = (Vec::new(), Vec::new());
    poll_fn(|context| {
        running.retain_mut(|(at, future): &mut (usize, Pin<Box<F>>)| {
            let Poll::Ready(output) = future.as_mut().poll(context) else { return true };
            outputs[*at] = Some(output);
            false
        });
        while running.len() < at_once
            && let Some(future) = futures.next()
        {
            let mut future = Box::pin(future);
            match future.as_mut().poll(context) {
                Poll::Ready(output) => outputs.push(Some(output)),
                Poll::Pending => {
                    running.push((outputs.len(), future));
                    outputs.push(None);
                }
            }
        }
        if running.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    outputs.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::sync::block_on;

    /// Ready when it has been polled so often.
    async fn after(mut polls: usize) -> usize {
        let given = polls;
        poll_fn(|task| {
            if polls == 0 {
                return Poll::Ready(());
            }
            polls -= 1;
            task.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        given
    }

    #[test]
    fn outputs_are_in_their_order_and_not_too_many_run() {
        for at_once in [1, 2, 3, 7, usize::MAX] {
            let (running, most) = (Cell::new(0), Cell::new(0));
            let polls = [3, 0, 5, 1, 1, 0, 9, 2];
            let futures = polls.into_iter().map(|polls| {
                let (running, most) = (&running, &most);
                async move {
                    running.set(running.get() + 1);
                    most.set(running.get().max(most.get()));
                    let output = after(polls).await;
                    running.set(running.get() - 1);
                    output
                }
            });
            assert_eq!(block_on(all(futures, at_once)), polls);
            // Six of them are not ready at once.
            assert_eq!(most.get(), at_once.min(6), "{at_once}");
        }
        assert!(block_on(all(std::iter::empty::<std::future::Ready<()>>(), 1)).is_empty());
    }
}
