//! Real servers for the stories: started on free loopback ports, hurt on purpose, gone with their handles.
//!
//! Whatever is started here is stopped by the id it was started with, when its handle is dropped, also by a
//! panic, and by a [watchdog](process) when the whole test process is killed. Control commands go through a
//! small client of our own ([`resp`]), so that tools and tested code do not share mistakes.

use std::fmt::Debug;
use std::time::{Duration, Instant};

mod cluster;
mod fake;
mod peer;
mod port;
pub mod process;
mod proxy;
pub mod record;
mod redis;
mod replication;
pub mod resp;
mod sentinels;
mod tls;

pub use cluster::{Cluster, MovingSlot};
pub use fake::{Act, FakeServer, Words};
pub use peer::{Peer, Pending};
pub use port::Port;
pub use proxy::{Mode, Proxy};
pub use redis::RedisServer;
pub use resp::Value;
pub use sentinels::Sentinels;
pub use tls::{Authority, Identity, TlsServer};

/// A wait that takes longer than this has failed. Nothing here takes more than a quarter of it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Looks again and again until `look` finds something, and returns it.
///
/// # Panics
/// When nothing was found within [`PATIENCE`]. The message says what was seen last.
pub fn wait_for<T, E: Debug>(what: &str, look: impl FnMut() -> Result<T, E>) -> T {
    match look_within(PATIENCE, look) {
        Ok(found) => found,
        Err(last) => panic!("{what}: not within {PATIENCE:?}; seen last: {last:?}"),
    }
}

/// The same for a condition.
///
/// # Panics
/// When it did not hold within [`PATIENCE`].
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    wait_for(what, || if holds() { Ok(()) } else { Err("false") });
}

/// Looks until there is something, at least once, and at most so long; then gives what was seen last.
pub(crate) fn look_within<T, E>(limit: Duration, mut look: impl FnMut() -> Result<T, E>) -> Result<T, E> {
    let began = Instant::now();
    loop {
        match look() {
            Err(_) if began.elapsed() < limit => std::thread::sleep(Duration::from_millis(1)),
            seen => return seen,
        }
    }
}
