//! The engine of a call, the same for all places: single flight. A call joins a computation as a follower or leads one; the
//! leader runs the body, judges its result and brings it home. Generated code chains the steps: `lookup` with the borrowed
//! arguments, which is each place's own; on a miss `join`; then `run` and `end`.

mod body;
pub(crate) mod errand;
pub(crate) mod guard;
pub(crate) mod join;
pub(crate) mod judge;
mod look;
mod run;
mod turn;

/// The caller's place for a value that may not be there yet. Without a destructor: a variable with one has an address, and a
/// hit would not have its value in registers. No user code runs while a value is there.
pub type Place<R> = std::mem::ManuallyDrop<Option<R>>;

pub use body::Body;
pub(crate) use errand::{Errand, Landed, Pending};
pub(crate) use guard::LeaderGuard;
pub use join::JoinMode;
pub use look::{Look, unless};
pub use run::Run;
pub use turn::{Refreshing, Turn};
