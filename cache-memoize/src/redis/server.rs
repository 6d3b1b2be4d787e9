//! One Redis as this process sees it: where it is, and the connections to it, of threads and of async code.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use ::redis::Value;

use super::background;
use super::failure::Failure;
use super::line::Limits;
use super::link::{Answer, Link};
use super::pool::Pool;
use super::request::{Regret, Request};
use super::secrets::Secrets;
use super::target::Target;
use crate::Error;
use crate::backend::{Key, Read, Stored};
use crate::sync::{read, write};

/// How long it may take to connect, if that is more than a call may wait: those who come later find it done.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) struct Server {
    pub(super) name: String,
    pub(super) target: Target,
    pub(super) limits: Limits,
    secrets: Secrets,
    /// Raised when the server is found to have moved: older connections are not used any more.
    epoch: AtomicU64,
    pool: Pool,
    /// For all async calls, on whatever executor, and the process that has the thread behind it.
    link: RwLock<Option<(u32, Arc<Link>)>>,
}

impl Server {
    pub(super) fn new(name: String, target: Target, limits: Limits) -> Arc<Self> {
        let (epoch, pool, link) = Default::default();
        let secrets = Secrets::of(&target);
        Arc::new(Self { name, target, limits, secrets, epoch, pool, link })
    }

    /// A message for the cache. All failures leave through here.
    pub(super) fn error(&self, failure: Failure, doing: &str) -> Error {
        failure.into_error(&self.name, doing, self.limits.time, &self.secrets)
    }

    /// Of a call that begins now.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.limits.time
    }

    /// Sends a request from async code. To be polled in the background.
    pub(super) async fn run(
        self: Arc<Self>,
        request: Request,
        regret: Option<Regret>,
        deadline: Instant,
    ) -> Result<Answer, Failure> {
        self.link()?.run(&self, &request, regret, deadline).await
    }

    /// Reads a value from async code, on whatever executor.
    pub(super) async fn read(self: &Arc<Self>, key: &Key, read: Read) -> Result<Option<Stored>, Failure> {
        self.link()?.read(self, key, read).await
    }

    /// Sends a request while this thread sleeps.
    pub(super) fn wait(self: &Arc<Self>, request: Request, regret: Option<Regret>) -> Result<Value, Failure> {
        let deadline = self.deadline();
        if self.target.has_plain_sockets() {
            return self.pool.run(self, &request, regret, deadline);
        }
        background::wait(deadline, self.clone().run(request, regret, deadline)).map(Answer::heard)
    }

    /// See the field. Connections that were made in an older one are closed when they are met.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Relaxed)
    }

    /// Somebody connects: from now on the server is watched, where it can move.
    pub(super) fn watch(self: &Arc<Self>) {
        if let Target::Sentinel(sentinels) = &self.target {
            sentinels.watch(self);
        }
    }

    /// The server is not where it was.
    pub(super) fn moved(&self) {
        if let Target::Sentinel(_) = self.target {
            self.epoch.fetch_add(1, Relaxed);
        }
    }

    /// For how long a connection is tried.
    pub(super) fn patience(&self) -> Duration {
        self.limits.time.max(PATIENCE)
    }

    /// What async calls of this process share.
    fn link(&self) -> Result<Arc<Link>, Failure> {
        let process = std::process::id();
        if let Some((of, link)) = &*read(&self.link)
            && *of == process
        {
            return Ok(link.clone());
        }
        let new = Arc::new(Link::new(background::handle()?));
        let mut place = write(&self.link);
        if let Some((of, link)) = &*place
            && *of == process
        {
            return Ok(link.clone());
        }
        let parents = place.replace((process, new.clone()));
        drop(place);
        // The thread behind it is in the process that this one was forked from: nothing of it can be ended here.
        std::mem::forget(parents);
        Ok(new)
    }
}
