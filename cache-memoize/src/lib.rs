#![doc = include_str!("../README.md")]

// Room for the crate's own documentation tests and for `#[cache_memoize]` within this crate.
extern crate self as cache_memoize;

#[cfg(feature = "shared")]
pub mod backend;
mod background;
mod call;
#[cfg(feature = "shared")]
mod codec;
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

pub use cache_memoize_macros::cache_memoize;

#[cfg(feature = "shared")]
pub use codec::{Codec, CodecError, CustomCodec, Slot, Value};
pub use error::{Error, ErrorKind};
pub use event::{Event, EventKind, observe};
pub use key::part::KeyPart;
pub use memory::{Memory, MemoryBuilder};
#[cfg(feature = "redis")]
pub use redis::{Redis, RedisBuilder};
#[cfg(all(feature = "shared", any(test, feature = "testing")))]
#[doc(hidden)]
pub use remote::fuzzing;
#[cfg(feature = "shared")]
pub use remote::registry::register;
#[cfg(feature = "shared")]
pub use remote::{Shared, SharedBuilder};
pub use site::{FunctionInfo, Location, functions};
pub use stats::Stats;

#[cfg(feature = "shared")]
#[doc = include_str!("../docs/shared-backends.md")]
pub mod guide {}

/// What generated code may name. Not part of the public interface: it changes without notice.
#[doc(hidden)]
pub mod __private;
