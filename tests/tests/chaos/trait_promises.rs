//! What a backend owes the cache, and owes it still when requests are lost, late and repeated: asked directly, on one
//! key, with any faults.
//!
//! Each computation stores its own number, so it can be told whose value is there.

use std::collections::HashSet;

use cache_memoize::backend::{Backend, Begin, Begun, CallMode, Commit, Fence, Key, Read};
use cache_memoize::testing::Faulty;
use cache_memoize_tests::finish;
use cache_memoize_tests::random::Random;

use crate::seeds;
use crate::storms::Place;

/// What a client knows.
struct Client<'b> {
    backend: &'b dyn Backend,
    key: Key,
    random: Random,
    computations: Vec<Computation>,
    /// Computations that may be stored: none of the others may be read.
    allowed: HashSet<u64>,
    last_number: u64,
}

struct Computation {
    fence: Fence,
    number: u64,
    refresh: bool,
}

impl Client<'_> {
    fn token(&mut self) -> [u8; 16] {
        let [one, other] = [self.random.next().to_le_bytes(), self.random.next().to_le_bytes()];
        [one, other].concat().try_into().unwrap()
    }

    fn step(&mut self) {
        match self.random.below(100) {
            0..40 => self.begin(),
            40..75 => self.commit(),
            75..80 => self.release(),
            80..85 => self.remove(),
            85..88 => self.expire(),
            88..90 => self.remove_all(),
            _ => self.look(),
        }
    }

    fn begin(&mut self) {
        let over = self.random.one_in(2);
        let lead = self.random.one_in(5);
        let begin = Begin::new(self.token(), std::time::Duration::from_secs(60)).over(over).lead(lead);
        let token = begin.token;
        match finish(self.backend.begin(&self.key, begin, CallMode::BLOCKING)) {
            Ok(Begun::Fence(fence)) => {
                assert_eq!(fence.token, token, "a fence of another computation");
                self.last_number += 1;
                self.allowed.insert(self.last_number);
                self.computations.push(Computation { fence, number: self.last_number, refresh: over });
            }
            Ok(Begun::Value(stored)) => self.is_allowed(&stored.value),
            Ok(Begun::LedByAnother) => assert!(lead),
            Ok(other) => panic!("nothing was to be joined, nor anything else: {other:?}"),
            Err(_) => {}
        }
    }

    fn commit(&mut self) {
        if self.computations.is_empty() {
            return;
        }
        let at = self.random.below(self.computations.len() as u64) as usize;
        let Computation { fence, number, refresh } = self.computations.swap_remove(at);
        let value = number.to_le_bytes();
        let commit = Commit::new(&fence, Some(&value)).refresh(refresh);
        // After an error it may be there, or come later, if its fence stands then.
        if let Ok(true) = finish(self.backend.commit(&self.key, commit, CallMode::BLOCKING)) {
            assert!(self.allowed.contains(&number), "{number} was overtaken, and is stored");
            // What began earlier came too late.
            self.allowed.retain(|other| *other >= number);
        }
    }

    fn release(&mut self) {
        if let Some(Computation { fence, .. }) = self.computations.pop() {
            let _ = finish(self.backend.release(&self.key, &fence, CallMode::BLOCKING));
        }
    }

    fn remove(&mut self) {
        if finish(self.backend.remove(&self.key, CallMode::BLOCKING)).is_ok() {
            self.allowed.clear();
        }
    }

    /// Without a stale window.
    fn expire(&mut self) {
        if finish(self.backend.expire(&self.key, CallMode::BLOCKING)).is_ok() {
            self.allowed.clear();
        }
    }

    fn remove_all(&mut self) {
        if finish(self.backend.remove_all(self.key.group(), CallMode::BLOCKING)).is_ok() {
            self.allowed.clear();
        }
    }

    fn look(&self) {
        if let Ok(Some(stored)) = finish(self.backend.read(&self.key, Read::new(), CallMode::BLOCKING)) {
            self.is_allowed(&stored.value);
        }
    }

    fn is_allowed(&self, value: &[u8]) {
        let number = u64::from_le_bytes(value.try_into().expect("a number"));
        assert!(self.allowed.contains(&number), "{number} is there; allowed are {:?}", self.allowed);
    }
}

fn nothing_overtaken_is_stored(place: Place, count: u64) {
    let shared = place.backend();
    let (mut failed, mut fenced) = (0, 0);
    for seed in seeds(count) {
        let faulty = Faulty::new(shared.clone(), seed);
        faulty.errors(0.05).lost_requests(0.05).lost_answers(0.1).late(0.1).repeats(0.3);
        let key = Key::new(format!("{seed}:key"), format!("{seed}:group"));
        let mut client = Client {
            backend: &faulty,
            key,
            random: Random::new(seed),
            computations: Vec::new(),
            allowed: HashSet::new(),
            last_number: 0,
        };
        crate::tells_seed(seed, || {
            for _ in 0..60 {
                client.step();
            }
        });
        failed += faulty.faults().total();
        fenced += client.last_number - client.allowed.len() as u64;
        faulty.calm();
    }
    assert!(failed > 0 && fenced > 0);
}

#[test]
fn on_a_map() {
    nothing_overtaken_is_stored(Place::Map, 1_000);
}

#[test]
fn in_a_memory() {
    nothing_overtaken_is_stored(Place::Memory, 1_000);
}

#[test]
fn on_redis() {
    nothing_overtaken_is_stored(Place::Redis, 30);
}
