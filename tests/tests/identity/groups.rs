//! `_invalidate_all` covers everything under the `prefix` on that backend, whichever function stored it.

use cache_memoize::{Memory, cache_memoize};

use super::{BYTES, REDIS, TYPED, block_on, ran, registered, runs};

macro_rules! stories {
    ($($place:ident $backend:tt;)*) => {$(
        mod $place {
            use super::*;

            #[cache_memoize(backend = $backend, prefix = concat_prefix::$place)]
            fn name(x: u64) -> String { ran(); format!("user {x}") }
            #[cache_memoize(backend = $backend, prefix = concat_prefix::$place)]
            async fn name_async(x: u64) -> String { ran(); format!("user {x}") }
            #[cache_memoize(backend = $backend, prefix = concat_prefix::$place, version = 2)]
            fn name_of_another_version(x: u64) -> String { ran(); format!("user {x}") }
            #[cache_memoize(backend = $backend, prefix = concat_prefix::$place)]
            fn generic<T: Default + ToString>(x: u64) -> String { ran(); T::default().to_string() + &x.to_string() }

            #[test]
            fn all_under_one_prefix() {
                registered();
                // Twice found, so that threads that keep copies have them.
                let warm = |x| for _ in 0..4 { name(x); };
                assert_eq!(runs(|| warm(1)), 1);
                block_on(name_async(2));
                assert_eq!(runs(|| for _ in 0..4 { name(2); }), 0, "they share their entries");
                generic::<u8>(3);
                name_of_another_version(1);
                block_on(name_async_invalidate_all()).unwrap();
                assert_eq!((name_peek(1).unwrap(), name_peek(2).unwrap()), (None, None));
                assert_eq!(generic_peek::<u8>(3).unwrap(), None);
                assert_eq!(runs(|| warm(1)), 1, "also those that another one of them stored");
                assert_eq!(runs(|| name_of_another_version(1)), 0, "and no others");
                name_invalidate_all().unwrap();
                assert_eq!(block_on(name_async_peek(1)).unwrap(), None);
                let _ = (name_stats(), block_on(name_async_invalidate(1)));
                warm(5);
                generic_invalidate_all().unwrap();
                assert_eq!(runs(|| block_on(name_async(5))), 1);
            }

            #[cache_memoize(backend = $backend, key = |x| format!("{}/{x}", stringify!($place)))]
            fn by_key(x: u64) -> u64 { ran(); x }
            #[cache_memoize(backend = $backend, key = |x| format!("{}/{x}", stringify!($place)))]
            fn by_the_same_key(x: u64) -> u64 { ran(); x }

            #[test]
            fn all_with_keys_that_are_written_whole() {
                registered();
                assert_eq!(runs(|| (by_key(1), by_the_same_key(1))), 1);
                by_the_same_key_invalidate_all().unwrap();
                assert_eq!(runs(|| (by_key(1), by_the_same_key(1))), 1, "nothing tells their entries apart");
            }
        }
    )*};
}
stories! {
    typed TYPED;
    bytes BYTES;
    named "identity";
    redis REDIS;
}

mod concat_prefix {
    #![allow(non_upper_case_globals)]
    pub(crate) const typed: &str = "group-typed";
    pub(crate) const bytes: &str = "group-bytes";
    pub(crate) const named: &str = "group-named";
    pub(crate) const redis: &str = "group-redis";
}

/// What has a memory of its own shares nothing, whatever it is called.
#[test]
fn memories_of_their_own() {
    #[cache_memoize(prefix = "own-group")]
    fn one(x: u64) -> u64 {
        ran();
        x
    }
    #[cache_memoize(prefix = "own-group")]
    fn other(x: u64) -> u64 {
        ran();
        x
    }
    one(1);
    other(1);
    one_invalidate_all();
    assert_eq!(runs(|| other(1)), 0);
    assert_eq!(runs(|| one(1)), 1);
}

/// Statistics are each function's own, and those of another memory are not asked.
#[test]
fn what_is_each_functions_own() {
    #[cache_memoize(backend = memory, skip(memory), prefix = "own-figures")]
    fn one(memory: &Memory, x: u64) -> u64 {
        ran();
        x
    }
    #[cache_memoize(backend = memory, skip(memory), prefix = "own-figures")]
    fn other(memory: &Memory, x: u64) -> u64 {
        ran();
        x
    }
    let (here, there) = (Memory::new(100), Memory::new(100));
    one(&here, 1);
    other(&here, 2);
    one(&there, 1);
    assert_eq!((one_stats(&here).entries, other_stats(&here).entries), (1, 1));
    other_invalidate_all(&here).unwrap();
    assert_eq!((one_stats(&here).entries, other_stats(&here).entries), (0, 0));
    assert_eq!((one_stats(&here).misses, other_stats(&here).misses), (1, 1));
    assert_eq!(runs(|| one(&there, 1)), 0);
}
