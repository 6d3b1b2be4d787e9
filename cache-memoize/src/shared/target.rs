//! Where a call to a function with a shared backend goes.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::caller::{Caller, Found};
use super::key::CacheKey;
use super::lookup::Lookup;
use super::refresh::Refreshing;
use super::{RemoteState, Shared};
use crate::backend::{CallMode, Commit, Fence, Group};
use crate::call::Place;
use crate::codec::Codec;
use crate::event::{self, Event, EventKind};
use crate::flight::{Leader, block_on};
use crate::hooks;
use crate::key::texts::Written;
use crate::policy::{Policy, Verdict};
use crate::shape::shared::SharedShape;
use crate::site::Instance;
use crate::stats::{Count, Stats};
use crate::time::Deadline;
use crate::{Error, ErrorKind};

/// The backend that a call uses, with the names under which the function keeps its entries there.
pub struct SharedTarget {
    shared: Shared,
    scope: Arc<RemoteState>,
    /// Says what the text of a key begins with, after the namespace: where isolated calls are from, and the function.
    instance: &'static Instance,
    /// What `f_invalidate_all` covers.
    group: &'static str,
    codec: Option<Codec>,
}

impl SharedTarget {
    pub(crate) fn new(
        shared: Shared,
        scope: Arc<RemoteState>,
        instance: &'static Instance,
        group: &'static str,
    ) -> Self {
        Self { shared, scope, instance, group, codec: None }
    }

    /// Has the function's values written in another way than the backend's others.
    pub(crate) fn codec(self, codec: Codec) -> Self {
        Self { codec: Some(codec), ..self }
    }

    fn caller<S>(&self, key: &Written) -> Result<Caller<S>, Error> {
        let is_named = matches!(key, Written::Parts(..));
        if let Some(refusal) = is_named.then(|| self.instance.refusal()).flatten() {
            self.scope.scope.counters.count(Count::Errors);
            return Err(refusal.clone());
        }
        let (namespace, prefix) = (&self.shared.inner().namespace, self.instance.prefix());
        let mut text = String::with_capacity(namespace.len() + prefix.len() + 48);
        text.push_str(namespace);
        text.push_str(self.instance.within());
        key.write(prefix, &mut text).map_err(|problem| self.unwritten(&problem.to_string()))?;
        let witness = key.witness();
        let key = Arc::new(CacheKey::new(text, self.group()));
        if self.scope.witnesses.is_news(key.check, witness) {
            self.tell_of_one_key();
        }
        let codec = self.codec.as_ref().unwrap_or(&self.shared.inner().codec).clone();
        Ok(Caller {
            shared: self.shared.clone(),
            scope: self.scope.clone(),
            key,
            codec,
            down: None,
            max_wait: None,
            bound: None,
            shape: PhantomData,
        })
    }

    fn group(&self) -> Group {
        let inner = self.shared.inner();
        let named =
            || Group::in_namespace(inner.namespace(), &format!("{}{}", self.instance.within(), self.group));
        self.scope.group.get_or_init(named).clone()
    }

