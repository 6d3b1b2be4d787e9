//! Where the server is, and how to get a connection to it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ::redis::aio::{ConnectionLike as _, MultiplexedConnection};
use ::redis::cluster::ClusterClient;
use ::redis::cluster_async::ClusterConnection;
use ::redis::{AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, Value};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

use super::failure::{Failure, What, settle};
use super::reads::{Driver, Reads};
use super::sentinel::Sentinels;

/// One server, one that sentinels name, or a cluster.
pub(super) enum Target {
    Node(ConnectionInfo),
    Sentinel(Sentinels),
    Cluster { client: ClusterClient, nodes: Vec<ConnectionInfo> },
}

/// A connection that many calls share. Cloning is cheap; the last clone closes it.
#[derive(Clone)]
pub(super) enum Connection {
    Node(MultiplexedConnection, Arc<Reads>),
    Cluster(ClusterConnection),
}

/// How many requests may wait to be written. With few, a burst of callers waits for each other.
const QUEUE: usize = 1024;

impl Target {
    pub(super) fn is_cluster(&self) -> bool {
        matches!(self, Self::Cluster { .. })
    }

    /// Whether threads talk to it on connections of their own. A cluster needs one for each node, and TLS needs more
    /// than a socket: the runtime in the background does those.
    pub(super) fn has_plain_sockets(&self) -> bool {
        match self {
            Self::Node(info) => is_plain(info),
            Self::Sentinel(sentinels) => sentinels.masters_are_plain(),
            Self::Cluster { .. } => false,
        }
    }

    /// The server that answers for all: fixed, or the master that the sentinels name now. Of a cluster, one that was
    /// named.
    pub(super) async fn locate(&self) -> Result<ConnectionInfo, Failure> {
        match self {
            Self::Node(info) => Ok(info.clone()),
            Self::Sentinel(sentinels) => sentinels.locate().await,
            Self::Cluster { nodes, .. } => Ok(nodes[0].clone()),
        }
    }

    /// A connection on the runtime that this is polled on. Without a deadline of its own; its reads have `limit`.
    pub(super) async fn connect(&self, limit: Duration) -> Result<Connection, Failure> {
        prepare_tls();
        match self {
            Self::Cluster { client, .. } => Ok(Connection::Cluster(client.get_async_connection().await?)),
            _ => {
                let (connection, driver) = driven(self.locate().await?).await?;
                let reads = Arc::new(Reads::new(connection.clone(), driver, limit));
                Ok(Connection::Node(connection, reads))
            }
        }
    }
}

/// A connection to one server. The caller has a deadline around it, so the client needs none of its own.
pub(super) async fn multiplexed(info: ConnectionInfo) -> Result<MultiplexedConnection, Failure> {
    let client = Client::open(info)?;
    Ok(client.get_multiplexed_async_connection_with_config(&without_deadlines()).await?)
}

/// The same on a socket of ours, if that is possible: then it is for us to drive it.
async fn driven(info: ConnectionInfo) -> Result<(MultiplexedConnection, Option<Driver>), Failure> {
    if !is_plain(&info) {
        return Ok((multiplexed(info).await?, None));
    }
    let (settings, config) = (info.redis_settings(), without_deadlines());
    match Socket::open(info.addr()).await? {
        Socket::Tcp(socket) => {
            let made = MultiplexedConnection::new_with_config(settings, socket, config).await?;
            Ok((made.0, Some(Box::pin(made.1))))
        }
        #[cfg(unix)]
        Socket::Unix(socket) => {
            let made = MultiplexedConnection::new_with_config(settings, socket, config).await?;
            Ok((made.0, Some(Box::pin(made.1))))
        }
    }
}

fn without_deadlines() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        .set_connection_timeout(None)
        .set_response_timeout(None)
        .set_pipeline_buffer_size(QUEUE)
}

/// A plain socket.
pub(super) enum Socket {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl Socket {
    pub(super) async fn open(address: &ConnectionAddr) -> Result<Self, Failure> {
        match address {
            ConnectionAddr::Tcp(host, port) => {
                let socket = TcpStream::connect((host.as_str(), *port)).await?;
                socket.set_nodelay(true)?;
                Ok(Self::Tcp(socket))
            }
            #[cfg(unix)]
            ConnectionAddr::Unix(path) => Ok(Self::Unix(UnixStream::connect(path).await?)),
            other => Err(Failure::new(What::Unreachable, format!("{other}: no such address here"))),
        }
    }
}

/// The limits of a cluster's connections to its nodes. Ours is around everything; these let it find out which node
/// hangs.
pub(super) fn node_timeout(timeout: Duration) -> Duration {
    timeout / 2
}

pub(super) fn is_plain(info: &ConnectionInfo) -> bool {
    matches!(info.addr(), ConnectionAddr::Tcp(..) | ConnectionAddr::Unix(_))
}

/// `rustls` panics when the program has not chosen who does its cryptography. A choice that it makes before the first
/// connection is kept.
fn prepare_tls() {
    #[cfg(feature = "redis-tls")]
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Somebody else may have been faster.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}

impl Connection {
    pub(super) async fn send(&mut self, cmd: &Cmd) -> Result<Value, Failure> {
        settle(match self {
            Self::Node(connection, _) => connection.send_packed_command(cmd).await,
            Self::Cluster(connection) => connection.req_packed_command(cmd).await,
        })
    }

    /// What reads of several callers go through, where one server has all keys.
    pub(super) fn reads(&self) -> Option<&Reads> {
        match self {
            Self::Node(_, reads) => Some(reads),
            Self::Cluster(_) => None,
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Node(..) => "Node",
            Self::Cluster(_) => "Cluster",
        })
    }
}
