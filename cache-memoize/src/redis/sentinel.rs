//! The master that sentinels name.
//!
//! Every new connection asks all sentinels at once, goes where most of them point, and makes sure that a master is
//! there. What is already connected is watched in the background, for a demoted master takes writes for ten seconds
//! before a sentinel tells it, and those are lost: sentinels announce a new master, which takes milliseconds to get
//! here; they are also asked twice a second, and the master itself is asked what it is. So after sentinels have agreed,
//! an old master is used for at most half a second and a timeout more, and usually not at all. What was written to it
//! after the new one was chosen is lost in any case; `min-replicas-to-write 1` keeps a master that is cut off from
//! taking it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, ProtocolVersion, PushInfo, PushKind, Value,
};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::background;
use super::failure::{Failure, What, settle};
use super::server::Server;
use super::target::{Target, is_plain, multiplexed};
use crate::sync::lock;

/// Between two looks, if nothing is announced.
const PERIOD: Duration = Duration::from_millis(500);

pub(super) struct Sentinels {
    /// What the sentinels call the master.
    pub(super) service: String,
    pub(super) nodes: Vec<ConnectionInfo>,
    /// How to talk to masters; the address is filled in.
    pub(super) master: ConnectionInfo,
    /// Where connections were made last.
    last: Mutex<Option<Address>>,
    watched: AtomicBool,
}

type Address = (String, u16);

impl Sentinels {
    pub(super) fn new(service: String, nodes: Vec<ConnectionInfo>, master: ConnectionInfo) -> Self {
        Self { service, nodes, master, last: Mutex::default(), watched: AtomicBool::new(false) }
    }

    pub(super) fn masters_are_plain(&self) -> bool {
        is_plain(&self.master)
    }

    /// The master, which has said that it is one. Without a deadline of its own.
    pub(super) async fn locate(&self) -> Result<ConnectionInfo, Failure> {
        let address = self.named().await?;
        let info = self.at(&address);
        let role = role(&info).await?;
        if role.as_deref().is_some_and(|role| role != "master") {
            let (host, port) = address;
            let words = format!("the sentinels call {host}:{port} the master, but it is none");
            return Err(Failure::new(What::Unreachable, words));
        }
        *lock(&self.last) = Some(address);
        Ok(info)
    }

    fn at(&self, (host, port): &Address) -> ConnectionInfo {
        let address = match self.master.addr() {
            ConnectionAddr::TcpTls { insecure, tls_params, .. } => ConnectionAddr::TcpTls {
                host: host.clone(),
                port: *port,
                insecure: *insecure,
                tls_params: tls_params.clone(),
            },
            _ => ConnectionAddr::Tcp(host.clone(), *port),
        };
        self.master.clone().set_addr(address)
    }

    /// Where most of the sentinels that answer point: one that was cut off may not know yet.
    async fn named(&self) -> Result<Address, Failure> {
        let mut asked = JoinSet::new();
        for node in &self.nodes {
            asked.spawn(ask(node.clone(), self.service.clone()));
        }
        let mut votes: HashMap<Address, usize> = HashMap::new();
        let (mut unknown, mut failure) = (false, None);
        while let Some(answer) = asked.join_next().await {
            match answer {
                Ok(Ok(Some(address))) => {
                    let count = votes.entry(address.clone()).or_default();
                    *count += 1;
                    if *count * 2 > self.nodes.len() {
                        return Ok(address);
                    }
                }
                Ok(Ok(None)) => unknown = true,
                Ok(Err(why)) => failure = Some(why),
                Err(_) => {}
            }
        }
        match votes.into_iter().max_by_key(|(_, count)| *count) {
            Some((address, _)) => Ok(address),
            None if unknown => {
                let words = format!("the sentinels know no master called {:?}", self.service);
                Err(Failure::new(What::Unreachable, words))
            }
            None => Err(failure.unwrap_or_else(|| Failure::new(What::Unreachable, "no sentinel answers"))),
        }
    }

