//! What is called in a scope of its own meets nothing from outside, wherever its entries live.

use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use cache_memoize::testing::{self, Scope};
use cache_memoize::{Memory, Shared, cache_memoize, functions};
use cache_memoize_tests::{eventually, finish};

static MEMORY: LazyLock<Memory> = LazyLock::new(Memory::default);
static BYTES: LazyLock<Shared> = LazyLock::new(|| Memory::default().into());

#[cache_memoize]
fn own(x: u64) -> u64 {
    x
}
#[cache_memoize]
fn generic<T: Into<u64> + Clone + std::hash::Hash + Eq + Send + Sync + 'static>(x: T) -> u64 {
    x.into()
}
#[cache_memoize(backend = MEMORY)]
fn named(x: u64) -> u64 {
    x
}
#[cache_memoize(backend = MEMORY, key = |x| format!("verbatim {x}"))]
fn verbatim(x: u64) -> u64 {
    x
}
#[cache_memoize(backend = BYTES)]
fn shared(x: u64) -> u64 {
    x
}
#[cache_memoize(backend = BYTES, key = |x| format!("verbatim {x}"))]
fn shared_verbatim(x: u64) -> u64 {
    x
}

fn call_all() {
    own(1);
    generic(1_u8);
    named(1).to_string();
    verbatim(1);
    shared(1);
    shared_verbatim(1);
}

fn all_peeks() -> [Option<u64>; 6] {
    [
        own_peek(1),
        generic_peek(1_u8),
        named_peek(1).unwrap(),
        verbatim_peek(1).unwrap(),
        shared_peek(1).unwrap(),
        shared_verbatim_peek(1).unwrap(),
    ]
}

fn all_misses() -> [u64; 6] {
    [
        own_stats().misses,
        generic_stats().misses,
        named_stats().misses,
        verbatim_stats().misses,
        shared_stats().misses,
        shared_verbatim_stats().misses,
    ]
}

/// One test, because it looks at what is outside of its scopes.
#[test]
fn entries_statistics_and_invalidations_stay_inside() {
    call_all();
    let one = testing::isolate();
    assert_eq!((all_peeks(), all_misses()), ([None; 6], [0; 6]));
    call_all();
    call_all();
    assert_eq!((all_peeks(), all_misses()), ([Some(1); 6], [1; 6]));
    {
        let _other = testing::isolate();
        assert_eq!((all_peeks(), all_misses()), ([None; 6], [0; 6]));
        call_all();
        own_invalidate_all();
        generic_invalidate_all();
        named_invalidate_all().unwrap();
        verbatim_invalidate_all().unwrap();
        shared_invalidate_all().unwrap();
        shared_verbatim_invalidate_all().unwrap();
        assert_eq!(all_peeks(), [None; 6]);
    }
    assert_eq!(all_peeks(), [Some(1); 6], "what another scope invalidates is its own");
    assert_eq!(own_cache_key(1), "tools::isolation::own:1", "readable keys are as always");
    let mine = functions().into_iter().find(|function| function.name.ends_with("::own")).unwrap();
    assert_eq!(mine.stats, own_stats());
    drop(one);
    assert_eq!((all_peeks(), all_misses()), ([Some(1); 6], [1; 6]));
}

#[test]
fn a_scope_is_handed_to_threads_and_tasks() {
    #[cache_memoize]
    fn value(x: u64) -> u64 {
        x
    }
    #[cache_memoize]
    async fn awaited(x: u64) -> u64 {
        value(x)
    }

    let test = testing::isolate();
    value(1);
    let scope = test.scope().clone();
    let there = thread::spawn(move || {
        let outside = value_peek(1);
        (outside, scope.run(|| value_peek(1)))
    });
    assert_eq!(there.join().unwrap(), (None, Some(1)));

    let other = Scope::isolated();
    finish(other.wrap(awaited(2)));
    assert_eq!((finish(awaited_peek(2)), value_peek(2)), (None, None));
    assert_eq!(finish(other.wrap(async { (awaited_peek(2).await, value_peek(2)) })), (Some(2), Some(2)));
    assert_eq!(Scope::current().run(|| value_peek(1)), Some(1));
}

/// Its clock stands still, also for the thread that reclaims what has expired.
#[test]
fn time_stands_still_but_for_advance() {
    #[cache_memoize(ttl = "10ms", backend = MEMORY)]
    fn brief(x: u64) -> u64 {
        x
    }

    let scope = Scope::isolated();
    scope.run(|| brief(1));
    brief(1);
    // Both are in one memory, and somebody sweeps it.
    eventually("the one outside expires, unread", || brief_stats().entries == 0);
    let _scope = scope.enter();
    assert_eq!(brief_peek(1).unwrap(), Some(1));
    testing::advance(Duration::from_millis(9));
    let other = scope.clone();
    thread::spawn(move || other.run(|| testing::advance(Duration::from_micros(999)))).join().unwrap();
    assert_eq!(brief_peek(1).unwrap(), Some(1), "not yet");
    testing::advance(Duration::from_micros(1));
    assert_eq!(brief_peek(1).unwrap(), None);
    testing::advance(Duration::MAX);
    brief(1);
}

/// What a test stored is given back when the test is over.
#[test]
fn entries_end_with_their_scope() {
    use std::sync::Arc;
    static VALUE: LazyLock<Arc<()>> = LazyLock::new(Arc::default);

    #[cache_memoize]
    fn value() -> Arc<()> {
        VALUE.clone()
    }

    Scope::isolated().run(value);
    eventually("its entries are gone", || Arc::strong_count(&VALUE) == 1);
}
