//! `u64` → values of several kinds.

use std::cell::RefCell;
use std::collections::HashMap;
use std::convert::Infallible;
use std::hash::RandomState;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use cache_memoize::cache_memoize;
use cached::macros::{cached, concurrent_cached};
use memoize::memoize;
use quick_cache::sync::DefaultLifecycle;
use quick_cache::{DefaultHashBuilder, UnitWeighter};

use super::by_hand::Sharded;
use super::*;

type Seeded<K, V> = quick_cache::sync::Cache<K, V, UnitWeighter, RandomState>;

macro_rules! values {
    ($module:ident, $value:ty, $body:expr) => {
        /// Values of one kind.
        pub mod $module {
            use super::*;

            type Value = $value;

            fn body(key: u64) -> Value {
                let body: fn(u64) -> Value = $body;
                body(key)
            }

            #[cache_memoize(ttl = 3600)]
            fn ours(key: u64) -> Value {
                body(key)
            }

            static QUICK_CACHE: LazyLock<quick_cache::sync::Cache<u64, Value>> =
                LazyLock::new(|| quick_cache::sync::Cache::new(CAPACITY));
            fn quick(key: u64) -> Value {
                QUICK_CACHE.get_or_insert_with(&key, || Ok::<_, Infallible>(body(key))).unwrap()
            }

            static SEEDED: LazyLock<Seeded<u64, Value>> = LazyLock::new(|| {
                let capacity = CAPACITY as u64;
                Seeded::with(CAPACITY, capacity, UnitWeighter, RandomState::new(), DefaultLifecycle::default())
            });
            fn quick_seeded(key: u64) -> Value {
                SEEDED.get_or_insert_with(&key, || Ok::<_, Infallible>(body(key))).unwrap()
            }

            fn local(key: u64) -> Value {
                thread_local!(static MAP: RefCell<HashMap<u64, Value, DefaultHashBuilder>> = RefCell::default());
                MAP.with_borrow_mut(|map| map.entry(key).or_insert_with(|| body(key)).clone())
            }

            fn local_std(key: u64) -> Value {
                thread_local!(static MAP: RefCell<HashMap<u64, Value>> = RefCell::default());
                MAP.with_borrow_mut(|map| map.entry(key).or_insert_with(|| body(key)).clone())
            }

            static TABLE: LazyLock<Sharded<u64, Value>> = LazyLock::new(Sharded::default);
            fn sharded(key: u64) -> Value {
                TABLE.get(&key, || key, || body(key))
            }

            #[cached(max_size = 10_000, ttl_secs = 3600)]
            fn cached_one_lock(key: u64) -> Value {
                body(key)
            }

            #[concurrent_cached(max_size = 10_000, ttl_secs = 3600)]
            fn cached_concurrent(key: u64) -> Value {
                body(key)
            }

            #[memoize(SharedCache, Capacity: 10_000, TimeToLive: Duration::from_secs(3600))]
            fn memoized(key: u64) -> Value {
                body(key)
            }

            static MOKA_CACHE: LazyLock<moka::sync::Cache<u64, Value>> = LazyLock::new(|| {
                let builder = moka::sync::Cache::builder().max_capacity(CAPACITY as u64);
                builder.time_to_live(Duration::from_secs(3600)).build()
            });
            fn moka_with(key: u64) -> Value {
                MOKA_CACHE.get_with(key, || body(key))
            }

            /// Everybody.
            pub const ALL: [Contestant; 10] = [
                contestant!(LOCAL, local),
                contestant!(LOCAL_STD, local_std),
                contestant!(SHARDED, sharded),
                contestant!(QUICK, quick),
                contestant!(QUICK_SEEDED, quick_seeded),
                contestant!(OURS, ours),
                contestant!(CACHED, cached_one_lock),
                contestant!(CONCURRENT, cached_concurrent),
                contestant!(MEMOIZE, memoized),
                contestant!(MOKA, moka_with),
            ];
        }
    };
}

/// Something that one looks up.
pub struct Record {
    /// A field.
    pub id: u64,
    /// Another.
    pub name: String,
}

values!(number, u64, |key| key);
values!(bytes, Arc<[u8]>, |key| vec![key as u8; 1024].into());
values!(record, Arc<Record>, |id| Arc::new(Record { id, name: format!("the name of {id}") }));
values!(string, String, |key| format!("a name of twenty-four {key:03}"));
values!(array, [u64; 32], |key| [key; 32]);
