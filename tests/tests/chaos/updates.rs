//! A counter that is replaced where it is what was read, on a backend that loses, delays and repeats requests: it counts
//! each update once, or its caller was told that nobody knows.

use std::time::Duration;

use cache_memoize::Error;
use cache_memoize::backend::{Backend, Begin, Begun, CallMode, Commit, Expect, Key, Read};
use cache_memoize::testing::Faulty;
use cache_memoize_tests::finish;
use cache_memoize_tests::random::Random;

use crate::seeds;
use crate::storms::Place;

const LEASE: Duration = Duration::from_secs(60);

struct Counter<'b> {
    backend: &'b dyn Backend,
    key: Key,
    random: Random,
}

impl Counter<'_> {
    fn random_bytes(&mut self) -> [u8; 16] {
        let [one, other] = [self.random.next().to_le_bytes(), self.random.next().to_le_bytes()];
        [one, other].concat().try_into().unwrap()
    }

    /// A value, with something at its end that no other one has.
    fn value(&mut self, count: u64) -> Vec<u8> {
        [&count.to_le_bytes()[..], &self.random_bytes()].concat()
    }

    fn read(&self) -> Result<Option<Vec<u8>>, Error> {
        let found = finish(self.backend.read(&self.key, Read::new(), CallMode::BLOCKING))?;
        Ok(found.map(|stored| stored.value))
    }

    /// Counts one more, if nothing else happens meanwhile.
    fn try_count(&mut self) -> Result<bool, Error> {
        let begin = Begin::new(self.random_bytes(), LEASE).over(true);
        let fence = match finish(self.backend.begin(&self.key, begin, CallMode::BLOCKING))? {
            Begun::Fence(fence) => fence,
            other => panic!("it was to begin: {other:?}"),
        };
        let seen = self.read()?;
        let next = self.value(1 + seen.as_deref().map_or(0, count));
        let expect = seen.as_deref().map_or(Expect::Nothing, |seen| Expect::Tail(&seen[8..]));
        let commit = Commit::new(&fence, Some(&next)).expect(Some(expect));
        finish(self.backend.commit(&self.key, commit, CallMode::BLOCKING))
    }
}

fn count(value: &[u8]) -> u64 {
    u64::from_le_bytes(value[..8].try_into().expect("a number"))
}

fn each_update_counts_once(place: Place, seeds_of: u64) {
    let shared = place.backend();
    let mut failed = 0;
    for seed in seeds(seeds_of) {
        let faulty = Faulty::new(shared.clone(), seed);
        faulty.errors(0.05).lost_requests(0.05).lost_answers(0.1).late(0.05).repeats(0.4);
        let key = Key::new(format!("{seed}:counter"), format!("{seed}:counters"));
        let mut counter = Counter { backend: &faulty, key, random: Random::new(seed) };
        let (mut counted, mut unknown) = (0, 0);
        crate::tells_seed(seed, || {
            for _ in 0..40 {
                match counter.try_count() {
                    Ok(true) => counted += 1,
                    Ok(false) => {}
                    Err(_) => unknown += 1,
                }
            }
            faulty.calm();
            let sum = counter.read().expect("it is calm").as_deref().map_or(0, count);
            assert!(
                (counted..=counted + unknown).contains(&sum),
                "{sum}: {counted} counted, {unknown} unknown"
            );
            assert!(counted > 0);
        });
        failed += faulty.faults().total();
    }
    assert!(failed > 0);
}

#[test]
fn on_a_map() {
    each_update_counts_once(Place::Map, 1_000);
}

#[test]
fn in_a_memory() {
    each_update_counts_once(Place::Memory, 1_000);
}

#[test]
fn on_redis() {
    each_update_counts_once(Place::Redis, 30);
}
