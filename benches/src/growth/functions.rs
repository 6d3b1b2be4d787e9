//! A thousand functions, each written by itself as far as the attribute can tell.

use cache_memoize::cache_memoize;

use crate::Call;

macro_rules! one {
    () => {
        #[cache_memoize(ttl = 3600, capacity = 20_000)]
        fn function(key: u64) -> u64 {
            key
        }
        pub(super) fn collect(into: &mut Vec<Call>) {
            into.push(function);
        }
    };
}

/// A macro that makes ten modules with what another makes in each.
macro_rules! tenfold {
    ($name:ident of $inner:ident: $($module:ident)*) => {
        macro_rules! $name {
            () => {
                $(mod $module {
                    use super::*;
                    $inner!();
                })*
                pub(super) fn collect(into: &mut Vec<Call>) {
                    $($module::collect(into);)*
                }
            };
        }
    };
}

tenfold!(ten of one: a b c d e f g h i j);
tenfold!(hundred of ten: a b c d e f g h i j);
tenfold!(thousand of hundred: a b c d e f g h i j);

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
