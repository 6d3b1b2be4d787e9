//! Ports on the loopback interface that nobody else takes while they are ours.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::Mutex;

/// A port on which nothing listens until its owner does. Given back when dropped.
pub struct Port(u16);

static TAKEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// Below those that systems give to outgoing connections: on those, a client that keeps trying to reach a
/// dead server ends up connected to itself, and a server that starts again finds its port in use. Above each
/// by ten thousand is the port on which nodes of a cluster talk to each other.
const FIRST: u16 = 10_000;
const COUNT: u16 = 10_000;
/// Test processes that run beside each other have ids that are close, and begin in blocks of their own.
const BLOCK: u16 = 100;

impl Port {
    /// A free one.
    ///
    /// # Panics
    /// When all are taken.
    pub fn free() -> Self {
        let block = u16::try_from(std::process::id() % u32::from(COUNT / BLOCK)).expect("small");
        let mut taken = TAKEN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let port = (0..COUNT)
            .map(|step| FIRST + (block * BLOCK + step) % COUNT)
            .find(|&port| !taken.contains(&port) && is_free(port) && is_free(port + COUNT))
            .expect("one of ten thousand ports");
        taken.insert(port);
        Self(port)
    }

    /// Its number.
    pub fn number(&self) -> u16 {
        self.0
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        TAKEN.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(&self.0);
    }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}
