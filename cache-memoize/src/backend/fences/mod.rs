//! The fence for backends whose entries live in one process.

mod news;
mod tags;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::{
    Begin, Begun, Bucket, Change, Changes, Commit, Expect, Fence, Group, Key, Marks, Stored, Token, fence,
};
use crate::sync::lock;
use crate::time;
use news::{News, Woken};
use tags::Tags;

/// Who computes what, and what has overtaken them: the half of a [`Backend`](super::Backend) that is not about
/// storing. It keeps the marks of tags as well, and tells those who listen to changes.
///
/// Each method takes what is to be done to the values as a closure, and runs it in one step with its own work, under
/// a lock. The closures must not come back to the same `Fences`.
///
/// ```
/// use cache_memoize::backend::{Begin, Begun, Commit, Fences, Key};
/// use std::time::Duration;
///
/// let (fences, key) = (Fences::default(), Key::new("f:1", "f"));
/// let begin = Begin::new([1; 16], Duration::from_secs(10));
/// let Begun::Fence(fence) = fences.begin(&key, &begin, || None) else { panic!("nobody computes it") };
///
/// fences.change(&key, || { /* the row has changed: remove the value */ });
/// let commit = Commit::new(&fence, Some(b"old"));
/// let stored = fences.commit(&key, &commit, || None /* what is there */, |_value| { /* store it */ });
/// assert!(!stored);
/// ```
#[derive(Default)]
pub struct Fences(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    keys: HashMap<Key, Overtakable>,
    generations: HashMap<Group, u128>,
    /// No generation is older than this.
    everything: u128,
    /// Makes epochs and generations: none is ever used again.
    last: u128,
    /// How many keys there may be before those whose lease is over are looked for.
    crowded: usize,
    tags: Tags,
    news: News,
}

/// What is known of a key while somebody computes it.
struct Overtakable {
    epoch: u128,
    /// Whether the epoch began because nothing was known of the key, and not because it was changed. Then nobody knows
    /// what happened before.
    unknown_before: bool,
    last_ticket: u64,
    /// The ticket of the computation that was committed last: earlier ones came too late.
    floor: u64,
    /// Those that have begun and not ended. By name, so that one that ends twice ends nobody else.
    computing: Vec<Token>,
    leader: Option<Leader>,
    /// The highest ticket of a leader that failed. What is known of the key is kept for a while then.
    failed: u64,
    /// What became of the last commits that expected something, and whose they were. What is known of the key is kept
    /// for a while then, in case that one of them comes twice.
    decided: VecDeque<(Token, bool)>,
    until: Instant,
}

/// So many are remembered for a key.
const DECIDED: usize = 64;

struct Leader {
    token: Token,
    ticket: u64,
    generation: u128,
    /// How often it was renewed.
    signs: u64,
}

/// For how long it is known that a leader failed, and what became of a commit: longer than waiters sleep between two looks,
/// and than a client takes to send a request again.
const MEMORY: Duration = Duration::from_secs(1);

impl Fences {
    /// See [`Backend::begin`](super::Backend::begin); `value` looks for one.
    #[must_use]
    pub fn begin(&self, key: &Key, begin: &Begin, value: impl FnOnce() -> Option<Stored>) -> Begun {
        let mut state = lock(&self.0);
        if !begin.over
            && let Some(value) = value()
        {
            return Begun::Value(value);
        }
        let generation = state.generation(key);
        let now = Instant::now();
        state.forget_lapsed(now);
        let mut lead = begin.lead;
        if let Some(known) = state.known(key, now) {
            if begin.joining.as_ref().is_some_and(|fence| known.stands(fence, generation)) {
                return Begun::Standing;
            }
            if lead && known.leader.as_ref().is_some_and(|leader| leader.leads(begin, generation)) {
                if begin.waited_for.is_none_or(|ticket| known.failed < ticket) {
                    return Begun::LedByAnother;
                }
                lead = false;
            }
        }
        let epoch = state.next();
        let known = state.keys.entry(key.clone()).or_insert(Overtakable {
            epoch,
            unknown_before: true,
            last_ticket: 0,
            floor: 0,
            computing: Vec::new(),
            leader: None,
            failed: 0,
            decided: VecDeque::new(),
            until: now,
        });
        known.last_ticket += 1;
        known.computing.push(begin.token);
        known.until = known.until.max(time::later(now, begin.lease));
        if lead {
            let (token, ticket) = (begin.token, known.last_ticket);
            known.leader = Some(Leader { token, ticket, generation, signs: 0 });
        }
        Begun::Fence(Fence {
            token: begin.token,
            generation: generation.to_be_bytes(),
            epoch: known.epoch.to_be_bytes(),
            ticket: known.last_ticket,
        })
    }

