//! The attribute on what is no function.

use cache_memoize::cache_memoize;

#[cache_memoize(ttl = 5)]
struct Struct {
    id: u64,
}

#[cache_memoize(ttl = 5)]
pub enum Enum {}

#[cache_memoize(ttl = 5)]
impl Struct {
    fn id(&self) -> u64 {
        self.id
    }
}

#[cache_memoize(ttl = 5)]
trait Trait {
    fn id(&self) -> u64;
}

#[cache_memoize(ttl = 5)]
const CONST: u64 = 5;

#[cache_memoize(ttl = 5)]
static STATIC: u64 = 5;

#[cache_memoize(ttl = 5)]
mod module {}

#[cache_memoize(ttl = 5)]
use std::fmt;

#[cache_memoize(ttl = 5)]
unsafe extern "C" {
    fn foreign();
}

// They still exist.
impl Trait for Struct {
    fn id(&self) -> u64 {
        let _ = self as &dyn Trait;
        CONST + STATIC + self.id
    }
}

impl fmt::Debug for Enum {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

fn main() {}
