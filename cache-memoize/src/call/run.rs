//! A computation as a task, written by hand: an `async fn` has a place for the value at each step, and it may be large.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::body::{AnyBody, Body};
use super::lead::Lead;
use crate::hooks::{Held, Point};
use crate::policy::Policy;
use crate::shape::Shape;

/// Awaits the body and brings home what it returns.
pub struct Run<'b, K: Eq + Send + Sync + 'static, S: Shape, P, F> {
    /// First, so that it is dropped before the computation that it is part of.
    body: Body<'b, F>,
    policy: P,
    way: Way<K, S>,
}

/// All of it that does not depend on the body.
struct Way<K: Eq + Send + Sync + 'static, S: Shape> {
    lead: Lead<K, S>,
    stage: Stage<S::Shared>,
}

enum Stage<V> {
    New,
    BeforeBody(Gate),
    Running,
    /// In tests alone, and behind a pointer: the future is no larger for it. It holds what an entry holds and not what
    /// the function returns, whose errors need not be `Send`.
    BeforeStore(Gate, Option<Box<V>>),
}

type Gate = <Held as IntoFuture>::IntoFuture;

impl<'b, K: Eq + Send + Sync + 'static, S: Shape, P, F> Run<'b, K, S, P, F> {
    pub(super) fn new(lead: Lead<K, S>, policy: P, body: Body<'b, F>) -> Self {
        Self { body, policy, way: Way { lead, stage: Stage::New } }
    }
}

// Nothing in it is pinned: the body is elsewhere.
impl<K: Eq + Send + Sync + 'static, S: Shape, P, F> Unpin for Run<'_, K, S, P, F> {}

impl<K, S, P, F> Future for Run<'_, K, S, P, F>
where
    K: Eq + Send + Sync + 'static,
    S: Shape,
    P: Fn() -> Policy<K, S>,
    F: Future<Output = S::Return>,
{
    type Output = S::Return;

    #[inline]
    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<S::Return> {
        let Self { body, policy, way } = self.get_mut();
        way.poll(body, policy, task)
    }
}

impl<K: Eq + Send + Sync + 'static, S: Shape> Way<K, S> {
    fn poll(
        &mut self,
        body: &mut dyn AnyBody<S::Return>,
        policy: &dyn Fn() -> Policy<K, S>,
        task: &mut Context<'_>,
    ) -> Poll<S::Return> {
        let lead = &mut self.lead;
        if lead.as_some().is_none() {
            return body.poll(task);
        }
        loop {
            match &mut self.stage {
                Stage::New => self.stage = Stage::BeforeBody(lead.at(Point::BeforeBody).into_future()),
                Stage::BeforeBody(gate) => match Pin::new(gate).poll(task) {
                    Poll::Ready(()) => self.stage = Stage::Running,
                    Poll::Pending => return Poll::Pending,
                },
                Stage::Running => break,
                Stage::BeforeStore(..) => return self.go_on(policy, task),
            }
        }
        let mut polled = Poll::Pending;
        lead.poll(body, task, &mut polled);
        let Poll::Ready(returned) = &polled else { return Poll::Pending };
        body.end();
        if cfg!(feature = "testing") && S::shared(returned).is_some() {
            let mut gate = lead.at(Point::BeforeStore).into_future();
            if Pin::new(&mut gate).poll(task).is_pending() {
                return self.keep(gate, polled);
            }
        }
        lead.complete(policy, returned);
        polled
    }

    /// A gate holds what was returned.
    #[inline(never)]
    fn keep(&mut self, gate: Gate, returned: Poll<S::Return>) -> Poll<S::Return> {
        let kept = match returned.map(S::keep) {
            Poll::Ready(Ok(shared)) => Some(Box::new(shared)),
            Poll::Ready(Err(_)) | Poll::Pending => None,
        };
        self.stage = Stage::BeforeStore(gate, kept);
        Poll::Pending
    }

    #[inline(never)]
    fn go_on(&mut self, policy: &dyn Fn() -> Policy<K, S>, task: &mut Context<'_>) -> Poll<S::Return> {
        let Stage::BeforeStore(gate, kept) = &mut self.stage else { unreachable!("it is held there") };
        if Pin::new(gate).poll(task).is_pending() {
            return Poll::Pending;
        }
        let returned = S::restore(*kept.take().expect("it is kept until it is returned"));
        self.lead.complete(policy, &returned);
        Poll::Ready(returned)
    }
}
