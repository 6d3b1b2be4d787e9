//! TCP and unix sockets, either of them.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;

/// Where to listen or to connect to.
pub(super) enum Address {
    Tcp(u16),
    Unix(PathBuf),
}

pub(super) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Address {
    pub(super) fn listen(&self) -> io::Result<Listener> {
        Ok(match self {
            Self::Tcp(port) => Listener::Tcp(TcpListener::bind((Ipv4Addr::LOCALHOST, *port))?),
            Self::Unix(path) => Listener::Unix(UnixListener::bind(path)?),
        })
    }

    pub(super) fn connect(&self) -> io::Result<Stream> {
        match self {
            Self::Tcp(port) => Stream::tcp(TcpStream::connect((Ipv4Addr::LOCALHOST, *port))?),
            Self::Unix(path) => UnixStream::connect(path).map(Stream::Unix),
        }
    }
}

impl Listener {
    pub(super) fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Tcp(listener) => Stream::tcp(listener.accept()?.0),
            Self::Unix(listener) => Ok(Stream::Unix(listener.accept()?.0)),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // A port is free when nobody listens; a socket is a file, too.
        if let Self::Unix(listener) = self {
            let path =
                listener.local_addr().ok().and_then(|address| address.as_pathname().map(PathBuf::from));
            let _ = path.map(std::fs::remove_file);
        }
    }
}

impl Stream {
    /// Every write is a segment of its own: the proxy adds no delay that nobody asked for.
    fn tcp(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self::Tcp(stream))
    }

    pub(super) fn close(&self) {
        // Closed already is as good.
        let _ = match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Both),
            Self::Unix(stream) => stream.shutdown(Shutdown::Both),
        };
    }
}

impl Read for &Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => (&*stream).read(buffer),
            Stream::Unix(stream) => (&*stream).read(buffer),
        }
    }
}

impl Write for &Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => (&*stream).write(bytes),
            Stream::Unix(stream) => (&*stream).write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
