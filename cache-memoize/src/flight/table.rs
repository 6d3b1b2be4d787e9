//! The table of flights under way, and the fence, which keeps overtaken computations from storing.
//!
//! Every computation takes a *ticket*, a fencing token, when it begins. An operation that lands on a key (an
//! invalidation, a set, a refresh) leaves its own ticket as the key's *fence*, and a computation stores only if its
//! ticket is not below the fence. The fence lives no longer than the computations it could concern, so nothing is
//! remembered about keys without a computation under way.
//!
//! # Locking
//!
//! Each shard of keys has one lock, [`AtKey`]. Taking a ticket, moving the fence, checking it and changing the store
//! happen while that lock is held, so the operations on a key have one order, which is that of their tickets. Under it
//! only the store's lock, a state's generation or a flight's phase may be taken. No user code runs under it: what
//! leaves the table is handed out ([`Overtaken`], [`Others`]), to be dropped after it.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::hash::BuildHasherDefault;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use super::{Bound, Flight, NewFlight, Purpose, Settled};
use crate::key::hash::HashIsHash;
use crate::sync::shim::{AtomicU64, MODELLED, Mutex, MutexGuard, lock};

/// The number of shards. One in the model, where the shard of a key must not be a matter of chance.
const SHARDS: usize = if MODELLED { 1 } else { 16 };

/// The flights of one memory.
#[derive(Default)]
pub(crate) struct Flights {
    shards: [Mutex<Shard>; SHARDS],
    last_ticket: AtomicU64,
}

/// The states of keys that are being computed, by the hash of the key.
type Shard = HashMap<u64, KeyState, BuildHasherDefault<HashIsHash>>;

/// The state of a key that is being computed, and of all other keys with its hash. It is there from the first
/// computation's begin to the last one's end.
#[derive(Default)]
struct KeyState {
    /// The number of computations that have begun and not ended, whether or not they can be joined.
    computing: usize,
    /// The fence: computations with a lower ticket were overtaken, and neither store nor are joined.
    fence: u64,
    /// The line of the key, or of the latest of several keys with the same hash. Empty only if there is no line at all.
    line: Line,
    /// Lines begun before it, nearly always none: of other keys with the same hash, or of the same key.
    rivals: Vec<Line>,
}

/// A line: computations of one key, of which callers may join the current one.
#[derive(Default)]
struct Line {
    /// The flight that callers may join.
    current: Option<Arc<Flight>>,
    /// Flights that took so long that others were begun beside them, in the order in which they began. Callers join the
    /// last of them again if the current one ends without a value.
    overdue: Vec<Arc<Flight>>,
    /// When a flight was last begun, or allowed to begin, beside another.
    relieved: Option<Instant>,
}

/// Flights that were detached from the table: callers do not join them any more. To be dropped outside the lock, since
/// a flight may hold the last reference to a key of the user's.
#[derive(Default)]
pub(crate) struct Overtaken(#[expect(dead_code, reason = "only to be dropped")] Vec<Arc<Flight>>);

/// Relief for a caller that has waited: whether it may begin one more computation.
pub(crate) enum Relief {
    /// It may, now.
    Now,
    /// It may not before this time; without one, never.
    Later(Option<Instant>),
    /// The flight that it waits for is in no line with a flight to join.
    LookAgain,
}

/// Other flights of the key that the end of one settles, each with how. They are settled when this is dropped, which
/// wakes their followers: not under a lock.
#[must_use = "the flights are settled when it is dropped, which must not be under a lock"]
#[derive(Default)]
pub(crate) struct Others(Vec<(Arc<Flight>, Settled)>);

impl Drop for Others {
    #[inline]
    fn drop(&mut self) {
        if !self.0.is_empty() {
            self.settle_all();
        }
    }
}

impl Others {
    #[cold]
    fn settle_all(&mut self) {
        while let Some((flight, how)) = self.0.pop() {
            // If a waker panics, dropping `rest` settles the remaining flights.
            let mut rest = Self(std::mem::take(&mut self.0));
            flight.settle(how);
            self.0 = std::mem::take(&mut rest.0);
        }
    }
}

impl Flights {
    /// The next ticket. Tickets, and no clock, decide which operation wins. They are taken and compared under the key's
    /// lock, so their order for a key is the order of its operations.
    fn ticket(&self) -> u64 {
        self.last_ticket.fetch_add(1, Relaxed) + 1
    }

    /// Whether nothing is remembered about any key.
    #[cfg(all(test, cache_memoize_loom))]
    pub(crate) fn is_idle(&self) -> bool {
        self.shards.iter().all(|shard| lock(shard).is_empty())
    }

    /// Locks the keys with this hash.
    pub(crate) fn at(&self, hash: u64) -> AtKey<'_> {
        // The store shards by other bits of the hash.
        let shard = (hash >> 48) as usize % self.shards.len();
        AtKey { flights: self, shard: lock(&self.shards[shard]), hash, relieved: None }
    }
}

