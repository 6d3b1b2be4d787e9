//! The connection that all async calls of this process share, whatever runtime or executor they are on.
//!
//! It lives in the [background](super::background). It is made when it is first needed, by a task of its own, so that
//! callers who come meanwhile share it and one who goes away spoils nothing.
//!
//! The client does not notice everything. A connection is replaced
//!
//! - at once, when it has ended: the call is sent again on the new one, which does no harm (see `request`);
//! - after three timeouts in a row: one whose other end is gone without a word never ends by itself. The new one is
//!   made beside the old, and takes its place only if it answers;
//! - after an answer that says the server is not what it should be, once a second.
//!
//! A cluster's connection is many. There a timeout counts until the next replacement, for those on other nodes that
//! do answer say nothing, and the client does not learn of a failover by itself.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ::redis::Value;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{timeout, timeout_at};

use super::background;
use super::failure::{Failure, What};
use super::line::{Line, Unread};
use super::request::{self, Regret, Request};
use super::server::Server;
use super::target::Connection;
use crate::backend::{Key, Read, Stored};
use crate::sync::lock;

/// How many timeouts it takes to look for something better.
const STRIKES: u32 = 3;
/// Between two replacements that were not forced by a connection's end.
const PAUSE: Duration = Duration::from_secs(1);

pub(super) struct Link {
    handle: Handle,
    state: Mutex<State>,
    /// Timeouts since the last answer.
    strikes: AtomicU32,
}

#[derive(Default)]
struct State {
    live: Option<Live>,
    /// A connection that is being made.
    attempt: Option<Attempt>,
    /// How many were made, to tell them apart.
    count: u64,
    replaced: Option<Instant>,
}

#[derive(Clone)]
struct Live {
    connection: Connection,
    number: u64,
    /// See [`Server::epoch`].
    epoch: u64,
}

type Attempt = watch::Receiver<Option<Result<Live, Failure>>>;

/// The end of an attempt that makes it.
struct Attempting {
    sender: watch::Sender<Option<Result<Live, Failure>>>,
    number: u64,
    /// Beside another connection, which stays if the new one does not answer.
    beside: bool,
}

impl Link {
    /// On a runtime that has sockets and timers.
    pub(super) fn new(handle: Handle) -> Self {
        Self { handle, state: Mutex::default(), strikes: AtomicU32::new(0) }
    }

    /// Reads a value, together with others who do. Polled by the caller's executor, of which it asks nothing.
    pub(super) async fn read(
        self: &Arc<Self>,
        server: &Arc<Server>,
        key: &Key,
        read: Read,
    ) -> Result<Option<Stored>, Failure> {
        // Not connected yet, or with TLS, unless there is a line.
        let mut deadline = None;
        if let Some((line, number)) = self.line(server) {
            match line.read(key, read).await {
                Ok(Ok(value)) => {
                    self.judge(server, Some(number), &Ok(()));
                    return Ok(value);
                }
                Ok(Err(unread)) if unread.failure.is_dropped() => {
                    self.drop_connection(number);
                    deadline = Some(unread.deadline);
                }
                // The fault may lie with the keys of others.
                Ok(Err(Unread { failure, deadline: until, shared: true }))
                    if failure.what != What::Timeout =>
                {
                    deadline = Some(until);
                }
                Ok(Err(Unread { failure, .. })) => {
                    let answer = Err(failure);
                    self.judge(server, Some(number), &answer);
                    return answer;
                }
                // It had ended before.
                Err(_) => self.drop_connection(number),
            }
        }
        // What is rare is kept apart, so that the future of a hit is small.
        let deadline = deadline.unwrap_or_else(|| server.deadline());
        let (link, server) = (self.clone(), server.clone());
        let request = request::read_as(key, read);
        let work = async move { link.run(&server, &request, None, deadline).await };
        let answer = Box::pin(background::run(work)).await?;
        request::was_read_as(answer.heard(), read)
    }

