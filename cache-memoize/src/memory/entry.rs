//! What a memory holds: a key, the value once it is there, and what decides whether the value may be served.

use std::any::Any;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed, Ordering::SeqCst};
use std::time::Duration;

use super::{Common, sweeper};
use crate::sync::door::AtomicBool;
use crate::time::Deadline;

/// All that one function stored in one memory between two calls of `f_invalidate_all`, which ends it. Entries
/// point to theirs, so that ending it makes all of them invisible at once.
pub(crate) struct Generation {
    pub(crate) of: Arc<Common>,
    ended: AtomicBool,
    entries: AtomicU64,
}

impl Generation {
    pub(crate) fn new(of: Arc<Common>) -> Arc<Self> {
        Arc::new(Self { of, ended: AtomicBool::new(false), entries: AtomicU64::new(0) })
    }

    #[inline]
    pub(crate) fn is_alive(&self) -> bool {
        !self.ended.load(SeqCst)
    }

    pub(crate) fn end(&self) {
        self.ended.store(true, SeqCst);
    }

    pub(crate) fn entries(&self) -> u64 {
        self.entries.load(Relaxed)
    }

    pub(crate) fn entered(&self) {
        self.entries.fetch_add(1, Relaxed);
    }

    pub(crate) fn left(&self) {
        self.entries.fetch_sub(1, Relaxed);
    }
}

/// The part of an entry that does not depend on types.
pub(crate) struct Header {
    pub(crate) hash: u64,
    /// Tells functions, and instances of a generic function, apart within a memory.
    pub(crate) ident: u64,
    /// When its computation began, in the order of [`Flights::ticket`](crate::flight::table::Flights::ticket).
    pub(crate) ticket: u64,
    pub(crate) generation: Arc<Generation>,
}

impl Header {
    /// What all entries of the function have in common.
    pub(crate) fn common(&self) -> &Common {
        &self.generation.of
    }

    /// Whether the entry may be served: its generation lives and its time has not passed.
    #[inline]
    fn may_be_served(&self, deadline: Deadline) -> bool {
        self.generation.is_alive() && !deadline.has_passed()
    }
}

/// A key with its value. It is made when the computation begins, so that the flight and the entry share one
/// owned key, and filled when the computation ends.
pub(crate) struct Entry<K, V> {
    pub(crate) header: Header,
    pub(crate) key: K,
    pub(crate) filled: OnceLock<Filled<V>>,
}

pub(crate) struct Filled<V> {
    pub(crate) value: V,
    pub(crate) deadline: Deadline,
    /// How long after the deadline a sweep may take, in milliseconds.
    slack: u32,
    pub(crate) weight: u32,
}

impl<V> Filled<V> {
    /// A value that lives from now on for as long as `lifetime` says.
    pub(crate) fn new(value: V, lifetime: Option<Duration>, weight: u32) -> Self {
        let slack = lifetime.map_or(0, |lifetime| sweeper::slack(lifetime).as_millis() as u32);
        Self { value, deadline: Deadline::after(lifetime), slack, weight }
    }
}

impl<K, V> Entry<K, V> {
    pub(crate) fn deadline(&self) -> Deadline {
        self.filled.get().map_or(Deadline::NEVER, |filled| filled.deadline)
    }

    /// The value, if it may be served.
    #[inline]
    pub(crate) fn fresh(&self) -> Option<&V> {
        let filled = self.filled.get()?;
        self.header.may_be_served(filled.deadline).then_some(&filled.value)
    }
}

/// An entry of any types.
pub(crate) trait AnyEntry: Any + Send + Sync {
    fn header(&self) -> &Header;
    fn key(&self) -> &dyn Any;
    fn deadline(&self) -> Deadline;
    fn slack(&self) -> Duration;
    fn weight(&self) -> u32;
}

impl<K: Send + Sync + 'static, V: Send + Sync + 'static> AnyEntry for Entry<K, V> {
    fn header(&self) -> &Header {
        &self.header
    }
    fn key(&self) -> &dyn Any {
        &self.key
    }
    fn deadline(&self) -> Deadline {
        self.deadline()
    }
    fn slack(&self) -> Duration {
        Duration::from_millis(self.filled.get().map_or(0, |filled| filled.slack.into()))
    }
    fn weight(&self) -> u32 {
        self.filled.get().map_or(1, |filled| filled.weight)
    }
}

impl dyn AnyEntry {
    /// Whether the entry may be served.
    pub(crate) fn is_fresh(&self) -> bool {
        self.header().may_be_served(self.deadline())
    }

    /// The entry as one of these types.
    #[inline]
    pub(crate) fn typed<K: 'static, V: 'static>(&self) -> Option<&Entry<K, V>> {
        (self as &dyn Any).downcast_ref()
    }
}
