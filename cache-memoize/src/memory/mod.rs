//! The in-memory cache: typed values of any functions in one bounded store, with the flights that fill it.

mod group;
mod handles;
mod landing;
pub(crate) mod rivals;
pub(crate) mod store;
mod sweeper;
pub(crate) mod thread_cache;

use std::collections::HashMap;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, OnceLock, RwLock};

pub(crate) use group::Group;
use group::Groups;
use handles::FunctionHandles;
pub(crate) use handles::{FunctionHandle, Refused};
pub(crate) use landing::Leftovers;
use store::Store;

use crate::entry::{Freshness, FunctionState};
use crate::flight::table::Flights;
use crate::key::hash::Secret;
use crate::stats::{Count, Stats};
use crate::sync::{read, write};

/// How a memory is bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capacity {
    /// At most this many entries.
    Entries(u64),
    /// Entries of at most this weight together.
    Weight(u64),
    /// No bound.
    Unbounded,
}

impl Capacity {
    /// The capacity of a function's own cache where none is set.
    pub(crate) const DEFAULT: Self = Self::Entries(10_000);

    /// Every how many insertions thread-local copies are voided, minus one (a bit mask); `u64::MAX` for never. The
    /// store evicts the entries whose use it does not hear of, and it does not hear of hits on copies.
    fn void_mask(self) -> u64 {
        /// How often copies are voided during as many insertions as there is room for.
        const TIMES: u64 = 16;
        match self {
            Self::Unbounded => u64::MAX,
            // It is not known for how many entries there is room.
            Self::Weight(_) => 7,
            Self::Entries(entries) => (entries / TIMES).max(1).next_power_of_two() - 1,
        }
    }

    /// The bound, in entries or in weight.
    fn number(self) -> Option<u64> {
        match self {
            Self::Entries(number) | Self::Weight(number) => Some(number),
            Self::Unbounded => None,
        }
    }
}

/// The in-memory cache as a value of its own: share one between functions, or hold one per instance.
///
/// A function without `backend` has a `Memory` of its own. Cloning is cheap and gives the same cache.
///
/// ```
/// use cache_memoize::{Memory, cache_memoize};
///
/// struct Repository { cache: Memory }
///
/// impl Repository {
///     #[cache_memoize(ttl = 60, skip(self), backend = self.cache)]
///     fn title(&self, id: u64) -> String { format!("title {id}") }
/// }
///
/// let one = Repository { cache: Memory::new(1_000) };
/// let two = Repository { cache: Memory::new(1_000) };
/// one.title(7);
/// assert_eq!(one.title_peek(7)?, Some("title 7".to_owned()));
/// assert_eq!(two.title_peek(7)?, None);
/// # Ok::<(), cache_memoize::Error>(())
/// ```
#[derive(Clone)]
pub struct Memory(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) flights: Flights,
    pub(crate) secret: Secret,
    /// The states of the functions that use the memory, by the number of the function.
    states: RwLock<HashMap<u64, Arc<FunctionState>>>,
    groups: Groups,
    pub(crate) handles: FunctionHandles,
    capacity: Capacity,
    /// The `ident` of the function whose entries may be stored as pairs; see [`reside`](Self::reside).
    resident: OnceLock<u64>,
    /// See [`Capacity::void_mask`].
    void_mask: u64,
    sweep: sweeper::Due,
    /// The state of an adapter above that makes the memory a backend.
    #[cfg(feature = "shared")]
    adapter: OnceLock<Box<dyn Adapter>>,
}

/// An adapter that keeps entries of its own in a memory: the operations of the memory that concern them, too.
#[cfg(feature = "shared")]
pub(crate) trait Adapter: std::any::Any + Send + Sync {
    /// Invalidates all of its entries, and fences off all of its computations.
    fn invalidate_all(&self, memory: &Arc<Inner>);
    /// Adds up its counters.
    fn stats(&self) -> Stats;
}

impl Memory {
    /// A cache of at most `capacity` entries. With zero it keeps none: each call computes, or shares a computation that
    /// is under way.
    ///
    /// ```
    /// let cache = cache_memoize::Memory::new(500);
    /// assert_eq!(cache.capacity(), Some(500));
    /// ```
    pub fn new(capacity: u64) -> Self {
        Self::builder().capacity(capacity).build()
    }

    /// A cache to be configured.
    pub fn builder() -> MemoryBuilder {
        MemoryBuilder { capacity: Capacity::DEFAULT }
    }

    /// The bound in entries; `None` when unbounded.
    pub fn capacity(&self) -> Option<u64> {
        self.0.capacity.number()
    }

    /// How many entries could be served now: those that are neither expired nor invalidated, of all functions.
    ///
    /// It looks at every entry, a thousand at a time under a lock. [`stats`](Self::stats) has a counter instead, which
    /// includes expired entries that have not been reclaimed yet.
    ///
    /// ```
    /// use cache_memoize::{Memory, cache_memoize};
    ///
    /// #[cache_memoize(skip(cache), backend = cache)]
    /// fn title(cache: &Memory, id: u64) -> String { format!("title {id}") }
    ///
    /// let cache = Memory::new(1_000);
    /// title(&cache, 7);
    /// assert_eq!(cache.len(), 1);
    /// cache.invalidate_all();
    /// assert!(cache.is_empty());
    /// ```
    #[must_use]
    pub fn len(&self) -> u64 {
        let mut entries = 0;
        self.0.store.for_each(|slot| entries += u64::from(slot.freshness() == Freshness::Fresh));
        entries
    }

