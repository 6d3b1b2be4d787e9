#![doc = include_str!("../../README.md")]

// Room for the crate's own documentation tests and for `#[cache_memoize]` within this crate.
extern crate self as cache_memoize;

mod call;
mod error;
mod flight;
mod key;
mod memory;
mod policy;
mod shape;
mod site;
mod stats;
mod sync;
#[cfg(feature = "testing")]
pub mod testing;
mod time;

pub use cache_memoize_macros::cache_memoize;

pub use error::{Error, ErrorKind};
pub use key::part::KeyPart;
pub use memory::{Memory, MemoryBuilder};
pub use site::{FunctionInfo, Location, functions};
pub use stats::Stats;

/// What generated code may name. Not part of the public interface: it changes without notice.
#[doc(hidden)]
pub mod __private;