    /// Two calls differ, and their arguments are written alike.
    #[cold]
    fn tell_of_one_key(&self) {
        event::tell(&Event {
            kind: EventKind::Misuse,
            backend: self.shared.backend().name(),
            function: self.scope.scope.function.to_owned(),
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
        self.scope.scope.counters.count(Count::Errors);
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
        match self.caller(&key) {
            _ if hooks::is_off() => Lookup::Bypass,
            Ok(caller) => Lookup::Call(Box::new(caller)),
            // It has no entry, so it is computed.
            Err(_) => Lookup::Bypass,
        }
    }

    /// Looks without running, counting or keeping the entry warm.
    pub fn peek<S: SharedShape>(&self, key: Written, _: S) -> Result<Option<S::Return>, Error> {
        block_on(Peeking::<S>::new(self.caller(&key), CallMode::BLOCKING))
    }

    /// See [`peek`](Self::peek).
    pub fn peek_async<S: SharedShape>(&self, key: Written, _: S) -> Peeking<S> {
        Peeking::new(self.caller(&key), CallMode::ASYNC)
    }

    /// Removes an entry and overtakes its computations; whether an entry was there.
    pub fn invalidate(&self, key: Written) -> Result<bool, Error> {
        block_on(invalidate(self.caller(&key), CallMode::BLOCKING))
    }

    /// See [`invalidate`](Self::invalidate).
    pub fn invalidate_async(&self, key: Written) -> Operation<bool> {
        Box::pin(invalidate(self.caller(&key), CallMode::ASYNC))
    }

    /// Removes all that the function stored here and overtakes all its computations.
    pub fn invalidate_all(&self) -> Result<(), Error> {
        block_on(invalidate_all(self.caller_of_all(), CallMode::BLOCKING))
    }

    /// See [`invalidate_all`](Self::invalidate_all).
    pub fn invalidate_all_async(&self) -> Operation<()> {
        Box::pin(invalidate_all(self.caller_of_all(), CallMode::ASYNC))
    }

    fn caller_of_all(&self) -> Caller<()> {
        let (shared, scope) = (self.shared.clone(), self.scope.clone());
        // Any key: the group is what counts.
        let key = Arc::new(CacheKey::new(String::new(), self.group()));
        let codec = shared.inner().codec.clone();
        Caller { shared, scope, key, codec, down: None, max_wait: None, bound: None, shape: PhantomData }
    }

    /// Stores a value without running the body.
    pub fn set<S: SharedShape>(
        &self,
        key: Written,
        _: S,
        value: &S::Return,
        policy: Policy<(), S>,
    ) -> Result<(), Error> {
        block_on(set(self.sealed(&key, value, &policy), CallMode::BLOCKING))
    }

    /// See [`set`](Self::set). Encodes at once, so that the value need not wait for the backend.
    pub fn set_async<S: SharedShape>(
        &self,
        key: Written,
        _: S,
        value: &S::Return,
        policy: Policy<(), S>,
    ) -> Operation<()> {
        Box::pin(set(self.sealed(&key, value, &policy), CallMode::ASYNC))
    }

    fn sealed<S: SharedShape>(
        &self,
        key: &Written,
        value: &S::Return,
        policy: &Policy<(), S>,
    ) -> Result<(Caller<()>, Option<Sealed>), Error> {
        let caller = self.caller::<S>(key)?;
        let sealed = match policy.judge(&(), value) {
            Verdict::Store { lifetime, .. } => {
                Some((caller.seal(value, lifetime, Duration::ZERO)?, lifetime))
            }
            Verdict::Refuse | Verdict::Fail => None,
        };
        Ok((caller.without_shape(), sealed))
    }

    /// Prepares a computation that will replace the entry.
    pub fn refresh<S: SharedShape>(&self, key: Written, _: S) -> Refreshing<S> {
        Refreshing::new(self.caller(&key), Leader::Thread)
    }

    /// See [`refresh`](Self::refresh).
    pub fn refresh_async<S: SharedShape>(&self, key: Written, _: S) -> Refreshing<S> {
        Refreshing::new(self.caller(&key), Leader::Task)
    }

    /// What the cache did for the function.
    pub fn stats(&self) -> Stats {
        self.scope.scope.stats(None)
    }
}

impl<S> Caller<S> {
    async fn remove(&self, call: CallMode) -> Result<bool, Error> {
        let removed = self.ask(|backend| backend.remove(&self.key.wire, call)).await?;
        self.scope.hints.gone(self.key.hash);
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

/// An operation under way. Boxed, for it has a name of its own beside what calls are made with.
type Operation<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

/// What was found, as a future. The backend is asked without the types of the function, whose errors need not be
/// `Send` or `'static`.
pub struct Peeking<S> {
    caller: Result<Caller<S>, Error>,
    bytes: Operation<Option<Vec<u8>>>,
}

impl<S: SharedShape> Peeking<S> {
    fn new(caller: Result<Caller<S>, Error>, call: CallMode) -> Self {
        let asking = caller.as_ref().map(|caller| caller.clone().without_shape());
        let asking = asking.map_err(Error::clone);
        let bytes = async move {
            let caller = asking?;
            if hooks::is_off() {
                return Ok(None);
            }
            caller.read_bytes(call).await
        };
        Self { caller, bytes: Box::pin(bytes) }
    }
}

// The shape is only a marker, and the rest is never pinned in here.
impl<S> Unpin for Peeking<S> {}

impl<S: SharedShape> Future for Peeking<S> {
    type Output = Result<Option<S::Return>, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let bytes = std::task::ready!(self.bytes.as_mut().poll(context));
        let found = bytes.and_then(|bytes| Ok((bytes, self.caller.as_ref().map_err(Error::clone)?)));
        Poll::Ready(found.map(|(bytes, caller)| match caller.open(&bytes?) {
            Found::Value(value) => Some(S::restore(value)),
            Found::Nothing | Found::Unfit => None,
        }))
    }
}

async fn invalidate(caller: Result<Caller<()>, Error>, call: CallMode) -> Result<bool, Error> {
    let caller = caller?;
    let removed = caller.remove(call).await?;
    caller.overtake();
    Ok(removed)
}

async fn invalidate_all(caller: Caller<()>, call: CallMode) -> Result<(), Error> {
    caller.ask(|backend| backend.remove_all(caller.key.wire.group(), call)).await?;
    // Computations of this process of which the backend does not know, of all functions that share the entries.
    for scope in caller.shared.scopes_of(caller.key.wire.group()) {
        scope.scope.end_generation();
        scope.hints.all_gone();
    }
    Ok(())
}

/// An entry, and how long it lives.
type Sealed = (Vec<u8>, Option<Duration>);

/// A value that is being stored. If the future is dropped, its fence is not kept for the whole lease.
struct Setting<'c> {
    caller: &'c Caller<()>,
    fence: &'c Fence,
    is_over: bool,
}

impl Drop for Setting<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.caller.release(self.fence.clone(), false);
        }
    }
}

/// In two steps, so that a request that arrives late finds its fence gone.
async fn set(sealed: Result<(Caller<()>, Option<Sealed>), Error>, call: CallMode) -> Result<(), Error> {
    let (caller, sealed) = sealed?;
    match sealed {
        Some((entry, lifetime)) => {
            let fence = caller.begin_over(call).await?;
            let commit = Commit::new(&fence, Some(&entry)).lifetime(lifetime).refresh(true);
            let mut setting = Setting { caller: &caller, fence: &fence, is_over: false };
            let stored = caller.ask(|backend| backend.commit(&caller.key.wire, commit, call)).await;
            setting.is_over = true;
            if stored? {
                caller.counters().count(Count::Stores);
                caller.scope.hints.there(caller.key.hash, Deadline::after(lifetime));
            }
        }
        // A value that is not to be kept takes the old one with it.
        None => drop(caller.remove(call).await?),
    }
    caller.overtake();
    Ok(())
}
