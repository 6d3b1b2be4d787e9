//! Which flights are under way, and the fence: what each invalidation leaves behind for the computations that
//! it overtook.
//!
//! Every computation takes a *ticket* when it begins. What lands on a key (an invalidation, a set, a refresh)
//! leaves its own ticket as the key's *fence*, and a computation stores only if its ticket is not below the fence.
//! The fence lives no longer than the computations it could concern, so nothing is remembered about keys that
//! nobody computes. All of it happens under one lock per shard, together with the change of the store, and no
//! user code runs under that lock.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::hash::BuildHasherDefault;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::Flight;
use crate::memory::store::HashIsHash;
use crate::sync::door::{AtomicU64, MODELLED, Mutex, MutexGuard, lock};

/// In the model there is one, for which shard a key gets must not be a matter of chance there.
const SHARDS: usize = if MODELLED { 1 } else { 16 };

/// The flights of one memory.
#[derive(Default)]
pub(crate) struct Flights {
    shards: [Mutex<Shard>; SHARDS],
    last_ticket: AtomicU64,
}

type Shard = HashMap<u64, Overtakable, BuildHasherDefault<HashIsHash>>;

/// What must be known about a key while somebody computes it.
#[derive(Default)]
struct Overtakable {
    /// Computations that have begun and not ended, whether or not they can be joined.
    computing: usize,
    /// Computations with a ticket below this one came too late.
    fence: u64,
    /// The latest that callers may join,
    flight: Option<Arc<Flight>>,
    /// and those before it, which may be of other keys with the same hash. Nearly always none.
    earlier: Vec<Arc<Flight>>,
}

/// Flights that nobody will join any more. To be dropped outside the lock.
#[derive(Default)]
pub(crate) struct Overtaken {
    #[expect(dead_code, reason = "only to be dropped")]
    latest: Option<Arc<Flight>>,
    #[expect(dead_code, reason = "only to be dropped")]
    earlier: Vec<Arc<Flight>>,
}

impl Flights {
    /// Tickets are handed out in the order of time; they are the only clock that decides who wins.
    pub(crate) fn ticket(&self) -> u64 {
        self.last_ticket.fetch_add(1, Relaxed) + 1
    }

    /// Whether nothing is remembered about any key.
    #[cfg(all(test, cache_memoize_loom))]
    pub(crate) fn is_idle(&self) -> bool {
        self.shards.iter().all(|shard| lock(shard).is_empty())
    }

    /// Locks all that concerns keys with this hash.
    pub(crate) fn at(&self, hash: u64) -> AtKey<'_> {
        // The store shards by other bits of the hash.
        let shard = (hash >> 48) as usize % self.shards.len();
        AtKey { flights: self, shard: lock(&self.shards[shard]), hash }
    }
}

/// The lock on a key.
pub(crate) struct AtKey<'f> {
    flights: &'f Flights,
    shard: MutexGuard<'f, Shard>,
    hash: u64,
}

impl AtKey<'_> {
    /// The computation that a caller may join, where equal hashes are equal keys.
    #[cfg(feature = "shared")]
    pub(crate) fn flight(&self) -> Option<&Arc<Flight>> {
        self.flight_past(&[])
    }

    /// The computation that a caller may join, beside those of other keys with the same hash: `rivals`, by their tickets.
    pub(crate) fn flight_past(&self, rivals: &[u64]) -> Option<&Arc<Flight>> {
        let key = self.shard.get(&self.hash)?;
        let mut flights = key.flight.iter().chain(&key.earlier);
        // A flight of a generation that `f_invalidate_all` ended began before it.
        flights.find(|flight| !rivals.contains(&flight.ticket) && flight.generation.is_alive())
    }

    /// Whether anybody computes the key.
    pub(crate) fn is_computed(&self) -> bool {
        self.shard.contains_key(&self.hash)
    }

    /// A computation begins, with that hash and ticket. `joinable` makes it the one that callers find.
    pub(crate) fn begin(
        &mut self,
        joinable: bool,
        make: impl FnOnce((u64, u64)) -> Arc<Flight>,
    ) -> Arc<Flight> {
        let flight = make((self.hash, self.flights.ticket()));
        let key = self.shard.entry(self.hash).or_default();
        key.computing += 1;
        if joinable && let Some(earlier) = key.flight.replace(flight.clone()) {
            key.earlier.push(earlier);
        }
        flight
    }

    /// Whether the computation may still change the store.
    pub(crate) fn may_land(&self, flight: &Flight) -> bool {
        let overtaken = self.shard.get(&self.hash).is_some_and(|key| key.fence > flight.ticket);
        !overtaken && flight.generation.is_alive()
    }

    /// Everything that began before `ticket` is overtaken: it will not be stored, and nobody joins it any more.
    #[must_use = "to be dropped outside the lock"]
    pub(crate) fn overtake(&mut self, ticket: u64) -> Overtaken {
        let Some(key) = self.shard.get_mut(&self.hash) else { return Overtaken::default() };
        key.fence = key.fence.max(ticket);
        let latest = key.flight.take_if(|flight| flight.ticket < ticket);
        let earlier = key.earlier.extract_if(.., |flight| flight.ticket < ticket).collect();
        Overtaken { latest, earlier }
    }

    /// A new ticket, under the lock.
    pub(crate) fn ticket(&self) -> u64 {
        self.flights.ticket()
    }

    /// A computation has ended. With the last one, what is known of the key is forgotten.
    pub(crate) fn end(&mut self, flight: &Arc<Flight>) {
        let Slot::Occupied(mut slot) = self.shard.entry(self.hash) else {
            return;
        };
        let key = slot.get_mut();
        key.computing -= 1;
        if key.flight.as_ref().is_some_and(|current| Arc::ptr_eq(current, flight)) {
            key.flight = key.earlier.pop();
        } else {
            key.earlier.retain(|earlier| !Arc::ptr_eq(earlier, flight));
        }
        if key.computing == 0 {
            slot.remove();
        }
    }
}
