//! §3 {each place where user code runs} × {whatever user code may do there}, in threads and in tasks.
//!
//! A destructor that panics while a panic is under way ends the program by Rust's rules; that is the one thing that
//! is not tried.

use std::sync::LazyLock;
use std::time::Duration;

use cache_memoize::{Memory, cache_memoize};
use cache_memoize_tests::hooks::{Hook, Key, Subject, Value, at, passing, try_everything, wait};

static MEMORY: LazyLock<Memory> = LazyLock::new(|| Memory::new(4));

const LONG: Duration = Duration::from_secs(600);

/// The same functions for threads and for tasks.
macro_rules! subjects {
    ($module:ident, [$($asyncness:tt)?], [$($wait:tt)*]) => {
        mod $module {
            use super::*;

            #[cache_memoize(
                ttl = |_| passing(Hook::Ttl, LONG),
                capacity = 4,
                weigher = |_, _| passing(Hook::Weigher, 1),
                extra = passing(Hook::Extra, 7_u8),
                bypass_if = passing(Hook::BypassIf, false),
                cache_if = |_| passing(Hook::CacheIf, true),
                on_hit = |_| at(Hook::OnHit),
                on_miss = |_| at(Hook::OnMiss)
            )]
            $($asyncness)? fn plain(key: Key) -> Value {
                passing(Hook::Body, Value(key.0))
            }

            #[cache_memoize(
                backend = passing(Hook::Backend, &*MEMORY),
                args_rewrite = |key| passing(Hook::ArgsRewrite, key.clone())
            )]
            $($asyncness)? fn placed(key: &Key) -> Value {
                passing(Hook::Body, Value(key.0))
            }

            #[cache_memoize(capacity = 4, key = |key| passing(Hook::KeyText, key.0.to_string()))]
            $($asyncness)? fn named(key: Key) -> Value {
                passing(Hook::Body, Value(key.0))
            }

            #[cache_memoize(
                capacity = 4,
                cache_err = |_| passing(Hook::CacheErr, true),
                err_ttl = |_| passing(Hook::ErrTtl, LONG)
            )]
            $($asyncness)? fn failing(key: &Key) -> Result<(), Value> {
                Err(passing(Hook::Body, Value(key.0)))
            }

            pub(super) static SUBJECTS: [Subject; 4] = [
                Subject {
                    name: concat!(stringify!($module), " plain"),
                    hooks: &[
                        Hook::HashKey, Hook::EqKey, Hook::CloneKey, Hook::DropKey, Hook::SerializeArgument,
                        Hook::CloneValue, Hook::DropValue, Hook::Extra, Hook::BypassIf, Hook::Body, Hook::CacheIf,
                        Hook::Ttl, Hook::Weigher, Hook::OnHit, Hook::OnMiss,
                    ],
                    call: |id| wait(async move { plain(Key(id)) $($wait)* .0 }),
                    peek: |id| wait(async move { plain_peek(Key(id)) $($wait)* .map(|value| value.0) }),
                    invalidate: |id| wait(async move { plain_invalidate(Key(id)) $($wait)*; }),
                    invalidate_all: || wait(async { plain_invalidate_all() $($wait)*; }),
                    set: |id| wait(async move { plain_set(Key(id), Value(id)) $($wait)*; }),
                    refresh: |id| wait(async move { plain_refresh(Key(id)) $($wait)* .0 }),
                    cache_key: |id| plain_cache_key(Key(id)),
                    stats: plain_stats,
                },
                Subject {
                    name: concat!(stringify!($module), " placed"),
                    hooks: &[
                        Hook::HashKey, Hook::EqKey, Hook::CloneKey, Hook::DropKey, Hook::CloneValue,
                        Hook::DropValue, Hook::Backend, Hook::ArgsRewrite, Hook::Body,
                    ],
                    call: |id| wait(async move { placed(&Key(id)) $($wait)* .0 }),
                    peek: |id| {
                        wait(async move { placed_peek(&Key(id)) $($wait)* .unwrap().map(|value| value.0) })
                    },
                    invalidate: |id| wait(async move { placed_invalidate(&Key(id)) $($wait)* .unwrap(); }),
                    invalidate_all: || wait(async { placed_invalidate_all() $($wait)* .unwrap(); }),
                    set: |id| wait(async move { placed_set(&Key(id), Value(id)) $($wait)* .unwrap(); }),
                    refresh: |id| wait(async move { placed_refresh(&Key(id)) $($wait)* .unwrap().0 }),
                    cache_key: |id| placed_cache_key(&Key(id)),
                    stats: placed_stats,
                },
                Subject {
                    name: concat!(stringify!($module), " named"),
                    hooks: &[Hook::DropKey, Hook::CloneValue, Hook::DropValue, Hook::KeyText, Hook::Body],
                    call: |id| wait(async move { named(Key(id)) $($wait)* .0 }),
                    peek: |id| wait(async move { named_peek(Key(id)) $($wait)* .map(|value| value.0) }),
                    invalidate: |id| wait(async move { named_invalidate(Key(id)) $($wait)*; }),
                    invalidate_all: || wait(async { named_invalidate_all() $($wait)*; }),
                    set: |id| wait(async move { named_set(Key(id), Value(id)) $($wait)*; }),
                    refresh: |id| wait(async move { named_refresh(Key(id)) $($wait)* .0 }),
                    cache_key: |id| named_cache_key(Key(id)),
                    stats: named_stats,
                },
                Subject {
                    name: concat!(stringify!($module), " failing"),
                    hooks: &[
                        Hook::HashKey, Hook::EqKey, Hook::CloneKey, Hook::DropKey, Hook::CloneValue,
                        Hook::DropValue, Hook::Body, Hook::CacheErr, Hook::ErrTtl,
                    ],
                    call: |id| wait(async move { failing(&Key(id)) $($wait)* .unwrap_err().0 }),
                    peek: |id| wait(async move {
                        failing_peek(&Key(id)) $($wait)* .map(|value| value.unwrap_err().0)
                    }),
                    invalidate: |id| wait(async move { failing_invalidate(&Key(id)) $($wait)*; }),
                    invalidate_all: || wait(async { failing_invalidate_all() $($wait)*; }),
                    set: |id| wait(async move { failing_set(&Key(id), Err(Value(id))) $($wait)*; }),
                    refresh: |id| wait(async move { failing_refresh(&Key(id)) $($wait)* .unwrap_err().0 }),
                    cache_key: |id| failing_cache_key(&Key(id)),
                    stats: failing_stats,
                },
            ];
        }
    };
}

subjects!(threads, [], []);
subjects!(tasks, [async], [.await]);

#[test]
fn in_threads_no_deed_does_harm() {
    try_everything(&threads::SUBJECTS, 3);
}

#[test]
fn in_tasks_no_deed_does_harm() {
    try_everything(&tasks::SUBJECTS, 3);
}
