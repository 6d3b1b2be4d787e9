//! Random operations by threads, tasks and processes, and whether what they saw can be explained: G1 and G2 in every
//! interleaving that comes up.
//!
//! `scripts/linearize.sh` does the same for longer. A failure names its seed: `HISTORIES_SEED=… cargo test …` makes
//! the same choices again, though not the same schedule. `HISTORIES_OPERATIONS` says how many for each subject.
#![allow(missing_docs)]

mod redis;
mod rounds;
mod tasks;
mod threads;
