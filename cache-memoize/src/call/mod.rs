//! A call, in three steps that the generated code chains: [`lookup`](target::Target::lookup) with the borrowed
//! arguments; on a miss `join` (wait for a computation under way, or become the one who computes); and `run`.

mod body;
pub(crate) mod lead;
mod lookup;
mod named;
mod run;
pub(crate) mod target;
mod turn;

pub use body::Body;
pub use lookup::{Found, Lookup};
pub use named::Named;
pub use run::Run;
pub(crate) use target::Tenant;
pub use turn::{Refreshing, Turn};
