//! Model checking: every order in which a few threads can go through `flight/` and `memory/`, tried on the code
//! itself with loom. `scripts/model.sh` runs it.
//!
//! A *program* is a few threads with a few operations each, on one key or two. loom runs it once for each order of
//! the steps at which threads meet (`sync/shim`), and the *history* of each run is judged by the promises of the guide.
//! A run that cannot end is found by loom.
//!
//! The model leaves out: the counters of statistics; the inside of the store, for which there is a step before each
//! use; the sweeper's thread, instead of which programs sweep; shared backends. And loom takes `SeqCst` for `AcqRel`,
//! so histories get their order from memory fences (`stamp`).

mod history;
mod naive;
mod operation;
mod program;
mod search;
mod stamp;
mod stories;
mod subject;
mod world;