    /// Whether no entry could be served now. It costs as much as [`len`](Self::len).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The counters of this cache: those of all functions that name it by an expression, added up.
    ///
    /// Functions that know it by a name count their calls themselves, as on any shared backend; their entries, evictions
    /// and expirations are counted here.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let states: Vec<_> = read(&self.0.states).values().cloned().collect();
        let all = states.iter().map(|state| state.stats(None)).fold(Stats::default(), Stats::plus);
        #[cfg(feature = "shared")]
        let all = self.0.adapter.get().map_or(all, |adapter| all.plus(adapter.stats()));
        Stats { capacity: self.capacity(), ..all }
    }

    /// Invalidates every entry of every function, in a time that does not depend on how many there are.
    ///
    /// It has the promises of `f_invalidate_all`: a computation that began before this call is neither served nor joined
    /// afterwards. Other values of `Memory` are not concerned.
    pub fn invalidate_all(&self) {
        let states: Vec<_> = read(&self.0.states).values().cloned().collect();
        states.iter().for_each(|state| self.0.invalidate_all(state));
        #[cfg(feature = "shared")]
        if let Some(adapter) = self.0.adapter.get() {
            adapter.invalidate_all(&self.0);
        }
    }

    pub(crate) fn of(capacity: Capacity) -> Self {
        Self(Arc::new(Inner {
            store: Store::new(capacity),
            flights: Flights::default(),
            secret: Secret::random(),
            states: RwLock::default(),
            groups: Groups::default(),
            handles: FunctionHandles::default(),
            capacity,
            resident: OnceLock::new(),
            void_mask: capacity.void_mask(),
            sweep: sweeper::Due::default(),
            #[cfg(feature = "shared")]
            adapter: OnceLock::new(),
        }))
    }

    /// The memory's address, which tells computations in different memories apart.
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.0
    }
}

// No user code runs under a lock here, so no panic can leave a memory half-changed.
impl UnwindSafe for Memory {}
impl RefUnwindSafe for Memory {}

impl Default for Memory {
    /// A cache of at most 10 000 entries.
    fn default() -> Self {
        Self::builder().build()
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("capacity", &self.capacity()).finish_non_exhaustive()
    }
}

/// Settings of a [`Memory`].
///
/// ```
/// use cache_memoize::Memory;
///
/// assert_eq!(Memory::builder().build().capacity(), Some(10_000));
/// assert_eq!(Memory::builder().capacity(64).build().capacity(), Some(64));
/// assert_eq!(Memory::builder().unbounded().build().capacity(), None);
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is made before `build`"]
pub struct MemoryBuilder {
    capacity: Capacity,
}

impl MemoryBuilder {
    /// At most this many entries; with zero none.
    pub fn capacity(self, entries: u64) -> Self {
        Self { capacity: Capacity::Entries(entries) }
    }

    /// Without a bound: only expiry and invalidation remove entries.
    pub fn unbounded(self) -> Self {
        Self { capacity: Capacity::Unbounded }
    }

    /// Makes the cache.
    pub fn build(self) -> Memory {
        Memory::of(self.capacity)
    }
}

impl Inner {
    /// The state of a function in this memory.
    pub(crate) fn scope(
        &self,
        function: u64,
        make: impl FnOnce() -> Arc<FunctionState>,
    ) -> Arc<FunctionState> {
        if let Some(state) = read(&self.states).get(&function) {
            return state.clone();
        }
        let mut states = write(&self.states);
        states.entry(function).or_insert_with(make).clone()
    }

    /// The state of the adapter. There is one adapter, of one type.
    #[cfg(feature = "shared")]
    pub(crate) fn adapter<A: Adapter + Default>(&self) -> &A {
        let adapter: &dyn std::any::Any = &**self.adapter.get_or_init(|| Box::new(A::default()));
        adapter.downcast_ref().expect("there is one type of adapter")
    }

    /// The group of this name, with one more function in it.
    pub(crate) fn group(&self, name: group::Name, state: &Arc<FunctionState>) -> Arc<Group> {
        self.groups.with(name, state)
    }

    /// Makes the function with this `ident` the memory's resident, if it has none yet; whether it is the resident. Only
    /// the resident's keys and values may be stored as pairs, since all pairs have to be of the same types.
    pub(crate) fn reside(&self, ident: u64) -> bool {
        *self.resident.get_or_init(|| ident) == ident
    }

    /// Removes an entry that may no longer be served, by its ticket.
    #[cold]
    pub(crate) fn reclaim(&self, hash: u64, ticket: u64) {
        if let Some(gone) = self.store.remove_if(hash, |slot| slot.ticket == ticket) {
            gone.generation.changed(-1);
            if gone.generation.is_alive() {
                gone.generation.of.counters.count(Count::Expirations);
            }
        }
    }

    /// Makes all entries that the function stored here invisible, at a cost that does not depend on their number. A
    /// sweep reclaims them later.
    pub(crate) fn invalidate_all(self: &Arc<Self>, state: &FunctionState) {
        state.end_generation();
        sweeper::sweep_soon(self);
    }

    /// Sweeps now, as the sweeper does now and then.
    #[cfg(all(test, cache_memoize_loom))]
    pub(crate) fn sweep(self: &Arc<Self>) {
        sweeper::sweep(self);
    }

    /// The number of entries in the store.
    #[cfg(all(test, cache_memoize_loom))]
    pub(crate) fn count(&self) -> u64 {
        let mut count = 0;
        self.store.for_each(|_| count += 1);
        count
    }
}
