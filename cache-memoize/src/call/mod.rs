//! A call, in three steps that the generated code chains: [`lookup`](target::Target::lookup) with the borrowed
//! arguments; on a miss `join` (wait for a computation under way, or become the one who computes); and `run`.

mod body;
pub(crate) mod lead;
mod lookup;
mod named;
mod run;
pub(crate) mod target;
mod turn;

/// Where the caller wants a value, while there may be none. Without a destructor: what has one has an address, and a hit
/// would not have its value in registers. Nothing of the user's runs while a value is there.
pub type Place<R> = std::mem::ManuallyDrop<Option<R>>;

pub use body::Body;
#[cfg(feature = "shared")]
pub(crate) use lookup::stuck;
pub use lookup::{Found, Lookup};
pub use named::Named;
pub use run::Run;
pub use turn::{Refreshing, Turn};
