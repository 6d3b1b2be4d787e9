//! One key on a backend: asking the backend for it, and the entry's bytes on both ways.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::key::CacheKey;
use super::{RemoteState, Shared};
use crate::backend::token;
use crate::backend::{Backend, Begin, Begun, CallMode, Fence, Read, Reply};
use crate::codec::Codec;
use crate::codec::envelope::{self, Expected, Header, Mismatch, NO_TTL};
use crate::codec::stored::{Bounds, Unread, names_len};
use crate::flight::table::AtKey;
use crate::flight::{Driver, context};
use crate::shape::shared::SharedShape;
use crate::stats::{Count, Counters};
use crate::time::Deadline;
use crate::{Error, ErrorKind};

/// One key of a function on a backend.
#[derive(Clone)]
pub(crate) struct RemoteCall {
    pub(super) shared: Shared,
    pub(super) state: Arc<RemoteState>,
    pub(super) key: Arc<CacheKey>,
    pub(super) codec: Codec,
}

/// How a caller of this kind waits for answers.
pub(super) fn waits(driver: Driver) -> CallMode {
    match driver {
        Driver::Thread => CallMode::BLOCKING,
        Driver::Task => CallMode::ASYNC,
    }
}

impl RemoteCall {
    pub(crate) fn counters(&self) -> &Counters {
        &self.state.function.counters
    }

    /// Locks the flights and the fence that this process has under the key.
    pub(crate) fn at_key(&self) -> AtKey<'_> {
        self.shared.inner().flights.at(self.key.hash)
    }

    pub(crate) fn is_recursion(&self) -> bool {
        let key = (self.shared.address(), self.key.hash);
        // The hash is of the whole text: keys with the same hash are the same.
        context::is_recursion(key, || self.at_key().is_computed(), |_| true)
    }

    /// Whether the backend is worth asking.
    pub(crate) fn admit(&self) -> Result<(), Error> {
        let admitted = self.shared.inner().admit();
        self.count_failure(&admitted);
        admitted
    }

    /// Asks the backend, waits for the answer, and learns from it.
    pub(crate) async fn ask<'b, T>(
        &'b self,
        ask: impl FnOnce(&'b dyn Backend) -> Reply<'b, T>,
    ) -> Result<T, Error> {
        let asked = self.shared.inner().asking();
        let answer = self.ask_aside(ask).await;
        self.shared.inner().learn_since(asked, &answer);
        self.count_failure(&answer);
        answer
    }

    /// The same without drawing conclusions. A backend that panics does not answer.
    pub(crate) async fn ask_aside<'b, T>(
        &'b self,
        ask: impl FnOnce(&'b dyn Backend) -> Reply<'b, T>,
    ) -> Result<T, Error> {
        heard(self.shared.backend(), ask).await
    }

    fn count_failure<T>(&self, answer: &Result<T, Error>) {
        if answer.is_err() {
            self.counters().count(Count::Errors);
        }
    }

    /// Looks for the entry.
    pub(crate) async fn read_bytes(&self, call: CallMode) -> Result<Option<Vec<u8>>, Error> {
        let stored = self.ask(|backend| backend.read(&self.key.wire, Read::new(), call)).await?;
        if stored.is_none() {
            self.state.hints.gone(self.key.hash);
        }
        Ok(stored.map(|stored| stored.value))
    }

    /// An answer that is none.
    pub(super) fn failed(&self, error: Error) -> Error {
        let answer: Result<(), Error> = Err(error.clone());
        self.shared.inner().learn(&answer);
        self.count_failure(&answer);
        error
    }

    /// Asks to begin a computation.
    pub(crate) async fn begin(&self, begin: Begin, call: CallMode) -> Result<Begun, Error> {
        self.ask(|backend| backend.begin(&self.key.wire, begin, call)).await
    }

    /// Begins a computation that will replace any entry.
    pub(crate) async fn begin_over(&self, call: CallMode) -> Result<Fence, Error> {
        let begin = Begin::new(token(), self.shared.inner().lease).over(true);
        match self.begin(begin, call).await? {
            Begun::Fence(fence) => Ok(fence),
            other => {
                let backend = self.shared.backend().name();
                Err(Error::new(ErrorKind::Backend, format!("{backend} was to begin and said {other:?}")))
            }
        }
    }

    /// Tells the backend, behind the call, that a computation ended without a value; `failed`, that its body was run.
    pub(crate) fn release(&self, fence: Fence, failed: bool) {
        let call = self.clone();
        let lane = self.shared.inner().lane.clone();
        lane.soon(Box::pin(async move {
            if call.shared.inner().admit().is_ok() {
                let released = call.ask(|backend| match failed {
                    true => backend.fail(&call.key.wire, &fence, CallMode::ASYNC),
                    false => backend.release(&call.key.wire, &fence, CallMode::ASYNC),
                });
                let _ = released.await;
            }
        }));
    }
}

