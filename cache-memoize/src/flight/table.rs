//! Which flights are under way, and the fence: what each invalidation leaves behind for the computations that
//! it overtook.
//!
//! Every computation takes a *ticket* when it begins. What lands on a key (an invalidation, a set, a refresh)
//! leaves its own ticket as the key's *fence*, and a computation stores only if its ticket is not below the fence.
//! The fence lives no longer than the computations it could concern, so nothing is remembered about keys that
//! nobody computes. All of it happens under one lock per shard, together with the change of the store, and no
//! user code runs under that lock.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::hash::BuildHasherDefault;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use super::{Bound, Flight, NewFlight, Purpose, Settled};
use crate::key::hash::HashIsHash;
use crate::sync::shim::{AtomicU64, MODELLED, Mutex, MutexGuard, lock};

/// In the model there is one, for which shard a key gets must not be a matter of chance there.
const SHARDS: usize = if MODELLED { 1 } else { 16 };

/// The flights of one memory.
#[derive(Default)]
pub(crate) struct Flights {
    shards: [Mutex<Shard>; SHARDS],
    last_ticket: AtomicU64,
}

type Shard = HashMap<u64, Overtakable, BuildHasherDefault<HashIsHash>>;

/// What must be known about a key while somebody computes it.
#[derive(Default)]
struct Overtakable {
    /// Computations that have begun and not ended, whether or not they can be joined.
    computing: usize,
    /// Computations with a ticket below this one came too late.
    fence: u64,
    /// Those of the key, or of the latest of several keys with the same hash.
    line: Line,
    /// Those begun before, nearly always none: of other keys with the same hash, or of the same one.
    rivals: Vec<Line>,
}

/// Computations of one key, of which callers may join the current one.
#[derive(Default)]
struct Line {
    /// The one that callers may join.
    current: Option<Arc<Flight>>,
    /// Those that callers might have joined, had they not taken so long that others were begun beside them. The last one
    /// was begun last. They are joined again if those end without a value.
    overdue: Vec<Arc<Flight>>,
    /// When the last one was begun beside another.
    relieved: Option<Instant>,
}

/// Flights that nobody will join any more. To be dropped outside the lock.
#[derive(Default)]
pub(crate) struct Overtaken(#[expect(dead_code, reason = "only to be dropped")] Vec<Arc<Flight>>);

/// Whether a caller that has waited may begin one more computation.
pub(crate) enum Relief {
    /// It may, now.
    Now,
    /// Not before then, if ever.
    Later(Option<Instant>),
    /// What it waits for is not what callers join any more.
    LookAgain,
}

/// What becomes of waiters for a computation when another one of the key has ended. They are told when this is dropped:
/// not under a lock.
#[must_use = "they are told when it is dropped, which must not be under a lock"]
#[derive(Default)]
pub(crate) struct Others(Vec<(Arc<Flight>, Settled)>);

impl Drop for Others {
    #[inline]
    fn drop(&mut self) {
        if !self.0.is_empty() {
            self.tell();
        }
    }
}

impl Others {
    #[cold]
    fn tell(&mut self) {
        while let Some((flight, how)) = self.0.pop() {
            // Told also when a waker panics.
            let mut rest = Self(std::mem::take(&mut self.0));
            flight.settle(how);
            self.0 = std::mem::take(&mut rest.0);
        }
    }
}

impl Flights {
    /// Tickets are handed out in the order of time; they are the only clock that decides who wins.
    pub(crate) fn ticket(&self) -> u64 {
        self.last_ticket.fetch_add(1, Relaxed) + 1
    }

    /// Whether nothing is remembered about any key.
    #[cfg(all(test, cache_memoize_loom))]
    pub(crate) fn is_idle(&self) -> bool {
        self.shards.iter().all(|shard| lock(shard).is_empty())
    }

    /// Locks all that concerns keys with this hash.
    pub(crate) fn at(&self, hash: u64) -> AtKey<'_> {
        // The store shards by other bits of the hash.
        let shard = (hash >> 48) as usize % self.shards.len();
        AtKey { flights: self, shard: lock(&self.shards[shard]), hash, relieved: None }
    }
}

/// The lock on a key.
pub(crate) struct AtKey<'f> {
    flights: &'f Flights,
    shard: MutexGuard<'f, Shard>,
    hash: u64,
    /// The ticket of the flight beside which one may begin.
    relieved: Option<u64>,
}

