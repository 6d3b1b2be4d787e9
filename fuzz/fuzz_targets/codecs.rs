//! Payloads of every codec, decoded into several types.

#![no_main]

use cache_memoize::fuzzing;
use libfuzzer_sys::fuzz_target;

#[path = "../within.rs"]
mod within;

fuzz_target!(|input: &[u8]| fuzzing::codecs(input, &within::within));
