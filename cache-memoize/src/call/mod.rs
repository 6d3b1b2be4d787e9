//! A call, in three steps that the generated code chains: [`lookup`](target::Target::lookup) with the borrowed
//! arguments; on a miss `join` (wait for a computation under way, or become the one who computes); and `run`.

mod lead;
mod lookup;
pub(crate) mod target;
mod turn;

pub use lookup::Lookup;
pub use turn::{Refreshing, Turn};
