//! The cache itself as a subject, used as generated code uses it.

use std::future::Future;
use std::hash::Hasher;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::history::Got;
use super::operation::Op;
use super::program::Step;
use super::subject::{Body, Subject};
use crate::call::{Body as AsyncBody, Place, Turn};
use crate::entry::FunctionState;
use crate::key::part::CopyOf;
use crate::key::parts::Key;
use crate::local::{InMemory, Target};
use crate::memory::{Capacity, FunctionHandle, Memory};
use crate::policy::Policy;
use crate::shape::{
    Copied, OwnedResult, Shape, ShapeOf, SharedResult, ViaResultCopy as _, ViaSharedResult as _,
    require_cacheable,
};
use crate::sync::block_on;
use crate::sync::shim::Point;

/// The error type of a body, which decides about the shape of the function.
pub(super) trait Failure: Default + Send + Sync + 'static {
    type Shape: Shape<Return = Result<u64, Self>> + Sync + 'static;
    fn shape() -> Self::Shape;
}

/// An error that is its own caller's alone. Values beside it are stored as pairs.
#[derive(Default)]
pub(super) struct Owned;

impl Failure for Owned {
    type Shape = OwnedResult<u64, Self, Copied>;
    fn shape() -> Self::Shape {
        require_cacheable((&&&&&&ShapeOf::<Result<u64, Self>>::new()).__shape())
    }
}

/// An error that is shared with followers. It has a destructor, so thread caches hold weak references to its entries,
/// and no copies.
#[derive(Clone, Default)]
pub(super) struct Shared(#[expect(dead_code, reason = "only to be dropped")] Option<Arc<()>>);

impl Failure for Shared {
    type Shape = SharedResult<u64, Self>;
    fn shape() -> Self::Shape {
        require_cacheable((&&&&&&&ShapeOf::<Result<u64, Self>>::new()).__shape())
    }
}

/// A memory with one function in it.
pub(super) struct World<F: Failure> {
    memory: Memory,
    handle: FunctionHandle,
    shape: F::Shape,
    colliding: bool,
    /// The point at which a body is that has claimed to be the only one.
    claimed: Point,
}

#[derive(Clone, Copy)]
struct TestKey {
    key: usize,
    colliding: bool,
}

impl Key for TestKey {
    type Owned = usize;
    const COPY: Option<CopyOf<usize>> = Some(|key| *key);
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_usize(if self.colliding { 0 } else { self.key });
    }
    fn is_same(&self, owned: &usize) -> bool {
        self.key == *owned
    }
    fn into_owned(self) -> usize {
        self.key
    }
}

impl<F: Failure> World<F> {
    fn target(&self) -> Target<'_> {
        Target::new(&self.memory, &self.handle)
    }

    fn key(&self, key: usize) -> TestKey {
        TestKey { key, colliding: self.colliding }
    }

    fn policy(&self, op: Op) -> Policy<usize, F::Shape> {
        let refuses = matches!(op, Op::Refuse | Op::RefreshRefuse);
        Policy { cache_if: if refuses { Some(|_| false) } else { None }, ..Policy::new() }
    }

    /// A call on this thread.
    fn call(&self, step: &Step, body: impl FnOnce() -> Result<u64, F>) -> Result<u64, F> {
        let found = &mut Place::new(None);
        let lookup = self.target().lookup(self.key(step.key), self.shape, found);
        let turn = match step.op {
            Op::Alone => lookup.alone(found),
            Op::Claim | Op::ClaimFail => lookup.claim(found),
            op if op.is_hasty() => lookup.max_wait(|| Duration::ZERO).join(found),
            _ => lookup.join(found),
        };
        self.computed(step, turn, found, body)
    }

    fn computed(
        &self,
        step: &Step,
        mut turn: Turn<InMemory, usize, F::Shape>,
        found: &mut Place<Result<u64, F>>,
        body: impl FnOnce() -> Result<u64, F>,
    ) -> Result<u64, F> {
        turn.run(found, body);
        turn.end(|| self.policy(step.op), found)
    }

    /// A call as a task.
    async fn call_async(&self, step: &Step, body: impl Future<Output = Result<u64, F>>) -> Result<u64, F> {
        let lookup = {
            let found = &mut Place::new(None);
            let lookup = self.target().lookup(self.key(step.key), self.shape, found);
            match found.take() {
                Some(value) => return value,
                None => lookup,
            }
        };
        let lookup = if step.op.is_hasty() { lookup.max_wait(|| Duration::ZERO) } else { lookup };
        match lookup.join_async().await {
            Ok(found) => found.value(),
            Err(turn) => turn.run_async(|| self.policy(step.op), AsyncBody::new(pin!(Some(body)))).await,
        }
    }

    fn refresh(&self, step: &Step, body: impl FnOnce() -> Result<u64, F>) -> Result<u64, F> {
        self.computed(
            step,
            self.target().refresh(self.key(step.key), self.shape),
            &mut Place::new(None),
            body,
        )
    }

    async fn refresh_async(&self, step: &Step, body: impl Future<Output = Result<u64, F>>) -> Result<u64, F> {
        let turn = self.target().refresh_async(self.key(step.key), self.shape);
        turn.run_async(|| self.policy(step.op), AsyncBody::new(pin!(Some(body)))).await
    }
}

