//! The tools that users have for their tests: caches of a test's own, a clock, an off switch, gates.
#![allow(missing_docs)]

mod gates;
mod isolation;
mod off;
