//! How results and invalidations reach the store: each in one step with what it does to the flights of the key.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::entry::AnyEntry;
use super::store::Displaced;
use super::{Inner, stamp, sweeper};
use crate::flight::Flight;

/// What the end of a computation does to the store.
pub(crate) enum Landing {
    /// Nothing: it failed, was dropped, or its value is not to be kept.
    Nothing,
    /// Its entry is stored.
    Fill,
    /// Its entry is stored, and whatever began earlier is overtaken.
    Refresh,
    /// Its value is not to be kept, and neither is what it was to replace.
    RefreshRefused,
}

/// What a change of the store left over. Dropping it runs destructors of the user's: not under a lock, and not
/// before those who wait have been woken.
#[must_use = "drop it when nobody waits any more"]
#[derive(Default)]
pub(crate) struct Leftovers {
    displaced: Displaced,
    entry: Option<Arc<dyn AnyEntry>>,
    overtaken: Option<Arc<Flight>>,
}

impl Inner {
    /// A computation has ended. Returns after the store has changed; wake the waiters then.
    /// If it began when nothing was stored, `vacant` is the time of that.
    pub(crate) fn land(
        self: &Arc<Self>,
        flight: &Arc<Flight>,
        landing: Landing,
        vacant: Option<u64>,
    ) -> Leftovers {
        let hash = flight.entry.header().hash;
        let mut leftovers = Leftovers::default();
        let mut key = self.flights.at(hash);
        if key.may_land(flight) {
            if matches!(landing, Landing::Refresh | Landing::RefreshRefused) {
                leftovers.overtaken = key.overtake(flight.ticket());
            }
            match landing {
                Landing::Nothing => {}
                Landing::Fill | Landing::Refresh => self.insert(&flight.entry, vacant, &mut leftovers),
                Landing::RefreshRefused => self.remove_older(flight, &mut leftovers),
            }
        }
        key.end(flight);
        drop(key);
        flight.entry.header().common().counters.in_flight.fetch_sub(1, Relaxed);
        self.settle_accounts(&flight.entry, &leftovers.displaced);
        leftovers
    }

    /// Stores a value that no computation made. `make` gets the ticket.
    pub(crate) fn set(self: &Arc<Self>, hash: u64, make: impl FnOnce(u64) -> Arc<dyn AnyEntry>) -> Leftovers {
        let mut leftovers = Leftovers::default();
        let mut key = self.flights.at(hash);
        let ticket = key.ticket();
        leftovers.overtaken = key.overtake(ticket);
        let entry = make(ticket);
        self.insert(&entry, None, &mut leftovers);
        drop(key);
        self.settle_accounts(&entry, &leftovers.displaced);
        leftovers
    }

    /// Removes what is stored under that hash, and overtakes whoever is computing it.
    pub(crate) fn invalidate(&self, hash: u64) -> Option<Arc<dyn AnyEntry>> {
        let mut key = self.flights.at(hash);
        let ticket = key.ticket();
        let overtaken = key.overtake(ticket);
        let removed = self.store.remove(hash);
        // Also when nothing was there: what had to make room is not void yet.
        stamp::void(hash);
        if let Some(entry) = &removed {
            entry.header().generation.left();
        }
        drop(key);
        drop(overtaken);
        removed
    }

    /// Stores the entry, unless a newer one is there. To be called under the lock of its key.
    fn insert(&self, entry: &Arc<dyn AnyEntry>, vacant: Option<u64>, leftovers: &mut Leftovers) {
        let header = entry.header();
        if vacant != Some(header.common().time(header.hash)) {
            leftovers.entry = self.store.peek(header.hash);
            let stored = leftovers.entry.as_ref();
            if stored.is_some_and(|stored| stored.header().ticket > header.ticket && stored.is_fresh()) {
                return;
            }
        }
        // Counted before it is there, so that nobody can count it as gone before it came.
        header.generation.entered();
        header.common().counters.stores.fetch_add(1, Relaxed);
        leftovers.displaced = self.store.insert(entry.clone());
        // Also when nothing was there: see `invalidate`.
        stamp::void(header.hash);
        if header.ticket & self.youth == 0 {
            // The store must hear of what is in use, or it will evict that.
            header.common().void_copies();
        }
    }

    /// Removes what is stored, unless it is newer. To be called under the lock of its key.
    fn remove_older(&self, flight: &Flight, leftovers: &mut Leftovers) {
        let ticket = flight.ticket();
        leftovers.entry =
            self.store.remove_if(flight.entry.header().hash, |stored| stored.header().ticket <= ticket);
        stamp::void(flight.entry.header().hash);
        if let Some(removed) = &leftovers.entry {
            removed.header().generation.left();
        }
    }

    fn settle_accounts(self: &Arc<Self>, entry: &Arc<dyn AnyEntry>, displaced: &Displaced) {
        for gone in displaced.iter() {
            let header = gone.header();
            header.generation.left();
            // What had the same hash was replaced; anything else had to make room, or found none itself.
            if header.hash != entry.header().hash || Arc::ptr_eq(gone, entry) {
                stamp::void(header.hash);
                header.common().counters.evictions.fetch_add(1, Relaxed);
            }
        }
        if !entry.header().generation.is_alive() {
            // It may have come into the store after the sweep that ended its generation.
            sweeper::sweep_soon(self);
        }
        sweeper::expect(self, &**entry);
    }
}
