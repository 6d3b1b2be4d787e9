//! A cache without a fence, as most are: the result of a computation is stored whatever happened meanwhile. It shows
//! that the search finds the faults that it looks for.

use std::collections::HashMap;

use super::history::Got;
use super::operation::Op;
use super::program::Step;
use super::subject::{Body, Subject};
use crate::sync::shim::{Mutex, lock};

pub(super) struct Naive(Mutex<HashMap<usize, u64>>);

impl Naive {
    fn get(&self, key: usize) -> Option<u64> {
        lock(&self.0).get(&key).copied()
    }
}

impl Subject for Naive {
    fn new(_: bool) -> Self {
        Self(Mutex::default())
    }

    fn perform(&self, step: &Step, body: &Body) -> Got {
        match step.op {
            Op::Peek => return self.get(step.key).map_or(Got::Nothing, Got::Value),
            Op::Invalidate => {
                lock(&self.0).remove(&step.key);
                return Got::Nothing;
            }
            Op::InvalidateAll => {
                lock(&self.0).clear();
                return Got::Nothing;
            }
            Op::Set => {
                lock(&self.0).insert(step.key, step.value);
                return Got::Nothing;
            }
            _ => {}
        }
        if let Some(value) = self.get(step.key) {
            return Got::Value(value);
        }
        body.begin();
        lock(&self.0).insert(step.key, step.value);
        Got::Value(step.value)
    }

    fn rest(self) -> Result<(), String> {
        Ok(())
    }
}
