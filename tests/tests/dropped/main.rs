//! §3, "future dropped at any await": every future of every function is dropped after every number of polls, and each
//! time the next call works, whoever waits goes on, and nothing is left behind.
#![allow(missing_docs)]

mod backend;
mod forms;
mod harness;
mod in_process;
mod leaks;
mod on_redis;
