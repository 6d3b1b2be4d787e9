//! Entries: a key with its value, and the generation that an entry belongs to.

use std::any::Any;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, OnceLock};

mod lifespan;
mod state;
pub(crate) mod version;

use crate::sync::shim;
pub(crate) use lifespan::{Freshness, Lifespan, Windows};
pub(crate) use state::{FunctionState, StateCore};

/// A generation: all entries that one function stored in one memory between two calls of `f_invalidate_all`. Each slot
/// of the store points to the generation of its entry, so ending a generation makes all its entries invisible at once.
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

    /// [`is_alive`](Self::is_alive) for use under the store's lock: there no other thread runs in the model, so this is
    /// no step of it.
    #[inline]
    pub(crate) fn is_alive_here(&self) -> bool {
        !self.ended.load(SeqCst)
    }

    pub(crate) fn end(&self) {
        shim::pass();
        self.ended.store(true, SeqCst);
    }

    pub(crate) fn entries(&self) -> u64 {
        // Below zero for a moment when an entry's removal is counted before its insertion.
        self.entries.load(Relaxed).cast_signed().max(0).cast_unsigned()
    }

    /// Adds `by` to the number of entries.
    pub(crate) fn changed(&self, by: i64) {
        self.entries.fetch_add(by.cast_unsigned(), Relaxed);
    }
}

/// The size in bytes above which a value is boxed within its entry. Without optimisation each move of a value is a copy
/// on the stack, and an entry is moved before it has its value.
pub(crate) const LARGE: usize = 1024;

/// Whether values of this type are boxed within their entries.
pub(crate) const fn is_large<V>() -> bool {
    size_of::<V>() > LARGE
}

/// An entry: a key with its value. It is made when the computation begins, so that the flight and the store share one
/// owned key, and gets its value when the computation ends. For a large value, `V` is a `Box`; `view` hides that.
pub(crate) struct Entry<K, V> {
    /// Tells functions, and instances of a generic function, apart within a memory.
    pub(crate) ident: u64,
    pub(crate) key: K,
    pub(crate) value: OnceLock<V>,
}

/// An entry with the types of its key and value erased.
pub(crate) trait AnyEntry: Any + Send + Sync {
    fn ident(&self) -> u64;
    fn key(&self) -> &dyn Any;
    /// Whether the entry has its value.
    fn is_filled(&self) -> bool;
}

impl<K, V> Entry<K, V> {
    /// An entry without a value.
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

/// An entry for a value of the type `V`, which it does not have yet.
pub(crate) fn vacant<K, V>(ident: u64, key: K) -> Arc<dyn AnyEntry>
where
    K: Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    if const { is_large::<V>() } {
        Arc::new(Entry::<K, Box<V>>::empty(ident, key))
    } else {
        vacant_inline::<K, V>(ident, key)
    }
}

/// [`vacant`] for a value that is not boxed. A function of its own, since without optimisation [`vacant`] would have
/// room on the stack for the value even where it is large.
#[inline]
fn vacant_inline<K, V>(ident: u64, key: K) -> Arc<dyn AnyEntry>
where
    K: Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    Arc::new(Entry::<K, V>::empty(ident, key))
}

/// A view of an entry by the types of its key and its value, whether or not the value is boxed.
pub(crate) struct View<'e, K, V> {
    pub(crate) ident: u64,
    pub(crate) key: &'e K,
    cell: ValueCell<'e, V>,
}

enum ValueCell<'e, V> {
    Inline(&'e OnceLock<V>),
    Boxed(&'e OnceLock<Box<V>>),
}

impl<'e, K, V> View<'e, K, V> {
    /// The value, once the entry has one.
    #[inline]
    pub(crate) fn value(&self) -> Option<&'e V> {
        match self.cell {
            ValueCell::Inline(cell) => cell.get(),
            ValueCell::Boxed(cell) => cell.get().map(|value| &**value),
        }
    }

    /// Fills the entry with a copy of `value`, unless it has a value already.
    pub(crate) fn fill(&self, value: &V)
    where
        V: Clone,
    {
        match self.cell {
            ValueCell::Inline(cell) => fill_inline(cell, value),
            ValueCell::Boxed(cell) => drop(cell.set(Box::new(value.clone()))),
        }
    }
}

/// Sets a cell that is not boxed. A function of its own for the reason that [`vacant_inline`] is.
#[inline]
fn fill_inline<V: Clone>(cell: &OnceLock<V>, value: &V) {
    drop(cell.set(value.clone()));
}

impl dyn AnyEntry {
    /// A view of the entry, if its key and value are of these types.
    #[inline]
    pub(crate) fn view<K: 'static, V: 'static>(&self) -> Option<View<'_, K, V>> {
        if const { is_large::<V>() } {
            let Entry { ident, key, value } = self.typed::<K, Box<V>>()?;
            Some(View { ident: *ident, key, cell: ValueCell::Boxed(value) })
        } else {
            let Entry { ident, key, value } = self.typed::<K, V>()?;
            Some(View { ident: *ident, key, cell: ValueCell::Inline(value) })
        }
    }

    /// The entry with its types, if it was made with these: for a large value, `V` is the `Box`.
    #[inline]
    pub(crate) fn typed<K: 'static, V: 'static>(&self) -> Option<&Entry<K, V>> {
        (self as &dyn Any).downcast_ref()
    }
}
