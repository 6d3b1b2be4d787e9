//! What else makes functions of one name: macros within macros, files that are included twice, functions in `impl`s in
//! functions, generic functions around them, constant parameters.

use cache_memoize::cache_memoize;

use super::{BYTES, TYPED, ran, runs};

/// A function with its key and a companion.
type One = (fn(u64) -> u64, String, fn(u64) -> bool);

/// Checks that all are apart, and that each has its own value.
#[track_caller]
fn are_apart(all: &[(One, u64)]) {
    for (at, ((call, key, _), value)) in all.iter().enumerate() {
        assert!(all[..at].iter().all(|((_, other, _), _)| other != key), "{key}");
        assert_eq!(call(7), *value, "{key}");
    }
    for ((call, key, invalidate), value) in all {
        assert_eq!(runs(|| call(7)), 0, "{key}");
        assert!(invalidate(7), "{key}");
        assert_eq!(runs(|| all.iter().map(|((call, ..), _)| call(7)).collect::<Vec<_>>()), 1, "{key}");
        assert_eq!(call(7), *value, "{key}");
    }
}

macro_rules! looped {
    ($backend:tt $($plus:literal)*) => {{
        let mut all: Vec<(One, u64)> = Vec::new();
        $(
            all.push(({
                const PLUS: u64 = $plus;
                looped!(@one $backend, PLUS)
            }, 7 + $plus));
            all.push(({
                const PLUS: u64 = 10 * $plus;
                looped!(@one $backend, PLUS)
            }, 7 + 10 * $plus));
        )*
        all
    }};
    (@one $backend:tt, $factor:ident) => {{
        #[cache_memoize(backend = $backend)]
        fn f(x: u64) -> u64 {
            ran();
            x + $factor
        }
        (f, f_cache_key(7), |x| f_invalidate(x).unwrap())
    }};
}

#[test]
fn macros_in_loops_of_macros() {
    are_apart(&looped!(TYPED 1 2 3));
    are_apart(&looped!(BYTES 1 2 3));
}

#[test]
fn a_file_that_is_included_twice() {
    let one: (One, u64) = {
        use super::BYTES as PLACE;
        const PLUS: u64 = 1;
        include!("included.in")
    };
    let other: (One, u64) = {
        use super::BYTES as PLACE;
        const PLUS: u64 = 2;
        include!("included.in")
    };
    let third: (One, u64) = {
        use super::TYPED as PLACE;
        const PLUS: u64 = 3;
        include!("included.in")
    };
    are_apart(&[one, other, third]);
}

#[test]
#[allow(non_local_definitions)]
fn methods_in_impls_in_generic_functions() {
    struct Held(u64);
    fn first<T>() -> One {
        impl Held {
            #[cache_memoize(skip(self), backend = BYTES)]
            fn first(&self, x: u64) -> u64 {
                ran();
                x + self.0
            }
        }
        (|x| Held(1).first(x), Held::first_cache_key(7), |x| Held::first_invalidate(x).unwrap())
    }
    fn local<T>() -> One {
        struct Held;
        impl Held {
            #[cache_memoize(skip(self), backend = BYTES)]
            fn first(&self, x: u64) -> u64 {
                ran();
                x + 2
            }
        }
        (|x| Held.first(x), Held::first_cache_key(7), |x| Held::first_invalidate(x).unwrap())
    }
    are_apart(&[(first::<u8>(), 8), (local::<u8>(), 9)]);
    assert_eq!(first::<u16>().1, first::<u8>().1, "what is in a generic function is not generic");
}

#[test]
fn traits_of_one_name() {
    let one = {
        trait Plus {
            #[cache_memoize(backend = BYTES, companions = false)]
            fn f(x: u64) -> u64
            where
                Self: Sized,
            {
                ran();
                x + 1
            }
        }
        impl Plus for u64 {}
        <u64 as Plus>::f
    };
    let other = {
        trait Plus {
            #[cache_memoize(backend = BYTES, companions = false)]
            fn f(x: u64) -> u64
            where
                Self: Sized,
            {
                ran();
                x + 2
            }
        }
        impl Plus for u64 {}
        <u64 as Plus>::f
    };
    assert_eq!((one(7), other(7)), (8, 9));
    assert_eq!(runs(|| (one(7), other(7))), 0);
}

#[test]
fn constant_parameters() {
    #[cache_memoize(backend = BYTES)]
    fn f<const N: i64, const C: char, const B: bool>(x: u64) -> i64 {
        ran();
        N + i64::from(u32::from(C)) + i64::from(B) + x.cast_signed()
    }
    let all = || [f::<1, '<', true>(7), f::<1, '>', true>(7), f::<-1, '\'', true>(7), f::<-1, ',', false>(7)];
    let values = [1 + 60 + 1 + 7, 1 + 62 + 1 + 7, -1 + 39 + 1 + 7, -1 + 44 + 7];
    assert_eq!(all(), values);
    assert_eq!(runs(all), 0);
    assert!(f_invalidate::<1, '>', true>(7).unwrap());
    assert!(f_invalidate::<-1, '\'', true>(7).unwrap());
    assert_eq!(runs(all), 2);
    assert_eq!(all(), values);
}

/// A blanket `impl` has any types for `Self`, closures and local ones included.
trait Named {
    fn name(&self) -> u64;
    fn local(&self) -> u64;
}
impl<F: Fn() -> u64 + 'static> Named for F {
    #[cache_memoize(skip(self), backend = TYPED, companions = false)]
    fn name(&self) -> u64 {
        ran();
        self()
    }
    #[cache_memoize(skip(self), backend = BYTES, companions = false)]
    fn local(&self) -> u64 {
        ran();
        self()
    }
}

#[test]
fn blanket_impls() {
    let (one, other) = (|| 1, || 2);
    assert_eq!((one.name(), other.name()), (1, 2));
    assert_eq!(runs(|| (one.name(), other.name())), 0);
    assert_eq!((one.local(), other.local()), (1, 2));
    assert_eq!(runs(|| (one.local(), other.local())), 2, "nobody else knows their names");
    let small = {
        fn row() -> u64 {
            1
        }
        row.local()
    };
    let large = {
        fn row() -> u64 {
            2
        }
        row.local()
    };
    assert_eq!((small, large), (1, 2));
}

#[test]
fn arguments_without_names_of_types() {
    #[cache_memoize(backend = BYTES, args_rewrite = |_, x| *x)]
    fn asked(unit: &impl Fn() -> u64, x: u64) -> u64 {
        ran();
        unit() + x
    }
    fn two() -> u64 {
        2
    }
    assert_eq!((asked(&|| 1, 7), asked(&|| 3, 7)), (8, 10));
    assert_eq!(asked(&two, 7), 9);
    assert_eq!(runs(|| asked(&two, 7)), 0, "the type of a function has a name");
    assert!(asked_invalidate(&two, 7).unwrap());
    #[cache_memoize(backend = TYPED, args_rewrite = |all, x| (all.len(), *x))]
    fn nested(all: &[Option<impl Fn() -> u64>], x: u64) -> u64 {
        ran();
        all.iter().flatten().map(|one| one()).sum::<u64>() + x
    }
    let (one, other) = (|| 1, || 5);
    assert_eq!((nested(&[Some(one)], 7), nested(&[Some(other)], 7)), (8, 12));
    assert!(nested_invalidate(&[Some(other)], 7).unwrap());
    assert_eq!(runs(|| (nested(&[Some(one)], 7), nested(&[Some(other)], 7))), 1);
}
