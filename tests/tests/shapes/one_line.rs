//! Functions on one line, as people write small ones.
#![deny(warnings)]

use cache_memoize::cache_memoize;

use crate::block_on;

/// A name that ends like a raw one would, and an argument without a name, on one line.
#[cache_memoize]
#[rustfmt::skip]
fn type_(_: u64) -> u8 { 1 }

/// The same awaited, with a pattern.
#[cache_memoize]
#[rustfmt::skip]
async fn match_((a, _): (u8, u8)) -> u8 { a }

/// They run.
#[test]
fn names_that_end_with_an_underscore() {
    assert_eq!((type_(1), type__peek(1)), (1, Some(1)));
    assert_eq!(block_on(match_((1, 2))), 1);
    assert!(block_on(match__invalidate((1, 2))));
}
