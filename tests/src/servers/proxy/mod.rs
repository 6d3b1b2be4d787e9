//! A proxy between client and server that delays, cuts, holds and swallows, as a bad network does.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

mod link;
mod stream;

use link::Link;
use stream::{Address, Listener};

use super::process::Directory;
use super::{Port, RedisServer};

/// What happens to bytes on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They pass.
    Forward,
    /// They pass, each chunk so much later. Chunks of one direction wait for each other.
    Delay(Duration),
    /// They pass one by one.
    Bytewise,
    /// Nothing passes until the mode changes: a network that comes back.
    Hold,
    /// They are read and lost, and nothing is closed: a half-open connection. One that has lost something
    /// stays so whatever mode comes later, for a connection never goes on after a gap.
    BlackHole,
    /// The connection ends when so many more bytes of replies have passed; with 0, when the first one is due.
    CutReplies(usize),
}

/// A proxy in threads of its own. Dropped, it closes everything.
pub struct Proxy {
    address: Address,
    accepting: Mutex<Option<JoinHandle<()>>>,
    shared: Arc<Shared>,
    /// What the address lives on.
    _owned: (Option<Port>, Option<Directory>),
}

struct Shared {
    server: Address,
    refusing: AtomicBool,
    links: Mutex<Links>,
    counters: Counters,
}

struct Links {
    /// The mode of connections to come.
    mode: Mode,
    open: Vec<Arc<Link>>,
}

/// Of all connections together.
#[derive(Default)]
struct Counters {
    connections: AtomicU64,
    to_server: AtomicU64,
    to_client: AtomicU64,
    round_trips: AtomicU64,
}

impl Proxy {
    /// Over TCP, in front of the server's port.
    ///
    /// # Panics
    /// When the port cannot be bound.
    pub fn new(server: &RedisServer) -> Self {
        Self::to_port(server.port())
    }

    /// Over TCP, in front of any port on the loopback interface. Nobody needs to listen there yet.
    ///
    /// # Panics
    /// When the port cannot be bound.
    pub fn to_port(server: u16) -> Self {
        let port = Port::free();
        let address = Address::Tcp(port.number());
        Self::start(address, Address::Tcp(server), (Some(port), None))
    }

    /// Over a unix socket, in front of the server's.
    ///
    /// # Panics
    /// When the socket cannot be bound.
    pub fn to_socket(server: &RedisServer) -> Self {
        let directory = Directory::new();
        let address = Address::Unix(directory.join("socket"));
        Self::start(address, Address::Unix(server.socket()), (None, Some(directory)))
    }

    fn start(address: Address, server: Address, owned: (Option<Port>, Option<Directory>)) -> Self {
        let shared = Shared {
            server,
            refusing: AtomicBool::new(true),
            links: Mutex::new(Links { mode: Mode::Forward, open: Vec::new() }),
            counters: Counters::default(),
        };
        let proxy = Self { address, accepting: Mutex::new(None), shared: Arc::new(shared), _owned: owned };
        proxy.accept_new();
        proxy
    }

    /// Its URL for clients.
    pub fn url(&self) -> String {
        match &self.address {
            Address::Tcp(port) => format!("redis://127.0.0.1:{port}/"),
            Address::Unix(path) => format!("redis+unix://{}", path.display()),
        }
    }

    /// Its port.
    ///
    /// # Panics
    /// When it is on a unix socket.
    pub fn port(&self) -> u16 {
        match &self.address {
            Address::Tcp(port) => *port,
            Address::Unix(path) => panic!("this proxy is at {}", path.display()),
        }
    }

    /// Its unix socket.
    ///
    /// # Panics
    /// When it is on a port.
    pub fn socket(&self) -> &Path {
        match &self.address {
            Address::Unix(path) => path,
            Address::Tcp(port) => panic!("this proxy is on port {port}"),
        }
    }

    /// For all connections, those of now and those to come.
    pub fn set(&self, mode: Mode) {
        let mut links = self.shared.links();
        links.mode = mode;
        links.open.iter().for_each(|link| link.set(mode));
    }

    /// For the connections of now only; new ones are as they were.
    pub fn set_existing(&self, mode: Mode) {
        self.shared.links().open.iter().for_each(|link| link.set(mode));
    }

    /// Closes every connection of now.
    pub fn close_all(&self) {
        self.shared.links().open.iter().for_each(|link| link.close());
    }

    /// Refuses new connections from now on. Those of now go on.
    pub fn refuse_new(&self) {
        let Some(accepting) = self.accepting().take() else { return };
        self.shared.refusing.store(true, SeqCst);
        // It waits for a connection, and gets one.
        drop(self.address.connect());
        accepting.join().expect("a proxy that accepts");
    }

    /// Accepts new connections again.
    ///
    /// # Panics
    /// When the port cannot be bound.
    pub fn accept_new(&self) {
        let mut accepting = self.accepting();
        if accepting.is_none() {
            self.shared.refusing.store(false, SeqCst);
            let listener = self.address.listen().unwrap_or_else(|error| panic!("{}: {error}", self.url()));
            let shared = self.shared.clone();
            *accepting = Some(std::thread::spawn(move || shared.accept(&listener)));
        }
    }

    /// How many connections it has accepted since it started.
    pub fn connections(&self) -> u64 {
        self.shared.counters.connections.load(SeqCst)
    }

    /// How many connections are open.
    pub fn open(&self) -> usize {
        self.shared.links().open.len()
    }

    /// How many bytes clients have sent.
    pub fn bytes_to_server(&self) -> u64 {
        self.shared.counters.to_server.load(SeqCst)
    }

    /// How many bytes the server has sent.
    pub fn bytes_to_client(&self) -> u64 {
        self.shared.counters.to_client.load(SeqCst)
    }

    /// How often a client spoke after the server had, or first: a request with its reply counts once, and so
    /// do requests that are sent together.
    pub fn round_trips(&self) -> u64 {
        self.shared.counters.round_trips.load(SeqCst)
    }

    fn accepting(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.accepting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.refuse_new();
        self.close_all();
    }
}

impl Shared {
    fn links(&self) -> MutexGuard<'_, Links> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept(self: &Arc<Self>, listener: &Listener) {
        while let Ok(client) = listener.accept() {
            if self.refusing.load(SeqCst) {
                return;
            }
            self.counters.connections.fetch_add(1, SeqCst);
            // Whoever loses everything needs no server; otherwise a server that is down ends the connection.
            let mode = self.links().mode;
            let server = match mode {
                Mode::BlackHole => None,
                _ => match self.server.connect() {
                    Ok(server) => Some(server),
                    Err(_) => continue,
                },
            };
            let mut links = self.links();
            let link = Arc::new(Link::new(client, server, links.mode));
            links.open.push(link.clone());
            link.start(self);
        }
    }

    fn forget(&self, link: &Arc<Link>) {
        self.links().open.retain(|open| !Arc::ptr_eq(open, link));
    }
}
