//! For every shape of function, on every place: what the function stored, its companions find, and what they store, it
//! finds.
#![allow(
    clippy::extra_unused_lifetimes,
    clippy::needless_lifetimes,
    clippy::redundant_pub_crate,
    clippy::trait_duplication_in_bounds,
    clippy::type_repetition_in_bounds,
    dead_code,
    single_use_lifetimes,
    unreachable_pub,
    unused_imports
)]

use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::marker::PhantomData;

use cache_memoize::{Error, backend, cache_memoize};
use cache_memoize_tests::stored;

use super::{BYTES, REDIS, TYPED, block_on, ran, registered, runs};

/// What a companion answers, with a backend and without.
trait Answer {
    type Plain;
    fn plain(self) -> Self::Plain;
}

macro_rules! plain {
    ($($type:ty),*) => {$(
        impl Answer for $type {
            type Plain = Self;
            fn plain(self) -> Self {
                self
            }
        }
    )*};
}
plain!((), bool, u64, Option<u64>);

impl<T> Answer for Result<T, Error> {
    type Plain = T;
    fn plain(self) -> T {
        self.unwrap()
    }
}

/// A function in one place, with one list of arguments.
struct Subject<'s> {
    place: &'s str,
    call: &'s dyn Fn() -> u64,
    invalidate: &'s dyn Fn() -> bool,
    set: &'s dyn Fn(u64),
    peek: &'s dyn Fn() -> Option<u64>,
    refresh: &'s dyn Fn() -> u64,
    key: &'s dyn Fn() -> String,
}

impl Subject<'_> {
    fn holds(&self) {
        let Self { place, call, invalidate, set, peek, refresh, key } = *self;
        assert_eq!(runs(call), 1, "{place}: the first call runs the body");
        assert_eq!(runs(call), 0, "{place}: the second does not");
        let value = call();
        assert_eq!(peek(), Some(value), "{place}: `_peek` finds what the function stored");
        if place == "bytes" {
            assert!(is_stored(&key()), "`_cache_key` is the key: {}", key());
        }
        assert!(invalidate(), "{place}: `_invalidate` finds what the function stored");
        assert_eq!(peek(), None, "{place}: and it is gone");
        assert_eq!(runs(call), 1, "{place}: so the next call runs the body");
        set(1_234_567);
        assert_eq!(call(), 1_234_567, "{place}: the function finds what was set");
        assert_eq!(refresh(), value, "{place}: the body runs");
        assert_eq!(call(), value, "{place}: and the function finds what was refreshed");
        assert!(invalidate(), "{place}: of all that there was one entry");
        assert_eq!(peek(), None, "{place}: of all that there was one entry");
    }
}

fn is_stored(key: &str) -> bool {
    let key = backend::Key::new(stored::value(key), backend::Group::in_namespace("memo", ""));
    block_on(async { BYTES.backend().read(&key, backend::Read::new(), backend::CallMode::ASYNC).await })
        .unwrap()
        .is_some()
}

/// `wait!([async] f(1))`
macro_rules! wait {
    ([] $call:expr) => {
        $call
    };
    ([async] $call:expr) => {
        block_on(async { $call.await })
    };
}

