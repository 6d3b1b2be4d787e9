//! What a memory holds: a key, the value once it is there, and the generation that it is of.

use std::any::Any;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, OnceLock};

mod lifespan;
mod state;
pub(crate) mod version;

use crate::sync::shim;
pub(crate) use lifespan::{Freshness, Lifespan, Windows};
pub(crate) use state::{FunctionState, StateCore};

/// All that one function stored in one memory between two calls of `f_invalidate_all`, which ends it. What the store knows
/// of an entry points to its own, so that ending it makes all of them invisible at once.
pub(crate) struct Generation {
    pub(crate) of: Arc<StateCore>,
    ended: AtomicBool,
    entries: AtomicU64,
}

impl Generation {
    pub(crate) fn new(of: Arc<StateCore>) -> Arc<Self> {
        Arc::new(Self { of, ended: AtomicBool::new(false), entries: AtomicU64::new(0) })
    }

    #[inline]
    pub(crate) fn is_alive(&self) -> bool {
        shim::pass();
        self.is_alive_here()
    }

    /// The same within a lock of the store, where nobody else gets to run in the model.
    #[inline]
    pub(crate) fn is_alive_here(&self) -> bool {
        !self.ended.load(SeqCst)
    }

    pub(crate) fn end(&self) {
        shim::pass();
        self.ended.store(true, SeqCst);
    }

    pub(crate) fn entries(&self) -> u64 {
        // One may be counted as gone before it is counted as there.
        self.entries.load(Relaxed).cast_signed().max(0).cast_unsigned()
    }

    /// So many have come, or gone.
    pub(crate) fn changed(&self, by: i64) {
        self.entries.fetch_add(by.cast_unsigned(), Relaxed);
    }
}

/// A value that is larger lies behind a pointer of its own: each move of it is a copy on the stack in a build without
/// optimisation, and an entry is moved before it has its value.
pub(crate) const LARGE: usize = 1024;

/// Whether values of the type lie behind pointers of their own.
pub(crate) const fn is_large<V>() -> bool {
    size_of::<V>() > LARGE
}

/// A key with its value. It is made when the computation begins, so that the flight and the store share one owned key,
/// and has its value when the computation ends. Of a large value, `V` is a `Box`; [`view`](AnyEntry::view) hides that.
pub(crate) struct Entry<K, V> {
    /// Tells functions, and instances of a generic function, apart within a memory.
    pub(crate) ident: u64,
    pub(crate) key: K,
    pub(crate) value: OnceLock<V>,
}

/// An entry of any types.
pub(crate) trait AnyEntry: Any + Send + Sync {
    fn ident(&self) -> u64;
    fn key(&self) -> &dyn Any;
    /// Whether the value is there.
    fn is_filled(&self) -> bool;
}

impl<K, V> Entry<K, V> {
    /// Without a value.
    pub(crate) fn empty(ident: u64, key: K) -> Self {
        Self { ident, key, value: OnceLock::new() }
    }
}

impl<K: Send + Sync + 'static, V: Send + Sync + 'static> AnyEntry for Entry<K, V> {
    fn ident(&self) -> u64 {
        self.ident
    }
    fn key(&self) -> &dyn Any {
        &self.key
    }
    fn is_filled(&self) -> bool {
        self.value.get().is_some()
    }
}

/// An entry for values of the type `V`, without one.
pub(crate) fn vacant<K, V>(ident: u64, key: K) -> Arc<dyn AnyEntry>
where
    K: Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    if const { is_large::<V>() } {
        Arc::new(Entry::<K, Box<V>>::empty(ident, key))
    } else {
        vacant_here::<K, V>(ident, key)
    }
}

/// Apart, so that nothing is moved where the value is large.
#[inline]
fn vacant_here<K, V>(ident: u64, key: K) -> Arc<dyn AnyEntry>
where
    K: Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    Arc::new(Entry::<K, V>::empty(ident, key))
}

/// An entry by the types of its key and its value, wherever that lies.
pub(crate) struct View<'e, K, V> {
    pub(crate) ident: u64,
    pub(crate) key: &'e K,
    place: Place<'e, V>,
}

enum Place<'e, V> {
    Here(&'e OnceLock<V>),
    Apart(&'e OnceLock<Box<V>>),
}

impl<'e, K, V> View<'e, K, V> {
    /// The value, once it is there.
    #[inline]
    pub(crate) fn value(&self) -> Option<&'e V> {
        match self.place {
            Place::Here(value) => value.get(),
            Place::Apart(value) => value.get().map(|value| &**value),
        }
    }

    /// Puts a copy there. The first one counts.
    pub(crate) fn fill(&self, value: &V)
    where
        V: Clone,
    {
        match self.place {
            Place::Here(place) => fill_here(place, value),
            Place::Apart(place) => drop(place.set(Box::new(value.clone()))),
        }
    }
}

/// See [`vacant_here`].
#[inline]
fn fill_here<V: Clone>(place: &OnceLock<V>, value: &V) {
    drop(place.set(value.clone()));
}

impl dyn AnyEntry {
    /// The entry for keys and values of these types, if it is one.
    #[inline]
    pub(crate) fn view<K: 'static, V: 'static>(&self) -> Option<View<'_, K, V>> {
        if const { is_large::<V>() } {
            let Entry { ident, key, value } = self.typed::<K, Box<V>>()?;
            Some(View { ident: *ident, key, place: Place::Apart(value) })
        } else {
            let Entry { ident, key, value } = self.typed::<K, V>()?;
            Some(View { ident: *ident, key, place: Place::Here(value) })
        }
    }

    /// The entry as what it was made as.
    #[inline]
    pub(crate) fn typed<K: 'static, V: 'static>(&self) -> Option<&Entry<K, V>> {
        (self as &dyn Any).downcast_ref()
    }
}