    /// See [`Backend::commit`](super::Backend::commit); `stored` looks for the value that is there, which is asked only if
    /// the commit expects something, and `store` puts the new one in its place, or removes what is there if it gets none.
    #[must_use = "whether the value was stored is the answer of a backend"]
    pub fn commit(
        &self,
        key: &Key,
        commit: &Commit<'_>,
        stored: impl FnOnce() -> Option<Stored>,
        store: impl FnOnce(Option<&[u8]>),
    ) -> bool {
        let mut state = lock(&self.0);
        let (landed, woken) = match &commit.expect {
            Some(expect) => state.replace(key, commit, expect, stored, store),
            None => state.land(key, commit, store),
        };
        drop(state);
        woken.wake();
        landed
    }

    /// See [`Backend::release`](super::Backend::release).
    pub fn release(&self, key: &Key, fence: &Fence) {
        lock(&self.0).end(key, fence);
    }

    /// See [`Backend::fail`](super::Backend::fail).
    pub fn fail(&self, key: &Key, fence: &Fence) {
        let mut state = lock(&self.0);
        if let Some(known) = state.keys.get_mut(key)
            && known.leader.as_ref().is_some_and(|leader| leader.token == fence.token)
        {
            known.failed = known.failed.max(fence.ticket);
        }
        state.end(key, fence);
    }

    /// See [`Backend::leader`](super::Backend::leader).
    pub fn leader(&self, key: &Key) -> Option<fence::Leader> {
        let mut state = lock(&self.0);
        let known = state.known(key, Instant::now())?;
        known.leader.as_ref().map(Leader::seen)
    }

    /// See [`Backend::renew`](super::Backend::renew).
    pub fn renew(&self, key: &Key, fence: &Fence, lease: Duration) -> bool {
        let mut state = lock(&self.0);
        let generation = state.generation(key);
        let now = Instant::now();
        let Some(known) = state.known(key, now).filter(|known| known.stands(fence, generation)) else {
            return false;
        };
        known.until = known.until.max(time::later(now, lease));
        if let Some(leader) = known.leader.as_mut().filter(|leader| leader.token == fence.token) {
            leader.signs += 1;
        }
        true
    }

    /// Fences off all computations of a key while `change` removes its value, or ends its lifetime.
    pub fn change<R>(&self, key: &Key, change: impl FnOnce() -> R) -> R {
        let mut state = lock(&self.0);
        let epoch = state.next();
        if let Some(known) = state.keys.get_mut(key) {
            known.epoch = epoch;
            known.unknown_before = false;
            known.leader = None;
        }
        let changed = change();
        let woken = state.tell_of(key);
        drop(state);
        woken.wake();
        changed
    }

    /// Fences off all computations of a group while `change` removes its values.
    pub fn change_all<R>(&self, group: &Group, change: impl FnOnce() -> R) -> R {
        let mut state = lock(&self.0);
        let generation = state.next();
        state.generations.insert(group.clone(), generation);
        let changed = change();
        let woken = state.news.tell(group.namespace(), || Change::Group(group.clone()));
        drop(state);
        woken.wake();
        changed
    }

    /// See [`Backend::marks`](super::Backend::marks).
    pub fn marks(&self, namespace: &str, buckets: &[Bucket]) -> Marks {
        lock(&self.0).tags.marks(namespace, buckets)
    }

    /// See [`Backend::mark`](super::Backend::mark).
    pub fn mark(&self, namespace: &str, buckets: &[Bucket]) {
        let mut state = lock(&self.0);
        state.tags.mark(namespace, buckets);
        let woken = state.news.tell(namespace, || Change::Marks);
        drop(state);
        woken.wake();
    }

    /// See [`Backend::changes`](super::Backend::changes).
    pub fn changes(&self, namespace: &str, every: Duration) -> Changes {
        let state = Arc::downgrade(&self.0);
        let settle = move || {
            if let Some(state) = state.upgrade() {
                drop(lock(&state));
            }
        };
        lock(&self.0).news.listen(namespace, every, settle)
    }
}

impl Fences {
    /// Fences off all computations of all groups while `change` removes their values.
    pub(crate) fn change_everything<R>(&self, change: impl FnOnce() -> R) -> R {
        let mut state = lock(&self.0);
        state.everything = state.next();
        change()
    }
}

impl Leader {
    /// Whether whoever would begin must wait for it.
    fn leads(&self, begin: &Begin, generation: u128) -> bool {
        let replaced = || begin.instead_of.as_ref().is_some_and(|before| before.is(&self.seen()));
        self.token != begin.token && self.generation == generation && !replaced()
    }