/// The lock on the keys with one hash, and with it on all of their shard.
pub(crate) struct AtKey<'f> {
    flights: &'f Flights,
    shard: MutexGuard<'f, Shard>,
    hash: u64,
    /// After [`Relief::Now`], the ticket of the flight beside which one may begin.
    relieved: Option<u64>,
}

impl AtKey<'_> {
    /// The flight that a caller may join, where equal hashes are equal keys.
    #[cfg(feature = "shared")]
    pub(crate) fn flight(&self) -> Option<&Arc<Flight>> {
        self.flight_past(&[])
    }

    /// The flight that a caller may join, leaving out those of other keys with the same hash: `rivals`, by their
    /// tickets.
    pub(crate) fn flight_past(&self, rivals: &[u64]) -> Option<&Arc<Flight>> {
        let key = self.shard.get(&self.hash)?;
        let mut flights = key.lines().filter_map(|line| line.current.as_ref());
        // A flight of an ended generation began before the `f_invalidate_all` that ended it.
        flights.find(|flight| !rivals.contains(&flight.ticket) && flight.generation.is_alive())
    }

    /// Whether a computation of a key with this hash is under way.
    pub(crate) fn is_computed(&self) -> bool {
        self.shard.contains_key(&self.hash)
    }

    /// Begins a computation. By its purpose, callers may join it or not. It takes its ticket under the lock, so any
    /// operation that lands on the key later has a higher one.
    pub(crate) fn begin<E: Send + Sync + 'static>(&mut self, new: NewFlight<E>) -> Arc<Flight<E>> {
        let purpose = new.purpose;
        let flight = Flight::new(new, (self.hash, self.flights.ticket()));
        let key = self.shard.entry(self.hash).or_default();
        key.computing += 1;
        match purpose {
            Purpose::Aside => {}
            Purpose::Fill | Purpose::Refresh => key.begin_line(flight.clone()),
            Purpose::Relief => key.relieve(flight.clone(), self.relieved.take()),
        }
        flight
    }

    /// Whether a follower of the flight `waited` may begin one more computation. If so, that counts as the line's
    /// latest relief, and [`Bound::due`] has the next caller wait for its turn.
    pub(crate) fn relief(&mut self, waited: &Arc<Flight>, bound: &Bound) -> Relief {
        let Some(key) = self.shard.get_mut(&self.hash) else { return Relief::LookAgain };
        let Some(line) = key.lines_mut().find(|line| line.has(waited.ticket)) else {
            return Relief::LookAgain;
        };
        let current = line.current.as_ref().filter(|current| current.generation.is_alive());
        let Some(current) = current else { return Relief::LookAgain };
        let now = Instant::now();
        match bound.due(line.relieved, current.waited_for()) {
            Some(due) if due <= now => {
                line.relieved = Some(now);
                self.relieved = Some(waited.ticket);
                Relief::Now
            }
            due => Relief::Later(due),
        }
    }

    /// Whether the computation may still change the store: the fence is checked. The change itself must follow under
    /// this same lock, or an invalidation could come between.
    pub(crate) fn may_land<E: ?Sized>(&self, flight: &Flight<E>) -> bool {
        let overtaken = self.shard.get(&self.hash).is_some_and(|key| key.fence > flight.ticket);
        !overtaken && flight.generation.is_alive()
    }

    /// Overtakes every computation with a ticket below `ticket`: raises the fence, so that none of them stores, and
    /// detaches their flights, so that no caller joins them.
    #[must_use = "to be dropped outside the lock"]
    pub(crate) fn overtake(&mut self, ticket: u64) -> Overtaken {
        let Some(key) = self.shard.get_mut(&self.hash) else { return Overtaken::default() };
        key.fence = key.fence.max(ticket);
        let mut overtaken = Vec::new();
        for line in key.lines_mut() {
            overtaken.extend(line.current.take_if(|flight| flight.ticket < ticket));
            overtaken.extend(line.overdue.extract_if(.., |flight| flight.ticket < ticket));
        }
        key.close_up();
        Overtaken(overtaken)
    }

    /// A new ticket, for an operation that lands at once.
    pub(crate) fn ticket(&self) -> u64 {
        self.flights.ticket()
    }

    /// Takes an ended computation off the table. With the last one of the key its state goes, the fence included: no
    /// computation is left that it could concern.
    pub(crate) fn end<E: ?Sized>(&mut self, flight: &Flight<E>, stored: bool) -> Others {
        let Slot::Occupied(mut slot) = self.shard.entry(self.hash) else {
            return Others::default();
        };
        let key = slot.get_mut();
        key.computing -= 1;
        let others = match key.lines_mut().find(|line| line.has(flight.ticket)) {
            None => Others::default(),
            Some(line) => line.end(flight, stored),
        };
        key.close_up();
        if key.computing == 0 {
            slot.remove();
        }
        others
    }
}

