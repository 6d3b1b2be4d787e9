//! Asks the backend to begin, and waits for a leader in another process: for as long as that lives and does not take too
//! long.
//!
//! Both are seen by the clock of the waiting caller. The lease of a leader that lives is renewed three times in its length,
//! and each renewal is another sign of life. The server's clock decides where nothing else is known, and may be wrong: it may
//! be set back, and the fence may have been written by something else than a leader.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use super::miss::Miss;
use super::remote_call::waits;
use crate::backend::token;
use crate::backend::{Begin, Begun, Fence, Leader, Predecessor};
use crate::background;
use crate::call::join::tell_stuck;
use crate::{Error, ErrorKind};

/// Between two looks: at least, however often something changes, and at most, when nothing wakes the caller.
const REST: Duration = Duration::from_millis(5);
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LAST_PAUSE: Duration = Duration::from_millis(250);

impl Miss {
    /// Asks to begin, or to share the computation that was given the fence `joining`; while another process leads, waits and
    /// asks again. A call that got no answer once does not ask again: it has spent its deadline. `before` has led for too
    /// long already.
    pub(super) async fn begin_after(
        &mut self,
        before: Option<Predecessor>,
        joining: Option<Fence>,
    ) -> Result<Begun, Error> {
        if let Some(error) = &self.down {
            return Err(error.clone());
        }
        let begun = self.ask_to_begin(before, joining).await;
        self.down = begun.as_ref().err().cloned();
        begun
    }

    async fn ask_to_begin(
        &self,
        before: Option<Predecessor>,
        mut joining: Option<Fence>,
    ) -> Result<Begun, Error> {
        let lease = self.call.shared.inner().lease;
        let (call, waits) = (&self.call, waits(self.waiter.driver));
        let mut over = self.over;
        let mut watch: Option<Watch> = None;
        let mut pause = FIRST_PAUSE;
        loop {
            call.admit()?;
            let begin = Begin::new(token(), lease).joining(joining.clone()).over(over);
            let begin = match &watch {
                None => begin.lead(self.is_of_fleet()).instead_of(before.clone()),
                Some(watch) => watch.ask(begin),
            };
            let asks_to_lead = begin.lead;
            match call.begin(begin, waits).await? {
                Begun::LedByAnother if asks_to_lead => {}
                Begun::LedByAnother => return Err(self.led_unasked()),
                begun => return Ok(begun),
            }
            // The leader replaces an unfit entry, and the computation that was to be shared is another one's now.
            (over, joining) = (false, None);
            let watching = watch.get_or_insert_with(|| {
                Watch::new(self.waiter.mode.is_exclusive(), lease, self.waiter.max_wait)
            });
            if watching.is_to_look() {
                let seen = call.ask_aside(|backend| backend.leader(&call.key.wire, waits)).await;
                watching.hear(seen)?;
                if before.is_some() && watching.leader.is_none() {
                    // A backend that cannot tell who leads cannot hand over the lead either.
                    watching.max_wait = Duration::ZERO;
                }
            }
            if watching.is_to_be_told() && call.state.is_stuck_news() {
                tell_stuck(&call.state.function, watching.max_wait);
            }
            background::sleep(REST).await;
            let [random, ..] = token();
            let jitter = pause.mul_f64(0.5 + f64::from(random) / 512.0).min(watching.left());
            let changed = call.ask_aside(|backend| backend.changed(&call.key.wire, waits));
            if let Some(Err(_)) = either(changed, background::sleep(jitter)).await {
                background::sleep(jitter).await;
            }
            pause = (2 * pause).min(LAST_PAUSE);
        }
    }

    /// The error of a backend that speaks of a leader to a call that would begin beside any.
    fn led_unasked(&self) -> Error {
        let backend = self.call.shared.backend().name();
        let problem = format!("{backend} was to begin beside any leader, and said {:?}", Begun::LedByAnother);
        self.call.failed(Error::new(ErrorKind::Backend, problem))
    }
}

