//! A call, in three steps that the generated code chains: [`lookup`](target::Target::lookup) with the borrowed
//! arguments; on a miss `join` (wait for a computation under way, or become the one who computes); and `run`.

mod body;
pub(crate) mod lead;
mod lookup;
mod named;
pub(crate) mod target;
mod turn;

pub use body::Body;
pub use lookup::Lookup;
#[cfg(feature = "shared")]
pub(crate) use lookup::stuck;
pub use named::Named;
pub(crate) use target::Tenant;
pub use turn::{Refreshing, Turn};
