//! How results and invalidations reach the store: each in one step with what it does to the flights of the key.

use std::sync::Arc;

use super::entry::{AnyEntry, Generation};
use super::store::{Displaced, Gone, Here, Life, New, Pair, Slot};
use super::{Inner, sweeper};
use crate::flight::Flight;
use crate::flight::table::Others;
use crate::stats::Count;

/// What the end of a computation does to the store.
pub(crate) enum Landing {
    /// Nothing: it failed, was dropped, or its value is not to be kept.
    Nothing,
    /// Its entry is stored.
    Fill(Life),
    /// Its entry is stored, and whatever began earlier is overtaken.
    Refresh(Life),
    /// Its value is not to be kept, and neither is what it was to replace.
    RefreshRefused,
}

/// What a change of the store left over. Dropping it runs destructors of the user's: not under a lock, and not
/// before those who wait have been woken.
#[must_use = "drop it when nobody waits any more"]
#[derive(Default)]
pub(crate) struct Leftovers {
    /// First, for they wait.
    others: Others,
    displaced: Displaced,
    removed: Option<Gone>,
    overtaken: Option<Arc<Flight>>,
}

impl Inner {
    /// A computation has ended. Returns after the store has changed; wake the waiters then.
    /// If it began when nothing was stored, `vacant` is the time of that.
    pub(crate) fn land(
        self: &Arc<Self>,
        flight: &Arc<Flight>,
        landing: Landing,
        pair: Option<&dyn Pair>,
        vacant: Option<u64>,
    ) -> Leftovers {
        let Flight { hash, ticket, generation, entry, .. } = &**flight;
        let (hash, ticket) = (*hash, *ticket);
        let mut leftovers = Leftovers::default();
        let mut stored = None;
        let mut key = self.flights.at(hash);
        if key.may_land(flight) {
            if matches!(landing, Landing::Refresh(_) | Landing::RefreshRefused) {
                leftovers.overtaken = key.overtake(ticket);
            }
            match landing {
                Landing::Nothing => {}
                Landing::Fill(life) | Landing::Refresh(life) => {
                    // Whoever stores under that hash has the lock of the key, and voids copies of that time.
                    let vacant = vacant == Some(generation.of.time(hash));
                    let new = New { hash, ticket, generation, life, entry, pair, vacant };
                    stored = self.insert(new, &mut leftovers).then_some(new);
                }
                Landing::RefreshRefused => self.remove_if(hash, |it| it.ticket <= ticket, &mut leftovers),
            }
        }
        leftovers.others = key.end(flight, stored.is_some());
        drop(key);
        generation.of.counters.lands(stored.is_some());
        if let Some(new) = stored {
            self.settle_accounts(new, &leftovers.displaced);
        }
        leftovers
    }

    /// Stores a value that no computation made.
    pub(crate) fn set(
        self: &Arc<Self>,
        hash: u64,
        entry: &Arc<dyn AnyEntry>,
        life: Life,
        pair: Option<&dyn Pair>,
        generation: impl FnOnce() -> Arc<Generation>,
    ) -> Leftovers {
        let mut leftovers = Leftovers::default();
        let mut key = self.flights.at(hash);
        let ticket = key.ticket();
        leftovers.overtaken = key.overtake(ticket);
        // Under the lock of the key: one that ended before would take the place of what came since.
        let generation = &generation();
        let new = New { hash, ticket, generation, life, entry, pair, vacant: false };
        self.insert(new, &mut leftovers);
        drop(key);
        generation.of.counters.count(Count::Stores);
        self.settle_accounts(new, &leftovers.displaced);
        leftovers
    }

    /// Removes what is stored under that hash, and overtakes whoever is computing it. `look` sees it before, and runs no
    /// code of the user's.
    pub(crate) fn invalidate(&self, hash: u64, look: &mut dyn FnMut(&Here<'_>)) -> Leftovers {
        let mut leftovers = Leftovers::default();
        let mut key = self.flights.at(hash);
        let ticket = key.ticket();
        leftovers.overtaken = key.overtake(ticket);
        if let Some(here) = self.store.here(hash) {
            look(&here);
        }
        self.remove_if(hash, |_| true, &mut leftovers);
        drop(key);
        leftovers
    }

    /// Stores the entry, unless a newer one is there; whether it did. To be called under the lock of its key.
    fn insert(&self, new: New<'_>, leftovers: &mut Leftovers) -> bool {
        if !new.vacant {
            let is_newer = |here: Here<'_>| here.slot().ticket > new.ticket && here.slot().is_fresh();
            if self.store.here(new.hash).is_some_and(is_newer) {
                return false;
            }
        }
        leftovers.displaced = self.store.insert(new);
        if new.ticket & self.youth == 0 {
            // The store must hear of what is in use, or it will evict that.
            new.generation.of.void_copies();
        }
        true
    }

    /// Removes what is stored, if it is what is asked for. To be called under the lock of its key.
    fn remove_if(&self, hash: u64, is_it: impl FnOnce(&Slot) -> bool, leftovers: &mut Leftovers) {
        leftovers.removed = self.store.remove_if(hash, is_it);
        if let Some(removed) = &leftovers.removed {
            removed.generation.changed(-1);
        }
    }

    fn settle_accounts(self: &Arc<Self>, new: New<'_>, displaced: &Displaced) {
        let mut more = 1;
        for gone in displaced.iter() {
            // In a cache that is full, one goes and one comes: then there is nothing to write.
            match Arc::ptr_eq(&gone.generation, new.generation) {
                true => more -= 1,
                false => gone.generation.changed(-1),
            }
            // What had the same hash was replaced; anything else had to make room, or found none itself.
            if gone.hash != new.hash || gone.ticket == new.ticket {
                gone.generation.of.counters.count(Count::Evictions);
            }
        }
        if more != 0 {
            new.generation.changed(more);
        }
        if !new.generation.is_alive() {
            // It may have come into the store after the sweep that ended its generation.
            sweeper::sweep_soon(self);
        }
        sweeper::expect(self, new.life);
    }
}
