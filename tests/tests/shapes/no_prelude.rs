//! A module without a prelude, in which the user's own items have the names of the standard library's.
//!
//! `#![no_implicit_prelude]` also takes the macro prelude away, so each name below is written out, and the test
//! is in `hygiene`.
#![no_implicit_prelude]
#![allow(non_camel_case_types, dead_code)]

use ::cache_memoize::cache_memoize;

use crate::ran;

mod core {}
mod std {}
mod alloc {}
mod cache_memoize_macros {}

pub(crate) struct Result;
pub(crate) struct Option;
pub(crate) struct Some;
pub(crate) struct None;
pub(crate) struct Ok;
pub(crate) struct Err;
pub(crate) struct String;
pub(crate) struct Vec;
pub(crate) struct Box;
pub(crate) struct Arc;
pub(crate) struct PhantomData;
pub(crate) struct Duration;
pub(crate) struct bool;
pub(crate) struct str;
pub(crate) struct u8;
pub(crate) struct u32;
pub(crate) struct u64;
pub(crate) struct usize;
pub(crate) trait Clone {}
pub(crate) trait Default {}
pub(crate) trait Fn {}
pub(crate) trait FnOnce {}
pub(crate) trait Send {}
pub(crate) trait Sync {}
pub(crate) trait Into {}
pub(crate) trait From {}
pub(crate) trait Future {}
pub(crate) trait Drop {}
pub(crate) trait Hash {}
pub(crate) trait Eq {}
pub(crate) trait Iterator {}
pub(crate) trait ToOwned {}
pub(crate) fn drop() {}

type Text = ::std::string::String;
type Byte = ::std::primitive::u8;

#[cache_memoize]
pub(crate) fn plain(x: Byte) -> Text {
    ran();
    ::std::format!("{x}")
}

#[cache_memoize(
    ttl = "5m",
    err_ttl = 5,
    cache_err = true,
    cache_if = |_| true,
    extra = x.len(),
    version = 2,
    prefix = "no_prelude",
    capacity = 100,
    weigher = |_, _| 1,
    bypass_if = x.is_empty(),
    on_hit = |_, _| (),
    on_miss = |_, _| ()
)]
pub(crate) fn many_options(
    x: &::std::primitive::str,
    y: ::std::option::Option<Text>,
) -> ::std::result::Result<Text, Text> {
    ran();
    ::std::result::Result::Ok(::std::format!("{x}{y:?}"))
}

#[cache_memoize(ttl = |_| ::std::time::Duration::from_secs(1), cache_none = false, args_rewrite = |x| x)]
pub(crate) fn more_options(x: &::std::primitive::str) -> ::std::option::Option<::std::primitive::usize> {
    ran();
    ::std::option::Option::Some(x.len())
}

#[cache_memoize(key = |x| ::std::borrow::ToOwned::to_owned(x), single_flight = false)]
pub(crate) fn keyed(x: &::std::primitive::str) -> ::std::primitive::usize
where
    ::std::primitive::str: ::std::borrow::ToOwned<Owned = Text>,
{
    use ::std::borrow::ToOwned as _;
    ran();
    x.to_owned().len()
}

#[cache_memoize(store_result = false)]
pub(crate) fn marked(_x: Byte) {
    ran();
}

#[cache_memoize]
pub(crate) async fn waiting(x: Byte, (y, z): (Byte, &::std::primitive::str)) -> Text {
    ran();
    if z.is_empty() {
        return Text::new();
    }
    ::std::format!("{x}{y}{z}")
}

#[derive(::std::clone::Clone)]
pub(crate) struct Here<T> {
    pub(crate) cache: ::cache_memoize::Memory,
    pub(crate) value: T,
}

impl<T: ::std::clone::Clone + ::std::marker::Send + ::std::marker::Sync + 'static> Here<T> {
    #[cache_memoize(skip(self), backend = self.cache)]
    pub(crate) fn get(&self, x: Byte) -> (T, Byte) {
        ran();
        (::std::clone::Clone::clone(&self.value), x)
    }
}
