//! Redis: one cache for a whole fleet.
//!
//! | | |
//! |---|---|
//! | `builder`, `url` | settings |
//! | `backend` | what the cache asks for |
//! | `cluster` | the same where the keys of one entry are on several servers |
//! | `several`, `together` | the same of many keys at once |
//! | `request`, `scripts`, `keys`, `failure` | what is sent and what answers mean, without I/O |
//! | `server` | one Redis and the connections to it |
//! | `link`, `line`, `pool` | connections of async code, and of threads |
//! | `resp` | what servers answer, byte by byte |
//! | `target`, `sentinel` | where the server is, and how to connect |
//! | `secrets` | what is never shown |
//! | `wake` | who waits for other processes |
//! | `background` | the runtime on which all of that is done |

mod backend;
mod background;
mod builder;
mod cluster;
mod failure;
mod keys;
mod line;
mod link;
mod pool;
mod request;
mod resp;
mod scripts;
mod secrets;
mod sentinel;
mod server;
mod several;
mod target;
mod tls;
mod together;
mod url;
mod wake;

use std::fmt;

pub use builder::RedisBuilder;

use crate::{Error, Shared};

/// A cache in Redis, for functions of any number of processes. Cloning is cheap and gives the same cache.
///
/// It connects when it is first used, and again whenever it must, so it needs no running server and no async runtime
/// to be made: it can be a `static`.
///
/// ```
/// use std::sync::LazyLock;
///
/// use cache_memoize::Redis;
///
/// static REDIS: LazyLock<Redis> = LazyLock::new(|| Redis::open("redis://127.0.0.1/").expect("a valid URL"));
/// # LazyLock::force(&REDIS);
/// ```
///
/// Functions and async functions use the same value. Blocking calls take connections from a pool; async calls share
/// one connection, which a thread of its own serves, on whatever runtime or executor they are. So they need neither
/// timers nor sockets of a Tokio runtime, and do not mind its end, or a clock that is paused in a test.
#[derive(Clone)]
pub struct Redis(Shared);

impl Redis {
    /// The Redis at a URL, with the default settings: `redis://user:password@host:port/database`, `rediss://` for TLS
    /// (feature `redis-tls`), or `redis+unix:///path` for a unix socket.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for a malformed URL. An absent server is no error here.
    pub fn open(url: impl Into<String>) -> Result<Self, Error> {
        Self::builder().url(url).build()
    }

    /// A Redis to be configured.
    pub fn builder() -> RedisBuilder {
        RedisBuilder::new()
    }

    /// What functions use.
    pub fn as_shared(&self) -> &Shared {
        &self.0
    }
}

impl From<Redis> for Shared {
    fn from(redis: Redis) -> Self {
        redis.0
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Redis").field(&self.0.backend().name()).finish()
    }
}
