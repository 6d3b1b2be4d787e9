//! Two instances of one generic function, whose types have one name as the compiler writes it.

use std::marker::PhantomData;

use cache_memoize::{Error, ErrorKind, cache_memoize};

use super::news::{Heard, news_of};
use super::{BYTES, REDIS, TYPED, ran, registered, runs};

/// Two types of one name.
trait Unit: 'static {
    const FACTOR: u64;
}

/// What is asked with two types called `Row`.
macro_rules! two_rows {
    (|$row:ident| $ask:expr) => {{
        let one = {
            struct $row;
            impl Unit for $row {
                const FACTOR: u64 = 1;
            }
            $ask
        };
        let other = {
            struct $row;
            impl Unit for $row {
                const FACTOR: u64 = 10;
            }
            $ask
        };
        (one, other)
    }};
}

impl<T: Unit> Unit for Vec<T> {
    const FACTOR: u64 = T::FACTOR;
}
impl<T: Unit> Unit for fn(T) {
    const FACTOR: u64 = T::FACTOR;
}

struct Of<T>(PhantomData<T>);

macro_rules! stories {
    ($($place:ident $backend:tt;)*) => {$(
        mod $place {
            use super::*;

            #[cache_memoize(ttl = 60, backend = $backend)]
            fn scaled<T: Unit>(x: u64) -> u64 { ran(); x * T::FACTOR }

            impl<T: Unit> Of<T> {
                #[cache_memoize(skip(self), backend = $backend)]
                fn $place(&self, x: u64) -> u64 { ran(); x * T::FACTOR }
            }

            #[test]
            fn local_types() {
                registered();
                let (one, other) = two_rows!(|Row| (scaled::<Row>(7), scaled_cache_key::<Row>(7)));
                assert_eq!((one.0, other.0), (7, 70));
                assert_ne!(one.1, other.1);
                let (one, other) = two_rows!(|Row| (scaled::<Vec<Row>>(7), scaled::<fn(Row)>(7)));
                assert_eq!((one, other), ((7, 7), (70, 70)));
            }

            #[test]
            fn local_types_in_an_impl() {
                registered();
                let (one, other) = two_rows!(|Row| Of::<Row>(PhantomData).$place(7));
                assert_eq!((one, other), (7, 70));
            }

            #[test]
            #[allow(coherence_leak_check)]
            fn types_that_differ_in_lifetimes() {
                trait Arity { const ARITY: u64; }
                impl Arity for for<'a> fn(&'a u8) { const ARITY: u64 = 1; }
                impl Arity for fn(&'static u8) { const ARITY: u64 = 2; }
                #[cache_memoize(backend = $backend)]
                fn arity<T: Arity>() -> u64 { ran(); T::ARITY }
                registered();
                assert_eq!(
                    (arity::<for<'a> fn(&'a u8)>(), arity::<fn(&'static u8)>()),
                    (1, 2)
                );
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

#[test]
fn names_that_say_it_all_stay_as_they_are() {
    #[cache_memoize(backend = BYTES, prefix = "names")]
    #[allow(dead_code, reason = "only its keys are asked for")]
    fn named<T>(x: u64) -> u64 {
        x + size_of::<T>() as u64
    }
    assert_eq!(named_cache_key::<Vec<Option<u8>>>(1), "names<alloc::vec::Vec<core::option::Option<u8>>>:1");
    assert_eq!(named_cache_key::<Error>(1), "names<cache_memoize::error::Error>:1");
    assert_eq!(
        free_cache_key::<(&str, fn(u8) -> Vec<i16>)>(1),
        format!("{}::free<(&str, fn(u8) -> alloc::vec::Vec<i16>)>:1", module_path!())
    );
    assert_ne!(
        free_cache_key::<Error>(1),
        format!("{}::free<cache_memoize::error::Error>:1", module_path!()),
        "`error` might be a function with an `Error` in it"
    );
}

#[cache_memoize]
#[allow(dead_code, reason = "only its keys are asked for")]
fn free<T>(x: u64) -> u64 {
    x + size_of::<T>() as u64
}

/// Where values are typed, closures are as different as other types.
#[test]
fn closures_in_memory() {
    #[cache_memoize(skip(price), backend = TYPED)]
    fn total<F: Fn(u64) -> u64>(price: F, items: u64) -> u64 {
        price(items)
    }
    assert_eq!((total(|n| n, 3), total(|n| 10 * n, 3)), (3, 30));
    #[cache_memoize(args_rewrite = |_, items| *items)]
    fn rewritten(price: impl Fn(u64) -> u64, items: u64) -> u64 {
        ran();
        price(items)
    }
    let (one, other) = (|n| n, |n| 10 * n);
    assert_eq!((rewritten(one, 3), rewritten(other, 3)), (3, 30));
    assert!(rewritten_invalidate(one, 3));
    assert_eq!(runs(|| rewritten(other, 3)), 0);
    assert_eq!(runs(|| rewritten(one, 3)), 1);
    rewritten_set(other, 3, 7);
    assert_eq!((rewritten(one, 3), rewritten(other, 3)), (3, 7));
}

/// Elsewhere they have no name that other processes know.
#[test]
fn closures_elsewhere() {
    macro_rules! refused {
        ($name:ident on $backend:tt) => {{
            #[cache_memoize(skip(price), backend = $backend)]
            fn $name<F: Fn(u64) -> u64>(price: F, items: u64) -> u64 {
                ran();
                price(items)
            }
            let total = $name;
            let _ = total(|n: u64| n, 3);
            let heard = news_of(concat!("closures_elsewhere::", stringify!($name)));
            assert_eq!(heard.len(), 1, "{heard:?}");
            let Heard { message, .. } = &heard[0];
            assert!(message.contains("types.rs:") && message.contains("{{closure}}"), "{message}");
            assert!(message.contains("`impl Fn") && message.contains("skip"), "{message}");
        }};
    }
    registered();
    refused!(on_bytes on BYTES);
    refused!(on_named on "identity");
    refused!(on_redis on REDIS);

    #[cache_memoize(skip(price), backend = BYTES, prefix = "closures")]
    fn total<F: Fn(u64) -> u64>(price: &F, items: u64) -> u64 {
        ran();
        price(items)
    }
    /// With the type of a closure, which has no name here either.
    fn asked<F: Fn(u64) -> u64>(price: F) -> [u64; 2] {
        let refusals = [
            total_invalidate::<F>(3).map(drop),
            total_peek::<F>(3).map(drop),
            total_set::<F>(3, 1),
            total_refresh(&price, 3).map(drop),
        ];
        for refusal in refusals {
            let error = refusal.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Setting);
            assert!(error.to_string().contains("{{closure}}"), "{error}");
        }
        total_invalidate_all().unwrap();
        [total(&price, 3), total(&price, 3)]
    }
    assert_eq!((asked(|n| n), asked(|n| 10 * n)), ([3; 2], [30; 2]));
    assert_eq!(runs(|| asked(|n| n)), 2, "they compute");
    assert_eq!(news_of("closures_elsewhere::total").len(), 1, "told once");

    /// The cure.
    #[cache_memoize(skip(price), extra = name, backend = BYTES)]
    fn cured(price: impl Fn(u64) -> u64, name: &str, items: u64) -> u64 {
        ran();
        price(items)
    }
    assert_eq!((cured(|n| n, "one", 3), cured(|n| 10 * n, "ten", 3)), (3, 30));
    assert_eq!(runs(|| (cured(|n| n, "one", 3), cured(|n| 10 * n, "ten", 3))), 0);
    assert!(cured_invalidate("one", 3).unwrap());
}

/// With a `prefix`, the names of types are all that is said of them: where they do not tell types apart, the first one
/// has them.
#[test]
fn local_types_with_a_prefix() {
    #[cache_memoize(backend = BYTES, prefix = "rows")]
    fn scaled<T: Unit>(x: u64) -> u64 {
        ran();
        x * T::FACTOR
    }
    #[cache_memoize(backend = TYPED, prefix = "rows")]
    fn typed<T: Unit>(x: u64) -> u64 {
        ran();
        x * T::FACTOR
    }
    let (one, other) = two_rows!(|Row| {
        let values = [scaled::<Row>(7), scaled::<Row>(7), typed::<Row>(7)];
        (values, scaled_peek::<Row>(7), scaled_set::<Row>(7, 5), scaled_cache_key::<Row>(7))
    });
    assert_eq!((one.0, other.0), ([7; 3], [70; 3]));
    assert_eq!(one.1.unwrap(), Some(7));
    assert_eq!(one.3, "rows<identity::types::local_types_with_a_prefix::Row>:7");
    assert_eq!(other.3, one.3);
    one.2.unwrap();
    for refusal in [other.1.map(drop), other.2] {
        assert_eq!(refusal.unwrap_err().kind(), ErrorKind::Setting);
    }
    let heard = news_of("local_types_with_a_prefix::scaled");
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert_eq!(heard[0].message.matches("types.rs:").count(), 2, "{}", heard[0].message);
    assert!(heard[0].message.contains("`prefix`"), "{}", heard[0].message);
    assert_eq!(news_of("local_types_with_a_prefix::typed").len(), 0);
}

impl<T: Unit> Of<T> {
    #[cache_memoize]
    fn unmentioned(x: u64) -> u64 {
        ran();
        x * T::FACTOR
    }
    #[cache_memoize(backend = BYTES)]
    fn unmentioned_on_bytes(x: u64) -> u64 {
        ran();
        x * T::FACTOR
    }
    #[cache_memoize(backend = TYPED)]
    fn unmentioned_on_typed(x: u64) -> u64 {
        ran();
        x * T::FACTOR
    }
}

/// Neither `self` nor `Self` is said: the macro sees in the file that it is in an `impl`, and so that it has a `Self`.
#[test]
fn local_types_in_an_impl_that_is_not_mentioned() {
    let (one, other) = two_rows!(|Row| {
        type Here = Of<Row>;
        let values = [Here::unmentioned(7), Here::unmentioned_on_bytes(7), Here::unmentioned_on_typed(7)];
        let again =
            runs(|| (Here::unmentioned(7), Here::unmentioned_on_bytes(7), Here::unmentioned_on_typed(7)));
        let found = (Here::unmentioned_invalidate(7), Here::unmentioned_peek(7));
        Here::unmentioned_set(7, 1);
        (values, again, found, Here::unmentioned_on_bytes_set(7, 1), Here::unmentioned_on_typed_set(7, 1))
    });
    assert_eq!((one.0, one.1, one.2), ([7; 3], 0, (true, None)));
    assert_eq!((other.0, other.1, other.2), ([70; 3], 0, (true, None)));
    assert!(one.3.is_ok() && one.4.is_ok() && other.3.is_ok() && other.4.is_ok());
    assert_eq!(news_of("unmentioned").len(), 0);
}
