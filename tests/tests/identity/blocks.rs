//! Two functions of one name, with one path as the compiler writes it.

use cache_memoize::cache_memoize;

use super::{BYTES, REDIS, TYPED, ran, registered, runs};

/// A function in some place, with its companions.
struct One {
    call: fn(u64) -> u64,
    key: String,
    invalidate: fn(u64) -> bool,
}

/// Checks that two functions, whose values for 7 these are, have nothing in common.
#[track_caller]
fn are_apart(one: &One, other: &One, values: [u64; 2]) {
    assert_ne!(one.key, other.key, "also in two processes, of which each runs one of them");
    let (call, call_other) = (one.call, other.call);
    assert_eq!([call(7), call_other(7)], values);
    assert_eq!(runs(|| (call(7), call_other(7))), 0, "each has an entry");
    assert!((one.invalidate)(7), "and a companion is about the entry of its function");
    assert_eq!(runs(|| call_other(7)), 0);
    assert_eq!(runs(|| call(7)), 1);
    assert!((other.invalidate)(7));
    assert_eq!(runs(|| call(7)), 0);
    assert_eq!([call(7), call_other(7)], values);
}

/// The function `f` here, or another.
macro_rules! f {
    () => {
        f!(f, f_cache_key(7), |x| f_invalidate(x).unwrap())
    };
    ($call:expr, $key:expr, $invalidate:expr) => {
        One { call: $call, key: $key, invalidate: $invalidate }
    };
}

/// The very same tokens: only what is around them differs.
macro_rules! surrounded {
    ($backend:tt: $($number:literal)*) => {
        [$({
            const NUMBER: u64 = $number;
            #[cache_memoize(backend = $backend)]
            fn f(x: u64) -> u64 { ran(); x * NUMBER }
            f!()
        }),*]
    };
}

macro_rules! scaled {
    ($backend:tt, $factor:literal) => {{
        #[cache_memoize(ttl = 60, backend = $backend)]
        fn f(x: u64) -> u64 {
            ran();
            x * $factor
        }
        f!()
    }};
}

