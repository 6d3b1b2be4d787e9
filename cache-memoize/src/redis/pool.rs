//! Connections of threads: each call takes one, or makes one, and puts it back.
//!
//! The client's own blocking connection has no deadline for connecting to a unix socket, for the resolution of names,
//! and for answers that trickle in. So the runtime in the background connects, and a thread then reads and writes the
//! socket itself, with what is left of the deadline before each step. The client encodes, `resp` decodes.

use std::io::{self, Read, Write};
use std::net::TcpStream;
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ::redis::{Cmd, ConnectionInfo, RedisConnectionInfo, Value};

use super::failure::{Failure, What, settle};
use super::request::{Regret, Request};
use super::resp::{self, Inbox, Parser};
use super::server::Server;
use super::{background, line, target};
use crate::sync::lock;

/// More idle connections than this are closed.
const IDLE: usize = 64;

#[derive(Default)]
pub(super) struct Pool {
    idle: Mutex<Vec<Wire>>,
}

/// A socket, and what was read from it.
pub(super) struct Wire {
    socket: Socket,
    inbox: Inbox,
    /// The longest string in an answer.
    longest: usize,
    /// The limit that the socket has for reading and for writing.
    limit: Duration,
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
    /// Sends a request and gives the answer, before the deadline. If the answer does not come, `regret` follows.
    pub(super) fn run(
        &self,
        server: &Arc<Server>,
        request: &Request,
        regret: Option<Regret>,
        deadline: Instant,
    ) -> Result<Value, Failure> {
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
        let (inbox, limit, process) = (Inbox::new(), Duration::ZERO, std::process::id());
        let longest = server.limits.string;
        let mut wire = Self { socket, inbox, longest, limit, epoch, process };
        for greeting in target::greetings(&settings) {
            greeting.answered(wire.ask(&greeting.cmd.get_packed_command(), deadline))?;
        }
        Ok(wire)
    }

    fn ask(&mut self, packed: &[u8], deadline: Instant) -> Result<Value, Failure> {
        self.write(packed, deadline)?;
        let mut parser = Parser::new(self.longest);
        loop {
            if let Some(value) = parser.next(&mut self.inbox)? {
                // The rest of a string that is too long may still be to come.
                while self.inbox.is_passing_over() {
                    self.read(deadline)?;
                }
                // Nobody asked for more.
                return if self.inbox.is_empty() { settle(Ok(value)) } else { Err(resp::garbage()) };
            }
            self.read(deadline)?;
        }
    }

    fn write(&mut self, mut packed: &[u8], deadline: Instant) -> Result<(), Failure> {
        while !packed.is_empty() {
            let written = self.until(deadline, |wire| wire.socket.write(packed))?;
            packed = &packed[written..];
        }
        Ok(())
    }

    fn read(&mut self, deadline: Instant) -> Result<(), Failure> {
        let count = self.until(deadline, |wire| wire.socket.read(wire.inbox.room()))?;
        self.inbox.filled(count);
        Ok(())
    }

    /// Does a step, again and again until the deadline. The socket keeps the limit that it has, as long as that is not
    /// beyond the deadline: to change it for each step would be most of what a step costs us.
    fn until(
        &mut self,
        deadline: Instant,
        mut step: impl FnMut(&mut Self) -> io::Result<usize>,
    ) -> Result<usize, Failure> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            // The system takes zero for no limit.
            if left.is_zero() {
                return Err(Failure::timeout());
            }
            if self.limit > left || self.limit < left / 2 {
                // A little less than is left, so that it fits the next call, too.
                self.limit = left - left / 16;
                self.socket.limit(self.limit)?;
            }
            match step(self) {
                Ok(0) => return Err(line::ended()),
                Err(error) if is_early(&error) => {}
                done => return Ok(done?),
            }
        }
    }

    /// Sends something on a connection that is given up.
    fn leave(&mut self, cmd: &Cmd) {
        let deadline = Instant::now() + Duration::from_millis(1);
        let _ = self.write(&cmd.get_packed_command(), deadline);
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

/// Whether it is worth another look at the clock.
fn is_early(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

impl Socket {
    /// How long a step may take.
    fn limit(&self, limit: Duration) -> io::Result<()> {
        // Of the system's steps: a microsecond at least.
        let limit = Some(limit.max(Duration::from_micros(1)));
        match self {
            Self::Tcp(socket) => {
                socket.set_read_timeout(limit).and_then(|()| socket.set_write_timeout(limit))
            }
            #[cfg(unix)]
            Self::Unix(socket) => {
                socket.set_read_timeout(limit).and_then(|()| socket.set_write_timeout(limit))
            }
        }
    }

    fn read(&self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(socket) => Read::read(&mut &*socket, bytes),
            #[cfg(unix)]
            Self::Unix(socket) => Read::read(&mut &*socket, bytes),
        }
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(socket) => Write::write(&mut &*socket, bytes),
            #[cfg(unix)]
            Self::Unix(socket) => Write::write(&mut &*socket, bytes),
        }
    }
}
