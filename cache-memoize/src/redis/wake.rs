//! Wakes those who wait for the computation of another process.
//!
//! The scripts publish the key of an entry that somebody waits for, on the channel of its group. A listener in the
//! background subscribes to the channels of those who wait here. There is one while somebody waits and for a while
//! after, on a connection of its own. All of it is a hint: the cache looks by itself now and then, so a lost message
//! costs a little time. Whenever messages may have been lost, everybody is woken.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, Client, ConnectionInfo, ProtocolVersion, PushInfo, PushKind, Value};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::background;
use super::failure::Failure;
use super::server::Server;
use super::target::Target;
use crate::Error;
use crate::sync::lock;

/// How long the listener stays when nobody waits.
const LINGER: Duration = Duration::from_secs(30);
/// Between two attempts to connect, and between two looks whether the server has moved.
const PAUSE: Duration = Duration::from_millis(500);

pub(super) struct Wakes {
    server: Arc<Server>,
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    /// The listener has something to do: other channels, or a lost connection.
    orders: Notify,
}

#[derive(Default)]
struct State {
    /// By the key of the value.
    waiting: HashMap<String, Waiting>,
    listening: bool,
}

struct Waiting {
    channel: String,
    count: usize,
    woken: Arc<Notify>,
}

impl Wakes {
    pub(super) fn new(server: Arc<Server>) -> Self {
        Self { server, inner: Arc::default() }
    }

    /// Ready when something was published about the key, or may have been.
    pub(super) fn changed(
        &self,
        channel: String,
        value: String,
    ) -> impl Future<Output = Result<(), Error>> + Send + use<> {
        let (server, inner) = (self.server.clone(), self.inner.clone());
        async move {
            let waiter = Waiter::new(inner, channel, value);
            let mut woken = pin!(waiter.woken.notified());
            woken.as_mut().enable();
            match waiter.inner.listen(&server) {
                Ok(()) => woken.await,
                Err(failure) => return Err(server.error(failure, "waiting for a change")),
            }
            Ok(())
        }
    }
}

impl Drop for Wakes {
    fn drop(&mut self) {
        // The listener finds that it is not needed.
        self.inner.orders.notify_one();
    }
}

/// Somebody who waits; dropped, nobody does.
struct Waiter {
    inner: Arc<Inner>,
    value: String,
    woken: Arc<Notify>,
}

impl Waiter {
    fn new(inner: Arc<Inner>, channel: String, value: String) -> Self {
        let woken = {
            let mut state = lock(&inner.state);
            let new = || Waiting { channel, count: 0, woken: Arc::default() };
            let waiting = state.waiting.entry(value.clone()).or_insert_with(new);
            waiting.count += 1;
            waiting.woken.clone()
        };
        Self { inner, value, woken }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut state = lock(&self.inner.state);
        if let Some(waiting) = state.waiting.get_mut(&self.value) {
            waiting.count -= 1;
            if waiting.count == 0 {
                state.waiting.remove(&self.value);
            }
        }
    }
}

impl Inner {
    /// Makes sure that somebody listens.
    fn listen(self: &Arc<Self>, server: &Arc<Server>) -> Result<(), Failure> {
        let start = !std::mem::replace(&mut lock(&self.state).listening, true);
        if start {
            let listener = Listener { inner: Arc::downgrade(self), server: Arc::downgrade(server) };
            match background::handle() {
                Ok(handle) => drop(handle.spawn(listener.run())),
                Err(failure) => {
                    lock(&self.state).listening = false;
                    return Err(failure);
                }
            }
        }
        self.orders.notify_one();
        Ok(())
    }

    /// The channels that are waited for.
    fn channels(&self) -> HashSet<String> {
        lock(&self.state).waiting.values().map(|waiting| waiting.channel.clone()).collect()
    }

    fn wake(&self, value: &[u8]) {
        let woken = std::str::from_utf8(value)
            .ok()
            .and_then(|value| lock(&self.state).waiting.get(value).map(|waiting| waiting.woken.clone()));
        if let Some(woken) = woken {
            woken.notify_waiters();
        }
    }

