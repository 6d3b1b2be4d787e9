//! Where a call to a function with a shared backend goes.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::errand::{OnBackend, RemoteKey};
use super::key::CacheKey;
use super::lookup::Lookup;
use super::miss::Miss;
use super::remote_call::RemoteCall;
use super::types::Types;
use super::{RemoteState, Shared};
use crate::backend::{CallMode, Commit, Fence, Group};
use crate::call::join::Join;
use crate::call::{Place, Refreshing, Turn};
use crate::codec::Codec;
use crate::event::{self, Event, EventKind};
use crate::flight::{Driver, Purpose};
use crate::hooks;
use crate::key::texts::Written;
use crate::policy::{Policy, Verdict};
use crate::shape::shared::SharedShape;
use crate::stats::{Count, Stats};
use crate::sync::block_on;
use crate::time::Deadline;
use crate::{Error, ErrorKind};

/// The beginnings of a function's keys.
pub(crate) trait Names: Sync {
    /// The beginning that isolated calls of a test have.
    fn within(&'static self) -> &'static str;
    /// The function, with its types and its version.
    fn prefix(&'static self) -> &'static str;
    /// Why the function is to have no entries where keys are text. Told once.
    fn refusal(&'static self) -> Option<&'static Error>;
}

/// The backend that a call uses, with the names under which the function keeps its entries there.
pub struct SharedTarget {
    shared: Shared,
    state: Arc<RemoteState>,
    names: &'static dyn Names,
    /// The group that `f_invalidate_all` ends.
    group: &'static str,
    codec: Option<Codec>,
}

impl SharedTarget {
    pub(crate) fn new(
        shared: Shared,
        state: Arc<RemoteState>,
        names: &'static dyn Names,
        group: &'static str,
    ) -> Self {
        Self { shared, state, names, group, codec: None }
    }

    /// Has the function's values written in another way than the backend's others.
    pub(crate) fn codec(self, codec: Codec) -> Self {
        Self { codec: Some(codec), ..self }
    }

    fn call(&self, key: &Written) -> Result<RemoteCall, Error> {
        let is_named = matches!(key, Written::Parts(..));
        if let Some(refusal) = is_named.then(|| self.names.refusal()).flatten() {
            self.state.function.counters.count(Count::Errors);
            return Err(refusal.clone());
        }
        let (namespace, prefix) = (&self.shared.inner().namespace, self.names.prefix());
        let mut text = String::with_capacity(namespace.len() + prefix.len() + 48);
        text.push_str(namespace);
        text.push_str(self.names.within());
        key.write(prefix, &mut text).map_err(|problem| self.unwritten(&problem.to_string()))?;
        let witness = key.witness();
        let key = Arc::new(CacheKey::new(text, self.group()));
        if self.state.witnesses.is_news(key.check, witness) {
            self.tell_of_one_key();
        }
        let codec = self.codec.as_ref().unwrap_or(&self.shared.inner().codec).clone();
        Ok(RemoteCall { shared: self.shared.clone(), state: self.state.clone(), key, codec })
    }

    fn group(&self) -> Group {
        let namespace = self.shared.inner().namespace();
        let named = || Group::in_namespace(namespace, &format!("{}{}", self.names.within(), self.group));
        self.state.group.get_or_init(named).clone()
    }

    /// Two calls differ, and their arguments are written alike.
    #[cold]
    fn tell_of_one_key(&self) {
        event::tell(&Event {
            kind: EventKind::Misuse,
            backend: self.shared.backend().name(),
            function: self.state.function.function.to_owned(),
            message: "two calls with different arguments have one key, so that one of them gets the value of the other: \
                      on a shared backend the key is what `Serialize` writes, and what it leaves out (`#[serde(skip)]`, \
                      a secret) is not in it. Have it written, or say what identifies the call with `extra` or \
                      `args_rewrite`; if they are one call, let `Hash` and `Eq` leave the same out. Only builds with \
                      debug assertions notice this, and once for each function"
                .to_owned(),
        });
    }

    #[cold]
    fn unwritten(&self, problem: &str) -> Error {
        self.state.function.counters.count(Count::Errors);
        let error = Error::new(
            ErrorKind::Codec,
            format!(
                "an argument of `{}` cannot be part of a key: {problem}; say what identifies the call with \
                 `args_rewrite`",
                self.group
            ),
        );
        self.shared.inner().learn::<()>(&Err(error.clone()));
        error
    }

    /// Step one. No I/O yet; nothing of the arguments is borrowed any more.
    pub fn lookup<S: SharedShape>(&self, key: Written, _: S, _: &mut Place<S::Return>) -> Lookup<S> {
        match self.call(&key) {
            _ if hooks::is_off() => Lookup::Bypass,
            Ok(call) => Lookup::Call(Box::new(Miss::new(call, Types::of::<S>())), PhantomData),
            // It has no entry, so it is computed.
            Err(_) => Lookup::Bypass,
        }
    }

    /// Looks without running, counting or keeping the entry warm.
    pub fn peek<S: SharedShape>(&self, key: Written, _: S) -> Result<Option<S::Return>, Error> {
        block_on(Peeking::<S>::new(self.call(&key), CallMode::BLOCKING))
    }

    /// See [`peek`](Self::peek).
    pub fn peek_async<S: SharedShape>(&self, key: Written, _: S) -> Peeking<S> {
        Peeking::new(self.call(&key), CallMode::ASYNC)
    }

    /// Removes an entry and overtakes its computations; whether an entry was there.
    pub fn invalidate(&self, key: Written) -> Result<bool, Error> {
        block_on(invalidate(self.call(&key), CallMode::BLOCKING))
    }

    /// See [`invalidate`](Self::invalidate).
    pub fn invalidate_async(&self, key: Written) -> Operation<bool> {
        Box::pin(invalidate(self.call(&key), CallMode::ASYNC))
    }

    /// Removes all that the function stored here and overtakes all its computations.
    pub fn invalidate_all(&self) -> Result<(), Error> {
        block_on(invalidate_all(self.call_of_all(), CallMode::BLOCKING))
    }

    /// See [`invalidate_all`](Self::invalidate_all).
    pub fn invalidate_all_async(&self) -> Operation<()> {
        Box::pin(invalidate_all(self.call_of_all(), CallMode::ASYNC))
    }

    fn call_of_all(&self) -> RemoteCall {
        let (shared, state) = (self.shared.clone(), self.state.clone());
        // Any key: only its group is looked at.
        let key = Arc::new(CacheKey::new(String::new(), self.group()));
        let codec = shared.inner().codec.clone();
        RemoteCall { shared, state, key, codec }
    }

    /// Stores a value without running the body.
    pub fn set<S: SharedShape>(
        &self,
        key: Written,
        _: S,
        value: &S::Return,
        policy: Policy<RemoteKey, S>,
    ) -> Result<(), Error> {
        block_on(set(self.sealed(&key, value, &policy), CallMode::BLOCKING))
    }

    /// See [`set`](Self::set). Encodes at once, so that the value need not wait for the backend.
    pub fn set_async<S: SharedShape>(
        &self,
        key: Written,
        _: S,
        value: &S::Return,
        policy: Policy<RemoteKey, S>,
    ) -> Operation<()> {
        Box::pin(set(self.sealed(&key, value, &policy), CallMode::ASYNC))
    }

    fn sealed<S: SharedShape>(
        &self,
        key: &Written,
        value: &S::Return,
        policy: &Policy<RemoteKey, S>,
    ) -> Result<(RemoteCall, Option<Sealed>), Error> {
        let call = self.call(key)?;
        let sealed = match policy.judge(&RemoteKey(call.key.clone()), value) {
            Verdict::Store { lifetime, .. } => {
                Some((call.seal::<S>(value, lifetime, Duration::ZERO)?, lifetime))
            }
            Verdict::Refuse | Verdict::Fail => None,
        };
        Ok((call, sealed))
    }

    /// Prepares a computation that will replace the entry.
    pub fn refresh<S: SharedShape>(&self, key: Written, _: S) -> Refreshing<OnBackend, RemoteKey, S> {
        self.replace(&key, Driver::Thread)
    }

    /// See [`refresh`](Self::refresh).
    pub fn refresh_async<S: SharedShape>(&self, key: Written, _: S) -> Refreshing<OnBackend, RemoteKey, S> {
        self.replace(&key, Driver::Task)
    }

    fn replace<S: SharedShape>(&self, key: &Written, driver: Driver) -> Refreshing<OnBackend, RemoteKey, S> {
        let begin = |call| {
            let mut miss = Miss::new(call, Types::of::<S>());
            miss.waiter.driver = driver;
            Turn::of(miss.begin(&mut miss.at_key(), Purpose::Refresh))
        };
        Refreshing::of(self.call(key).map(begin))
    }

    /// The counters of the function.
    pub fn stats(&self) -> Stats {
        self.state.function.stats(None)
    }
}

impl RemoteCall {
    async fn remove(&self, waits: CallMode) -> Result<bool, Error> {
        let removed = self.ask(|backend| backend.remove(&self.key.wire, waits)).await?;
        self.state.hints.gone(self.key.hash);
        Ok(removed)
    }

    /// Cuts off the computation that callers of this process would share if they could not ask the backend.
    fn overtake(&self) {
        let mut key = self.at_key();
        let ticket = key.ticket();
        let overtaken = key.overtake(ticket);
        drop(key);
        drop(overtaken);
    }
}

/// An operation under way, without the types of the function.
type Operation<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

/// A peeked value, as a future. The backend is asked without the types of the function, whose errors need not be
/// `Send` or `'static`.
pub struct Peeking<S> {
    call: Result<RemoteCall, Error>,
    shape: PhantomData<fn() -> S>,
    bytes: Operation<Option<Vec<u8>>>,
}

impl<S: SharedShape> Peeking<S> {
    fn new(call: Result<RemoteCall, Error>, waits: CallMode) -> Self {
        let asking = call.clone();
        let bytes = async move {
            let call = asking?;
            if hooks::is_off() {
                return Ok(None);
            }
            call.read_bytes(waits).await
        };
        Self { call, shape: PhantomData, bytes: Box::pin(bytes) }
    }
}

// The shape is only a marker, and the rest is never pinned in here.
impl<S> Unpin for Peeking<S> {}

impl<S: SharedShape> Future for Peeking<S> {
    type Output = Result<Option<S::Return>, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let bytes = std::task::ready!(self.bytes.as_mut().poll(context));
        let found = bytes.and_then(|bytes| Ok((bytes, self.call.as_ref().map_err(Error::clone)?)));
        Poll::Ready(found.map(|(bytes, call)| call.open::<S>(&bytes?).map(S::restore)))
    }
}

async fn invalidate(call: Result<RemoteCall, Error>, waits: CallMode) -> Result<bool, Error> {
    let call = call?;
    let removed = call.remove(waits).await?;
    call.overtake();
    Ok(removed)
}

async fn invalidate_all(call: RemoteCall, waits: CallMode) -> Result<(), Error> {
    call.ask(|backend| backend.remove_all(call.key.wire.group(), waits)).await?;
    // Computations of this process of which the backend does not know, of all functions that share the entries.
    for state in call.shared.states_of(call.key.wire.group()) {
        state.function.end_generation();
        state.hints.all_gone();
    }
    Ok(())
}

/// An entry, and how long it lives.
type Sealed = (Vec<u8>, Option<Duration>);

/// A value that is being stored. If the future is dropped, its fence is not kept for the whole lease.
struct Setting<'c> {
    call: &'c RemoteCall,
    fence: &'c Fence,
    is_over: bool,
}

impl Drop for Setting<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.call.release(self.fence.clone(), false);
        }
    }
}

/// In two steps, so that a request that arrives late finds its fence gone.
async fn set(sealed: Result<(RemoteCall, Option<Sealed>), Error>, waits: CallMode) -> Result<(), Error> {
    let (call, sealed) = sealed?;
    match sealed {
        Some((entry, lifetime)) => {
            let fence = call.begin_over(waits).await?;
            let commit = Commit::new(&fence, Some(&entry)).lifetime(lifetime).refresh(true);
            let mut setting = Setting { call: &call, fence: &fence, is_over: false };
            let stored = call.ask(|backend| backend.commit(&call.key.wire, commit, waits)).await;
            setting.is_over = true;
            if stored? {
                call.counters().count(Count::Stores);
                call.state.hints.there(call.key.hash, Deadline::after(lifetime));
            }
        }
        // A value that is not to be kept takes the old one with it.
        None => drop(call.remove(waits).await?),
    }
    call.overtake();
    Ok(())
}
