//! Redis as a backend, asked directly, without keys, codecs and failing open: what the trait promises, on real servers
//! that are hurt on purpose.

mod cluster;
mod cost;
mod faults;
mod fence;
mod refusals;
mod runtimes;
mod sentinel;
mod settings;
mod store;
mod tls;
mod together;
mod trait_promises;
mod wake;