    fn seen(&self) -> fence::Leader {
        fence::Leader::new(self.token, self.signs.to_be_bytes(), self.ticket)
    }
}

impl Overtakable {
    fn stands(&self, fence: &Fence, generation: u128) -> bool {
        fence.generation == generation.to_be_bytes()
            && fence.epoch == self.epoch.to_be_bytes()
            && fence.ticket >= self.floor
    }
}

impl State {
    /// A commit that expects nothing.
    fn land(&mut self, key: &Key, commit: &Commit<'_>, store: impl FnOnce(Option<&[u8]>)) -> (bool, Woken) {
        let generation = self.generation(key);
        let stands = match self.known(key, Instant::now()) {
            Some(known) => {
                let stands = known.stands(commit.fence, generation);
                if stands {
                    known.floor = commit.fence.ticket;
                    // One that began earlier is overtaken, and leads no more.
                    known.leader.take_if(|leader| leader.ticket < commit.fence.ticket);
                }
                stands
            }
            None => false,
        };
        let mut changes = stands;
        match stands {
            true => store(commit.value),
            // The lease is over: nobody knows what happened meanwhile, so what was to be replaced must not stay.
            false if commit.refresh && self.is_unknown_since(key, commit.fence) => {
                store(None);
                changes = true;
            }
            false => {}
        }
        self.end(key, commit.fence);
        (stands, if changes { self.tell_of(key) } else { Woken::default() })
    }

    /// A commit that replaces what it expects, and nothing else.
    fn replace(
        &mut self,
        key: &Key,
        commit: &Commit<'_>,
        expect: &Expect<'_>,
        stored: impl FnOnce() -> Option<Stored>,
        store: impl FnOnce(Option<&[u8]>),
    ) -> (bool, Woken) {
        let (generation, token) = (self.generation(key), commit.fence.token);
        let Some(known) = self.known(key, Instant::now()) else { return (false, Woken::default()) };
        // It comes twice.
        if let Some((_, landed)) = known.decided.iter().find(|(of, _)| *of == token) {
            return (*landed, Woken::default());
        }
        let lands = known.stands(commit.fence, generation)
            && expect.is_met_by(stored().as_ref().map(|stored| &*stored.value));
        if known.decided.len() == DECIDED {
            known.decided.pop_front();
        }
        known.decided.push_back((token, lands));
        if lands {
            // Its instant is now: whatever began before is overtaken.
            known.last_ticket += 1;
            known.floor = known.last_ticket;
            known.leader = None;
            store(commit.value);
        }
        self.end(key, commit.fence);
        (lands, if lands { self.tell_of(key) } else { Woken::default() })
    }

    /// Tells those who listen that a value has changed.
    fn tell_of(&mut self, key: &Key) -> Woken {
        self.news.tell(key.group().namespace(), || Change::Key(key.text().to_owned()))
    }

    fn next(&mut self) -> u128 {
        self.last += 1;
        self.last
    }

    fn generation(&self, key: &Key) -> u128 {
        self.generations.get(key.group()).copied().unwrap_or(0).max(self.everything)
    }

    /// What is known of a key, unless its lease is over.
    fn known(&mut self, key: &Key, now: Instant) -> Option<&mut Overtakable> {
        if self.keys.get(key).is_some_and(|known| known.until <= now) {
            self.keys.remove(key);
        }
        self.keys.get_mut(key)
    }

    /// Whether the fence was lost, and with it what happened to the key after it was given.
    fn is_unknown_since(&self, key: &Key, fence: &Fence) -> bool {
        let of_another_epoch = |known: &Overtakable| fence.epoch != known.epoch.to_be_bytes();
        self.keys.get(key).is_none_or(|known| known.unknown_before && of_another_epoch(known))
    }

    /// A computation has ended. With the last one, what is known of the key is forgotten.
    fn end(&mut self, key: &Key, fence: &Fence) {
        let Some(known) = self.keys.get_mut(key) else { return };
        known.leader.take_if(|leader| leader.token == fence.token);
        known.computing.retain(|token| *token != fence.token);
        if known.computing.is_empty() {
            // Of a failure whoever waited for it is to hear.
            match known.failed == fence.ticket || !known.decided.is_empty() {
                true => known.until = Instant::now() + MEMORY,
                false => drop(self.keys.remove(key)),
            }
        }
    }

    /// Computations that never ended must not add up.
    fn forget_lapsed(&mut self, now: Instant) {
        if self.keys.len() < self.crowded.max(1024) {
            return;
        }
        self.keys.retain(|_, known| known.until > now);
        self.crowded = 2 * self.keys.len();
    }
}

impl fmt::Debug for Fences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fences").field("keys", &lock(&self.0).keys.len()).finish_non_exhaustive()
    }
}