impl<F: Failure> Subject for World<F> {
    fn new(colliding: bool) -> Self {
        // Small, since each execution makes one; by weight, so that the number of processors does not matter.
        let memory = Memory::of(Capacity::Weight(8));
        let handle = FunctionHandle::new(&memory, FunctionState::new("", Arc::default()), 0, true);
        Self { memory, handle, shape: F::shape(), colliding, claimed: Point::new() }
    }

    fn perform(&self, step: &Step, body: &Body) -> Got {
        let key = self.key(step.key);
        let run = || {
            body.begin();
            if step.op.claims() {
                // Two steps at which another such body would run beside this one, if it could.
                self.claimed.pass();
                self.claimed.pass();
            }
            if step.op == Op::Nested {
                body.within(self, &Step { op: Op::Within, key: 1 - step.key, value: 100 + step.value });
            }
            if !step.op.stores() {
                body.end();
            }
            match step.op {
                // Not by `panic!`, whose hook would print it.
                Op::Panic => resume_unwind(Box::new("the body")),
                op if op.fails() => Err(F::default()),
                _ => Ok(step.value),
            }
        };
        let perform = || match step.op {
            Op::Task | Op::HastyTask => returned(block_on(self.call_async(step, async { run() }))),
            Op::Drop => polled_once(body, self.call_async(step, endless(body))),
            op if op.is_call() => returned(self.call(step, run)),
            Op::Refresh | Op::RefreshFail | Op::RefreshRefuse => returned(self.refresh(step, run)),
            Op::RefreshDrop => polled_once(body, self.refresh_async(step, endless(body))),
            Op::Peek => self.target().peek(key, self.shape).map_or(Got::Nothing, returned),
            Op::Set => {
                self.target().set(key, self.shape, &Ok(step.value), self.policy(step.op));
                Got::Nothing
            }
            Op::Invalidate => {
                self.target().invalidate(key);
                Got::Nothing
            }
            Op::InvalidateAll => {
                self.target().invalidate_all();
                Got::Nothing
            }
            _ => {
                self.memory.inner().sweep();
                Got::Nothing
            }
        };
        // A call that shares the computation of another may panic as well.
        catch_unwind(AssertUnwindSafe(perform)).unwrap_or(Got::Panic)
    }

    fn rest(self) -> Result<(), String> {
        let memory = self.memory.inner();
        if !memory.flights.is_idle() {
            return Err("the table still has the state of a key without computations".into());
        }
        memory.sweep();
        let stats = self.target().stats();
        if stats.in_flight != 0 {
            return Err(format!("{} computations are counted as running", stats.in_flight));
        }
        if stats.entries != memory.count() {
            return Err(format!("{} entries are counted, and {} are there", stats.entries, memory.count()));
        }
        let memory = Arc::downgrade(memory);
        drop(self);
        match Weak::upgrade(&memory) {
            None => Ok(()),
            Some(_) => Err("the memory is held by something in it".into()),
        }
    }
}

fn returned<F>(result: Result<u64, F>) -> Got {
    result.map_or(Got::Error, Got::Value)
}

/// A body that begins and never ends.
async fn endless<F>(body: &Body) -> Result<u64, F> {
    body.begin();
    std::future::pending().await
}

/// Polls a future, and drops it.
fn polled_once<F>(body: &Body, future: impl Future<Output = Result<u64, F>>) -> Got {
    let mut context = Context::from_waker(Waker::noop());
    let mut future: Pin<&mut _> = pin!(future);
    let poll = future.as_mut().poll(&mut context);
    body.end();
    match poll {
        Poll::Ready(result) => returned(result),
        Poll::Pending => Got::Nothing,
    }
}
