//! In this process, where a test decides about every poll: in memory, and on a backend of which each answer takes a
//! poll before it is carried out and one after, so that a future can be dropped at every await in the library.

use cache_memoize::testing::Faulty;
use cache_memoize::{Memory, Shared};
use cache_memoize_tests::eventually;

use crate::backend::Store;
use crate::forms::{Form, Functions, NAMED, OWN, SHARED, World};
use crate::harness::{Task, drop_at_every_await};

/// A place, and how to see that nothing is left there.
struct Place {
    world: World,
    store: Store,
    functions: &'static [&'static Functions],
    drops: usize,
}

/// More polls than any of the futures takes to its end, or to where it waits for the other.
const MOST_POLLS: usize = 8;

impl Place {
    fn in_memory(functions: &'static [&'static Functions]) -> Self {
        let world = World::new(Shared::from(Memory::new(10)));
        Self { world, store: Store::default(), functions, drops: 0 }
    }

    fn stepped(before: u32, after: u32) -> Self {
        let store = Store::default();
        let faulty = Faulty::new(store.clone(), 0);
        faulty.steps(before, after);
        Self { world: World::new(Shared::new(faulty)), store, functions: &SHARED, drops: 0 }
    }

    fn ended(&self, form: Form, key: u64) -> Option<u64> {
        Task::new(form(&self.world, key)).ended()
    }

    /// After something was dropped: the next call works, the one after it hits, and nobody computes.
    #[track_caller]
    fn is_well(&self, functions: &Functions, key: u64, void: u64, what: &str) {
        let (world, name) = (&self.world, functions.name);
        let value = self.ended(functions.call, key);
        assert!(functions.is_mark || value > Some(void), "{name}, {what}: {value:?} is older than {void}");
        let computed = world.now();
        assert_eq!(self.ended(functions.call, key), value, "{name}, {what}");
        assert_eq!(world.now(), computed, "{name}, {what}: the next call but one does not hit");
        assert_eq!(world.running(), 0, "{name}, {what}");
        assert_eq!((functions.in_flight)(world), 0, "{name}, {what}: in flight");
        // Releases are chores.
        let what = format!("{name}, {what}: the fences are forgotten");
        eventually(&what, || self.store.has_forgotten_all_fences());
    }

    /// Dropped while nobody else is there; whether or not there was an entry.
    fn alone(&mut self) {
        let mut drops = 0;
        for functions in self.functions {
            for (what, form) in functions.all() {
                for warm in [false, true] {
                    let make = || {
                        let key = self.world.fresh_key();
                        if warm {
                            self.ended(functions.call, key);
                        }
                        (key, form(&self.world, key))
                    };
                    drops += drop_at_every_await(usize::MAX, make, |polls, key, task| {
                        drop(task);
                        self.is_well(functions, key, 0, &format!("{what} after {polls} polls"));
                    });
                }
            }
        }
        self.drops += drops;
    }

    /// Dropped beside another future of the same key, which goes on: everything beside everything, each polled so often,
    /// in both orders.
    fn beside_another(&mut self) {
        for functions in self.functions {
            for (what, form) in functions.all() {
                for (other_what, other) in functions.all() {
                    for other_polls in 0..=MOST_POLLS {
                        let mut has_ended = false;
                        for other_is_first in [true, false] {
                            let what =
                                format!("{what} beside {other_what} after {other_polls}, {other_is_first}");
                            has_ended |=
                                self.beside(functions, &what, form, other, other_polls, other_is_first);
                        }
                        if has_ended {
                            break;
                        }
                    }
                }
            }
        }
    }

    /// Whether the other one ended by itself each time, so that more polls make no difference.
    fn beside(
        &mut self,
        functions: &Functions,
        what: &str,
        form: Form,
        other: Form,
        other_polls: usize,
        other_is_first: bool,
    ) -> bool {
        let world = &self.world;
        let mut always_ended = true;
        let begin_other = |key| {
            let void = world.now();
            let mut task = Task::new(other(world, key));
            let ended = task.polled(other_polls).is_some();
            (void, (!ended).then_some(task))
        };
        let make = || {
            world.forget_most_running();
            let key = world.fresh_key();
            let begun = other_is_first.then(|| begin_other(key));
            ((key, begun), form(world, key))
        };
        self.drops += drop_at_every_await(MOST_POLLS, make, |polls, (key, begun), task| {
            let (void, other_task) = begun.unwrap_or_else(|| begin_other(key));
            drop(task);
            if let Some(other_task) = other_task {
                always_ended = false;
                other_task.ended();
            }
            if is(form, functions.call) && is(other, functions.call) && functions.name != "alone" {
                assert_eq!(
                    world.most_running(),
                    1,
                    "{}, {what}: the body ran twice at a time",
                    functions.name
                );
            }
            let acknowledge =
                [functions.invalidate, functions.invalidate_all, functions.refresh, functions.set];
            let is_acknowledged = acknowledge.iter().any(|one| is(*one, other));
            let void = if is_acknowledged { void } else { 0 };
            self.is_well(functions, key, void, &format!("{what}, after {polls} polls"));
        });
        always_ended
    }
}

fn is(one: Form, other: Form) -> bool {
    std::ptr::fn_addr_eq(one, other)
}

fn dropped_everywhere(mut place: Place) {
    let began = std::time::Instant::now();
    place.alone();
    let alone = place.drops;
    place.beside_another();
    println!("{} drops, {alone} of them alone, in {:?}", place.drops, began.elapsed());
    assert!(alone > 20 && place.drops > 500, "{} drops", place.drops);
}

#[test]
fn in_a_memory_of_its_own() {
    dropped_everywhere(Place::in_memory(&OWN));
}

#[test]
fn in_a_named_memory() {
    dropped_everywhere(Place::in_memory(&NAMED));
}

#[test]
fn on_a_backend_that_answers_at_once() {
    dropped_everywhere(Place::stepped(0, 0));
}

#[test]
fn on_a_backend_before_and_after_everything() {
    dropped_everywhere(Place::stepped(1, 1));
}
