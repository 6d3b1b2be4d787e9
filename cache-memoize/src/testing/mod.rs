//! Tools for tests of code that memoizes, and of backends, behind the feature `testing`.
//!
//! - [`isolate`] gives a test caches, statistics and a clock of its own, so that tests of the same functions do not
//!   meet. [`advance`] moves its clock.
//! - [`off`], or `CACHE_MEMOIZE=off` in the environment of the program, has every call run its body.
//! - [`Gate`] stops computations at named points, so that a test decides what happens in between.
//! - [`History`] records what concurrent callers saw, and says whether an invalidation was lost.
#![cfg_attr(feature = "shared", doc = "- [`Faulty`] is a backend that fails on purpose.")]
#![cfg_attr(feature = "shared", doc = "- [`conformance`] and [`race_matrix`] check a backend of your own.")]

mod clock;
#[cfg(feature = "shared")]
mod conformance;
#[cfg(feature = "shared")]
mod faulty;
mod gate;
mod history;
mod point;
#[cfg(feature = "shared")]
mod races;
mod scope;

pub use clock::advance;
#[cfg(feature = "shared")]
pub use conformance::{conformance, conformance_async};
#[cfg(feature = "shared")]
pub use faulty::{Faults, Faulty};
pub use gate::Gate;
pub use history::{History, Op, Seen, Sight, Summary, Violation};
pub use point::Point;
#[cfg(feature = "shared")]
pub use races::{race_matrix, race_matrix_in_memory};
pub use scope::{Entered, Scope, isolate, off};

pub(crate) use clock::ticks_now;
pub(crate) use gate::{Held, held};
pub(crate) use scope::{current_world, current_world_id, is_off};
