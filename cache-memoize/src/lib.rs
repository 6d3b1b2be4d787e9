//! One attribute remembers the results of a function, in this process or in a Redis that a whole fleet shares, and an
//! invalidation is never undone by a computation that was already running.
//!
//! ```
//! use cache_memoize::cache_memoize;
//!
//! #[cache_memoize(ttl = 300)]
//! pub fn related_posts(post_id: u64) -> Vec<String> {
//!     vec![format!("a slow query found this for {post_id}")]
//! }
//!
//! related_posts(7);              // miss: the body runs, its result is stored
//! related_posts(7);              // hit: the body does not run
//! related_posts_invalidate(7);   // after a write: the next call runs the body
//! related_posts_refresh(7);      // or: run the body now and replace the entry
//! ```
//!
//! The attribute goes on free functions and methods, `async` or not, generic or not. It needs no async runtime, no serde
//! and no server. Callers that miss one key at the same time share one run of the body (single flight), entries are
//! bounded by default, and a hit takes no lock and allocates nothing. With `backend = REDIS` every process has one cache,
//! with the same companions and the same promises, and a Redis that is down, slow or full never breaks a function.
//!
//! # Where to go from here
//!
//! | to | read |
//! |---|---|
//! | look up an option or a companion | the page of [`#[cache_memoize]`](macro@crate::cache_memoize) |
//! | learn it in five minutes | [the tour](guide::tour) |
//! | solve a common task: web handlers, repositories, "not found", warm-up, metrics | [recipes](guide::recipes) |
//! | choose between memory, a `Memory` of your own and Redis, or against a cache | [choosing](guide::choosing) |
//! | know the promises, and their limits | [guarantees](guide::guarantees), [limits](guide::limits) |
//! | run it on Redis | [Redis in production](guide::redis), [keys](guide::keys), [entries](guide::entries) |
//! | test code that memoizes | [testing](guide::testing) |
//! | keep entries somewhere else | [a backend of your own](guide::own_backend) |
//! | come from another cache | [django-cache-memoize](guide::from_django_cache_memoize), [`cached`](guide::from_cached), [`moka` or `quick_cache`](guide::from_moka) |
//! | see the evidence | [how it is checked](guide::how_it_is_checked), [how fast it is](guide::how_fast_it_is) |
//!
//! # Features
//!
//! None is on by default.
//!
//! | feature | adds | and depends on |
//! |---|---|---|
//! | `redis` | `Redis`, `Codec::Bincode`, and `shared` | `redis`, the client that most Rust services use; `tokio`, the runtime that drives it; `bincode` |
//! | `redis-tls` | `rediss://` | `rustls`, with the certificates of the system or your own |
//! | `shared` | shared backends without a codec: `Shared`, `register`, the module `backend`, `codec::CustomCodec`. Each of the next four brings it | `erased-serde` (codecs of your own), `getrandom` (tokens that never repeat, not even after a fork), `sha2` (long and redacted keys), `twox-hash` (checksums of entries) |
//! | `bincode` | `Codec::Bincode` | `bincode`, pinned to 2.0.1: its 3.0.0 is an intentional compile error, and [2 is unmaintained](guide::entries#codecs) |
//! | `postcard` | `Codec::Postcard` | `postcard` |
//! | `messagepack` | `Codec::MessagePack` | `rmp-serde` |
//! | `json` | `Codec::Json` | `serde_json` |
//! | `tracing` | [events](guide::redis#events-and-statistics) as `tracing` events | `tracing` |
//! | `tokio` | knows the workers of a Tokio runtime by that and not by their names: see [limits](guide::limits#waiting-and-cancellation). `redis` brings it | `tokio` |
//! | `testing` | [tools for your tests](guide::testing), which you put into your `[dev-dependencies]` | – |
//!
//! Always there: `coarsetime` (a monotonic clock that is cheap enough to read at every hit), `foldhash` (hashes keys, with
//! secret seeds), `hashbrown` (tables that are asked by hash), `serde_core` (writes readable keys; your types need no serde
//! for the in-memory cache), `typeid` (tells instances of a generic function apart, also for types with lifetimes); and for
//! the attribute, at compile time only, `syn`, `quote` and `proc-macro2`.
//!
//! # Stability
//!
//! Semantic versioning. The text of [stable keys](guide::keys#when-a-key-is-stable) is part of the public interface.
//! Entries of an older release on a shared backend are hits or misses, never wrong values. The oldest supported Rust is
//! 1.88; a release that raises it says so in the changelog.
#![cfg_attr(docsrs, feature(doc_cfg))]

// Room for the crate's own documentation tests and for `#[cache_memoize]` within this crate.
extern crate self as cache_memoize;

#[cfg(feature = "shared")]
pub mod backend;
mod background;
mod call;
#[cfg(feature = "shared")]
pub mod codec;
mod entry;
mod error;
#[cfg_attr(not(feature = "shared"), allow(dead_code))]
mod event;
mod flight;
mod hooks;
mod id_pool;
mod key;
mod local;
mod memory;
#[cfg(all(test, cache_memoize_loom))]
mod model;
mod place;
mod policy;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "shared")]
mod remote;
mod shape;
mod site;
mod stats;
mod sync;
#[cfg(feature = "testing")]
pub mod testing;
mod thread;
mod time;

#[doc(inline)]
pub use cache_memoize_macros::cache_memoize;

#[cfg(feature = "shared")]
#[doc(inline)]
pub use codec::Codec;
pub use error::{Error, ErrorKind};
pub use event::{Event, EventKind, observe};
pub use key::part::KeyPart;
pub use memory::{Memory, MemoryBuilder};
#[cfg(feature = "redis")]
pub use redis::{Redis, RedisBuilder};
#[cfg(all(feature = "shared", any(test, fuzzing)))]
#[doc(hidden)]
pub use remote::fuzzing;
#[cfg(feature = "shared")]
pub use remote::registry::register;
#[cfg(feature = "shared")]
pub use remote::{Shared, SharedBuilder};
pub use site::{FunctionInfo, Location, functions};
pub use stats::Stats;

pub mod guide;

/// What generated code may name. Not part of the public interface: it changes without notice.
#[doc(hidden)]
pub mod __private;