macro_rules! stories {
    ($($place:ident $backend:tt;)*) => {$(
        mod $place {
            use super::*;

            #[test]
            fn blocks() {
                registered();
                are_apart(&{ #[cache_memoize(backend = $backend)] fn f(x: u64) -> u64 { ran(); x + 1 } f!() }, &{ #[cache_memoize(backend = $backend)] fn f(x: u64) -> u64 { ran(); x + 1000 } f!() }, [8, 1007]);
            }

            #[test]
            fn blocks_with_the_same_tokens() {
                registered();
                are_apart(&{ const PLUS: u64 = 1; #[cache_memoize(backend = $backend)] fn f(x: u64) -> u64 { ran(); x + PLUS } f!() }, &{ const PLUS: u64 = 2; #[cache_memoize(backend = $backend)] fn f(x: u64) -> u64 { ran(); x + PLUS } f!() }, [8, 9]);
            }

            #[test]
            fn macros() {
                registered();
                are_apart(&scaled!($backend, 1), &scaled!($backend, 10), [7, 70]);
            }

            #[test]
            fn repetitions_of_a_macro() {
                registered();
                let [one, other] = surrounded!($backend: 1 10);
                are_apart(&one, &other, [7, 70]);
            }

            #[test]
            fn closures() {
                registered();
                let one = || { #[cache_memoize(backend = $backend)] fn f(x: u64) -> u64 { ran(); x + 1 } f!() };
                let other = || { #[cache_memoize(backend = $backend)] fn f(x: u64) -> u64 { ran(); x + 2 } f!() };
                are_apart(&one(), &other(), [8, 9]);
            }

            trait Here {
                fn story() -> One;
            }
            const _: () = {
                #[cache_memoize(backend = $backend)]
                fn f(x: u64) -> u64 { ran(); x + 1 }
                impl Here for u8 {
                    fn story() -> One { f!() }
                }
            };
            const _: () = {
                #[cache_memoize(backend = $backend)]
                fn f(x: u64) -> u64 { ran(); x + 2 }
                impl Here for u16 {
                    fn story() -> One { f!() }
                }
            };

            #[test]
            fn constants_without_a_name() {
                registered();
                are_apart(&u8::story(), &u16::story(), [8, 9]);
            }

            #[test]
            fn functions_of_local_types() {
                registered();
                are_apart(&{ struct S; impl S { #[cache_memoize(backend = $backend)] fn f(x: u64) -> u64 { ran(); x + 1 } }
                        f!(S::f, S::f_cache_key(7), |x| S::f_invalidate(x).unwrap()) }, &{ struct S; impl S { #[cache_memoize(backend = $backend)] fn f(x: u64) -> u64 { ran(); x + 2 } }
                        f!(S::f, S::f_cache_key(7), |x| S::f_invalidate(x).unwrap()) }, [8, 9]);
            }

            #[test]
            fn methods_of_local_types() {
                registered();
                are_apart(&{ struct S; impl S { #[cache_memoize(skip(self), backend = $backend)] fn f(&self, x: u64) -> u64 { ran(); x + 1 } }
                        f!(|x| S.f(x), S::f_cache_key(7), |x| S::f_invalidate(x).unwrap()) }, &{ struct S; impl S { #[cache_memoize(skip(self), backend = $backend)] fn f(&self, x: u64) -> u64 { ran(); x + 2 } }
                        f!(|x| S.f(x), S::f_cache_key(7), |x| S::f_invalidate(x).unwrap()) }, [8, 9]);
            }

            #[test]
            fn default_methods_for_local_types() {
                trait Plus {
                    const PLUS: u64;
                    #[cache_memoize(backend = $backend)]
                    fn f(x: u64) -> u64 { ran(); x + Self::PLUS }
                }
                registered();
                are_apart(&{ struct S; impl Plus for S { const PLUS: u64 = 1; }
                        f!(S::f, S::f_cache_key(7), |x| S::f_invalidate(x).unwrap()) }, &{ struct S; impl Plus for S { const PLUS: u64 = 2; }
                        f!(S::f, S::f_cache_key(7), |x| S::f_invalidate(x).unwrap()) }, [8, 9]);
            }

            #[test]
            fn modules_in_blocks() {
                registered();
                are_apart(&{ mod inner {
                        use super::super::*;
                        #[cache_memoize(backend = $backend)] pub(super) fn f(x: u64) -> u64 { ran(); x + 1 } }
                        use inner::*; f!() }, &{ mod inner {
                        use super::super::*;
                        #[cache_memoize(backend = $backend)] pub(super) fn f(x: u64) -> u64 { ran(); x + 2 } }
                        use inner::*; f!() }, [8, 9]);
            }

            /// A module and a function may have one name.
            mod shop {
                use super::*;
                pub(super) struct Row;
                impl Row {
                    #[cache_memoize(skip(self), backend = $backend)]
                    pub(super) fn f(&self, x: u64) -> u64 { ran(); x + 1 }
                }
                #[cache_memoize(backend = $backend)]
                pub(super) fn f(x: u64) -> u64 { ran(); x + 3 }
            }
            fn shop() -> [One; 2] {
                struct Row;
                impl Row {
                    #[cache_memoize(skip(self), backend = $backend)]
                    fn f(&self, x: u64) -> u64 { ran(); x + 2 }
                }
                #[cache_memoize(backend = $backend)]
                fn f(x: u64) -> u64 { ran(); x + 4 }
                [f!(|x| Row.f(x), Row::f_cache_key(7), |x| Row::f_invalidate(x).unwrap()), f!()]
            }

            #[test]
            fn a_function_called_as_a_module() {
                use shop::{Row, f, f_cache_key, f_invalidate};
                registered();
                let [row, free] = shop();
                are_apart(&f!(|x| Row.f(x), Row::f_cache_key(7), |x| Row::f_invalidate(x).unwrap()), &row, [8, 9]);
                are_apart(&f!(), &free, [10, 11]);
                let here = module_path!();
                assert_eq!(f_cache_key(7), format!("{here}::shop::f:7"), "what only a module can be is as it was");
                assert_eq!(Row::f_cache_key(7), format!("{here}::shop::Row::f:7"));
            }

            /// A type and a function may have one name, too.
            struct Either {}
            impl Either {
                #[cache_memoize(backend = $backend)]
                fn f(x: u64) -> u64 { ran(); x + 1 }
                #[cache_memoize(skip(self), backend = $backend)]
                fn g(&self, x: u64) -> u64 { ran(); x + 3 }
            }
            #[allow(non_snake_case)]
            fn Either() -> [One; 2] {
                #[cache_memoize(backend = $backend)]
                fn f(x: u64) -> u64 { ran(); x + 2 }
                #[cache_memoize(backend = $backend)]
                fn g(x: u64) -> u64 { ran(); x + 4 }
                [f!(), f!(g, g_cache_key(7), |x| g_invalidate(x).unwrap())]
            }

            #[test]
            fn a_function_called_as_a_type() {
                registered();
                let [f, g] = Either();
                are_apart(&f!(Either::f, Either::f_cache_key(7), |x| Either::f_invalidate(x).unwrap()), &f, [8, 9]);
                are_apart(&f!(|x| Either {}.g(x), Either::g_cache_key(7), |x| Either::g_invalidate(x).unwrap()), &g, [10, 11]);
            }

            #[test]
            fn what_one_removes_is_its_own() {
                registered();
                let (one, all) = {
                    #[cache_memoize(backend = $backend)] fn f(x: u64) -> u64 { ran(); x + 1 }
                    (f, f_invalidate_all)
                };
                let other = { #[cache_memoize(backend = $backend)] fn f(x: u64) -> u64 { ran(); x + 2 } f };
                assert_eq!(runs(|| (one(1), other(1))), 2);
                all().unwrap();
                assert_eq!(runs(|| other(1)), 0);
                assert_eq!(runs(|| one(1)), 1);
            }
        }
    )*};
}
stories! {
    typed TYPED;
    bytes BYTES;
    named "identity";
    redis REDIS;
}