    /// Sends a request and gives the answer, before the deadline. If nobody waits for the answer any more, or nobody
    /// [hears](Answer::heard) it, `regret` follows it on the same connection. To be polled on the link's runtime.
    pub(super) async fn run(
        self: &Arc<Self>,
        server: &Arc<Server>,
        request: &Request,
        regret: Option<Regret>,
        deadline: Instant,
    ) -> Result<Answer, Failure> {
        let mut used = None;
        let asking = self.ask(server, request, regret, &mut used);
        let answer = match timeout_at(deadline.into(), asking).await {
            Ok(answer) => answer,
            Err(_) => Err(Failure::timeout()),
        };
        self.judge(server, used, &answer);
        answer
    }

    async fn ask(
        self: &Arc<Self>,
        server: &Arc<Server>,
        request: &Request,
        regret: Option<Regret>,
        used: &mut Option<u64>,
    ) -> Result<Answer, Failure> {
        let handle = &self.handle;
        let mut unheard = regret.map(|regret| Box::new(Unheard::new(handle.clone(), regret)));
        let mut again = true;
        loop {
            let mut live = self.connection(server).await?;
            *used = Some(live.number);
            if let Some(unheard) = &mut unheard {
                unheard.connection = Some(live.connection.clone());
            }
            let mut answer = live.connection.send(&request.cmd).await;
            if let Err(Failure { what: What::NoScript, .. }) = answer
                && let Some(cmd) = request.spelled_out()
            {
                answer = live.connection.send(&cmd).await;
            }
            let failure = match answer {
                Ok(value) => return Ok(Answer { value, unheard }),
                Err(failure) => failure,
            };
            if let Some(unheard) = &mut unheard {
                unheard.connection = None;
            }
            if !failure.is_dropped() {
                return Err(failure);
            }
            self.drop_connection(live.number);
            if !std::mem::take(&mut again) {
                return Err(failure);
            }
        }
    }

    /// Draws conclusions from how a call ended.
    fn judge<T>(self: &Arc<Self>, server: &Arc<Server>, used: Option<u64>, answer: &Result<T, Failure>) {
        let Some(number) = used else { return };
        match answer {
            Err(failure) if failure.what == What::Timeout => {
                let strikes = self.strikes.fetch_add(1, Relaxed) + 1;
                if strikes >= STRIKES {
                    self.replace(server, number);
                }
            }
            Err(failure) if failure.wants_another_connection() => self.replace(server, number),
            // Written only when it changes, for all threads read it.
            _ if !server.target.is_cluster() && self.strikes.load(Relaxed) != 0 => {
                self.strikes.store(0, Relaxed);
            }
            _ => {}
        }
    }

    /// The connection that is there, unless the server has moved.
    fn live(&self, server: &Server) -> Option<Live> {
        self.with_live(server, |live| Some(live.clone()))
    }

    /// The same where reads are asked together, and its number.
    fn line(&self, server: &Server) -> Option<(Arc<Line>, u64)> {
        self.with_live(server, |live| Some((live.connection.line()?.clone(), live.number)))
    }

    fn with_live<T>(&self, server: &Server, take: impl FnOnce(&Live) -> Option<T>) -> Option<T> {
        let mut state = lock(&self.state);
        match &state.live {
            Some(live) if live.epoch == server.epoch() => take(live),
            _ => {
                let old = state.live.take();
                drop(state);
                drop(old);
                None
            }
        }
    }

    /// The connection that is there, or the one that is being made, or one that is made now.
    async fn connection(self: &Arc<Self>, server: &Arc<Server>) -> Result<Live, Failure> {
        if let Some(live) = self.live(server) {
            return Ok(live);
        }
        let (mut attempt, begun) = {
            let mut state = lock(&self.state);
            match (&state.live, &state.attempt) {
                // Made just now.
                (Some(live), _) if live.epoch == server.epoch() => return Ok(live.clone()),
                (_, Some(attempt)) if attempt.has_changed().is_ok() => (attempt.clone(), None),
                _ => {
                    let (attempt, attempting) = state.attempt(false);
                    (attempt, Some(attempting))
                }
            }
        };
        if let Some(attempting) = begun {
            self.make(server, attempting);
        }
        match attempt.wait_for(Option::is_some).await {
            Ok(result) => result.clone().unwrap_or_else(|| Err(Failure::timeout())),
            Err(_) => Err(Failure::new(What::Unreachable, "connecting: the client gave up")),
        }
    }

