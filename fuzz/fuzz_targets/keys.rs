//! Keys of two calls that are nearly the same.

#![no_main]

use cache_memoize::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| fuzzing::keys(input));