    /// Everybody, or those of one channel.
    fn wake_all(&self, channel: Option<&str>) {
        let woken: Vec<_> = lock(&self.state)
            .waiting
            .values()
            .filter(|waiting| channel.is_none_or(|channel| waiting.channel == channel))
            .map(|waiting| waiting.woken.clone())
            .collect();
        for woken in woken {
            woken.notify_waiters();
        }
    }
}

/// Runs in the background.
struct Listener {
    inner: Weak<Inner>,
    server: Weak<Server>,
}

/// A connection, and what it is subscribed to.
struct Ear {
    connection: MultiplexedConnection,
    channels: HashSet<String>,
    /// See [`Server::epoch`].
    epoch: u64,
    lost: Arc<std::sync::atomic::AtomicBool>,
}

impl Listener {
    async fn run(self) {
        let mut ear: Option<Ear> = None;
        let mut idle = Instant::now();
        loop {
            let (Some(inner), Some(server)) = (self.inner.upgrade(), self.server.upgrade()) else { return };
            let wanted = inner.channels();
            if !wanted.is_empty() {
                idle = Instant::now();
            } else if idle.elapsed() > LINGER {
                let mut state = lock(&inner.state);
                if state.waiting.is_empty() {
                    state.listening = false;
                    return;
                }
            }
            if ear.as_ref().is_some_and(|ear| ear.is_deaf(&server)) {
                ear = None;
                inner.wake_all(None);
            }
            if ear.is_none() && !wanted.is_empty() {
                ear = timeout(server.patience(), Ear::open(&server, &inner)).await.ok().and_then(Result::ok);
            }
            if let Some(listening) = &mut ear
                && listening.tune(&inner, wanted).await.is_err()
            {
                ear = None;
            }
            // The last one to wait may be gone while we sleep.
            let orders = async move { inner.orders.notified().await };
            drop(server);
            let _ = timeout(PAUSE, orders).await;
        }
    }
}

impl Ear {
    async fn open(server: &Server, inner: &Arc<Inner>) -> Result<Self, Failure> {
        let epoch = server.epoch();
        let lost = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let mut failure = None;
        let places: Vec<ConnectionInfo> = match &server.target {
            // A message reaches all nodes.
            Target::Cluster { nodes, .. } => nodes.clone(),
            target => vec![target.locate().await?],
        };
        for info in places {
            let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
            let (told, gone) = (Arc::downgrade(inner), lost.clone());
            let told = move |push: PushInfo| {
                hear(&told, &gone, &push);
                Ok::<(), std::convert::Infallible>(())
            };
            let config = AsyncConnectionConfig::new().set_push_sender(told);
            let client = Client::open(info.set_redis_settings(settings))?;
            match client.get_multiplexed_async_connection_with_config(&config).await {
                Ok(connection) => return Ok(Self { connection, channels: HashSet::new(), epoch, lost }),
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.map_or_else(Failure::timeout, Failure::from))
    }

    fn is_deaf(&self, server: &Server) -> bool {
        self.epoch != server.epoch() || self.lost.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Subscribes to what is wanted. What is not wanted any more stays for as long as the connection: there is one
    /// channel for each function, and messages on it only when somebody waits.
    async fn tune(&mut self, inner: &Inner, wanted: HashSet<String>) -> Result<(), Failure> {
        for channel in wanted {
            if !self.channels.contains(&channel) {
                self.connection.subscribe(&channel).await?;
                // What was published before that was not heard.
                inner.wake_all(Some(&channel));
                self.channels.insert(channel);
            }
        }
        Ok(())
    }
}

fn hear(inner: &Weak<Inner>, lost: &std::sync::atomic::AtomicBool, push: &PushInfo) {
    let Some(inner) = inner.upgrade() else { return };
    match push.kind {
        PushKind::Message => {
            if let Some(Value::BulkString(value)) = push.data.last() {
                inner.wake(value);
            }
        }
        PushKind::Disconnection => {
            lost.store(true, std::sync::atomic::Ordering::Relaxed);
            inner.orders.notify_one();
        }
        _ => {}
    }
}
