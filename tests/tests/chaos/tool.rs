//! `Faulty` itself: that it does what it says, so that the storms are storms.

use std::pin::pin;
use std::time::{Duration, Instant};

use cache_memoize::backend::{Begin, Begun, CallMode, Commit, Fence, Key, Read};
use cache_memoize::testing::{Faulty, conformance, conformance_async};
use cache_memoize::{Error, ErrorKind, Memory, Shared};
use cache_memoize_tests::{finish, poll};

const LEASE: Duration = Duration::from_secs(60);

/// A memory that is asked with faults, and without.
struct World {
    faulty: Faulty,
    shared: Shared,
    calm: Shared,
}

impl World {
    fn new() -> Self {
        Self::seeded(1)
    }

    fn seeded(seed: u64) -> Self {
        let memory = Memory::new(100_000);
        let faulty = Faulty::new(memory.clone(), seed);
        Self { shared: Shared::new(faulty.clone()), calm: Shared::from(memory), faulty }
    }

    fn begin(&self, of: &Shared, key: &Key) -> Fence {
        let begin = Begin::new([7; 16], LEASE).over(true);
        match finish(of.backend().begin(key, begin, CallMode::ASYNC)) {
            Ok(Begun::Fence(fence)) => fence,
            other => panic!("{other:?}"),
        }
    }

    /// Puts a value there, without faults.
    fn store(&self, key: &Key, value: &[u8]) {
        let fence = self.begin(&self.calm, key);
        assert!(
            finish(self.calm.backend().commit(key, Commit::new(&fence, Some(value)), CallMode::ASYNC))
                .unwrap()
        );
    }

    fn there(&self, key: &Key) -> Option<Vec<u8>> {
        let found = finish(self.calm.backend().read(key, Read::new(), CallMode::ASYNC)).unwrap();
        found.map(|stored| stored.value)
    }

    fn read(&self, key: &Key) -> Result<Option<Vec<u8>>, Error> {
        let found = finish(self.shared.backend().read(key, Read::new(), CallMode::ASYNC));
        found.map(|found| found.map(|stored| stored.value))
    }

    fn remove(&self, key: &Key) -> Result<bool, ErrorKind> {
        let removed = finish(self.shared.backend().remove(key, CallMode::ASYNC));
        removed.map_err(|error| error.kind())
    }
}

fn key(name: &str) -> Key {
    Key::new(name, "group")
}

#[test]
fn without_faults_it_is_what_it_wraps() {
    let world = World::new();
    conformance(&[world.shared.backend(), world.calm.backend()]);
    // One that tells of changes.
    let map = Faulty::new(Shared::new(crate::storms::custom_backend::Map::default()), 1);
    conformance(&[&map]);
    assert_eq!(world.shared.backend().name(), "faulty memory");
    assert_eq!(world.faulty.faults().total(), 0);
}

#[tokio::test]
async fn slow_answers_are_answers() {
    let world = World::new();
    let short = Duration::from_micros(50);
    world.faulty.steps(2, 1).delays(0.2, short..=2 * short);
    conformance_async(&[world.shared.backend()]).await;
    assert!(world.faulty.faults().delays > 0);
}

#[test]
fn a_refused_request_is_not_carried_out() {
    let world = World::new();
    world.faulty.errors(1.0);
    let mut kinds: Vec<ErrorKind> = Vec::new();
    for name in 0..50 {
        let key = key(&name.to_string());
        world.store(&key, b"value");
        kinds.push(world.remove(&key).unwrap_err());
        assert!(world.there(&key).is_some());
    }
    for kind in [ErrorKind::Unavailable, ErrorKind::Timeout, ErrorKind::Backend] {
        assert!(kinds.contains(&kind), "{kind:?}");
    }
    assert_eq!(world.faulty.faults().errors, 50);
}

