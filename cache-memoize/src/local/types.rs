//! The types of keys and values, behind a pointer: so all that comes after a miss is compiled once and not again for every
//! function.

use std::any::Any;
use std::sync::Arc;

use crate::call::guard::within;
use crate::entry::{self, AnyEntry, Freshness, View};
use crate::flight::Flight;
use crate::flight::table::AtKey;
use crate::memory::rivals::{self, By, Compare};
use crate::memory::store::{Content, Copier, Pair, Store};

use super::InMemory;

/// Stores an entry, with a way to copy it as a pair, if there is one, and to compare keys with its own.
pub(crate) type Then<'t> = &'t mut dyn FnMut(Option<&dyn Pair>, &mut dyn Compare);

/// Questions to entries with keys and values of known types.
pub(crate) trait Types: Sync {
    /// Whether `other` is an entry of the key of `own`, and has a value.
    fn is_value_of(&self, own: &dyn AnyEntry, other: &dyn AnyEntry) -> bool;
    /// Whether `other` is an entry of the key of `own`.
    fn is_same_key(&self, own: &dyn AnyEntry, other: &dyn AnyEntry) -> bool;
    /// Looks under the hash of `own` in the store, beyond entries of other keys: `rivals`, by their tickets. The lock on the
    /// key is given back before keys are compared, for comparing runs user code.
    fn stored<'k>(
        &self,
        store: &Store,
        key: AtKey<'k>,
        hash: u64,
        rivals: &[u64],
        own: &Arc<dyn AnyEntry>,
    ) -> Stored<'k>;
    /// Has `then` store the entry of a computation.
    fn land(&self, flight: &Arc<Flight<InMemory>>, then: Then<'_>);
}

/// One look under a hash in the store.
pub(crate) enum Stored<'k> {
    /// Nothing else; the key is still locked.
    Nothing(AtKey<'k>),
    /// An entry that is not to be served, by its ticket: of another key, or not fresh.
    Other(u64),
    /// The value.
    Value(Arc<dyn AnyEntry>),
}

/// [`Types`] of keys `K` and values `V`, with the way to copy them if they are stored as pairs.
pub(crate) struct Typed<K, V>(pub(crate) Option<Copier<K, V>>);

impl<K, V> Types for Typed<K, V>
where
    K: Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    fn is_value_of(&self, own: &dyn AnyEntry, other: &dyn AnyEntry) -> bool {
        same::<K, V>(own, other).is_some_and(|entry| entry.value().is_some())
    }

    fn is_same_key(&self, own: &dyn AnyEntry, other: &dyn AnyEntry) -> bool {
        same::<K, V>(own, other).is_some()
    }

    fn stored<'k>(
        &self,
        store: &Store,
        key: AtKey<'k>,
        hash: u64,
        rivals: &[u64],
        own: &Arc<dyn AnyEntry>,
    ) -> Stored<'k> {
        if const { entry::is_large::<V>() } {
            self.stored_beside::<()>(store, key, hash, rivals, own)
        } else {
            self.stored_beside::<V>(store, key, hash, rivals, own)
        }
    }

    fn land(&self, flight: &Arc<Flight<InMemory>>, then: Then<'_>) {
        let pair = self.0.and_then(|copier| Some((flight.entry.typed::<K, V>()?, copier)));
        let pair = pair.as_ref().map(|pair| pair as &dyn Pair);
        // Comparing is user code, too, and part of the computation. If it panics, the flight is still to be ended.
        let is_same = |other: &Content<K, ()>| {
            let compared = within(flight, || self.is_of_its_key(&*flight.entry, other));
            compared.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        then(pair, &mut By::new(rivals::key_of::<K, V>, is_same));
    }
}

impl<K, V> Typed<K, V>
where
    K: Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// `C` is the type of values in pairs of the store: a large value is in no pair, and must not be on the stack.
    fn stored_beside<'k, C: 'static>(
        &self,
        store: &Store,
        key: AtKey<'k>,
        hash: u64,
        rivals: &[u64],
        own: &Arc<dyn AnyEntry>,
    ) -> Stored<'k> {
        let Some(seen) = store.look_past::<K, C>(rivals, hash, false) else { return Stored::Nothing(key) };
        drop(key);
        if seen.freshness() != Freshness::Fresh {
            return Stored::Other(seen.ticket);
        }
        match &seen.content {
            Content::Entry(entry) if self.is_value_of(&**own, &**entry) => Stored::Value(entry.clone()),
            Content::Pair(key, value) if self.0.is_some() => match own.view::<K, V>() {
                Some(own_view) if *own_view.key == *key => {
                    if let Some(value) = (value as &dyn Any).downcast_ref() {
                        own_view.fill(value);
                    }
                    Stored::Value(own.clone())
                }
                _ => Stored::Other(seen.ticket),
            },
            _ => Stored::Other(seen.ticket),
        }
    }

    /// Entries of any value: functions that share a prefix share entries, and need not return the same type.
    fn is_of_its_key(&self, own: &dyn AnyEntry, other: &Content<K, ()>) -> bool {
        let own = own.view::<K, V>().expect("a computation has an entry of its own types");
        match other {
            Content::Pair(key, ()) => self.0.is_some() && key == own.key,
            Content::Entry(other) => {
                other.ident() == own.ident && other.key().downcast_ref().is_some_and(|key: &K| key == own.key)
            }
            Content::Foreign => false,
        }
    }
}

/// The other entry, if it is of the same key and types.
fn same<'e, K: Eq + 'static, V: 'static>(
    own: &dyn AnyEntry,
    other: &'e dyn AnyEntry,
) -> Option<View<'e, K, V>> {
    let own = own.view::<K, V>()?;
    other.view::<K, V>().filter(|other| other.ident == own.ident && other.key == own.key)
}
