//! The off switch: every call runs its body, nothing is stored, and what removes still removes.

use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use cache_memoize::testing::{self, Scope};
use cache_memoize::{Memory, Shared, cache_memoize};
use cache_memoize_tests::finish;

static MEMORY: LazyLock<Memory> = LazyLock::new(Memory::default);
static BYTES: LazyLock<Shared> = LazyLock::new(|| Memory::default().into());
static RUNS: AtomicU64 = AtomicU64::new(0);

macro_rules! functions {
    ($($module:ident [$($options:tt)*] [$($asyncness:ident)?] [$($wait:tt)*] $told:path;)*) => {$(
        mod $module {
            use super::*;

            #[cache_memoize(on_hit = |_| panic!("told of a hit"), on_miss = |_| panic!("told of a miss"), $($options)*)]
            $($asyncness)? fn silent(x: u64) -> u64 {
                RUNS.fetch_add(1, SeqCst);
                x
            }
            #[cache_memoize($($options)*)]
            $($asyncness)? fn value(x: u64) -> u64 {
                RUNS.fetch_add(1, SeqCst);
                x
            }
            #[cache_memoize(store_result = false, $($options)*)]
            $($asyncness)? fn once() {
                RUNS.fetch_add(1, SeqCst);
            }

            pub(super) fn story() {
                finish(async {
                    let _test = testing::isolate();
                    let runs = || RUNS.swap(0, SeqCst);
                    for x in 1..=4 {
                        value(x)$($wait)*;
                    }
                    once()$($wait)*;
                    assert_eq!(runs(), 5);
                    {
                        let _off = testing::off();
                        for _ in 0..3 {
                            assert_eq!((value(1)$($wait)*, silent(5)$($wait)*), (1, 5));
                            once()$($wait)*;
                        }
                        assert_eq!(runs(), 9, "every call runs its body");
                        assert_eq!($told(value_peek(1)$($wait)*), None);
                        assert!($told(value_invalidate(2)$($wait)*), "what removes still removes");
                        $told(value_set(3, 30)$($wait)*);
                        assert_eq!($told(value_refresh(4)$($wait)*), 4);
                        assert_eq!(runs(), 1);
                    }
                    assert_eq!($told(value_peek(1)$($wait)*), Some(1), "what was there is");
                    for x in 2..=4 {
                        assert_eq!($told(value_peek(x)$($wait)*), None, "{x}: removed, set or refreshed");
                    }
                    once()$($wait)*;
                    assert_eq!(runs(), 0);
                    let stats = value_stats();
                    assert_eq!((stats.hits, stats.joined, stats.in_flight), (0, 0, 0));
                });
            }
        }
    )*};
}

fn as_it_is<T>(answer: T) -> T {
    answer
}

functions! {
    own [] [] [] as_it_is;
    own_async [] [async] [.await] as_it_is;
    named [backend = MEMORY] [] [] Result::unwrap;
    named_async [backend = MEMORY] [async] [.await] Result::unwrap;
    shared [backend = BYTES] [] [] Result::unwrap;
    shared_async [backend = BYTES] [async] [.await] Result::unwrap;
}

#[test]
fn for_a_scope() {
    for story in
        [own::story, own_async::story, named::story, named_async::story, shared::story, shared_async::story]
    {
        story();
    }
}

#[test]
fn for_a_future() {
    #[cache_memoize]
    async fn value(x: u64) -> u64 {
        x
    }
    let off = Scope::off();
    finish(off.wrap(value(1)));
    assert_eq!(finish(value_peek(1)), None);
    finish(value(1));
    assert_eq!(finish(value_peek(1)), Some(1));
    assert_eq!(finish(off.wrap(value_peek(1))), None);
}

#[cache_memoize]
fn in_another_process(x: u64) -> u64 {
    RUNS.fetch_add(1, SeqCst);
    x
}

/// This very program, with the switch in its environment.
#[test]
fn for_a_program() {
    const CHILD: &str = "CACHE_MEMOIZE_TEST_CHILD";
    if std::env::var_os(CHILD).is_some() {
        in_another_process(1);
        in_another_process(1);
        println!("{} runs", RUNS.load(SeqCst));
        return;
    }
    let child = |switch: Option<&str>| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["off::for_a_program", "--exact", "--nocapture"])
            .env(CHILD, "")
            .env_remove("CACHE_MEMOIZE");
        if let Some(switch) = switch {
            command.env("CACHE_MEMOIZE", switch);
        }
        let output = command.output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    };
    for (switch, expected) in [
        (Some("off"), "2 runs"),
        (Some("on"), "1 runs"),
        (Some(""), "1 runs"),
        (None, "1 runs"),
        (Some("OF"), "`CACHE_MEMOIZE=OF`: write `off`"),
    ] {
        let said = child(switch);
        assert!(said.contains(expected), "{switch:?}: {said}");
    }
}
