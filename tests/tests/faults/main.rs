//! GUARANTEES §3 against real servers: whatever happens to the backend, the function returns its value, soon, and the
//! cache comes back by itself.
//!
//! Each outage prints a row of the table in `cache-memoize/docs/redis.md`:
//! `cargo test -p cache-memoize-tests --test faults -- --nocapture --test-threads=1 | grep '^|'`.
#![allow(missing_docs)]

#[macro_use]
mod subject;

mod access;
mod arguments;
mod blind;
mod cluster;
mod connections;
mod drift;
mod evicted;
mod fleet;
mod forks;
mod load;
mod loss;
mod outage;
mod payloads;
mod refusals;
mod report;
mod round_trips;
mod sentinels;
mod servers;
mod waiting;