/// Asks a backend and awaits its answer. A panic of the backend is an answer, too.
pub(super) async fn heard<'b, T>(
    backend: &'b dyn Backend,
    ask: impl FnOnce(&'b dyn Backend) -> Reply<'b, T>,
) -> Result<T, Error> {
    let panicked = |_| Error::new(ErrorKind::Unavailable, format!("{} panicked", backend.name()));
    let mut reply = match catch_unwind(AssertUnwindSafe(|| ask(backend))) {
        Ok(reply) => reply,
        Err(panic) => return Err(panicked(panic)),
    };
    poll_fn(|task| {
        let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(&mut reply).poll(task)));
        polled.unwrap_or_else(|panic| Poll::Ready(Err(panicked(panic))))
    })
    .await
}

impl RemoteCall {
    /// The value in an entry.
    ///
    /// `None` for one that must not be served, and may be overwritten.
    pub(crate) fn open<S: SharedShape>(&self, bytes: &[u8]) -> Option<S::Shared> {
        match self.try_open::<S>(bytes) {
            Ok(value) => Some(value),
            Err(mismatch) => {
                self.state.reject(mismatch);
                self.state.hints.gone(self.key.hash);
                None
            }
        }
    }

    fn try_open<S: SharedShape>(&self, bytes: &[u8]) -> Result<S::Shared, Mismatch> {
        if bytes.len() > self.shared.inner().max_value_size {
            return Err(Mismatch::TooLarge);
        }
        let types = self.state.types::<S>();
        let expected = Expected {
            codec: self.codec.id(),
            value: types.value.hash,
            error: types.error.map(|error| error.hash),
            key: self.key.check,
        };
        let opened = envelope::open(bytes, &expected)?;
        let is_error = opened.header.is_error;
        if opened.names.len() != usize::from(names_len(types.of(is_error))) {
            return Err(Mismatch::Names);
        }
        // Nothing stores such entries yet; a release that does may share the backend with this one.
        if !opened.tags.is_empty() {
            return Err(Mismatch::Tags);
        }
        if opened.header.stale != 0 {
            return Err(Mismatch::Stale);
        }
        let decoded = S::decode(opened.written, is_error, &self.codec, &types, self.bounds());
        let value = decoded.map_err(|unread| match unread {
            Unread::Payload => Mismatch::Decode,
            Unread::Names => Mismatch::Names,
        })?;
        if !self.state.hints.expects(self.key.hash) {
            self.state.hints.there(self.key.hash, deadline(&opened.header));
        }
        Ok(value)
    }

    /// The entry to store.
    pub(crate) fn seal<S: SharedShape>(
        &self,
        returned: &S::Return,
        lifetime: Option<Duration>,
        computed_in: Duration,
    ) -> Result<Vec<u8>, Error> {
        let types = self.state.types::<S>();
        let header = Header {
            key: self.key.check,
            created_at: now(),
            ttl: lifetime.map_or(NO_TTL, millis),
            compute_micros: u32::try_from(computed_in.as_micros()).unwrap_or(u32::MAX),
            random: random(),
            ..Header::default()
        };
        let limit = self.shared.inner().max_value_size;
        let bytes = envelope::seal(header, self.codec.id(), &[], |header, out| {
            header.is_error = S::encode(returned, &self.codec, &types, self.bounds(), out)?;
            let of = types.of(header.is_error);
            (header.fingerprint, header.names) = (of.hash, names_len(of));
            Ok(())
        });
        let bytes = bytes.map_err(|error| self.unstored(&error))?;
        let size = bytes.len();
        if size > limit {
            let key = self.key.wire.group();
            let problem = format!("a value of `{key}` has {size} bytes, and `max_value_size` is {limit}");
            return Err(Error::new(ErrorKind::Codec, problem));
        }
        Ok(bytes)
    }

    #[cold]
    fn unstored(&self, error: &Error) -> Error {
        Error::new(error.kind(), format!("a value of `{}` is not stored: {error}", self.key.wire.group()))
    }

    fn bounds(&self) -> Bounds {
        let inner = self.shared.inner();
        Bounds { stored: inner.max_value_size, decoded: inner.max_decoded_size }
    }
}

fn random() -> [u8; 8] {
    let [a, b, c, d, e, f, g, h, ..] = token();
    [a, b, c, d, e, f, g, h]
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(NO_TTL - 1)
}

/// Until when an entry is likely to be there, by the clock of its writer: a hint.
fn deadline(header: &Header) -> Deadline {
    match header.ttl {
        NO_TTL => Deadline::NEVER,
        ttl => {
            let left = header.created_at.saturating_add(ttl).saturating_sub(now());
            Deadline::after(Some(Duration::from_millis(left)))
        }
    }
}