/// A leader of another process, and since when.
struct Watch {
    exclusive: bool,
    lease: Duration,
    max_wait: Duration,
    since: Instant,
    looked: Option<Instant>,
    /// The ticket of the first one that was seen.
    waited_for: Option<u64>,
    leader: Option<Seen>,
    /// Since when the backend speaks of a leader and cannot say which.
    silent: Option<Instant>,
    told: bool,
}

struct Seen {
    leader: Leader,
    /// When it was first seen.
    since: Instant,
    /// When its last sign of life was first seen.
    alive: Instant,
}

impl Watch {
    fn new(exclusive: bool, lease: Duration, max_wait: Duration) -> Self {
        let since = Instant::now();
        Self {
            exclusive,
            lease,
            max_wait,
            since,
            looked: None,
            waited_for: None,
            leader: None,
            silent: None,
            told: false,
        }
    }

    /// The request to begin, by how long the leader has been watched.
    fn ask(&self, begin: Begin) -> Begin {
        let waited = self.since.elapsed() >= self.max_wait;
        let begin = begin.lead(true);
        // A run that must be the only one queues, also behind a failed one.
        let begin = if self.exclusive { begin } else { begin.waited_for(self.waited_for) };
        match &self.leader {
            Some(seen) if seen.alive.elapsed() > self.lease => {
                begin.instead_of(Some(Predecessor::new(&*seen.leader.name, Some(seen.leader.sign.clone()))))
            }
            Some(seen) if !self.exclusive && waited && seen.since.elapsed() >= self.max_wait => {
                begin.instead_of(Some(Predecessor::new(&*seen.leader.name, None)))
            }
            Some(_) => begin,
            // A backend that does not name the leader cannot be asked to take its place.
            None => begin.lead(self.exclusive || !waited),
        }
    }

    /// Whether to ask for the leader: at first, and often enough to see each sign of life.
    fn is_to_look(&self) -> bool {
        self.looked.is_none_or(|looked| looked.elapsed() >= self.lease / 4 || self.is_overdue())
    }

    fn is_overdue(&self) -> bool {
        !self.exclusive && self.since.elapsed() >= self.max_wait
    }

    /// Takes note of the backend's answer about the leader. A backend that only fails to answer, for longer than a lease, is
    /// not waited for.
    fn hear(&mut self, seen: Result<Option<Leader>, Error>) -> Result<(), Error> {
        match seen {
            Ok(leader) => {
                self.silent = None;
                self.saw(leader);
            }
            Err(error) => {
                self.saw(None);
                if self.silent.get_or_insert_with(Instant::now).elapsed() > self.lease {
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn saw(&mut self, leader: Option<Leader>) {
        let now = Instant::now();
        self.looked = Some(now);
        let Some(leader) = leader else { return self.leader = None };
        self.waited_for.get_or_insert(leader.ticket);
        self.leader = Some(match self.leader.take() {
            Some(seen) if seen.leader == leader => seen,
            Some(seen) if seen.leader.name == leader.name => Seen { leader, since: seen.since, alive: now },
            _ => Seen { leader, since: now, alive: now },
        });
    }

    /// Whether callers that may not begin beside the leader have waited for so long that it is news; once.
    fn is_to_be_told(&mut self) -> bool {
        self.exclusive && self.since.elapsed() >= self.max_wait && !std::mem::replace(&mut self.told, true)
    }

    /// How long it can wait before there is something to do.
    fn left(&self) -> Duration {
        let left = self.max_wait.saturating_sub(self.since.elapsed());
        if left.is_zero() { LAST_PAUSE } else { left }
    }
}

/// Ready with the first of the two: with the output of the one, or with none.
async fn either<F: Future>(one: F, other: impl Future) -> Option<F::Output> {
    let (mut one, mut other) = (pin!(one), pin!(other));
    poll_fn(|task| match one.as_mut().poll(task) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => other.as_mut().poll(task).map(|_| None),
    })
    .await
}
