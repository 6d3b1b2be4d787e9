//! A thousand functions, each written by itself as far as the attribute can tell.

use cache_memoize::cache_memoize;

use crate::Call;

macro_rules! leaf {
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

/// Ten modules with the same in each.
macro_rules! ten {
    ($inner:ident $(, $more:ident)*) => {
        ten!(@ [a b c d e f g h i j] $inner $(, $more)*);
    };
    (@ [$($name:ident)*] $inner:ident $(, $more:tt)*) => {
        $(mod $name {
            use super::*;
            ten!(@@ $inner $(, $more)*);
        })*
        pub(super) fn collect(into: &mut Vec<Call>) {
            $($name::collect(into);)*
        }
    };
    (@@ leaf) => {
        leaf!();
    };
    (@@ ten $(, $more:ident)*) => {
        ten!($($more),*);
    };
}

mod thousand {
    use super::*;
    ten!(ten, ten, leaf);
}

/// All of them.
pub(crate) fn all() -> Vec<Call> {
    let mut all = Vec::new();
    thousand::collect(&mut all);
    all
}
