//! Landing: how results and invalidations reach the store. Each does, in one step under the lock of its key, three
//! things: it consults or moves the fence, changes the store, and updates the flights of the key.
//!
//! The lock of the key ([`AtKey`](crate::flight::table::AtKey)) is taken before the store's, and held over all three.
//! Keys are compared before that, outside locks ([`rivals`](super::rivals)). What the step takes out of the store and
//! the table goes into [`Leftovers`], so that no destructor of the user's runs under a lock.

use std::sync::Arc;

use super::rivals::{Compare, Known};
use super::store::{Displaced, Gone, Life, New, Pair};
use super::{Inner, sweeper};
use crate::entry::{AnyEntry, Freshness, Generation};
use crate::flight::table::{Others, Overtaken};
use crate::flight::{Flight, Landing, Purpose};
use crate::stats::Count;

/// The leftovers of a change of the store. Dropping them runs destructors of the user's: so not under a lock, and not
/// before the followers have been woken.
#[must_use = "drop it after the followers have been woken"]
#[derive(Default)]
pub(crate) struct Leftovers {
    /// Dropped first, since it wakes followers.
    others: Others,
    displaced: Displaced,
    removed: Option<Gone>,
    overtaken: Overtaken,
}

impl Inner {
    /// Lands the result of a computation and takes its flight off the table. Returns after the store has changed; the
    /// caller then wakes the followers. If nothing was stored under the hash when the call looked, `vacant` is the
    /// version of copies at that time. Otherwise, or if the version has changed since, `compare` finds the key's own
    /// entry.
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
        // Every operation that stores under this hash holds the lock of the key and moves the version on. So if the
        // version is unchanged under the lock, nothing is stored there, and there is nothing to compare.
        let is_vacant = || vacant == Some(generation.of.version(hash));
        let mut known = Known::default();
        let mut key = self.flights.at(hash);
        if !matches!(landing, Landing::Nothing | Landing::Failed(_)) && !is_vacant() {
            // Comparing keys runs user code: the lock is given back for that, and taken again.
            drop(key);
            (key, known) = self.at_known(hash, compare);
        }
        if key.may_land(flight) {
            // Like a set, a refresh overtakes the computations that began before it.
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
        // In the same step as the change of the store: a call that finds no flight finds the entry.
        leftovers.others = key.end(flight, stored.is_some());
        drop(key);
        generation.of.counters.lands(stored.is_some());
        if let Some(new) = stored {
            self.settle_accounts(new, &known, &leftovers.displaced);
        }
    }

    /// Stores a value that no computation made. `compare` finds the key's own entry among those under the hash.
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
        // Asked for under the lock of the key: else a set of a generation that has ended meanwhile could replace an
        // entry of the next one.
        let generation = &generation();
        let new = New { hash, ticket, generation, life, entry, pair, replaces: known.replaced() };
        self.insert(new, &known, &mut leftovers);
        drop(key);
        generation.of.counters.count(Count::Stores);
        self.settle_accounts(new, &known, &leftovers.displaced);
        leftovers
    }

    /// Removes the entry that `compare` finds to be the key's own, and overtakes all computations under the hash. Also
    /// says whether there was an entry that could be served.
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

    /// Stores the entry, unless a newer one of the key is there; whether it did. To be called under the lock of the
    /// key.
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
        if new.ticket & self.void_mask == 0 {
            // Hits on thread-local copies are unknown to the store. Voiding the copies lets it learn which entries are
            // in use, or it would evict those.
            new.generation.of.void_copies();
        }
        true
    }

    /// Removes the entry with the ticket `own`, if there is one. To be called under the lock of its key.
    fn remove(&self, hash: u64, own: Option<u64>, leftovers: &mut Leftovers) {
        let Some(own) = own else { return };
        leftovers.removed = self.store.remove_if(hash, |slot| slot.ticket == own);
        if let Some(removed) = &leftovers.removed {
            removed.generation.changed(-1);
        }
    }

    /// Counts the entries that came and went with an insertion, and sees to it that the new one will be swept. Needs no
    /// lock: the counts are sums.
    fn settle_accounts(self: &Arc<Self>, new: New<'_>, known: &Known, displaced: &Displaced) {
        let mut more = 1;
        for gone in displaced.iter() {
            // In a full cache one entry of the function goes and one comes: then there is nothing to write.
            match Arc::ptr_eq(&gone.generation, new.generation) {
                true => more -= 1,
                false => gone.generation.changed(-1),
            }
            // The key's own entry was replaced. Any other was evicted, and so was the new one if it found no room.
            if known.own != Some(gone.ticket) {
                gone.generation.of.counters.count(Count::Evictions);
            }
        }
        if more != 0 {
            new.generation.changed(more);
        }
        if !new.generation.is_alive() {
            // The entry may have come into the store after the sweep for the end of its generation.
            sweeper::sweep_soon(self);
        }
        sweeper::expect(self, new.life, new.ticket);
    }
}