/// Declares a function in each place, and asks all of them.
macro_rules! shape {
    (
        $name:ident: [$($options:tt)*] $wait:tt
        { $($items:item)* } [$($head:tt)*] { $($function:tt)* }
        call $call:expr; companions($($callee:tt)*) $(::[$($generic:tt)*])? ($($argument:expr),*);
        refresh($($runs:tt)*) $(::[$($typed:tt)*])? ($($all:expr),*)
    ) => {
        mod $name {
            use super::*;
            $($items)*
            shape!(@place own [$($options)*] [$($head)*] { $($function)* });
            shape!(@place typed [backend = TYPED, $($options)*] [$($head)*] { $($function)* });
            shape!(@place bytes [backend = BYTES, $($options)*] [$($head)*] { $($function)* });
            shape!(@place named [backend = "identity", $($options)*] [$($head)*] { $($function)* });
            shape!(@place redis [backend = REDIS, $($options)*] [$($head)*] { $($function)* });

            #[test]
            fn holds() {
                registered();
                shape!(@ask own $wait $call;
                    [$($callee)*] [$(::<$($generic)*>)?] ($($argument),*) [$($runs)*] [$(::<$($typed)*>)?] ($($all),*));
                shape!(@ask typed $wait $call;
                    [$($callee)*] [$(::<$($generic)*>)?] ($($argument),*) [$($runs)*] [$(::<$($typed)*>)?] ($($all),*));
                shape!(@ask bytes $wait $call;
                    [$($callee)*] [$(::<$($generic)*>)?] ($($argument),*) [$($runs)*] [$(::<$($typed)*>)?] ($($all),*));
                shape!(@ask named $wait $call;
                    [$($callee)*] [$(::<$($generic)*>)?] ($($argument),*) [$($runs)*] [$(::<$($typed)*>)?] ($($all),*));
                shape!(@ask redis $wait $call;
                    [$($callee)*] [$(::<$($generic)*>)?] ($($argument),*) [$($runs)*] [$(::<$($typed)*>)?] ($($all),*));
            }
        }
    };
    (@place $place:ident [$($options:tt)*] [] { $($function:tt)* }) => {
        mod $place {
            use super::*;
            #[cache_memoize($($options)*)]
            $($function)*
        }
    };
    (@place $place:ident [$($options:tt)*] [$($head:tt)+] { $($function:tt)* }) => {
        mod $place {
            use super::*;
            #[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize)]
            pub struct S<T = u8>(pub T);
            #[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize)]
            pub struct B<'b>(pub &'b str);
            $($head)+ {
                #[cache_memoize($($options)*)]
                $($function)*
            }
        }
    };
    (
        @ask $place:ident $wait:tt $call:expr; [$($callee:tt)*] [$($generics:tt)*] ($($argument:expr),*)
        [$($runs:tt)*] [$($typed:tt)*] ($($all:expr),*)
    ) => {{
        use $place::*;
        Subject {
            place: stringify!($place),
            call: &|| wait!($wait $call),
            invalidate: &|| wait!($wait $($callee)* f_invalidate $($generics)* ($($argument),*)).plain(),
            set: &|value| wait!($wait $($callee)* f_set $($generics)* ($($argument,)* value)).plain(),
            peek: &|| wait!($wait $($callee)* f_peek $($generics)* ($($argument),*)).plain(),
            refresh: &|| wait!($wait $($runs)* f_refresh $($typed)* ($($all),*)).plain(),
            key: &|| $($callee)* f_cache_key $($generics)* ($($argument),*),
        }
        .holds();
    }};
}

pub trait Plain {
    fn id(&self) -> u64;
}
impl Plain for u64 {
    fn id(&self) -> u64 {
        *self
    }
}
impl<P: Plain> Plain for &P {
    fn id(&self) -> u64 {
        P::id(self)
    }
}
pub trait Life<'a> {
    fn get(&self) -> &'a str;
}
impl<'a> Life<'a> for &'a str {
    fn get(&self) -> &'a str {
        self
    }
}
/// As sqlx has it.
pub trait Executor<'c>: Sized {
    type Database;
    fn run(self) -> u64;
}
pub struct Sqlite;
impl<'c> Executor<'c> for &'c u64 {
    type Database = Sqlite;
    fn run(self) -> u64 {
        *self
    }
}

