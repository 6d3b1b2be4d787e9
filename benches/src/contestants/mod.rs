//! Who takes part: us, peers by their best documented means, and tables by hand as a limit.
//!
//! What each has is said where it is made. Nobody but us has a fence: with all others, a value that was computed before
//! an invalidation may be stored after it.

pub mod by_hand;
pub mod later;
pub mod number;
pub mod slow;
pub mod text;

/// A memoized function with a key made of a number, whatever its value.
#[derive(Clone, Copy)]
pub struct Contestant {
    /// Who.
    pub name: &'static str,
    /// Calls it with each key.
    pub run: fn(&[u64]),
}

impl Contestant {
    /// The one of that name.
    pub fn of(contestants: &[Self], name: &str) -> Self {
        *contestants.iter().find(|other| other.name == name).unwrap_or_else(|| panic!("{name} takes part"))
    }

    /// How often it allocates for a hit.
    pub fn allocations(&self, keys: &[u64]) -> f64 {
        (self.run)(keys);
        (self.run)(keys);
        crate::measure::allocator::allocations(|| (self.run)(keys)) as f64 / keys.len() as f64
    }
}

/// A contestant: the loop is compiled with the call in it, as it is in a program.
macro_rules! contestant {
    ($name:expr, $call:expr) => {
        $crate::contestants::Contestant {
            name: $name,
            run: |keys| {
                for &key in keys {
                    let call = $call;
                    std::hint::black_box(call(std::hint::black_box(key)));
                }
            },
        }
    };
}
pub(crate) use contestant;

/// Us: bound, TTL, single flight, fence, counters.
pub const OURS: &str = "cache_memoize(ttl)";
/// `quick_cache` 0.7, `get_or_insert_with`: bound, single flight. Its own hasher, foldhash.
pub const QUICK: &str = "quick_cache by hand";
/// The same with the standard library's hasher, SipHash with keys of this process.
pub const QUICK_SEEDED: &str = "quick_cache by hand, std hasher";
/// Neither bound nor TTL nor single flight, and one for each thread: the limit. SipHash.
pub const LOCAL_STD: &str = "thread-local HashMap, std hasher";
/// The same with foldhash.
pub const LOCAL: &str = "thread-local HashMap, foldhash";
/// TTL. foldhash.
pub const SHARDED: &str = "sharded RwLock table with deadlines";
/// `#[cached]` 4.1: bound, TTL.
pub const CACHED: &str = "#[cached(max_size, ttl_secs)]";
/// `#[concurrent_cached]` 4.1: bound, TTL.
pub const CONCURRENT: &str = "#[concurrent_cached(max_size, ttl_secs)]";
/// `memoize` 0.6: bound, TTL.
pub const MEMOIZE: &str = "#[memoize(SharedCache, Capacity, TimeToLive)]";
/// `moka` 0.12, `get_with`: bound, TTL, single flight.
pub const MOKA: &str = "moka get_with, ttl";

/// The macros that have a bound and a TTL.
pub const MACROS: [&str; 3] = [CACHED, CONCURRENT, MEMOIZE];

/// Bound of whoever has one.
pub const CAPACITY: usize = 10_000;