#[test]
fn a_lost_request_is_not_carried_out_and_a_lost_answer_is_of_one_that_was() {
    let (world, key) = (World::new(), key("x"));
    world.store(&key, b"value");
    world.faulty.lost_requests(1.0);
    assert_eq!(world.remove(&key), Err(ErrorKind::Timeout));
    assert!(world.there(&key).is_some());
    world.faulty.lost_requests(0.0).lost_answers(1.0);
    assert_eq!(world.remove(&key), Err(ErrorKind::Unavailable));
    assert!(world.there(&key).is_none());
    assert_eq!((world.faulty.faults().lost_requests, world.faulty.faults().lost_answers), (1, 1));
}

#[test]
fn what_is_late_is_carried_out_with_a_later_request() {
    let (world, key, other) = (World::new(), key("x"), key("other"));
    world.store(&key, b"value");
    world.faulty.late(1.0);
    assert_eq!(world.remove(&key), Err(ErrorKind::Timeout));
    assert!(world.there(&key).is_some(), "not yet");
    world.faulty.late(0.0);
    for _ in 0..8 {
        world.read(&other).unwrap();
    }
    assert!(world.there(&key).is_none());

    world.store(&key, b"value");
    world.faulty.late(1.0);
    assert_eq!(world.remove(&key), Err(ErrorKind::Timeout));
    world.faulty.calm();
    assert!(world.there(&key).is_none(), "at the latest when the faults end");
    assert_eq!(world.faulty.faults().late, 2);
}

#[test]
fn what_is_repeated_is_carried_out_twice() {
    let world = World::new();
    world.faulty.repeats(1.0);
    let (mut at_once, mut later) = (0, 0);
    for name in 0..50 {
        let key = key(&name.to_string());
        world.store(&key, b"value");
        match world.remove(&key) {
            // The answer is that of the second time.
            Ok(false) => at_once += 1,
            other => {
                assert_eq!(other, Ok(true));
                world.store(&key, b"another");
                world.faulty.repeats(0.0);
                for _ in 0..8 {
                    world.read(&self::key("other")).unwrap();
                }
                world.faulty.repeats(1.0);
                assert!(world.there(&key).is_none(), "it was removed once more");
                later += 1;
            }
        }
    }
    assert!(at_once > 10 && later > 10, "{at_once} at once, {later} later");
}

#[test]
fn a_hanging_request_has_a_deadline_and_may_have_been_carried_out() {
    let (world, deadline) = (World::new(), Duration::from_millis(2));
    world.faulty.hangs(1.0, deadline);
    let mut carried_out = 0;
    for name in 0..30 {
        let key = key(&name.to_string());
        world.store(&key, b"value");
        let began = Instant::now();
        let removed = pin!(world.shared.backend().remove(&key, CallMode::BLOCKING));
        let error = waited(removed).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert!(began.elapsed() >= deadline);
        carried_out += usize::from(world.there(&key).is_none());
    }
    assert!((5..25).contains(&carried_out), "{carried_out} of 30");
}

#[test]
fn delays_are_within_their_range() {
    let (world, shortest) = (World::new(), Duration::from_millis(2));
    world.faulty.delays(1.0, shortest..=2 * shortest);
    let began = Instant::now();
    assert_eq!(
        waited(pin!(world.shared.backend().read(&key("x"), Read::new(), CallMode::BLOCKING))).unwrap(),
        None
    );
    assert!(began.elapsed() >= shortest);
    assert_eq!(world.faulty.faults().delays, 1);
}

