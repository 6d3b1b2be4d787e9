//! How results and invalidations reach the store: each in one step with what it does to the flights of the key.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::entry::AnyEntry;
use super::store::Displaced;
use super::{Inner, sweeper};
use crate::flight::Flight;
use crate::flight::table::AtKey;

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

impl Inner {
    /// A computation has ended. Returns after the store has changed; wake the waiters then.
    pub(crate) fn land(self: &Arc<Self>, flight: &Arc<Flight>, landing: Landing) {
        let hash = flight.entry.header().hash;
        let mut key = self.flights.at(hash);
        let mut displaced = Displaced::default();
        let mut removed = None;
        let mut overtaken = None;
        if key.may_land(flight) {
            if matches!(landing, Landing::Refresh | Landing::RefreshRefused) {
                overtaken = key.overtake(flight.ticket());
            }
            match landing {
                Landing::Nothing => {}
                Landing::Fill | Landing::Refresh => displaced = self.insert(&mut key, &flight.entry),
                Landing::RefreshRefused => removed = self.remove_older(&mut key, flight),
            }
        }
        key.end(flight);
        drop(key);
        // From here on without the lock: user code may run in the destructors of what is dropped.
        flight.entry.header().scope.counters.in_flight.fetch_sub(1, Relaxed);
        self.settle_accounts(&flight.entry, &displaced);
        drop((displaced, removed, overtaken));
    }

    /// Stores a value that no computation made. `make` gets the ticket.
    pub(crate) fn set(self: &Arc<Self>, hash: u64, make: impl FnOnce(u64) -> Arc<dyn AnyEntry>) {
        let mut key = self.flights.at(hash);
        let ticket = key.ticket();
        let overtaken = key.overtake(ticket);
        let entry = make(ticket);
        let displaced = self.insert(&mut key, &entry);
        drop(key);
        self.settle_accounts(&entry, &displaced);
        drop((displaced, overtaken));
    }

    /// Removes what is stored under that hash, and overtakes whoever is computing it.
    pub(crate) fn invalidate(&self, hash: u64) -> Option<Arc<dyn AnyEntry>> {
        let mut key = self.flights.at(hash);
        let ticket = key.ticket();
        let overtaken = key.overtake(ticket);
        let removed = self.store.remove(hash);
        if let Some(entry) = &removed {
            entry.header().generation.left();
        }
        drop(key);
        drop(overtaken);
        removed
    }

    fn insert(&self, _key: &mut AtKey<'_>, entry: &Arc<dyn AnyEntry>) -> Displaced {
        let header = entry.header();
        let stored = self.store.peek(header.hash);
        if stored.as_ref().is_some_and(|stored| stored.header().ticket > header.ticket && stored.is_fresh()) {
            return Displaced::default();
        }
        // Counted before it is there, so that nobody can count it as gone before it came.
        header.generation.entered();
        header.scope.counters.stores.fetch_add(1, Relaxed);
        self.store.insert(entry.clone())
    }

    fn remove_older(&self, _key: &mut AtKey<'_>, flight: &Flight) -> Option<Arc<dyn AnyEntry>> {
        let hash = flight.entry.header().hash;
        let stored = self.store.peek(hash)?;
        if stored.header().ticket > flight.ticket() {
            return None;
        }
        let removed = self.store.remove(hash)?;
        removed.header().generation.left();
        Some(removed)
    }

    fn settle_accounts(self: &Arc<Self>, entry: &Arc<dyn AnyEntry>, displaced: &Displaced) {
        for gone in displaced.iter() {
            let header = gone.header();
            header.generation.left();
            // What had the same hash was replaced; anything else had to make room, or found none itself.
            if header.hash != entry.header().hash || Arc::ptr_eq(gone, entry) {
                header.scope.counters.evictions.fetch_add(1, Relaxed);
            }
        }
        sweeper::expect(self, entry.deadline());
    }
}
