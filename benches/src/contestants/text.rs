//! `&str` → `u64`, and `(&str, u32)` → `u64`. Whoever can look with what is borrowed does.

use std::cell::RefCell;
use std::collections::HashMap;
use std::convert::Infallible;
use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;
use std::time::Duration;

use cache_memoize::cache_memoize;
use cached::macros::{cached, concurrent_cached};
use memoize::memoize;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, UnitWeighter};

use super::by_hand::{Pair, Sharded, text};
use super::*;

type Quick<K, S> = Cache<K, u64, UnitWeighter, S>;

fn cache<K: Eq + std::hash::Hash, S: BuildHasher + Clone + Default>() -> Quick<K, S> {
    Cache::with(CAPACITY, CAPACITY as u64, UnitWeighter, S::default(), DefaultLifecycle::default())
}

/// One text.
pub mod one {
    use super::*;

    fn body(name: &str) -> u64 {
        name.len() as u64
    }

    #[cache_memoize(ttl = 3600)]
    fn ours(name: &str) -> u64 {
        body(name)
    }

    static FAST: LazyLock<Quick<String, DefaultHashBuilder>> = LazyLock::new(cache);
    static SEEDED: LazyLock<Quick<String, RandomState>> = LazyLock::new(cache);
    fn quick<S: BuildHasher + Clone>(cache: &Quick<String, S>, name: &str) -> u64 {
        cache.get_or_insert_with(name, || Ok::<_, Infallible>(body(name))).unwrap()
    }

    fn local_std(name: &str) -> u64 {
        thread_local!(static MAP: RefCell<HashMap<String, u64>> = RefCell::default());
        MAP.with_borrow_mut(|map| match map.get(name) {
            Some(value) => *value,
            None => *map.entry(name.to_owned()).or_insert(body(name)),
        })
    }

    static TABLE: LazyLock<Sharded<String, u64>> = LazyLock::new(Sharded::default);
    fn sharded(name: &str) -> u64 {
        TABLE.get(&Name(name), || name.to_owned(), || body(name))
    }
    #[derive(Hash)]
    struct Name<'a>(&'a str);
    impl hashbrown::Equivalent<String> for Name<'_> {
        fn equivalent(&self, key: &String) -> bool {
            self.0 == key
        }
    }

    #[cached(max_size = 10_000, ttl_secs = 3600, key = "String", convert = r#"{ name.to_owned() }"#)]
    fn cached_one_lock(name: &str) -> u64 {
        body(name)
    }
    #[concurrent_cached(
        max_size = 10_000,
        ttl_secs = 3600,
        key = "String",
        convert = r#"{ name.to_owned() }"#
    )]
    fn cached_concurrent(name: &str) -> u64 {
        body(name)
    }
    #[memoize(SharedCache, Capacity: 10_000, TimeToLive: Duration::from_secs(3600))]
    fn memoized(name: String) -> u64 {
        body(&name)
    }

    static MOKA_CACHE: LazyLock<moka::sync::Cache<String, u64>> = LazyLock::new(|| {
        let builder = moka::sync::Cache::builder().max_capacity(CAPACITY as u64);
        builder.time_to_live(Duration::from_secs(3600)).build()
    });
    fn moka_with(name: &str) -> u64 {
        MOKA_CACHE.get_with_by_ref(name, || body(name))
    }

    /// Everybody.
    pub const ALL: [Contestant; 9] = [
        contestant!(LOCAL_STD, |key| local_std(text(key))),
        contestant!(SHARDED, |key| sharded(text(key))),
        contestant!(QUICK, |key| quick(&FAST, text(key))),
        contestant!(QUICK_SEEDED, |key| quick(&SEEDED, text(key))),
        contestant!(OURS, |key| ours(text(key))),
        contestant!(CACHED, |key| cached_one_lock(text(key))),
        contestant!(CONCURRENT, |key| cached_concurrent(text(key))),
        contestant!(MEMOIZE, |key| memoized(text(key).to_owned())),
        contestant!(MOKA, |key| moka_with(text(key))),
    ];
}

/// A text and a number.
pub mod pair {
    use super::*;

    fn body(name: &str, number: u32) -> u64 {
        name.len() as u64 + u64::from(number)
    }

    #[cache_memoize(ttl = 3600)]
    fn ours(name: &str, number: u32) -> u64 {
        body(name, number)
    }

    type Owned = (String, u32);
    static FAST: LazyLock<Quick<Owned, DefaultHashBuilder>> = LazyLock::new(cache);
    static SEEDED: LazyLock<Quick<Owned, RandomState>> = LazyLock::new(cache);
    fn quick<S: BuildHasher + Clone>(cache: &Quick<Owned, S>, name: &str, number: u32) -> u64 {
        // With the owned key only on a miss: what is borrowed here cannot be made into it by `ToOwned`.
        cache.get(&Pair(name, number)).unwrap_or_else(|| {
            let key = (name.to_owned(), number);
            cache.get_or_insert_with(&key, || Ok::<_, Infallible>(body(name, number))).unwrap()
        })
    }

    static TABLE: LazyLock<Sharded<Owned, u64>> = LazyLock::new(Sharded::default);
    fn sharded(name: &str, number: u32) -> u64 {
        TABLE.get(&Pair(name, number), || (name.to_owned(), number), || body(name, number))
    }

    #[cached(
        max_size = 10_000,
        ttl_secs = 3600,
        key = "(String, u32)",
        convert = r#"{ (name.to_owned(), number) }"#
    )]
    fn cached_one_lock(name: &str, number: u32) -> u64 {
        body(name, number)
    }
    #[concurrent_cached(
        max_size = 10_000,
        ttl_secs = 3600,
        key = "(String, u32)",
        convert = r#"{ (name.to_owned(), number) }"#
    )]
    fn cached_concurrent(name: &str, number: u32) -> u64 {
        body(name, number)
    }
    #[memoize(SharedCache, Capacity: 10_000, TimeToLive: Duration::from_secs(3600))]
    fn memoized(name: String, number: u32) -> u64 {
        body(&name, number)
    }

    static MOKA_CACHE: LazyLock<moka::sync::Cache<Owned, u64>> = LazyLock::new(|| {
        let builder = moka::sync::Cache::builder().max_capacity(CAPACITY as u64);
        builder.time_to_live(Duration::from_secs(3600)).build()
    });
    fn moka_with(name: &str, number: u32) -> u64 {
        MOKA_CACHE
            .get(&Pair(name, number))
            .unwrap_or_else(|| MOKA_CACHE.get_with((name.to_owned(), number), || body(name, number)))
    }

    const NAMES: [&str; 4] = ["alice", "bob", "a longer name of a customer", "x"];
    fn name(key: u64) -> &'static str {
        NAMES[key as usize % 4]
    }

    /// Everybody.
    pub const ALL: [Contestant; 8] = [
        contestant!(SHARDED, |key| sharded(name(key), key as u32)),
        contestant!(QUICK, |key| quick(&FAST, name(key), key as u32)),
        contestant!(QUICK_SEEDED, |key| quick(&SEEDED, name(key), key as u32)),
        contestant!(OURS, |key| ours(name(key), key as u32)),
        contestant!(CACHED, |key| cached_one_lock(name(key), key as u32)),
        contestant!(CONCURRENT, |key| cached_concurrent(name(key), key as u32)),
        contestant!(MEMOIZE, |key| memoized(name(key).to_owned(), key as u32)),
        contestant!(MOKA, |key| moka_with(name(key), key as u32)),
    ];
}