#[test]
fn a_corrupt_value_is_another_one() {
    let world = World::new();
    let (mut flipped, mut cut, mut swapped) = (0, 0, 0);
    let values: Vec<Vec<u8>> = (0..60u8).map(|n| [&[n], &b" is the value"[..]].concat()).collect();
    world.faulty.corruption(1.0);
    for (name, value) in values.iter().enumerate() {
        let key = key(&name.to_string());
        world.store(&key, value);
        let found = match name % 2 {
            0 => world.read(&key).unwrap().unwrap(),
            _ => {
                match finish(world.shared.backend().begin(&key, Begin::new([1; 16], LEASE), CallMode::ASYNC))
                {
                    Ok(Begun::Value(found)) => found.value,
                    other => panic!("{other:?}"),
                }
            }
        };
        assert_ne!(&found, value);
        let differs = |(a, b): (&u8, &u8)| (a ^ b).count_ones();
        match found.len() == value.len() {
            true if found.iter().zip(value).map(differs).sum::<u32>() == 1 => flipped += 1,
            true if values.contains(&found) => swapped += 1,
            true => panic!("{found:?}"),
            false => {
                assert!(value.starts_with(&found));
                cut += 1;
            }
        }
        assert_eq!(world.there(&key).as_ref(), Some(value), "what is stored is as it was");
    }
    assert!(flipped > 5 && cut > 5 && swapped > 5, "{flipped} flipped, {cut} cut, {swapped} swapped");
    assert_eq!(world.faulty.faults().corruption, 60);
}

#[test]
fn while_it_is_paused_nothing_is_carried_out_and_nothing_answered() {
    let (world, key) = (World::new(), key("x"));
    world.store(&key, b"value");
    world.faulty.steps(0, 1);
    let mut answering = pin!(world.shared.backend().read(&key, Read::new(), CallMode::ASYNC));
    assert!(poll(answering.as_mut()).is_pending());
    world.faulty.pause();
    let mut arriving = pin!(world.shared.backend().remove(&key, CallMode::ASYNC));
    for _ in 0..5 {
        assert!(poll(answering.as_mut()).is_pending() && poll(arriving.as_mut()).is_pending());
    }
    assert!(world.there(&key).is_some(), "it was held before it was carried out");
    world.faulty.resume();
    assert_eq!(finish(answering).unwrap().unwrap().value, b"value");
    assert!(poll(arriving.as_mut()).is_pending());
    assert!(finish(arriving).unwrap());
}

/// A thread that is held goes on.
#[test]
fn threads_are_held_until_they_are_let_go() {
    let (world, key) = (World::new(), key("x"));
    world.store(&key, b"value");
    world.faulty.pause();
    std::thread::scope(|scope| {
        let held =
            scope.spawn(|| waited(pin!(world.shared.backend().read(&key, Read::new(), CallMode::BLOCKING))));
        cache_memoize_tests::servers::wait_until("a request that is held", || {
            format!("{:?}", world.faulty).contains("held: 1")
        });
        world.faulty.calm();
        assert_eq!(held.join().unwrap().unwrap().unwrap().value, b"value");
    });
}

#[test]
fn each_reply_takes_its_steps() {
    let (world, key) = (World::new(), key("x"));
    for before in 0..4 {
        for after in 0..4 {
            world.faulty.steps(before, after);
            world.store(&key, b"value");
            let mut removing = pin!(world.shared.backend().remove(&key, CallMode::ASYNC));
            for step in 0..before + after {
                assert!(poll(removing.as_mut()).is_pending());
                assert_eq!(world.there(&key).is_none(), step >= before, "{step} of {before}, {after}");
            }
            assert!(finish(removing).unwrap());
        }
    }
}

/// By what is asked of which key and how often, and not by who comes first.
#[test]
fn the_same_seed_has_the_same_faults() {
    let told = |seed, backwards: bool| {
        let world = World::seeded(seed);
        world.faulty.errors(0.2).lost_answers(0.2).late(0.2);
        let mut names: Vec<u32> = (0..40).collect();
        if backwards {
            names.reverse();
        }
        let mut told: Vec<_> =
            names.into_iter().map(|name| (name, world.remove(&key(&name.to_string())))).collect();
        told.sort_by_key(|(name, _)| *name);
        told
    };
    assert_eq!(told(1, false), told(1, true));
    assert_ne!(told(1, false), told(2, false));
}

#[test]
#[should_panic(expected = "a probability is between 0 and 1, not 1.5")]
fn a_probability_is_one() {
    World::new().faulty.errors(1.5);
}

/// Sleeps until the answer is there.
fn waited<F: Future + Unpin>(mut reply: F) -> F::Output {
    let reply = &mut reply;
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(reply)
}
