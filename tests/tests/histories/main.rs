//! Random operations by threads, tasks and processes, and whether what they saw can be explained: G1 and G2 in every
//! interleaving that comes up.
//!
//! `scripts/linearize.sh` does the same for longer. A failure names its seed: `HISTORIES_SEED=… cargo test …` makes
//! the same choices again, though not the same schedule. `HISTORIES_OPERATIONS` says how many for each subject.
#![allow(missing_docs)]

#[macro_use]
mod subject;

mod tasks;
mod threads;
