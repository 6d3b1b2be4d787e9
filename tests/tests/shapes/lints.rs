//! Everything in one module that tolerates nothing.
#![deny(warnings, missing_docs, unreachable_pub, unused, nonstandard_style, rust_2018_idioms)]
#![deny(clippy::all, clippy::pedantic, clippy::nursery, clippy::cargo)]
#![deny(
    elided_lifetimes_in_paths,
    explicit_outlives_requirements,
    let_underscore_drop,
    macro_use_extern_crate,
    meta_variable_misuse,
    missing_copy_implementations,
    missing_debug_implementations,
    redundant_lifetimes,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unit_bindings,
    unused_extern_crates,
    unused_import_braces,
    unused_lifetimes,
    unused_macro_rules,
    unused_qualifications,
    unused_results,
    variant_size_differences
)]
#![deny(
    clippy::allow_attributes_without_reason,
    clippy::as_conversions,
    clippy::clone_on_ref_ptr,
    clippy::exhaustive_structs,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_docs_in_private_items,
    clippy::panic,
    clippy::print_stdout,
    clippy::shadow_unrelated,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm
)]

use std::hash::Hash;

use cache_memoize::{Memory, cache_memoize};

use crate::{block_on, ran, row};

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct User {
    /// Tells users apart.
    id: u32,
    /// What to call them.
    name: String,
}

/// A free function.
#[cache_memoize(ttl = "5m")]
fn free(x: &str, y: Option<&str>, (a, b): (u8, String)) -> usize {
    ran();
    x.len() + y.map_or(0, str::len) + usize::from(a) + b.len()
}

/// With every option that takes code.
#[cache_memoize(
    ttl = |_| std::time::Duration::from_secs(60),
    err_ttl = 5,
    cache_err = |error: &String| error.is_empty(),
    cache_if = |returned: &Result<usize, String>| returned.is_ok(),
    args_rewrite = |user, _| (user.id, user.name.as_str()),
    extra = user.id % 2,
    version = 3,
    prefix = "lints",
    bypass_if = user.id == 0,
    capacity = 100,
    weigher = |_, _| 1,
    on_hit = |user, _| drop(user.name.clone()),
    on_miss = |user, _| drop(user.name.clone())
)]
fn options(user: &User, _trace: u8) -> Result<usize, String> {
    ran();
    if user.name.is_empty() { Err(String::new()) } else { Ok(user.name.len()) }
}

/// Of two lifetimes that are one, a companion has one.
#[cache_memoize(skip(db))]
fn skipping<'a>(db: &'a User, name: &'a str) -> usize {
    ran();
    if name.len() > db.name.len() { name } else { &db.name }.len()
}

/// Runs once.
#[cache_memoize(store_result = false)]
fn once(_id: u8) {
    ran();
}

/// Keys of its own.
#[cache_memoize(key = |x| format!("k{x}"), cache_none = false, single_flight = false, capacity = unbounded)]
fn keyed(x: u8) -> Option<u8> {
    ran();
    x.checked_add(1)
}

/// A generic function.
#[cache_memoize]
fn generic<'a, T, const N: usize>(x: &'a [T; N], y: &'a str) -> usize
where
    T: Hash + Eq + Clone + Send + Sync + 'static,
{
    ran();
    x.len() + y.len()
}

/// An argument by its trait.
#[cache_memoize(args_rewrite = |x| x.as_ref())]
fn opaque(x: impl AsRef<str>) -> usize {
    ran();
    x.as_ref().len()
}

/// Asynchronous.
#[cache_memoize(ttl = 60, on_miss = |_, _| ())]
async fn waiting(x: &str, (a, _): (u8, u8)) -> Result<usize, String> {
    ran();
    tokio::task::yield_now().await;
    if x.is_empty() {
        return Err("empty".to_owned());
    }
    let a: u8 = a.to_string().parse().map_err(|_| "never")?;
    Ok(x.len() + usize::from(a))
}

