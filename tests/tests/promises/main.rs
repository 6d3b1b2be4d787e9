//! GUARANTEES, one test each: the promises of the guide, for one process.
#![allow(missing_docs)]

mod bounded;
mod copies;
mod fence;
mod fence_async;
mod flight;
mod flight_async;
mod hostile;
mod keys;
mod keys_apart;
mod memory;
mod once;
mod outcomes;
mod pairs;
mod panics;
mod recursion;
mod rivals;
mod stack;
mod user_code;
mod waiting;
