//! Where the server is, and how to get a connection to it.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use ::redis::aio::{ConnectionLike as _, MultiplexedConnection};
use ::redis::cluster::ClusterClient;
use ::redis::cluster_async::ClusterConnection;
use ::redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, RedisConnectionInfo, Value,
};
use tokio::io::{AsyncRead as _, ReadBuf};
use tokio::net::{TcpStream, tcp};
#[cfg(unix)]
use tokio::net::{UnixStream, unix};

use super::failure::{Failure, What, settle};
use super::line::{Limits, Line};
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
    /// To one server.
    Line(Arc<Line>),
    /// The same with TLS.
    Client(MultiplexedConnection),
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

    /// A connection on the runtime that this is polled on. Without a deadline of its own.
    pub(super) async fn connect(&self, limits: Limits) -> Result<Connection, Failure> {
        prepare_tls();
        match self {
            Self::Cluster { client, .. } => Ok(Connection::Cluster(client.get_async_connection().await?)),
            _ => {
                let info = self.locate().await?;
                match is_plain(&info) {
                    true => Ok(Connection::Line(line(&info, limits).await?)),
                    false => Ok(Connection::Client(multiplexed(info).await?)),
                }
            }
        }
    }
}

/// A connection to one server. The caller has a deadline around it, so the client needs none of its own.
pub(super) async fn multiplexed(info: ConnectionInfo) -> Result<MultiplexedConnection, Failure> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(None)
        .set_response_timeout(None)
        .set_pipeline_buffer_size(QUEUE);
    let client = Client::open(info)?;
    Ok(client.get_multiplexed_async_connection_with_config(&config).await?)
}

/// The same on a socket of ours.
async fn line(info: &ConnectionInfo, limits: Limits) -> Result<Arc<Line>, Failure> {
    let line = Line::new(Socket::open(info.addr()).await?, limits);
    for greeting in greetings(info.redis_settings()) {
        greeting.answered(line.send(&greeting.cmd).await)?;
    }
    Ok(Arc::new(line))
}

/// What is said first.
pub(super) struct Greeting {
    pub(super) cmd: Cmd,
    is_auth: bool,
}

/// Says who we are and chooses the database.
pub(super) fn greetings(settings: &RedisConnectionInfo) -> Vec<Greeting> {
    let mut greetings = Vec::new();
    // An empty one is none: `redis+unix:///run/redis.sock?pass=`.
    if let Some(password) = settings.password().filter(|password| !password.is_empty()) {
        let mut cmd = ::redis::cmd("AUTH");
        if let Some(username) = settings.username() {
            cmd.arg(username);
        }
        cmd.arg(password);
        greetings.push(Greeting { cmd, is_auth: true });
    }
    if settings.db() != 0 {
        let cmd = ::redis::cmd("SELECT").arg(settings.db()).take();
        greetings.push(Greeting { cmd, is_auth: false });
    }
    greetings
}

impl Greeting {
    /// Who is refused cannot be served.
    pub(super) fn answered(&self, answer: Result<Value, Failure>) -> Result<(), Failure> {
        match answer {
            Err(failure) if self.is_auth => Err(failure.of_login()),
            answer => answer.map(drop),
        }
    }
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

    /// In two: one end for a task that reads, and one for all that write.
    pub(super) fn into_split(self) -> (Reader, Writer) {
        match self {
            Self::Tcp(socket) => {
                let (reader, writer) = socket.into_split();
                (Reader::Tcp(reader), Writer::Tcp(writer))
            }
            #[cfg(unix)]
            Self::Unix(socket) => {
                let (reader, writer) = socket.into_split();
                (Reader::Unix(reader), Writer::Unix(writer))
            }
        }
    }
}

/// The end of a socket that is read from.
pub(super) enum Reader {
    Tcp(tcp::OwnedReadHalf),
    #[cfg(unix)]
    Unix(unix::OwnedReadHalf),
}

impl Reader {
    pub(super) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(socket) => Pin::new(socket).poll_read(context, room),
            #[cfg(unix)]
            Self::Unix(socket) => Pin::new(socket).poll_read(context, room),
        }
    }
}

/// The end of a socket that is written to.
pub(super) enum Writer {
    Tcp(tcp::OwnedWriteHalf),
    #[cfg(unix)]
    Unix(unix::OwnedWriteHalf),
}

impl Writer {
    pub(super) fn poll_write(&self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            let ready = match self {
                Self::Tcp(socket) => socket.as_ref().poll_write_ready(context),
                #[cfg(unix)]
                Self::Unix(socket) => socket.as_ref().poll_write_ready(context),
            };
            match ready {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Ready(Ok(())) => match self.try_write(bytes) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    written => return Poll::Ready(written),
                },
            }
        }
    }

    /// What can be written at once, on any thread.
    pub(super) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(socket) => socket.try_write(bytes),
            #[cfg(unix)]
            Self::Unix(socket) => socket.try_write(bytes),
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
pub(super) fn prepare_tls() {
    #[cfg(feature = "redis-tls")]
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Somebody else may have been faster.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}

impl Connection {
    pub(super) async fn send(&mut self, cmd: &Cmd) -> Result<Value, Failure> {
        match self {
            Self::Line(line) => line.send(cmd).await,
            Self::Client(connection) => settle(connection.send_packed_command(cmd).await),
            Self::Cluster(connection) => settle(connection.req_packed_command(cmd).await),
        }
    }

    /// Where reads are asked together.
    pub(super) fn line(&self) -> Option<&Arc<Line>> {
        match self {
            Self::Line(line) => Some(line),
            Self::Client(_) | Self::Cluster(_) => None,
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Line(_) => "Line",
            Self::Client(_) => "Client",
            Self::Cluster(_) => "Cluster",
        })
    }
}