impl AtKey<'_> {
    /// The computation that a caller may join, where equal hashes are equal keys.
    #[cfg(feature = "shared")]
    pub(crate) fn flight(&self) -> Option<&Arc<Flight>> {
        self.flight_past(&[])
    }

    /// The computation that a caller may join, beside those of other keys with the same hash: `rivals`, by their tickets.
    pub(crate) fn flight_past(&self, rivals: &[u64]) -> Option<&Arc<Flight>> {
        let key = self.shard.get(&self.hash)?;
        let mut flights = key.lines().filter_map(|line| line.current.as_ref());
        // A flight of a generation that `f_invalidate_all` ended began before it.
        flights.find(|flight| !rivals.contains(&flight.ticket) && flight.generation.is_alive())
    }

    /// Whether anybody computes the key.
    pub(crate) fn is_computed(&self) -> bool {
        self.shard.contains_key(&self.hash)
    }

    /// A computation begins. Its purpose says whether it is the one that callers find.
    pub(crate) fn begin<E: Send + Sync + 'static>(&mut self, new: NewFlight<E>) -> Arc<Flight<E>> {
        let purpose = new.purpose;
        let flight = Flight::new(new, (self.hash, self.flights.ticket()));
        let key = self.shard.entry(self.hash).or_default();
        key.computing += 1;
        match purpose {
            Purpose::Aside => {}
            Purpose::Fill | Purpose::Refresh => key.is_led_by(flight.clone()),
            Purpose::Relief => key.is_relieved_by(flight.clone(), self.relieved.take()),
        }
        flight
    }

    /// Whether a caller that has waited for `waited` may begin one more. If so, no other may before that is as old.
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

    /// Whether the computation may still change the store.
    pub(crate) fn may_land<E: ?Sized>(&self, flight: &Flight<E>) -> bool {
        let overtaken = self.shard.get(&self.hash).is_some_and(|key| key.fence > flight.ticket);
        !overtaken && flight.generation.is_alive()
    }

    /// Everything that began before `ticket` is overtaken: it will not be stored, and nobody joins it any more.
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

    /// A new ticket, under the lock.
    pub(crate) fn ticket(&self) -> u64 {
        self.flights.ticket()
    }

    /// A computation has ended. With the last one, what is known of the key is forgotten.
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

impl Overtakable {
    fn lines(&self) -> impl Iterator<Item = &Line> {
        std::iter::once(&self.line).chain(&self.rivals)
    }

    fn lines_mut(&mut self) -> impl Iterator<Item = &mut Line> {
        std::iter::once(&mut self.line).chain(&mut self.rivals)
    }

    /// A computation that callers join from now on, in a line of its own.
    fn is_led_by(&mut self, flight: Arc<Flight>) {
        let new = Line { current: Some(flight), ..Line::default() };
        let before = std::mem::replace(&mut self.line, new);
        if before.current.is_some() {
            self.rivals.push(before);
        }
    }

    /// A computation that takes the place of one with that ticket, which was found to be overdue.
    fn is_relieved_by(&mut self, flight: Arc<Flight>, relieved: Option<u64>) {
        let place = self.lines().position(|line| relieved.is_none_or(|ticket| line.has(ticket)));
        let line = match place {
            None | Some(0) => &mut self.line,
            Some(rival) => &mut self.rivals[rival - 1],
        };
        line.overdue.extend(line.current.replace(flight));
        line.relieved = Some(Instant::now());
    }

    /// Leaves no line that has no flight before one that has.
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
    fn has(&self, ticket: u64) -> bool {
        self.current.iter().chain(&self.overdue).any(|flight| flight.ticket == ticket)
    }

    /// One of its flights ends.
    fn end<E: ?Sized>(&mut self, flight: &Flight<E>, stored: bool) -> Others {
        if !self.overdue.is_empty() {
            return self.end_among_others(flight, stored);
        }
        // Its leader holds it, too.
        self.current = None;
        Others::default()
    }

    /// One of several ends. Its value, if it has one for others, is for all who began to wait before it began; and if it
    /// was stored, the others find it.
    #[cold]
    fn end_among_others<E: ?Sized>(&mut self, flight: &Flight<E>, stored: bool) -> Others {
        let mut line = std::mem::take(&mut self.overdue);
        line.extend(self.current.take());
        let mut others = Others::default();
        if let Some(place) = line.iter().position(|other| other.ticket == flight.ticket) {
            let later = line.split_off(place + 1);
            line.truncate(place);
            if flight.entry.is_filled() {
                let told = |earlier| (earlier, Settled::Elsewhere(flight.entry.clone()));
                others.0.extend(line.drain(..).map(told));
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
