//! Attributes on functions, of a grammar and of any text.

#![no_main]

use cache_memoize_attribute::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    fuzzing::options(input);
});
