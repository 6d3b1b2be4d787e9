//! Whether a backend is worth asking: a circuit breaker, and telling about it once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::Inner;
use super::remote_call::heard;
use crate::backend::token;
use crate::backend::{CallMode, Group, Key, Read};
use crate::background::Planned;
use crate::event::{self, Event, EventKind};
use crate::sync::lock;
use crate::{Error, ErrorKind};

/// After so many calls in a row that it did not answer, a backend is given up. One may be bad luck, and where a
/// backend has parts, the others go on answering.
const FAILURES: u32 = 3;

/// The longest time between two probes of a backend that is down, at first and in the end. The actual times are
/// random, so that the processes of a fleet do not come all at once.
const FIRST_PROBE: Duration = Duration::from_millis(50);
const LAST_PROBE: Duration = Duration::from_secs(1);

/// How long a backend that was down must stay up before it counts as well.
const HOLD: Duration = Duration::from_secs(5);

/// A probe that was planned and is so late is planned again: there is no thread for it, perhaps since a fork.
const LATE: Duration = Duration::from_secs(2);

/// How long a refusal is not told again.
const QUIET: Duration = Duration::from_secs(60);

/// So many different refusals are remembered.
const MOST_REFUSALS: usize = 64;

/// The circuit breaker of a backend: closed, or open since its calls failed.
#[derive(Default)]
pub(crate) struct Health {
    /// Whether calls fail without asking. Only a hint of the state below, so that reading it needs no lock.
    down: AtomicBool,
    /// Calls in a row that were not answered; of those that were late at a time, one.
    failures: AtomicU32,
    /// Calls in a row that were late.
    late: AtomicU32,
    /// How many were, and refusals are answers, too.
    answers: AtomicU32,
    /// How many were late of which each was made when the one before was given up.
    rounds: AtomicU32,
    /// Whether a probe is to decide if the backend is down.
    suspected: AtomicBool,
    state: Mutex<State>,
}

/// When a request was made: how many answers and rounds there had been.
#[derive(Clone, Copy)]
pub(crate) struct Asked {
    answers: u32,
    rounds: u32,
}

#[derive(Default)]
struct State {
    /// Why the backend is down, if it is.
    cause: Option<Error>,
    probe: Option<Planned>,
    /// The process that has planned it, and whether it asks now.
    prober: u32,
    is_probing: bool,
    /// When to look whether it is late.
    look: Option<Instant>,
    /// When it was last found to be up again.
    up_since: Option<Instant>,
    /// How often in a row it was down again before it had been up for [`HOLD`].
    relapses: u32,
    /// Tells that it is up, and stays up.
    good_news: Option<Planned>,
    refusals: HashMap<String, Instant>,
}

impl Health {
    #[inline]
    fn is_in_doubt(&self) -> bool {
        self.late.load(Relaxed) != 0 || self.failures.load(Relaxed) != 0 || self.down.load(Relaxed)
    }

    fn begin_anew(&self) {
        self.failures.store(0, Relaxed);
        self.late.store(0, Relaxed);
    }
}

impl Inner {
    /// Fails at once while the backend is down.
    #[inline]
    pub(crate) fn admit(self: &Arc<Self>) -> Result<(), Error> {
        match self.health.down.load(Relaxed) {
            false => Ok(()),
            true => self.refuse(),
        }
    }

    fn refuse(self: &Arc<Self>) -> Result<(), Error> {
        let now = Instant::now();
        let mut state = lock(&self.health.state);
        let Some(cause) = state.cause.clone() else { return Ok(()) };
        let looks = state.look.take_if(|look| *look < now).is_some();
        if looks {
            state.look = Some(now + LATE);
        }
        let is_late = looks && !(state.is_probing && state.prober == std::process::id());
        drop(state);
        if is_late {
            self.plan_probe(FIRST_PROBE);
        }
        Err(cause)
    }

    /// A request is made now.
    #[inline]
    pub(crate) fn asking(&self) -> Asked {
        let Health { answers, rounds, .. } = &self.health;
        Asked { answers: answers.load(Relaxed), rounds: rounds.load(Relaxed) }
    }

    /// Learns from an answer to a request that was sent just now.
    pub(crate) fn learn<T>(self: &Arc<Self>, answer: &Result<T, Error>) {
        self.learn_since(self.asking(), answer);
    }

    /// Learns from an answer.
    #[inline]
    pub(crate) fn learn_since<T>(self: &Arc<Self>, asked: Asked, answer: &Result<T, Error>) {
        match answer {
            Ok(_) => {
                self.health.answers.fetch_add(1, Relaxed);
                if self.health.is_in_doubt() {
                    self.answered();
                }
            }
            Err(error) => self.failed(asked, error),
        }
    }

    #[cold]
    fn failed(self: &Arc<Self>, asked: Asked, error: &Error) {
        match error.kind() {
            ErrorKind::Timeout => self.timed_out(asked, error),
            ErrorKind::Unavailable => self.missed(error),
            // It says that it cannot work.
            ErrorKind::Setting => self.give_up(error),
            ErrorKind::Backend => {
                self.health.answers.fetch_add(1, Relaxed);
                // It answers. But one that is down is not up again because it refused something, nor is that news.
                if !self.health.down.load(Relaxed) {
                    self.health.begin_anew();
                    self.refused(error);
                }
            }
            // Our own affair.
            ErrorKind::Codec => self.refused(error),
        }
    }

    /// One call in a row got no answer.
    fn missed(self: &Arc<Self>, error: &Error) {
        if self.health.failures.fetch_add(1, Relaxed) + 1 >= FAILURES {
            self.give_up(error);
        }
    }

