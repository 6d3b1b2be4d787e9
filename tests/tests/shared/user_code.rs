//! §3 {each place where user code runs} × {whatever user code may do there}, where values are bytes: in threads and in
//! tasks, in a memory of bytes and on Redis. See `promises/user_code.rs`, which is about functions in memory.

use std::sync::LazyLock;
use std::time::Duration;

use cache_memoize::{Memory, Redis, Shared, cache_memoize};
use cache_memoize_tests::hooks::{Hook, Key, Subject, Value, at, passing, try_everything, wait};

use crate::backends::SERVER;

static MEMORY: LazyLock<Shared> = LazyLock::new(|| Shared::from(Memory::new(10_000)));

/// Patient, so that a slow machine is no fault.
static REDIS: LazyLock<Shared> = LazyLock::new(|| {
    Shared::from(Redis::builder().url(SERVER.url()).timeout(Duration::from_secs(10)).build().unwrap())
});

const LONG: Duration = Duration::from_secs(600);

/// The same functions for threads and for tasks, on a backend.
macro_rules! subjects {
    ($module:ident on $backend:expr, [$($asyncness:tt)?], [$($wait:tt)*]) => {
        mod $module {
            use super::*;

            #[cache_memoize(
                backend = passing(Hook::Backend, &*$backend),
                ttl = |_| passing(Hook::Ttl, LONG),
                args_rewrite = |key| passing(Hook::ArgsRewrite, key.clone()),
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
                backend = *$backend,
                key = |key| passing(Hook::KeyText, concat!(stringify!($module), ":").to_owned() + &key.0.to_string()),
                cache_err = |_| passing(Hook::CacheErr, true),
                err_ttl = |_| passing(Hook::ErrTtl, LONG)
            )]
            $($asyncness)? fn failing(key: &Key) -> Result<(), Value> {
                Err(passing(Hook::Body, Value(key.0)))
            }

            pub(super) static SUBJECTS: [Subject; 2] = [
                Subject {
                    name: concat!(stringify!($module), " plain"),
                    hooks: &[
                        Hook::CloneKey, Hook::DropKey, Hook::SerializeArgument, Hook::DropValue,
                        Hook::SerializeValue, Hook::DeserializeValue, Hook::ArgsRewrite, Hook::Extra,
                        Hook::BypassIf, Hook::Backend, Hook::Body, Hook::CacheIf, Hook::Ttl, Hook::OnHit,
                        Hook::OnMiss,
                    ],
                    call: |id| wait(async move { plain(Key(id)) $($wait)* .0 }),
                    peek: |id| wait(async move { plain_peek(Key(id)) $($wait)* .unwrap().map(|value| value.0) }),
                    invalidate: |id| wait(async move { plain_invalidate(Key(id)) $($wait)* .unwrap(); }),
                    invalidate_all: || wait(async { plain_invalidate_all() $($wait)* .unwrap(); }),
                    set: |id| wait(async move { plain_set(Key(id), Value(id)) $($wait)* .unwrap(); }),
                    refresh: |id| wait(async move { plain_refresh(Key(id)) $($wait)* .unwrap().0 }),
                    cache_key: |id| plain_cache_key(Key(id)),
                    stats: plain_stats,
                },
                Subject {
                    name: concat!(stringify!($module), " failing"),
                    hooks: &[
                        Hook::DropKey, Hook::DropValue, Hook::SerializeValue, Hook::DeserializeValue,
                        Hook::KeyText, Hook::Body, Hook::CacheErr, Hook::ErrTtl,
                    ],
                    call: |id| wait(async move { failing(&Key(id)) $($wait)* .unwrap_err().0 }),
                    peek: |id| wait(async move {
                        failing_peek(&Key(id)) $($wait)* .unwrap().map(|value| value.unwrap_err().0)
                    }),
                    invalidate: |id| wait(async move { failing_invalidate(&Key(id)) $($wait)* .unwrap(); }),
                    invalidate_all: || wait(async { failing_invalidate_all() $($wait)* .unwrap(); }),
                    set: |id| wait(async move { failing_set(&Key(id), Err(Value(id))) $($wait)* .unwrap(); }),
                    refresh: |id| wait(async move {
                        failing_refresh(&Key(id)) $($wait)* .unwrap().unwrap_err().0
                    }),
                    cache_key: |id| failing_cache_key(&Key(id)),
                    stats: failing_stats,
                },
            ];
        }
    };
}

subjects!(memory_threads on MEMORY, [], []);
subjects!(memory_tasks on MEMORY, [async], [.await]);
subjects!(redis_threads on REDIS, [], []);
subjects!(redis_tasks on REDIS, [async], [.await]);

#[test]
fn in_memory_no_deed_does_harm() {
    try_everything(&memory_threads::SUBJECTS, 5);
    try_everything(&memory_tasks::SUBJECTS, 5);
}

#[test]
fn on_redis_no_deed_does_harm() {
    try_everything(&redis_threads::SUBJECTS, 25);
    try_everything(&redis_tasks::SUBJECTS, 25);
}
