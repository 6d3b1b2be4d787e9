//! How results and invalidations reach the store: each in one step with what it does to the flights of the key.

use std::sync::Arc;

use super::rivals::{Compare, Known};
use super::store::{Displaced, Gone, Life, New, Pair};
use super::{Inner, sweeper};
use crate::entry::{AnyEntry, Freshness, Generation};
use crate::flight::table::{Others, Overtaken};
use crate::flight::{Flight, Landing, Purpose};
use crate::stats::Count;

/// What a change of the store left over. Dropping it runs destructors of the user's: not under a lock, and not
/// before those who wait have been woken.
#[must_use = "drop it when nobody waits any more"]
#[derive(Default)]
pub(crate) struct Leftovers {
    /// First, for they wait.
    others: Others,
    displaced: Displaced,
    removed: Option<Gone>,
    overtaken: Overtaken,
}

impl Inner {
    /// A computation has ended. Returns after the store has changed; wake the waiters then.
    /// If it began when nothing was stored, `vacant` is the version of copies at that time; else `compare` tells what is of its key.
    pub(crate) fn land<E>(
        self: &Arc<Self>,
        flight: &Flight<E>,
        landing: &Landing<Life>,
        pair: Option<&dyn Pair>,
        vacant: Option<u64>,
        compare: &mut dyn Compare,
        leftovers: &mut Leftovers,
    ) {
        let Flight { hash, ticket, generation, entry, purpose, .. } = flight;
        let (hash, ticket) = (*hash, *ticket);
        let mut stored = None;
        // Whoever stores under that hash has the lock of the key, and voids copies of that time.
        let is_vacant = || vacant == Some(generation.of.version(hash));
        let mut known = Known::default();
        let mut key = self.flights.at(hash);
        if !matches!(landing, Landing::Nothing | Landing::Failed(_)) && !is_vacant() {
            drop(key);
            (key, known) = self.at_known(hash, compare);
        }
        if key.may_land(flight) {
            if *purpose == Purpose::Refresh && matches!(landing, Landing::Store(_) | Landing::Remove) {
                leftovers.overtaken = key.overtake(ticket);
            }
            match landing {
                Landing::Nothing | Landing::Failed(_) => {}
                &Landing::Store(life) => {
                    let replaces = known.replaced();
                    let new = New { hash, ticket, generation, life, entry, pair, replaces };
                    stored = self.insert(new, &known, leftovers).then_some(new);
                }
                Landing::Remove => {
                    self.remove(hash, known.own.filter(|&own| own <= ticket), leftovers);
                }
            }
        }
        leftovers.others = key.end(flight, stored.is_some());
        drop(key);
        generation.of.counters.lands(stored.is_some());
        if let Some(new) = stored {
            self.settle_accounts(new, &known, &leftovers.displaced);
        }
    }

    /// Stores a value that no computation made. `compare` tells what is of its key.
    pub(crate) fn set(
        self: &Arc<Self>,
        hash: u64,
        entry: &Arc<dyn AnyEntry>,
        life: Life,
        pair: Option<&dyn Pair>,
        compare: &mut dyn Compare,
        generation: impl FnOnce() -> Arc<Generation>,
    ) -> Leftovers {
        let mut leftovers = Leftovers::default();
        let (mut key, known) = self.at_known(hash, compare);
        let ticket = key.ticket();
        leftovers.overtaken = key.overtake(ticket);
        // Under the lock of the key: one that ended before would take the place of what came since.
        let generation = &generation();
        let new = New { hash, ticket, generation, life, entry, pair, replaces: known.replaced() };
        self.insert(new, &known, &mut leftovers);
        drop(key);
        generation.of.counters.count(Count::Stores);
        self.settle_accounts(new, &known, &leftovers.displaced);
        leftovers
    }

    /// Removes the entry that `compare` tells to be of the key, and overtakes whoever computes a key of that hash. Whether
    /// there was an entry that could be served.
    pub(crate) fn invalidate(&self, hash: u64, compare: &mut dyn Compare) -> (Leftovers, bool) {
        let mut leftovers = Leftovers::default();
        let (mut key, known) = self.at_known(hash, compare);
        let ticket = key.ticket();
        leftovers.overtaken = key.overtake(ticket);
        let own = known.own.and_then(|own| self.store.here(hash, |slot| slot.ticket == own));
        let was_there = own.is_some_and(|here| here.slot().freshness() != Freshness::Ended);
        self.remove(hash, known.own, &mut leftovers);
        drop(key);
        (leftovers, was_there)
    }

    /// Stores the entry, unless a newer one is there; whether it did. To be called under the lock of its key.
    fn insert(&self, new: New<'_>, known: &Known, leftovers: &mut Leftovers) -> bool {
        if let Some(own) = known.own.filter(|own| *own > new.ticket)
            && self
                .store
                .here(new.hash, |slot| slot.ticket == own && slot.freshness() != Freshness::Ended)
                .is_some()
        {
            return false;
        }
        leftovers.displaced = self.store.insert(new);
        if new.ticket & self.youth == 0 {
            // The store must hear of what is in use, or it will evict that.
            new.generation.of.void_copies();
        }
        true
    }

    /// Removes an entry, by its ticket. To be called under the lock of its key.
    fn remove(&self, hash: u64, own: Option<u64>, leftovers: &mut Leftovers) {
        let Some(own) = own else { return };
        leftovers.removed = self.store.remove_if(hash, |slot| slot.ticket == own);
        if let Some(removed) = &leftovers.removed {
            removed.generation.changed(-1);
        }
    }

    fn settle_accounts(self: &Arc<Self>, new: New<'_>, known: &Known, displaced: &Displaced) {
        let mut more = 1;
        for gone in displaced.iter() {
            // In a cache that is full, one goes and one comes: then there is nothing to write.
            match Arc::ptr_eq(&gone.generation, new.generation) {
                true => more -= 1,
                false => gone.generation.changed(-1),
            }
            // What was of the same key was replaced; anything else had to make room, or found none itself.
            if known.own != Some(gone.ticket) {
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
        sweeper::expect(self, new.life, new.ticket);
    }
}
