//! The tools that hurt servers do what they say.
#![allow(missing_docs)]

mod again;
mod cluster;
mod peer;
mod proxy;
mod redis;
mod sentinels;
