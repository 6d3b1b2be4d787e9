//! One Redis as this process sees it: where it is, and the connections to it, of threads and of runtimes.

use std::panic::catch_unwind;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use ::redis::Value;
use tokio::runtime::{Handle, Id};

use super::background;
use super::failure::Failure;
use super::link::{self, Answer, Link};
use super::pool::Pool;
use super::request::{Regret, Request};
use super::target::Target;
use crate::Error;
use crate::backend::Key;
use crate::sync::{read, write};

/// How long it may take to connect, if that is more than a call may wait: those who come later find it done.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) struct Server {
    pub(super) name: String,
    pub(super) target: Target,
    pub(super) timeout: Duration,
    /// Raised when the server is found to have moved: older connections are not used any more.
    epoch: AtomicU64,
    pool: Pool,
    /// By runtime. A runtime that ends takes its link out.
    links: RwLock<Vec<(Id, Place)>>,
}

/// Where the calls of a runtime are made.
#[derive(Clone)]
enum Place {
    Here(Arc<Link>),
    /// The runtime was built without the parts that the client needs.
    Background,
}

impl Server {
    pub(super) fn new(name: String, target: Target, timeout: Duration) -> Arc<Self> {
        let (epoch, pool, links) = Default::default();
        Arc::new(Self { name, target, timeout, epoch, pool, links })
    }

    /// A message for the cache.
    pub(super) fn error(&self, failure: Failure, doing: &str) -> Error {
        failure.into_error(&self.name, doing, self.timeout)
    }

    /// Sends a request from async code, on whatever executor.
    pub(super) async fn run(
        self: &Arc<Self>,
        request: Request,
        regret: Option<Regret>,
        limit: Duration,
    ) -> Result<Answer, Failure> {
        match self.here() {
            Some(link) => link.run(self, &request, regret, limit).await,
            None => {
                let server = self.clone();
                Box::pin(background::run(server.run_in_background(request, regret, limit))).await
            }
        }
    }

    /// Reads a value from async code, on whatever executor.
    pub(super) async fn read(self: &Arc<Self>, key: &Key) -> Result<Option<Vec<u8>>, Failure> {
        match self.here() {
            Some(link) => link.read(self, key, self.timeout).await,
            None => {
                let (server, key) = (self.clone(), key.clone());
                let reading = async move {
                    let link = server.link_of(&Handle::current());
                    link.read(&server, &key, server.timeout).await
                };
                Box::pin(background::run(reading)).await
            }
        }
    }

    /// Sends a request while this thread sleeps.
    pub(super) fn wait(self: &Arc<Self>, request: Request, regret: Option<Regret>) -> Result<Value, Failure> {
        if self.target.has_plain_sockets() {
            return self.pool.run(self, &request, regret, self.timeout);
        }
        let server = self.clone();
        let deadline = Instant::now() + self.timeout;
        let limit = self.timeout;
        let work = async move { server.run_in_background(request, regret, limit).await };
        background::wait(deadline, work).map(Answer::heard)
    }

    async fn run_in_background(
        self: Arc<Self>,
        request: Request,
        regret: Option<Regret>,
        limit: Duration,
    ) -> Result<Answer, Failure> {
        let link = self.link_of(&Handle::current());
        link.run(&self, &request, regret, limit).await
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
        self.timeout.max(PATIENCE)
    }

    /// The link of the runtime that polls us, if there is one that will do.
    pub(super) fn here(self: &Arc<Self>) -> Option<Arc<Link>> {
        let handle = Handle::try_current().ok()?;
        if let Some(place) = self.place(handle.id()) {
            return place.link();
        }
        if has_drivers() {
            return Some(self.link_of(&handle));
        }
        write(&self.links).push((handle.id(), Place::Background));
        link::forget_at_end(&handle, Arc::downgrade(self));
        None
    }

    fn place(&self, id: Id) -> Option<Place> {
        read(&self.links).iter().find(|(of, _)| *of == id).map(|(_, place)| place.clone())
    }

    fn link_of(self: &Arc<Self>, handle: &Handle) -> Arc<Link> {
        let id = handle.id();
        if let Some(Place::Here(link)) = self.place(id) {
            return link;
        }
        let mut links = write(&self.links);
        if let Some((_, Place::Here(link))) = links.iter().find(|(of, _)| *of == id) {
            return link.clone();
        }
        let mourner = link::forget_at_end(handle, Arc::downgrade(self));
        let link = Arc::new(Link::new(handle.clone(), mourner));
        links.push((id, Place::Here(link.clone())));
        link
    }

    /// The runtime has ended.
    pub(super) fn forget(&self, id: Id) {
        let forgotten = {
            let mut links = write(&self.links);
            let at = links.iter().position(|(of, _)| *of == id);
            at.map(|at| links.swap_remove(at))
        };
        drop(forgotten);
    }
}

impl Place {
    fn link(self) -> Option<Arc<Link>> {
        match self {
            Self::Here(link) => Some(link),
            Self::Background => None,
        }
    }
}

/// Whether the current runtime has timers and sockets. There is no way to ask but to try.
fn has_drivers() -> bool {
    let timers = catch_unwind(|| drop(tokio::time::sleep(Duration::ZERO))).is_ok();
    let sockets = || {
        let Ok(socket) = std::net::UdpSocket::bind("127.0.0.1:0") else { return };
        if socket.set_nonblocking(true).is_ok() {
            drop(tokio::net::UdpSocket::from_std(socket));
        }
    };
    timers && catch_unwind(sockets).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redis::url;

    #[test]
    fn a_runtime_that_ends_is_forgotten() {
        let target = Target::Node(url::parse("url", "redis://127.0.0.1:1/").unwrap());
        let server = Server::new(String::new(), target, PATIENCE);
        let complete = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let bare = || tokio::runtime::Builder::new_current_thread().build().unwrap();
        for (runtime, works) in [(complete(), true), (bare(), false), (complete(), true)] {
            let again = || runtime.block_on(async { server.here().is_some() });
            assert_eq!((again(), again()), (works, works));
            assert_eq!(read(&server.links).len(), 1);
            drop(runtime);
            assert_eq!(read(&server.links).len(), 0);
        }
    }
}
