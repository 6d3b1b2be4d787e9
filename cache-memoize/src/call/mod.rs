//! The engine of a call, the same for all places: join a computation or lead one, run the body, judge what it returned and
//! bring it home. The steps are chained by generated code: `lookup` with the borrowed arguments, which is each place's own;
//! on a miss `join`; then `run`.

mod body;
pub(crate) mod errand;
pub(crate) mod guard;
pub(crate) mod join;
pub(crate) mod judge;
mod look;
mod run;
mod turn;

/// Where the caller wants a value, while there may be none. Without a destructor: what has one has an address, and a hit
/// would not have its value in registers. Nothing of the user's runs while a value is there.
pub type Place<R> = std::mem::ManuallyDrop<Option<R>>;

pub use body::Body;
pub(crate) use errand::{Errand, Landed, Pending};
pub(crate) use guard::LeaderGuard;
pub use join::JoinMode;
pub use look::{Look, unless};
pub use run::Run;
pub use turn::{Refreshing, Turn};
