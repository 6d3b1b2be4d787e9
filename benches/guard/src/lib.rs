//! Instructions of one operation, counted instead of timed: the same on a busy machine as on a quiet one.

pub mod callgrind;