/// With a recursion.
#[cache_memoize]
fn recursive(n: u64) -> u64 {
    ran();
    if n < 2 { n } else { recursive(n - 1) + recursive(n - 2) }
}

/// Something that has methods.
#[derive(Clone, Debug)]
struct Repository<T> {
    /// Where entries are.
    cache: Memory,
    /// What they are made of.
    value: T,
}

impl<T: Clone + Send + Sync + 'static> Repository<T> {
    /// By reference.
    #[cache_memoize(skip(self), backend = self.cache, ttl = 60)]
    fn get(&self, id: u8) -> (T, u8) {
        ran();
        (self.value.clone(), id)
    }

    /// Asynchronous.
    #[cache_memoize(skip(self), backend = self.cache)]
    async fn fetch(&self, id: &str) -> Result<T, std::io::Error> {
        ran();
        tokio::task::yield_now().await;
        let _: u8 = id.parse().map_err(std::io::Error::other)?;
        Ok(self.value.clone())
    }

    /// Without `self`.
    #[cache_memoize]
    fn width(x: usize) -> usize {
        ran();
        size_of::<T>() + x
    }

    /// With `Self`.
    #[cache_memoize]
    #[must_use]
    fn made(value: u8) -> Option<Self>
    where
        T: From<u8>,
    {
        ran();
        (value > 0).then(|| Self { cache: Memory::new(8), value: value.into() })
    }
}

/// A trait.
trait Describe {
    /// What it is called.
    fn name(&self, x: u8) -> String;
    /// The same, longer.
    #[cache_memoize(skip(self))]
    fn long_name(&self, x: u8) -> String {
        ran();
        format!("very {x}")
    }
}

impl Describe for User {
    #[cache_memoize(companions = false)]
    fn name(&self, x: u8) -> String {
        ran();
        format!("{} {x}", self.name)
    }
}

/// One function for each of these.
macro_rules! functions {
    ($($name:ident),*) => {$(
        /// Made by a macro.
        #[cache_memoize]
        fn $name(x: u8) -> u8 {
            ran();
            x
        }
    )*};
}
functions!(left, right);

#[test]
fn no_lint_is_tripped() {
    row!(
        free("a", None, (1, String::new())),
        free("b", None, (1, String::new())),
        free_invalidate("a", None, (1, String::new()))
    );
    let user = |id| User { id, name: "n".to_owned() };
    row!(options(&user(1), 1), options(&user(2), 1), options_invalidate(&user(1), 1));
    row!(skipping(&user(1), "a"), skipping(&user(1), "b"), skipping_invalidate("a"));
    row!(once(1), once(2), once_invalidate(1));
    row!(keyed(1), keyed(2), keyed_invalidate(1));
    row!(generic(&[1], "a"), generic(&[2], "a"), generic_invalidate(&[1], "a"));
    row!(opaque("a"), opaque("b"), opaque_invalidate("a"));
    row!(
        block_on(waiting("a", (1, 1))),
        block_on(waiting("b", (1, 1))),
        block_on(waiting_invalidate("a", (1, 1)))
    );
    assert_eq!(recursive(20), 6765);
    row!(left(1), right(1), left_invalidate(1));
}

#[test]
fn no_lint_is_tripped_by_methods() {
    let repository = Repository { cache: Memory::default(), value: 'a' };
    row!(repository.get(1), repository.get(2), repository.get_invalidate(1).is_ok_and(|was| was));
    row!(block_on(repository.fetch("1")), block_on(repository.fetch("2")));
    row!(Repository::<u8>::width(1), Repository::<u8>::width(2), Repository::<u8>::width_invalidate(1));
    row!(Repository::<u8>::made(1), Repository::<u8>::made(2), Repository::<u8>::made_invalidate(1));
    let user = User { id: 1, name: "n".to_owned() };
    row!(user.name(1), user.name(2));
    row!(user.long_name(5), user.long_name(1), User::long_name_invalidate(5));
}
