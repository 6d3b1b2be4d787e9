//! Faults that are certain, one kind at a time: who says so, who goes on, and how often the backend is asked.

use std::time::Duration;

use cache_memoize::testing::Faulty;
use cache_memoize::{ErrorKind, Memory, Shared, cache_memoize};
use cache_memoize_tests::finish;
use cache_memoize_tests::servers::wait_until;

use crate::functions::OF_THREADS;
use crate::judge::{Operation, Process, World};

const COMPANIONS: [Operation; 5] =
    [Operation::Peek, Operation::Invalidate, Operation::InvalidateAll, Operation::Refresh, Operation::Set];

/// Begins a kind of fault, for good.
type Begin = fn(&Faulty) -> &Faulty;

const FAILURES: [(Begin, &[ErrorKind]); 5] = [
    (|faulty| faulty.errors(1.0), &[ErrorKind::Unavailable, ErrorKind::Timeout, ErrorKind::Backend]),
    (|faulty| faulty.lost_requests(1.0), &[ErrorKind::Timeout]),
    (|faulty| faulty.lost_answers(1.0), &[ErrorKind::Unavailable]),
    (|faulty| faulty.late(1.0), &[ErrorKind::Timeout]),
    (|faulty| faulty.hangs(1.0, Duration::from_millis(1)), &[ErrorKind::Timeout]),
];

#[test]
fn a_companion_that_failed_says_so_and_the_function_goes_on() {
    for (begin, kinds) in FAILURES {
        let faulty = Faulty::new(Memory::new(1_000), 1);
        let world = World::default();
        let process = Process { world: &world, cache: Shared::new(faulty.clone()) };
        for functions in OF_THREADS {
            let perform = |operation| finish(process.perform(functions, operation, 1));
            perform(Operation::Call).unwrap();
            let _ = begin(&faulty);
            for _ in 0..5 {
                for companion in COMPANIONS {
                    let error = perform(companion).expect_err("nothing was acknowledged");
                    assert!(kinds.contains(&error.kind()), "{companion:?}: {error}");
                }
                perform(Operation::Call).unwrap();
            }
            faulty.calm();
            for companion in COMPANIONS {
                perform(companion).unwrap();
            }
        }
    }
}

/// Its deadline is spent: whatever it would ask now could double it.
#[test]
fn a_call_that_got_no_answer_does_not_ask_again() {
    #[cache_memoize(ttl = 600, skip(cache), backend = cache)]
    fn double(cache: &Shared, x: u64) -> u64 {
        let _ = cache;
        2 * x
    }

    for expects_a_hit in [true, false] {
        let faulty = Faulty::new(Memory::new(1_000), 1);
        let cache = Shared::new(faulty.clone());
        if expects_a_hit {
            double(&cache, 1);
        }
        faulty.lost_requests(1.0);
        assert_eq!(double(&cache, 1), 2);
        assert_eq!(faulty.faults().lost_requests, 1, "{expects_a_hit}");
    }
}

/// No companion is needed to notice that the backend works again.
#[test]
fn calls_hit_again_by_themselves() {
    for (begin, _) in FAILURES {
        let faulty = Faulty::new(Memory::new(1_000), 1);
        let world = World::default();
        let process = Process { world: &world, cache: Shared::new(faulty.clone()) };
        let call = || finish(process.perform(OF_THREADS[0], Operation::Call, 1)).unwrap();
        let _ = begin(&faulty);
        for _ in 0..20 {
            call();
        }
        assert_eq!(world.now(), 20, "each call computes");
        faulty.calm();
        wait_until("a hit", || {
            let computed = world.now();
            call();
            world.now() == computed
        });
    }
}

#[test]
fn a_corrupt_entry_is_a_miss_and_overwritten() {
    #[cache_memoize(ttl = 600, skip(cache), backend = cache)]
    fn words(cache: &Shared, x: u64) -> String {
        let _ = cache;
        format!("the words of {x}")
    }

    let faulty = Faulty::new(Memory::new(1_000), 1);
    let cache = Shared::new(faulty.clone());
    for x in 0..200 {
        words(&cache, x);
    }
    faulty.corruption(1.0);
    for x in 0..200 {
        assert_eq!(words_peek(&cache, x).unwrap(), None);
        assert_eq!(words(&cache, x), format!("the words of {x}"));
    }
    assert_eq!(words_stats(&cache).misses, 400);
    let info = cache_memoize::functions().into_iter().find(|function| function.name.ends_with("words"));
    let rejected = info.expect("it was called").rejected;
    for reason in ["checksum", "key", "truncated"] {
        assert!(rejected.contains_key(reason), "{rejected:?}");
    }
    faulty.calm();
    for x in 0..200 {
        assert_eq!(words(&cache, x), format!("the words of {x}"));
    }
    assert_eq!(words_stats(&cache).misses, 400, "all of them hit");
    assert_eq!(words_stats(&cache).errors, 0, "a corrupt entry is no error");
}
