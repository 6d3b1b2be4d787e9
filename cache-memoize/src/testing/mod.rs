//! Tools for tests of code that memoizes, and of backends, behind the feature `testing`.
//!
//! - [`isolate`] gives a test caches, statistics and a clock of its own, so that tests of the same functions do not
//!   meet. [`advance`] moves its clock.
//! - [`off`], or `CACHE_MEMOIZE=off` in the environment of the program, has every call run its body.
//! - [`Gate`] stops computations at named points, so that a test decides what happens in between.
//! - [`History`] records what concurrent callers saw, and says whether an invalidation was lost.
#![cfg_attr(feature = "shared", doc = "- [`Faulty`] is a backend that fails on purpose.")]
#![cfg_attr(feature = "shared", doc = "- [`conformance`] and [`race_matrix`] check a backend of your own.")]

#[cfg(feature = "shared")]
mod conformance;
#[cfg(feature = "shared")]
mod faulty;
mod history;
#[cfg(feature = "shared")]
mod races;

pub use crate::hooks::{Entered, Gate, Point, Scope, advance, isolate, off};
#[cfg(feature = "shared")]
pub use conformance::{conformance, conformance_async};
#[cfg(feature = "shared")]
pub use faulty::{Faults, Faulty};
pub use history::{History, Op, Seen, Sight, Summary, Violation};
#[cfg(feature = "shared")]
pub use races::{race_matrix, race_matrix_in_memory};
