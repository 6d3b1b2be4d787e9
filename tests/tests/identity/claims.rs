//! What is left: where two would have one text after all, the first one has it, and the other computes.

use std::sync::Barrier;

use cache_memoize::{ErrorKind, cache_memoize};

use super::news::news_of;
use super::{BYTES, REDIS, TYPED, block_on, ran, registered, runs};

macro_rules! stories {
    ($($place:ident $backend:tt $path:literal;)*) => {$(
        mod $place {
            use super::*;

            #[cache_memoize(backend = $backend)]
            fn by_path(x: u64) -> u64 { ran(); x + 1 }
            /// Called as the other is, which was not asked.
            #[cache_memoize(backend = $backend, prefix = $path)]
            async fn by_prefix(x: u64) -> u64 { ran(); x + 2 }

            #[test]
            fn a_prefix_that_is_the_path_of_another() {
                registered();
                assert_eq!(runs(|| (by_path(7), by_path(7))), 1);
                let (one, other) = (by_path(7), block_on(by_prefix(7)));
                assert_eq!((one, other), (8, 9));
                assert_eq!(runs(|| (block_on(by_prefix(7)), by_path(7))), 1, "the later one computes");
                let refusals = [
                    block_on(by_prefix_peek(7)).map(drop),
                    block_on(by_prefix_set(7, 1)),
                    block_on(by_prefix_refresh(7)).map(drop),
                    block_on(by_prefix_invalidate(7)).map(drop),
                ];
                for refusal in refusals {
                    let error = refusal.unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::Setting);
                    assert!(error.to_string().contains("by_path") && error.to_string().contains("`prefix`"), "{error}");
                }
                assert_eq!(runs(|| by_path(7)), 0);
                let heard = news_of(concat!(stringify!($place), "::by_prefix"));

                assert_eq!(heard.len(), 1, "told once: {heard:?}");
                assert_eq!(heard[0].message.matches("claims.rs:").count(), 2, "both places: {}", heard[0].message);
                block_on(by_prefix_invalidate_all()).unwrap();
                assert_eq!(runs(|| by_path(7)), 1, "all under the prefix, whoever stored it");
                let _ = (by_prefix_stats(), by_path_invalidate(1));
            }
        }
    )*};
}
stories! {
    bytes BYTES "identity::claims::bytes::by_path";
    named "identity" "identity::claims::named::by_path";
    redis REDIS "identity::claims::redis::by_path";
}

/// Typed entries have numbers and no names.
#[test]
fn in_a_memory_of_values_nothing_is_refused() {
    #[cache_memoize(backend = TYPED)]
    fn by_path(x: u64) -> u64 {
        ran();
        x + 1
    }
    let path = by_path_cache_key(7);
    let path = path.strip_suffix(":7").unwrap();
    assert!(
        path.starts_with("identity::claims::in_a_memory_of_values_nothing_is_refused::by_path~"),
        "{path}"
    );
    #[cache_memoize(backend = TYPED, prefix = "identity::claims::typed_by_path")]
    fn by_prefix(x: u64) -> u64 {
        ran();
        x + 2
    }
    assert_eq!((by_path(7), by_prefix(7), typed_by_path(7)), (8, 9, 10));
    assert!(by_prefix_invalidate(7).unwrap() && typed_by_path_invalidate(7).unwrap());
}

#[cache_memoize(backend = TYPED)]
fn typed_by_path(x: u64) -> u64 {
    x + 3
}

#[test]
fn one_prefix_for_two_is_no_misuse() {
    mod one {
        #[cache_memoize::cache_memoize(backend = super::BYTES, prefix = "meant")]
        pub(super) fn meant(x: u64) -> u64 {
            super::ran();
            x
        }
    }
    struct Method;
    impl Method {
        #[cache_memoize(skip(self), backend = BYTES, prefix = "meant")]
        fn meant(&self, x: u64) -> u64 {
            ran();
            x
        }
    }
    assert_eq!(runs(|| (one::meant(1), Method.meant(1))), 1);
    assert!(Method::meant_invalidate(1).unwrap());
    assert_eq!(one::meant_peek(1).unwrap(), None);
    assert_eq!(news_of("one_prefix_for_two_is_no_misuse").len(), 0);
}

/// Both are right, whichever comes first; and what it is told to may call them.
#[test]
fn threads_that_come_first_at_once() {
    #[cache_memoize(backend = BYTES, prefix = "identity::claims::raced")]
    fn other(x: u64) -> u64 {
        x + 2
    }
    cache_memoize::observe(|event| {
        if event.message.contains("claims::raced") {
            assert_eq!((raced(5), other(5)), (6, 7));
        }
    });
    let all = Barrier::new(8);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let all = &all;
            scope.spawn(move || {
                all.wait();
                for x in 0..50 {
                    match thread % 2 {
                        0 => assert_eq!((raced(x), other(x)), (x + 1, x + 2)),
                        _ => assert_eq!((other(x), raced(x)), (x + 2, x + 1)),
                    }
                }
            });
        }
    });
    let caches = |outcome: Result<Option<u64>, cache_memoize::Error>| outcome.is_ok();
    assert!(caches(raced_peek(1)) != caches(other_peek(1)), "one of them has entries");
    assert_eq!(news_of("raced").len() + news_of("threads_that_come_first_at_once::other").len(), 1);
}

#[cache_memoize(backend = BYTES)]
fn raced(x: u64) -> u64 {
    x + 1
}
