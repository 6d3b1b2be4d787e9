//! Statistics: counters of a cache's work, and their presentation.

mod striped;

use std::fmt;
use std::sync::Mutex;

pub(crate) use striped::{Count, Counters};

use crate::sync::lock;

/// The statistics of a memoized function's cache so far, from `f_stats()`.
///
/// `hits + misses + joined` is the number of calls that used the cache.
///
/// ```
/// use cache_memoize::cache_memoize;
///
/// #[cache_memoize]
/// fn square(x: u64) -> u64 { x * x }
///
/// square(3);
/// square(3);
/// let stats = square_stats();
/// assert_eq!((stats.hits, stats.misses, stats.entries), (1, 1, 1));
/// assert_eq!(stats.capacity, Some(10_000));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Calls answered from the cache.
    pub hits: u64,
    /// Calls that ran the body, refreshes included.
    pub misses: u64,
    /// Calls that shared the result of a computation which another call had begun.
    pub joined: u64,
    /// Values stored.
    pub stores: u64,
    /// Entries held now. One whose lifetime has passed counts until it is reclaimed.
    pub entries: u64,
    /// Entries removed to stay within the capacity.
    pub evictions: u64,
    /// Entries removed because their lifetime had passed.
    pub expirations: u64,
    /// Computations running now.
    pub in_flight: u64,
    /// Failures of the backend.
    pub errors: u64,
    /// The bound of the cache, in entries or in weight; `None` when it is unbounded or the backend's own.
    pub capacity: Option<u64>,
}

impl Stats {
    /// The share of calls that did not run the body, from 0 to 1; 0 before the first call.
    ///
    /// ```
    /// assert_eq!(cache_memoize::Stats::default().hit_ratio(), 0.0);
    /// ```
    pub fn hit_ratio(&self) -> f64 {
        let saved = self.hits + self.joined;
        match saved + self.misses {
            0 => 0.0,
            calls => saved as f64 / calls as f64,
        }
    }
}

impl Stats {
    /// The sum of the statistics of two caches of one function.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            hits: self.hits + other.hits,
            misses: self.misses + other.misses,
            joined: self.joined + other.joined,
            stores: self.stores + other.stores,
            entries: self.entries + other.entries,
            evictions: self.evictions + other.evictions,
            expirations: self.expirations + other.expirations,
            in_flight: self.in_flight + other.in_flight,
            errors: self.errors + other.errors,
            capacity: self.capacity.zip(other.capacity).map(|(one, other)| one.saturating_add(other)),
        }
    }
}

/// `hits 2, joined 0, misses 3 (40.0 % saved); entries 1 of 10000`, and with `{:#}` all other fields as well.
impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            hits,
            joined,
            misses,
            stores,
            entries,
            evictions,
            expirations,
            in_flight,
            errors,
            capacity,
        } = self;
        let saved = 100.0 * self.hit_ratio();
        write!(f, "hits {hits}, joined {joined}, misses {misses} ({saved:.1} % saved); entries {entries}")?;
        if let Some(capacity) = capacity {
            write!(f, " of {capacity}")?;
        }
        if f.alternate() {
            write!(f, "; stores {stores}, evictions {evictions}, expirations {expirations}")?;
            write!(f, "; in flight {in_flight}; errors {errors}")?;
        }
        Ok(())
    }
}

/// The sums of counters that are gone.
pub(crate) type Past = Mutex<Stats>;

impl Counters {
    /// Adds these counters to the sums.
    pub(crate) fn leave_to(&self, past: &Past) {
        let mut past = lock(past);
        *past = past.plus(self.snapshot(0, None));
    }
}
