//! Entries: opened as they are, around any payload, and damaged.

#![no_main]

use cache_memoize::fuzzing;
use libfuzzer_sys::fuzz_target;

#[path = "../within.rs"]
mod within;

fuzz_target!(|input: &[u8]| fuzzing::envelope(input, &within::within));
