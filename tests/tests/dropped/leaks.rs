//! Nothing is left of what was dropped: counted where all is done by this thread, and weighed where chores help.

use allocation_counter::measure;
use cache_memoize::testing::Faulty;
use cache_memoize::{Memory, Shared};
use cache_memoize_tests::eventually;

use crate::backend::Store;
use crate::forms::{Functions, NAMED, OWN, SHARED, World};
use crate::harness::Task;

/// Drops every future after some polls, while a call waits for it or not. But for those that invalidate all: what they
/// leave is swept by another thread, which would not be counted.
fn drop_some(world: &World, functions: &Functions, rounds: usize) {
    for round in 0..rounds {
        for (_, form) in functions.all().into_iter().filter(|(what, _)| *what != "invalidate_all") {
            let key = world.fresh_key();
            let mut dropped = Task::new(form(world, key));
            let mut waits = Task::new((functions.call)(world, key));
            let _ = dropped.polled(round % 9);
            let _ = waits.polled(round / 9 % 9);
            drop(dropped);
            drop(waits);
        }
    }
}

#[test]
fn memory_is_given_back() {
    for functions in OWN.into_iter().chain(NAMED) {
        let world = World::new(Shared::from(Memory::new(10)));
        // The memories are filled.
        drop_some(&world, functions, 1_500);
        let left = measure(|| drop_some(&world, functions, 1_000));
        assert!(left.bytes_current < 64 * 1024, "{}: {} bytes stayed", functions.name, left.bytes_current);
        assert_eq!((functions.in_flight)(&world), 0);
    }
}

/// What is left of a future of a function with a backend holds the backend.
#[test]
fn nothing_holds_the_backend() {
    for functions in SHARED {
        let store = Store::default();
        let faulty = Faulty::new(store.clone(), 0);
        faulty.steps(1, 1);
        let world = World::new(Shared::new(faulty));
        drop_some(&world, functions, 81);
        eventually("the fences are forgotten", || store.has_forgotten_all_fences());
        assert_eq!((functions.in_flight)(&world), 0);
        drop(world);
        eventually("the backend is let go", || store.holders() == 1);
    }
}
