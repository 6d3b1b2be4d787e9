//! Whether a backend is worth asking: a circuit breaker, and telling about it once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::caller::heard;
use super::{Inner, token};
use crate::backend::{Call, Key};
use crate::chores;
use crate::event::{self, Event, EventKind};
use crate::flight::block_on;
use crate::sync::lock;
use crate::{Error, ErrorKind};

/// After so many calls in a row that it did not answer, a backend is given up. One may be bad luck, and where a
/// backend has parts, the others go on answering.
const FAILURES: u32 = 3;

/// The longest time between two probes of a backend that is down, at first and in the end. The actual times are
/// random, so that the processes of a fleet do not come all at once.
const FIRST_PROBE: Duration = Duration::from_millis(50);
const LAST_PROBE: Duration = Duration::from_secs(1);

/// How long a refusal is not told again.
const QUIET: Duration = Duration::from_secs(60);

/// So many different refusals are remembered.
const MOST_REFUSALS: usize = 64;

/// What is known of the state of a backend.
#[derive(Default)]
pub(crate) struct Health {
    /// Whether calls fail without asking. Only a hint of the state below, so that nobody needs the lock to read it.
    down: AtomicBool,
    /// Calls in a row that were not answered.
    failures: AtomicU32,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Why the backend is down, if it is.
    cause: Option<Error>,
    probe: Option<chores::Planned>,
    refusals: HashMap<String, Instant>,
}

impl Inner {
    /// Fails at once while the backend is down.
    #[inline]
    pub(crate) fn admit(&self) -> Result<(), Error> {
        match self.health.down.load(Relaxed) {
            false => Ok(()),
            true => lock(&self.health.state).cause.clone().map_or(Ok(()), Err),
        }
    }

    /// Learns from an answer.
    #[inline]
    pub(crate) fn learn<T>(self: &Arc<Self>, answer: &Result<T, Error>) {
        match answer {
            Ok(_) if self.health.failures.load(Relaxed) == 0 && !self.health.down.load(Relaxed) => {}
            Ok(_) => self.answered(),
            Err(error) => self.failed(error),
        }
    }

    #[cold]
    fn failed(self: &Arc<Self>, error: &Error) {
        match error.kind() {
            ErrorKind::Timeout | ErrorKind::Unavailable => {
                if self.health.failures.fetch_add(1, Relaxed) + 1 >= FAILURES {
                    self.give_up(error);
                }
            }
            // It says that it cannot work.
            ErrorKind::Setting => self.give_up(error),
            ErrorKind::Backend => {
                // It answers. But one that is down is not up again because it refused something, nor is that news.
                if !self.health.down.load(Relaxed) {
                    self.health.failures.store(0, Relaxed);
                    self.refused(error);
                }
            }
            // Our own affair.
            ErrorKind::Codec => self.refused(error),
        }
    }

    /// It does what it is asked.
    #[cold]
    fn answered(&self) {
        self.health.failures.store(0, Relaxed);
        let mut state = lock(&self.health.state);
        let (cause, probe) = (state.cause.take(), state.probe.take());
        self.health.down.store(false, Relaxed);
        drop(state);
        drop(probe);
        if cause.is_some() {
            self.tell(EventKind::Up, String::new());
        }
    }

    fn give_up(self: &Arc<Self>, error: &Error) {
        let mut state = lock(&self.health.state);
        if state.cause.is_some() {
            return;
        }
        state.cause = Some(error.clone());
        self.health.down.store(true, Relaxed);
        state.probe = Some(self.plan_probe(FIRST_PROBE));
        drop(state);
        self.tell(EventKind::Down, error.to_string());
    }

    fn plan_probe(self: &Arc<Self>, longest: Duration) -> chores::Planned {
        let inner = Arc::downgrade(self);
        let [random, ..] = token();
        let delay = longest.mul_f64((1.0 + f64::from(random)) / 256.0);
        chores::later(delay, move || {
            if let Some(inner) = inner.upgrade() {
                inner.probe(longest);
            }
        })
    }

    /// No caller waits for this; a caller's own attempt would cost it a timeout.
    fn probe(self: &Arc<Self>, longest: Duration) {
        let group = format!("{}cache-memoize", self.namespace);
        let key = Key::new(format!("{group}:probe"), group);
        let answer = block_on(heard(&*self.backend, |backend| backend.read(&key, Call::BLOCKING)));
        match answer.map_err(|error| error.kind()) {
            Err(ErrorKind::Timeout | ErrorKind::Unavailable | ErrorKind::Setting) => {
                let mut state = lock(&self.health.state);
                if state.cause.is_some() {
                    state.probe = Some(self.plan_probe((2 * longest).min(LAST_PROBE)));
                }
            }
            _ => self.answered(),
        }
    }

    fn tell(&self, kind: EventKind, message: String) {
        event::tell(&Event { kind, backend: self.backend.name(), function: String::new(), message });
    }

    /// Tells that a call was refused, once in a while.
    fn refused(&self, error: &Error) {
        let message = error.to_string();
        // Sizes and ports make no other message.
        let kind: String = message.chars().filter(|c| !c.is_ascii_digit()).collect();
        let now = Instant::now();
        let mut state = lock(&self.health.state);
        let refusals = &mut state.refusals;
        if refusals.len() >= MOST_REFUSALS {
            refusals.retain(|_, told| now.duration_since(*told) < QUIET);
        }
        let known = refusals.get(&kind).is_some_and(|told| now.duration_since(*told) < QUIET);
        if known || refusals.len() >= MOST_REFUSALS {
            return;
        }
        refusals.insert(kind, now);
        drop(state);
        self.tell(EventKind::Refused, message);
    }
}