    /// Looks for a connection that does better than this one, unless that is being done or was done just now.
    fn replace(self: &Arc<Self>, server: &Arc<Server>, number: u64) {
        let mut state = lock(&self.state);
        let soon = state.replaced.is_some_and(|at| at.elapsed() < PAUSE);
        let busy = state.attempt.as_ref().is_some_and(|attempt| attempt.has_changed().is_ok());
        let other = state.live.as_ref().is_none_or(|live| live.number != number);
        if soon || busy || other {
            return;
        }
        state.replaced = Some(Instant::now());
        self.strikes.store(0, Relaxed);
        let (_, attempting) = state.attempt(true);
        drop(state);
        self.make(server, attempting);
    }

    fn drop_connection(&self, number: u64) {
        let mut state = lock(&self.state);
        let dropped = state.live.take_if(|live| live.number == number);
        drop(state);
        drop(dropped);
    }

    /// Makes a connection, aside.
    fn make(self: &Arc<Self>, server: &Arc<Server>, attempting: Attempting) {
        server.watch();
        let (link, server) = (self.clone(), server.clone());
        self.handle.spawn(async move {
            let Attempting { sender, number, beside } = attempting;
            // Before the server is looked for: if it is found to have moved meanwhile, this connection is an old one.
            let epoch = server.epoch();
            let made = match timeout(server.patience(), connect(&server, beside)).await {
                Ok(made) => made.map_err(Failure::while_connecting),
                Err(_) => Err(Failure::timeout().while_connecting()),
            };
            let made = made.map(|connection| Live { connection, number, epoch });
            let old = {
                let mut state = lock(&link.state);
                let attempt = state.attempt.take();
                let live = match &made {
                    Ok(live) => state.live.replace(live.clone()),
                    // It hangs, perhaps as the old one does: then that goes on when the server does.
                    Err(failure) if failure.what == What::Timeout => None,
                    Err(_) => state.live.take(),
                };
                (attempt, live)
            };
            drop(old);
            sender.send_replace(Some(made));
        });
    }
}

impl State {
    /// A new attempt, which is to be made when the lock is given back.
    fn attempt(&mut self, beside: bool) -> (Attempt, Attempting) {
        let (sender, receiver) = watch::channel(None);
        // One that was there has ended without a result, and holds nothing.
        self.attempt = Some(receiver.clone());
        self.count += 1;
        (receiver, Attempting { sender, number: self.count, beside })
    }
}

/// A connection; a second one must have shown that it is better.
async fn connect(server: &Server, beside: bool) -> Result<Connection, Failure> {
    let mut connection = server.target.connect(server.limits).await?;
    if beside && !server.target.is_cluster() {
        match connection.send(&::redis::cmd("PING")).await {
            Err(failure) if matches!(failure.what, What::Dropped | What::Timeout) => return Err(failure),
            // Any answer shows that somebody is there, also one that says that we may not ask.
            _ => {}
        }
    }
    Ok(connection)
}

/// What a server said. Dropped without being [heard](Self::heard), it is as if nobody had waited for it.
pub(super) struct Answer {
    value: Value,
    unheard: Option<Box<Unheard>>,
}

impl Answer {
    /// The caller has it: nothing is regretted any more.
    pub(super) fn heard(self) -> Value {
        if let Some(mut unheard) = self.unheard {
            unheard.connection = None;
        }
        self.value
    }
}

/// Sends the regret if it is dropped after the request was sent on a connection.
struct Unheard {
    handle: Handle,
    regret: Option<Regret>,
    connection: Option<Connection>,
}

impl Unheard {
    fn new(handle: Handle, regret: Regret) -> Self {
        Self { handle, regret: Some(regret), connection: None }
    }
}

impl Drop for Unheard {
    fn drop(&mut self) {
        if let (Some(mut connection), Some(regret)) = (self.connection.take(), self.regret.take()) {
            self.handle.spawn(async move {
                // The connection must live until it is written; a server that hangs reads it later.
                let _ = timeout(PAUSE, connection.send(&regret.cmd())).await;
            });
        }
    }
}
