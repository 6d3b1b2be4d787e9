//! The house rules that a compiler does not know: what a file begins with, how long a function is, and which way imports go.
//!
//! Sources are read as text: `cargo fmt` has made them regular enough for that.

mod circles;
mod headers;
mod layers;
mod lengths;
mod source;