    /// Keeps an eye on the master for as long as there is the server. Once is enough.
    pub(super) fn watch(&self, server: &Arc<Server>) {
        if !self.watched.swap(true, Relaxed) {
            match background::handle() {
                Ok(handle) => drop(handle.spawn(watch(Arc::downgrade(server)))),
                // Tried again with the next connection.
                Err(_) => self.watched.store(false, Relaxed),
            }
        }
    }

    /// Whether connections lead to what is not the master.
    async fn has_moved(&self) -> bool {
        let Some(last) = lock(&self.last).clone() else { return false };
        match timeout(PERIOD, self.named()).await {
            Ok(Ok(address)) if address != last => true,
            _ => match timeout(PERIOD, role(&self.at(&last))).await {
                Ok(Ok(Some(role))) => role != "master",
                // It does not answer, or does not say: calls find out by themselves.
                _ => false,
            },
        }
    }
}

/// Where one sentinel points, if it knows the master.
///
/// It must answer soon, for one that hangs must not hold up the others; they are asked at the same time.
async fn ask(sentinel: ConnectionInfo, service: String) -> Result<Option<Address>, Failure> {
    let asking = async {
        let mut connection = multiplexed(sentinel).await?;
        let cmd = ::redis::cmd("SENTINEL").arg("get-master-addr-by-name").arg(&service).take();
        settle(connection.send_packed_command(&cmd).await)
    };
    let answer = timeout(PERIOD, asking).await.map_err(|_| Failure::timeout())??;
    match &answer {
        Value::Nil => Ok(None),
        Value::Array(parts) => match parts.as_slice() {
            [Value::BulkString(host), Value::BulkString(port)] => {
                let host = String::from_utf8_lossy(host).into_owned();
                let port = String::from_utf8_lossy(port).parse().map_err(|_| Failure::strange(&answer))?;
                Ok(Some((host, port)))
            }
            _ => Err(Failure::strange(&answer)),
        },
        _ => Err(Failure::strange(&answer)),
    }
}

/// What a server says that it is; nothing if we may not ask.
async fn role(info: &ConnectionInfo) -> Result<Option<String>, Failure> {
    let mut connection = multiplexed(info.clone()).await?;
    match settle(connection.send_packed_command(&::redis::cmd("ROLE")).await) {
        Ok(Value::Array(parts)) => match parts.first() {
            Some(Value::BulkString(role)) => Ok(Some(String::from_utf8_lossy(role).into_owned())),
            _ => Ok(None),
        },
        Ok(_) => Ok(None),
        Err(failure) if failure.what == What::Refused => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Ends when the server is dropped.
async fn watch(server: Weak<Server>) {
    let announced = Arc::new(Notify::new());
    let mut listening: Option<MultiplexedConnection> = None;
    let mut next = 0;
    loop {
        let news = timeout(PERIOD, announced.notified()).await.is_ok();
        let Some(server) = server.upgrade() else { return };
        let Target::Sentinel(sentinels) = &server.target else { return };
        if sentinels.has_moved().await {
            server.moved();
        } else if news {
            // It was about another master, or the listener has lost its connection.
            listening = None;
        }
        if listening.is_none() {
            let node = sentinels.nodes[next % sentinels.nodes.len()].clone();
            next += 1;
            let listen = listen(node, announced.clone());
            listening = timeout(PERIOD, listen).await.ok().and_then(Result::ok);
        }
    }
}

/// A connection on which a sentinel announces new masters, and on whose end there is news as well.
async fn listen(sentinel: ConnectionInfo, announced: Arc<Notify>) -> Result<MultiplexedConnection, Failure> {
    let settings = sentinel.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    let told = move |push: PushInfo| {
        if matches!(push.kind, PushKind::Message | PushKind::Disconnection) {
            announced.notify_one();
        }
        Ok::<(), std::convert::Infallible>(())
    };
    let config = AsyncConnectionConfig::new().set_push_sender(told);
    let client = Client::open(sentinel.set_redis_settings(settings))?;
    let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
    connection.subscribe("+switch-master").await?;
    Ok(connection)
}
