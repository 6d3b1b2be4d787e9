//! A thousand instances of one function.
//!
//! In modules, a few in each: one function that lists ten thousand keeps the compiler busy for nine minutes.

use cache_memoize::cache_memoize;

use crate::Call;

#[cache_memoize(ttl = 3600, capacity = 20_000)]
fn instance<const NUMBER: usize>(key: u64) -> u64 {
    key + NUMBER as u64
}

macro_rules! one {
    () => {
        pub(super) fn collect(into: &mut Vec<Call>) {
            into.push(instance::<NUMBER>);
        }
    };
}

/// A macro that makes ten modules with what another makes in each, and the next digit of their number.
macro_rules! tenfold {
    ($name:ident of $inner:ident: $($module:ident $digit:literal)*) => {
        macro_rules! $name {
            () => {
                $(mod $module {
                    use super::*;
                    const NUMBER: usize = super::NUMBER * 10 + $digit;
                    $inner!();
                })*
                pub(super) fn collect(into: &mut Vec<Call>) {
                    $($module::collect(into);)*
                }
            };
        }
    };
}

tenfold!(ten of one: a 0 b 1 c 2 d 3 e 4 f 5 g 6 h 7 i 8 j 9);
tenfold!(hundred of ten: a 0 b 1 c 2 d 3 e 4 f 5 g 6 h 7 i 8 j 9);
tenfold!(thousand of hundred: a 0 b 1 c 2 d 3 e 4 f 5 g 6 h 7 i 8 j 9);

const NUMBER: usize = 0;

mod all {
    use super::*;
    thousand!();
}

/// All of them.
pub(crate) fn all() -> Vec<Call> {
    let mut calls = Vec::new();
    all::collect(&mut calls);
    calls
}
