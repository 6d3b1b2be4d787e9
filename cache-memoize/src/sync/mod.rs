//! Locks without poisoning: no user code ever runs under a lock of this crate, so a panic cannot leave the data behind
//! one half-written, and a poisoned lock would only spread the panic of one thread to others.

/// The only source of locks, atomics and sleeping threads for `flight/` and `memory/`. Ordinarily they are the standard
/// library's; when these modules are model checked (`scripts/model.sh`), loom's.
#[cfg_attr(all(test, cache_memoize_loom), path = "modelled.rs")]
pub(crate) mod shim;

mod block_on;

pub(crate) use block_on::{block_on, block_on_until};

use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn read<T: ?Sized>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn write<T: ?Sized>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