    /// No answer in time says that the backend is down if others got none meanwhile either: if they did, it is slow, or
    /// this process is, and not to ask would make nothing better. Of calls that were made at a time, such as ten
    /// thousand more than this process can handle, all may be too late before the first answer is read. So together
    /// they only raise a suspicion.
    fn timed_out(self: &Arc<Self>, asked: Asked, error: &Error) {
        let Health { answers, rounds, late, suspected, .. } = &self.health;
        if answers.load(Relaxed) != asked.answers {
            return;
        }
        let late = late.fetch_add(1, Relaxed) + 1;
        let next = asked.rounds.wrapping_add(1);
        if rounds.compare_exchange(asked.rounds, next, Relaxed, Relaxed).is_ok() {
            self.missed(error);
        }
        let is_down = self.health.down.load(Relaxed);
        if late >= FAILURES && !is_down && !suspected.swap(true, Relaxed) {
            let inner = self.clone();
            self.lane.next(Box::pin(async move { inner.examine().await }));
        }
    }

    /// Decides about a suspicion.
    async fn examine(self: &Arc<Self>) {
        let asked = self.asking();
        let answer = self.ask_probe().await;
        self.health.suspected.store(false, Relaxed);
        match answer {
            Err(error) if error.kind() != ErrorKind::Backend => {
                if self.health.answers.load(Relaxed) == asked.answers {
                    self.give_up(&error);
                }
            }
            answer => self.learn_since(asked, &answer),
        }
    }

    /// The backend works.
    #[cold]
    fn answered(self: &Arc<Self>) {
        self.health.begin_anew();
        let mut state = lock(&self.health.state);
        let (cause, probe) = (state.cause.take(), state.probe.take());
        self.health.down.store(false, Relaxed);
        if cause.is_some() {
            (state.up_since, state.look) = (Some(Instant::now()), None);
        }
        let relapses = state.relapses;
        drop(state);
        drop(probe);
        match (cause, relapses) {
            (None, _) => {}
            (Some(_), 0) => self.tell(EventKind::Up, String::new()),
            // It comes and goes, which is no news each time.
            (Some(_), _) => self.plan_good_news(),
        }
    }

    fn give_up(self: &Arc<Self>, error: &Error) {
        let mut state = lock(&self.health.state);
        if state.cause.is_some() {
            return;
        }
        state.cause = Some(error.clone());
        self.health.down.store(true, Relaxed);
        let is_relapse = state.up_since.is_some_and(|since| since.elapsed() < HOLD);
        state.relapses = if is_relapse { state.relapses + 1 } else { 0 };
        let (relapses, good_news) = (state.relapses, state.good_news.take());
        drop(state);
        drop(good_news);
        // One that comes and goes is asked less often each time.
        self.plan_probe(FIRST_PROBE.saturating_mul(1 << relapses.min(5)).min(LAST_PROBE));
        match relapses {
            0 => self.tell(EventKind::Down, error.to_string()),
            1 => self.tell(
                EventKind::Down,
                format!(
                    "{error}; it comes and goes, and is not news again before it has been up for {HOLD:?}"
                ),
            ),
            _ => {}
        }
    }

    fn plan_probe(self: &Arc<Self>, longest: Duration) {
        let inner = Arc::downgrade(self);
        let [random, ..] = token();
        let delay = longest.mul_f64((1.0 + f64::from(random)) / 256.0);
        let probe = async move {
            if let Some(inner) = inner.upgrade() {
                inner.probe(longest).await;
            }
        };
        let probe = self.lane.at(Instant::now() + delay, Box::pin(probe));
        let mut state = lock(&self.health.state);
        let replaced = match state.cause {
            Some(_) => {
                state.look = Some(Instant::now() + delay + LATE);
                (state.prober, state.is_probing) = (std::process::id(), false);
                state.probe.replace(probe)
            }
            // It is up already.
            None => Some(probe),
        };
        drop(state);
        drop(replaced);
    }

    /// No caller waits for this; a caller's own attempt would cost it a timeout.
    async fn probe(self: &Arc<Self>, longest: Duration) {
        lock(&self.health.state).is_probing = true;
        match self.ask_probe().await.map_err(|error| error.kind()) {
            Err(ErrorKind::Timeout | ErrorKind::Unavailable | ErrorKind::Setting) => {
                self.plan_probe((2 * longest).min(LAST_PROBE));
            }
            _ => self.answered(),
        }
    }

    async fn ask_probe(&self) -> Result<(), Error> {
        let group = Group::in_namespace(self.namespace(), "cache-memoize");
        let key = Key::new(format!("{group}:probe"), group);
        heard(&*self.backend, |backend| backend.read(&key, Read::new(), CallMode::ASYNC)).await.map(drop)
    }

    /// Tells that it is up once it has been for a while.
    fn plan_good_news(self: &Arc<Self>) {
        let inner = Arc::downgrade(self);
        let news = async move {
            if let Some(inner) = inner.upgrade() {
                inner.has_held();
            }
        };
        let news = self.lane.at(Instant::now() + HOLD, Box::pin(news));
        let mut state = lock(&self.health.state);
        let replaced = match state.cause {
            None => state.good_news.replace(news),
            Some(_) => Some(news),
        };
        drop(state);
        drop(replaced);
    }

    fn has_held(&self) {
        let mut state = lock(&self.health.state);
        if state.cause.is_some() || state.relapses == 0 {
            return;
        }
        let relapses = std::mem::take(&mut state.relapses);
        drop(state);
        self.tell(EventKind::Up, format!("after it came and went {relapses} times"));
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
