//! The connection that all async calls of one runtime share.
//!
//! A connection belongs to the runtime that it was made on, and ends with it. It is made when it is first needed, by a
//! task of its own, so that callers who come meanwhile share it and one who goes away spoils nothing.
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
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use ::redis::Value;
use tokio::runtime::{Handle, Id};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{timeout, timeout_at};

use super::failure::{Failure, What};
use super::line::Unread;
use super::request::{self, Regret, Request};
use super::server::Server;
use super::target::Connection;
use crate::backend::Key;
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
    /// The task that forgets this link when its runtime ends.
    mourner: AbortHandle,
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

impl Link {
    /// On this runtime, with the task of [`forget_at_end`].
    pub(super) fn new(handle: Handle, mourner: AbortHandle) -> Self {
        Self { handle, state: Mutex::default(), strikes: AtomicU32::new(0), mourner }
    }

    /// Sends a request and gives the answer, all within `limit`. If nobody waits for the answer any more, or nobody
    /// [hears](Answer::heard) it, `regret` follows it on the same connection.
    pub(super) async fn run(
        self: &Arc<Self>,
        server: &Arc<Server>,
        request: &Request,
        regret: Option<Regret>,
        limit: Duration,
    ) -> Result<Answer, Failure> {
        let deadline = tokio::time::Instant::now() + limit;
        if regret.is_none()
            && let Some(mut live) = self.live(server)
        {
            let answer = match timeout_at(deadline, live.connection.send(&request.cmd)).await {
                Ok(answer) => answer,
                Err(_) => Err(Failure::timeout()),
            };
            match &answer {
                Err(failure) if failure.is_dropped() => self.drop_connection(live.number),
                Err(failure) if failure.what == What::NoScript => {}
                _ => {
                    self.judge(server, Some(live.number), &answer);
                    return answer.map(Answer::of_no_regret);
                }
            }
        }
        // What is rare is kept apart, so that the future of a hit is small.
        Box::pin(self.run_again(server, request, regret, deadline)).await
    }

    /// Reads a value, together with others who do, within `limit`.
    pub(super) async fn read(
        self: &Arc<Self>,
        server: &Arc<Server>,
        key: &Key,
        limit: Duration,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let asked = self.with_live(server, |live| Some((live.number, live.connection.line()?.read(key))));
        let Some((number, outcome)) = asked.flatten() else {
            // Not connected yet, or with TLS.
            let request = request::read(key);
            let answer = Box::pin(self.run(server, &request, None, limit)).await?;
            return request::was_read(answer.heard());
        };
        let deadline = match outcome.await {
            Ok(Ok(value)) => {
                self.judge(server, Some(number), &Ok(()));
                return Ok(value);
            }
            Ok(Err(Unread { failure, deadline, .. })) if failure.is_dropped() => {
                self.drop_connection(number);
                deadline
            }
            // The fault may lie with the keys of others.
            Ok(Err(Unread { failure, deadline, shared })) if shared && failure.what != What::Timeout => {
                deadline
            }
            Ok(Err(Unread { failure, .. })) => {
                let answer = Err(failure);
                self.judge(server, Some(number), &answer);
                return answer;
            }
            // It had ended before.
            Err(_) => {
                self.drop_connection(number);
                tokio::time::Instant::now() + limit
            }
        };
        // What is rare is kept apart, so that the future of a hit is small.
        let request = request::read(key);
        let answer = Box::pin(self.run_again(server, &request, None, deadline)).await?;
        request::was_read(answer.heard())
    }

    /// The same with all that can go wrong.
    async fn run_again(
        self: &Arc<Self>,
        server: &Arc<Server>,
        request: &Request,
        regret: Option<Regret>,
        deadline: tokio::time::Instant,
    ) -> Result<Answer, Failure> {
        let mut used = None;
        let answer = match timeout_at(deadline, self.ask(server, request, regret, &mut used)).await {
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
        self.with_live(server, Live::clone)
    }

    fn with_live<T>(&self, server: &Server, with: impl FnOnce(&Live) -> T) -> Option<T> {
        let mut state = lock(&self.state);
        match &state.live {
            Some(live) if live.epoch == server.epoch() => Some(with(live)),
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
        let mut attempt = {
            let mut state = lock(&self.state);
            match &state.attempt {
                Some(attempt) if attempt.has_changed().is_ok() => attempt.clone(),
                _ => self.begin_attempt(server, &mut state, false),
            }
        };
        match attempt.wait_for(Option::is_some).await {
            Ok(result) => result.clone().unwrap_or_else(|| Err(Failure::timeout())),
            Err(_) => Err(Failure::new(What::Unreachable, "connecting: the async runtime is shutting down")),
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
        self.begin_attempt(server, &mut state, true);
    }

    fn drop_connection(&self, number: u64) {
        let mut state = lock(&self.state);
        if state.live.as_ref().is_some_and(|live| live.number == number) {
            state.live = None;
        }
    }

    /// `beside` another one, which stays if the new one does not answer.
    fn begin_attempt(self: &Arc<Self>, server: &Arc<Server>, state: &mut State, beside: bool) -> Attempt {
        let (sender, receiver) = watch::channel(None);
        state.attempt = Some(receiver.clone());
        state.count += 1;
        let number = state.count;
        server.watch();
        let (link, server) = (self.clone(), server.clone());
        self.handle.spawn(async move {
            // Before the server is looked for: if it is found to have moved meanwhile, this connection is an old one.
            let epoch = server.epoch();
            let made = match timeout(server.patience(), connect(&server, beside)).await {
                Ok(made) => made.map_err(Failure::while_connecting),
                Err(_) => Err(Failure::timeout().while_connecting()),
            };
            let made = made.map(|connection| Live { connection, number, epoch });
            let old = {
                let mut state = lock(&link.state);
                state.attempt = None;
                match &made {
                    Ok(live) => state.live.replace(live.clone()),
                    // It hangs, perhaps as the old one does: then that goes on when the server does.
                    Err(failure) if failure.what == What::Timeout => None,
                    Err(_) => state.live.take(),
                }
            };
            drop(old);
            sender.send_replace(Some(made));
        });
        receiver
    }
}

/// A connection; a second one must have shown that it is better.
async fn connect(server: &Server, beside: bool) -> Result<Connection, Failure> {
    let mut connection = server.target.connect(server.timeout).await?;
    if beside && !server.target.is_cluster() {
        match connection.send(&::redis::cmd("PING")).await {
            Err(failure) if matches!(failure.what, What::Dropped | What::Timeout) => return Err(failure),
            // Any answer shows that somebody is there, also one that says that we may not ask.
            _ => {}
        }
    }
    Ok(connection)
}

impl Drop for Link {
    fn drop(&mut self) {
        self.mourner.abort();
    }
}

/// Has a server forget a runtime when that ends: a task of the runtime ends with it.
pub(super) fn forget_at_end(handle: &Handle, server: Weak<Server>) -> AbortHandle {
    struct Forget(Weak<Server>, Id);
    impl Drop for Forget {
        fn drop(&mut self) {
            if let Some(server) = self.0.upgrade() {
                server.forget(self.1);
            }
        }
    }
    let forget = Forget(server, handle.id());
    let mourner = handle.spawn(async move {
        let _forget = forget;
        std::future::pending::<()>().await;
    });
    mourner.abort_handle()
}

/// What a server said. Dropped without being [heard](Self::heard), it is as if nobody had waited for it.
pub(super) struct Answer {
    value: Value,
    unheard: Option<Box<Unheard>>,
}

impl Answer {
    fn of_no_regret(value: Value) -> Self {
        Self { value, unheard: None }
    }

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
