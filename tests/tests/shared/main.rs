//! Functions on shared backends: the promises that hold across processes, on every backend there is.
#![allow(missing_docs)]

mod backends;
mod decoded;
mod matrix;
mod meeting;
mod names;
mod surface;
mod user_code;
mod waiting;
mod world;
mod written_alike;
