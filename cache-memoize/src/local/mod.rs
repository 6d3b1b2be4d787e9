//! Calls in a [`Memory`](crate::Memory): values as they are, keys looked up as they were borrowed. A hit is this folder's
//! own; all that comes after a miss is the engine's (`call`), for which a memory is a place that takes no time.

mod errand;
mod lookup;
mod named;
mod target;
mod types;

pub(crate) use errand::InMemory;
pub use lookup::{Found, Lookup};
pub use named::Named;
pub use target::Target;