impl KeyState {
    fn lines(&self) -> impl Iterator<Item = &Line> {
        std::iter::once(&self.line).chain(&self.rivals)
    }

    fn lines_mut(&mut self) -> impl Iterator<Item = &mut Line> {
        std::iter::once(&mut self.line).chain(&mut self.rivals)
    }

    /// Begins a line with a flight that callers join from now on.
    fn begin_line(&mut self, flight: Arc<Flight>) {
        let new = Line { current: Some(flight), ..Line::default() };
        let before = std::mem::replace(&mut self.line, new);
        if before.current.is_some() {
            self.rivals.push(before);
        }
    }

    /// Puts a flight in the place of the current one of its line, which is overdue: that of the flight with the ticket
    /// `relieved`, or else the first.
    fn relieve(&mut self, flight: Arc<Flight>, relieved: Option<u64>) {
        let position = self.lines().position(|line| relieved.is_none_or(|ticket| line.has(ticket)));
        let line = match position {
            None | Some(0) => &mut self.line,
            Some(rival) => &mut self.rivals[rival - 1],
        };
        line.overdue.extend(line.current.replace(flight));
        line.relieved = Some(Instant::now());
    }

    /// Removes empty lines, and moves up a rival where `line` is empty.
    fn close_up(&mut self) {
        if !self.rivals.is_empty() {
            self.rivals.retain(|line| line.current.is_some());
        }
        if self.line.current.is_none()
            && let Some(next) = self.rivals.pop()
        {
            self.line = next;
        }
    }
}

impl Line {
    /// Whether the flight with this ticket is in the line.
    fn has(&self, ticket: u64) -> bool {
        self.current.iter().chain(&self.overdue).any(|flight| flight.ticket == ticket)
    }

    /// Takes an ended flight out of the line.
    fn end<E: ?Sized>(&mut self, flight: &Flight<E>, stored: bool) -> Others {
        if !self.overdue.is_empty() {
            return self.end_among_others(flight, stored);
        }
        // Under the lock, but not the last reference: the leader holds the flight, too.
        self.current = None;
        Others::default()
    }

    /// Takes an ended flight out of a line of several. If its entry has a value, that settles the flights that began
    /// before it, since their followers called before this computation began. If it was stored, the flights that began
    /// after it are settled as well: their followers look again, and find it.
    #[cold]
    fn end_among_others<E: ?Sized>(&mut self, flight: &Flight<E>, stored: bool) -> Others {
        let mut line = std::mem::take(&mut self.overdue);
        line.extend(self.current.take());
        let mut others = Others::default();
        if let Some(position) = line.iter().position(|other| other.ticket == flight.ticket) {
            let later = line.split_off(position + 1);
            line.truncate(position);
            if flight.entry.is_filled() {
                let settled = |earlier| (earlier, Settled::Elsewhere(flight.entry.clone()));
                others.0.extend(line.drain(..).map(settled));
            }
            match stored {
                true => others.0.extend(later.into_iter().map(|later| (later, Settled::Abandoned))),
                false => line.extend(later),
            }
        }
        self.current = line.pop();
        self.overdue = line;
        others
    }
}