shape! { iterator: [skip(x)] [] {} []
{ pub fn f<'a>(x: impl Iterator<Item = &'a u64>, id: u64) -> u64 { ran(); id + x.sum::<u64>() } }
call f([1].iter(), 1); companions() (1); refresh() ([1].iter(), 1) }
shape! { iterator_of_an_outliving_lifetime: [skip(x)] [] {} []
{ pub fn f<'a>(x: impl Iterator<Item = &'a u64>, id: u64) -> u64 where 'a: 'a { ran(); id + x.sum::<u64>() } }
call f([1].iter(), 1); companions() (1); refresh() ([1].iter(), 1) }
shape! { trait_with_a_lifetime: [skip(x)] [] {} []
{ pub fn f<'a>(x: impl Life<'a>, id: u64) -> u64 { ran(); id + x.get().len() as u64 } }
call f("ab", 1); companions() (1); refresh() ("ab", 1) }
shape! { bounded_by_a_lifetime: [skip(x)] [] {} []
{ pub fn f<'a>(x: impl Plain + 'a, s: &'a str) -> u64 { ran(); x.id() + s.len() as u64 } }
call f(7, "ab"); companions() ("ab"); refresh() (7, "ab") }
shape! { bounded_by_an_elided_lifetime: [skip(x)] [async] {} []
{ pub async fn f(x: impl Plain + '_, s: &str) -> u64 { ran(); x.id() + s.len() as u64 } }
call f(7, "ab"); companions() ("ab"); refresh() (7, "ab") }
shape! { closure_over_a_lifetime: [skip(x)] [] {} []
{ pub fn f<'a>(x: impl Fn(&'a str) -> u64, s: &'a str) -> u64 { ran(); x(s) } }
call f(|s| s.len() as u64, "ab"); companions() ("ab"); refresh() (|s: &str| s.len() as u64, "ab") }
shape! { slices_of_a_lifetime: [skip(x)] [] {} []
{ pub fn f<'a>(x: impl AsRef<[&'a str]>, id: u64) -> u64 { ran(); id + x.as_ref().len() as u64 } }
call f(["a"], 1); companions() (1); refresh() (["a"], 1) }
shape! { executor: [skip(ex)] [async] {} []
{ pub async fn f(ex: impl Executor<'_, Database = Sqlite>, id: i64) -> u64 { ran(); ex.run() + id as u64 } }
call f(&5, 1); companions() (1); refresh() (&5, 1) }
shape! { into_iterator_of_borrows: [skip(x)] [async] {} []
{ pub async fn f(x: impl IntoIterator<Item = &u64>, id: u64) -> u64 { ran(); id + x.into_iter().sum::<u64>() } }
call f(&[5], 1); companions() (1); refresh() (&[5], 1) }
shape! { higher_ranked: [skip(x)] [] {} []
{ pub fn f(x: impl for<'z> Fn(&'z str) -> &'z str, id: u64) -> u64 { ran(); id + x("ab").len() as u64 } }
call f(str::trim, 1); companions() (1); refresh() (str::trim, 1) }
shape! { elided_in_a_closure: [skip(x)] [] {} []
{ pub fn f(x: impl Fn(&str) -> u64, id: u64) -> u64 { ran(); id + x("ab") } }
call f(|x| x.len() as u64, 1); companions() (1); refresh() (|x: &str| x.len() as u64, 1) }
shape! { two_impls_one_skipped: [skip(x)] [] {} []
{ pub fn f<'a>(y: impl Into<u64> + Hash + Eq + Clone + serde::Serialize + Send + Sync + 'static,
    x: impl Iterator<Item = &'a u64>) -> u64 { ran(); y.into() + x.sum::<u64>() } }
call f(1_u8, [1].iter()); companions() (1_u8); refresh() (1_u8, [1].iter()) }
shape! { two_impls_the_other_skipped: [skip(x)] [] {} []
{ pub fn f<'a>(x: impl Iterator<Item = &'a u64>,
    y: impl Into<u64> + Hash + Eq + Clone + serde::Serialize + Send + Sync + 'static) -> u64 { ran(); y.into() + x.sum::<u64>() } }
call f([1].iter(), 1_u8); companions() (1_u8); refresh() ([1].iter(), 1_u8) }
shape! { nested_impls: [skip(x)] [] {} []
{ pub fn f<'a, T: Plain + 'static>(x: impl Iterator<Item = (impl Display + 'a, &'a T)>, id: u64) -> u64 {
    ran(); id + x.map(|(d, t)| d.to_string().len() as u64 + t.id()).sum::<u64>() } }
call f([("x", &4_u64)].into_iter(), 1); companions() ::[u64] (1); refresh() ([("x", &4_u64)].into_iter(), 1) }
shape! { early_bound_parameter: [skip(x)] [] {} []
{ pub fn f<'a, T: Life<'a>>(x: T, id: u64) -> u64 { ran(); id + x.get().len() as u64 } }
call f("ab", 1); companions() ::[&str] (1); refresh() ("ab", 1) }
shape! { early_bound_where: [skip(x)] [] {} []
{ pub fn f<'a, T>(x: &'a T, id: u64) -> u64 where T: Plain + 'a { ran(); id + x.id() } }
call f(&3_u64, 1); companions() ::[u64] (1); refresh() (&3_u64, 1) }
shape! { bound_of_a_reference: [skip(x)] [] {} []
{ pub fn f<'a, T: Plain>(x: &'a T, s: &str) -> u64 where &'a T: Plain { ran(); x.id() + s.len() as u64 } }
call f(&3_u64, "ab"); companions() ::[u64] ("ab"); refresh() (&3_u64, "ab") }
shape! { bound_of_references_within: [skip(x, y)] [] {} []
{ pub fn f<'a, 'b, T: Plain, U>(x: Option<&'a [&'b T]>, y: (&'a U, &'b T), s: &str) -> u64 where &'a T: Plain, &'a U: Debug, 'b: 'a {
    ran(); x.map_or(0, |x| x.len() as u64) + y.1.id() + s.len() as u64 } }
call f(None, (&'x', &3_u64), "ab"); companions() ::[u64, char] ("ab"); refresh() (None, (&'x', &3_u64), "ab") }
shape! { two_lifetimes: [] [] {} []
{ pub fn f<'a, 'b: 'a>(x: &'a str, y: &'b str) -> u64 { ran(); (x.len() + 2 * y.len()) as u64 } }
call f("a", "bc"); companions() ("a", "bc"); refresh() ("a", "bc") }
shape! { const_char: [] [] {} []
{ pub fn f<const C: char, const N: i8>(x: u64) -> u64 { ran(); x + u64::from(u32::from(C)) + u64::from(N.unsigned_abs()) } }
call f::<'<', -1>(1); companions() ::['<', -1] (1); refresh() ::['<', -1] (1) }

shape! { method: [] [] {} [impl S]
{ pub fn f<'a>(&self, x: &'a str) -> u64 { ran(); u64::from(self.0) + x.len() as u64 } }
call S(1).f("ab"); companions(S(1).) ("ab"); refresh(S(1).) ("ab") }
shape! { method_with_an_iterator: [skip(self, x)] [] {} [impl S]
{ pub fn f<'a>(&self, x: impl Iterator<Item = &'a u64>, id: u64) -> u64 { ran(); u64::from(self.0) + id + x.sum::<u64>() } }
call S(1).f([2].iter(), 3); companions(S::) (3); refresh(S(1).) ([2].iter(), 3) }
shape! { method_of_a_generic: [skip(x)] [] {}
[impl<T: Into<u64> + Copy + Hash + Eq + serde::Serialize + Send + Sync + 'static> S<T>]
{ pub fn f<'a>(&'a self, x: impl Iterator<Item = &'a u64>, id: u64) -> u64 { ran(); self.0.into() + id + x.sum::<u64>() } }
call S(1_u16).f([2].iter(), 3); companions(S(1_u16).) (3); refresh(S(1_u16).) ([2].iter(), 3) }
shape! { associated_of_a_generic: [skip(x)] [] {} [impl<T: Into<u64> + 'static> S<T>]
{ pub fn f<'a>(x: impl Iterator<Item = &'a u64>, id: u64) -> u64 { ran(); size_of::<T>() as u64 + id + x.sum::<u64>() } }
call S::<u16>::f([2].iter(), 3); companions(S::<u16>::) (3); refresh(S::<u16>::) ([2].iter(), 3) }
shape! { associated_async: [skip(x)] [async] {} [impl<'b> B<'b>]
{ pub async fn f(x: impl IntoIterator<Item = &'b u64>, id: u64) -> u64 { ran(); id + x.into_iter().sum::<u64>() } }
call B::f(&[2], 3); companions(B::) (3); refresh(B::) (&[2], 3) }
shape! { method_with_a_lifetime: [skip(self, x)] [] {} [impl<'b> B<'b>]
{ pub fn f<'a>(&self, x: impl Fn(&'b str) -> u64 + 'a, id: &'a str) -> u64 { ran(); x(self.0) + id.len() as u64 } }
call B("ab").f(|x| x.len() as u64, "c"); companions(B::) ("c"); refresh(B("ab").) (|x: &str| x.len() as u64, "c") }
shape! { default_method: [skip(self, x)] [] {} [impl Here for S {} pub trait Here]
{ fn f<'a>(&self, x: impl Iterator<Item = &'a u64>, id: u64) -> u64 { ran(); id + x.sum::<u64>() } }
call S(1).f([2].iter(), 3); companions(<S as Here>::) (3); refresh(S(1).) ([2].iter(), 3) }
shape! { default_function: [skip(x)] [] {} [impl Here for S {} pub trait Here]
{ fn f<'a, T: Plain + 'static>(x: impl Iterator<Item = &'a T>, id: u64) -> u64 { ran(); id + x.map(T::id).sum::<u64>() } }
call S::f([2_u64].iter(), 3); companions(S::) ::[u64] (3); refresh(S::) ([2_u64].iter(), 3) }
shape! { rewritten: [args_rewrite = |x, id| *id + x.clone().count() as u64] [] {} []
{ pub fn f<'a>(x: impl Iterator<Item = &'a u64> + Clone, id: u64) -> u64 { ran(); id + x.sum::<u64>() } }
call f([1].iter(), 1); companions() ([5].iter(), 1); refresh() ([1].iter(), 1) }
shape! { named_by_extra: [skip(x), extra = x.id()] [] {} []
{ pub fn f<'a>(x: impl Plain + 'a, s: &'a str) -> u64 { ran(); x.id() + s.len() as u64 } }
call f(&7, "ab"); companions() (&7, "ab"); refresh() (&7, "ab") }
