//! Connections of threads: each call takes one, or makes one, and puts it back.
//!
//! The client's own blocking connection has no deadline for connecting to a unix socket, for the resolution of names,
//! and for answers that trickle in. So the runtime in the background connects, and a thread then reads and writes the
//! socket itself, with what is left of the deadline before each step. The client encodes and decodes.

use std::io::{self, Read, Write};
use std::net::TcpStream;
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ::redis::{Cmd, ConnectionInfo, Parser, RedisConnectionInfo, Value};

use super::failure::{Failure, What, settle};
use super::request::{Regret, Request};
use super::server::Server;
use super::{background, target};
use crate::sync::lock;

/// More idle connections than this are closed.
const IDLE: usize = 64;

#[derive(Default)]
pub(super) struct Pool {
    idle: Mutex<Vec<Wire>>,
}

/// A socket, and what was read ahead from it.
pub(super) struct Wire {
    socket: Socket,
    parser: Parser,
    /// See [`Server::epoch`].
    epoch: u64,
    /// A forked process must not use its parent's connections.
    process: u32,
}

enum Socket {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl Pool {
    /// Sends a request and gives the answer, all within `limit`. If the answer does not come, `regret` follows.
    pub(super) fn run(
        &self,
        server: &Arc<Server>,
        request: &Request,
        regret: Option<Regret>,
        limit: Duration,
    ) -> Result<Value, Failure> {
        let deadline = Instant::now() + limit;
        let packed = request.cmd.get_packed_command();
        let mut again = true;
        loop {
            let idle = if again { self.take(server.epoch()) } else { None };
            let mut wire = match idle {
                Some(wire) => wire,
                None => {
                    again = false;
                    Wire::connect(server, deadline).map_err(Failure::while_connecting)?
                }
            };
            let mut answer = wire.ask(&packed, deadline);
            if let Err(Failure { what: What::NoScript, .. }) = answer
                && let Some(cmd) = request.spelled_out()
            {
                answer = wire.ask(&cmd.get_packed_command(), deadline);
            }
            match &answer {
                // The server was restarted, or closed what was idle: the others have ended as well.
                Err(failure) if failure.is_dropped() => {
                    self.clear();
                    if std::mem::take(&mut again) {
                        continue;
                    }
                }
                // Nobody may read the late answer, so the connection ends here. Others to this server hang, too.
                Err(failure) if failure.what == What::Timeout => {
                    if let Some(regret) = &regret {
                        wire.leave(&regret.cmd());
                    }
                    self.clear();
                }
                Err(failure) if failure.wants_another_connection() => {
                    self.clear();
                    if failure.what == What::ReadOnly {
                        server.moved();
                    }
                }
                _ => self.put(wire),
            }
            return answer;
        }
    }

    fn take(&self, epoch: u64) -> Option<Wire> {
        let process = std::process::id();
        loop {
            let wire = lock(&self.idle).pop()?;
            if wire.epoch == epoch && wire.process == process {
                return Some(wire);
            }
        }
    }

    fn put(&self, wire: Wire) {
        let mut idle = lock(&self.idle);
        if idle.len() < IDLE {
            idle.push(wire);
        }
    }

    fn clear(&self) {
        let idle = std::mem::take(&mut *lock(&self.idle));
        drop(idle);
    }
}

impl Wire {
    fn connect(server: &Arc<Server>, deadline: Instant) -> Result<Self, Failure> {
        server.watch();
        let epoch = server.epoch();
        let connecting = server.clone();
        let (socket, settings) = background::wait(deadline, async move {
            let left = deadline.saturating_duration_since(Instant::now());
            match tokio::time::timeout(left, open(&connecting)).await {
                Ok(opened) => opened,
                Err(_) => Err(Failure::timeout()),
            }
        })?;
        let mut wire = Self { socket, parser: Parser::new(), epoch, process: std::process::id() };
        wire.greet(&settings, deadline)?;
        Ok(wire)
    }

    /// Says who we are and chooses the database.
    fn greet(&mut self, settings: &RedisConnectionInfo, deadline: Instant) -> Result<(), Failure> {
        if let Some(password) = settings.password() {
            let mut cmd = ::redis::cmd("AUTH");
            if let Some(username) = settings.username() {
                cmd.arg(username);
            }
            cmd.arg(password);
            let refused = |failure: Failure| match failure.what {
                What::Refused => Failure::new(What::Unreachable, failure.to_string()),
                _ => failure,
            };
            self.ask(&cmd.get_packed_command(), deadline).map_err(refused)?;
        }
        if settings.db() != 0 {
            let cmd = ::redis::cmd("SELECT").arg(settings.db()).take();
            self.ask(&cmd.get_packed_command(), deadline)?;
        }
        Ok(())
    }

    fn ask(&mut self, packed: &[u8], deadline: Instant) -> Result<Value, Failure> {
        let mut timed = Timed { socket: &self.socket, deadline };
        timed.write_all(packed)?;
        settle(self.parser.parse_value(timed))
    }

    /// Sends something on a connection that is given up.
    fn leave(&self, cmd: &Cmd) {
        let deadline = Instant::now() + Duration::from_millis(1);
        let _ = Timed { socket: &self.socket, deadline }.write_all(&cmd.get_packed_command());
    }
}

/// On the runtime in the background.
async fn open(server: &Server) -> Result<(Socket, RedisConnectionInfo), Failure> {
    let info: ConnectionInfo = server.target.locate().await?;
    let socket = match target::Socket::open(info.addr()).await? {
        target::Socket::Tcp(socket) => {
            let socket = socket.into_std()?;
            socket.set_nonblocking(false)?;
            Socket::Tcp(socket)
        }
        #[cfg(unix)]
        target::Socket::Unix(socket) => {
            let socket = socket.into_std()?;
            socket.set_nonblocking(false)?;
            Socket::Unix(socket)
        }
    };
    Ok((socket, info.redis_settings().clone()))
}

/// A socket that reads and writes until a deadline, however many steps it takes.
struct Timed<'s> {
    socket: &'s Socket,
    deadline: Instant,
}

impl Timed<'_> {
    fn left(&self) -> io::Result<Duration> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        // The system takes zero for no limit.
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    }
}

impl Read for Timed<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.socket.read(bytes, self.left()?) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => return read,
            }
        }
    }
}

impl Write for Timed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.write(bytes, self.left()?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Socket {
    fn read(&self, bytes: &mut [u8], limit: Duration) -> io::Result<usize> {
        match self {
            Self::Tcp(socket) => {
                socket.set_read_timeout(Some(limit))?;
                Read::read(&mut &*socket, bytes)
            }
            #[cfg(unix)]
            Self::Unix(socket) => {
                socket.set_read_timeout(Some(limit))?;
                Read::read(&mut &*socket, bytes)
            }
        }
    }

    fn write(&self, bytes: &[u8], limit: Duration) -> io::Result<usize> {
        match self {
            Self::Tcp(socket) => {
                socket.set_write_timeout(Some(limit))?;
                Write::write(&mut &*socket, bytes)
            }
            #[cfg(unix)]
            Self::Unix(socket) => {
                socket.set_write_timeout(Some(limit))?;
                Write::write(&mut &*socket, bytes)
            }
        }
    }
}
