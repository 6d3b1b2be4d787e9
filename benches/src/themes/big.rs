//! .
use crate::measure::Effort;
use crate::print::Report;
pub fn run(_: Effort) -> Report { Report::default() }
pub fn cell(_: &[&str]) -> String { String::new() }
