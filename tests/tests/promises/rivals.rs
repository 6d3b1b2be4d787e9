//! §4 Keys with equal hashes: a type may hash a part of itself, and its keys stay cached all the same.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use cache_memoize::{Memory, cache_memoize};
use cache_memoize_tests::Gate;

/// As many keys of one hash as are kept.
const MOST: u64 = 64;

/// Hashes its tenant alone, as the contract of `Hash` allows.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Query {
    tenant: u64,
    filters: BTreeMap<String, u64>,
}

impl Query {
    fn of(page: u64) -> Self {
        Self { tenant: 7, filters: [("page".to_owned(), page)].into() }
    }
}

impl Hash for Query {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.tenant.hash(state);
    }
}

/// The same as a key that is `Copy`, which is stored beside its value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Page(u64);

impl Hash for Page {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

/// Calls with all keys, three times: the body runs once for each.
macro_rules! all_stay {
    ($name:ident, $call:expr) => {{
        for _ in 0..3 {
            (0..MOST).for_each($call);
        }
        let stats = $name();
        assert_eq!((stats.misses, stats.hits, stats.evictions), (MOST, 2 * MOST, 0), "{stats:#}");
    }};
}

#[test]
fn keys_of_one_hash_stay_cached() {
    #[cache_memoize(ttl = 300)]
    fn owned(query: &Query) -> String {
        format!("{query:?}")
    }
    #[cache_memoize(ttl = 300)]
    fn pairs(page: Page) -> u64 {
        page.0
    }
    #[cache_memoize]
    fn failing(page: Page) -> Result<Arc<u64>, String> {
        Ok(Arc::new(page.0))
    }
    all_stay!(owned_stats, |page| assert_eq!(owned(&Query::of(page)), format!("{:?}", Query::of(page))));
    all_stay!(pairs_stats, |page| assert_eq!(pairs(Page(page)), page));
    all_stay!(failing_stats, |page| assert_eq!(failing(Page(page)), Ok(Arc::new(page))));
}

#[test]
fn keys_of_one_hash_stay_cached_on_a_named_memory() {
    static SHARED: std::sync::LazyLock<Memory> = std::sync::LazyLock::new(|| Memory::new(1000));
    #[cache_memoize(backend = SHARED)]
    fn one(page: Page) -> u64 {
        page.0
    }
    #[cache_memoize(backend = SHARED)]
    fn other(page: Page) -> String {
        page.0.to_string()
    }
    for _ in 0..3 {
        for page in 0..MOST {
            assert_eq!((one(Page(page)), other(Page(page))), (page, page.to_string()));
        }
    }
    assert_eq!((one_stats().misses, other_stats().misses), (MOST, MOST));
}

#[test]
fn of_more_keys_the_oldest_goes() {
    #[cache_memoize]
    fn value(query: &Query) -> u64 {
        query.filters["page"]
    }
    (0..=MOST).for_each(|page| assert_eq!(value(&Query::of(page)), page));
    assert_eq!(value_peek(&Query::of(0)), None, "the oldest has gone");
    assert!((1..=MOST).all(|page| value_peek(&Query::of(page)) == Some(page)));
    let stats = value_stats();
    assert_eq!((stats.entries, stats.evictions), (MOST, 1));
    // Storing one anew takes nobody's place.
    value_refresh(&Query::of(5));
    value_set(&Query::of(6), 60);
    assert_eq!(value_stats().entries, MOST);
    assert_eq!(value_peek(&Query::of(1)), Some(1));
}

#[test]
fn companions_concern_their_own_key() {
    #[cache_memoize]
    fn value(page: Page) -> u64 {
        page.0
    }
    (0..4).for_each(|page| assert_eq!(value(Page(page)), page));
    assert!(value_invalidate(Page(1)));
    assert!(!value_invalidate(Page(1)), "it is gone");
    assert!(!value_invalidate(Page(9)), "it was never there");
    value_set(Page(2), 20);
    value_set(Page(5), 50);
    value_refresh(Page(3));
    let seen: Vec<Option<u64>> = (0..6).map(|page| value_peek(Page(page))).collect();
    assert_eq!(seen, [Some(0), None, Some(20), Some(3), None, Some(50)]);
    assert_eq!(value(Page(1)), 1, "its body runs again");
    value_invalidate_all();
    assert!((0..6).all(|page| value_peek(Page(page)).is_none()));
    assert_eq!(value_stats().entries, 0);
}

/// A rival that has expired is passed by.
#[test]
fn expired_rivals_hide_nothing() {
    #[cache_memoize(ttl = |value: &u64| Duration::from_secs(if *value == 0 { 1 } else { 3600 }))]
    fn value(page: Page) -> u64 {
        page.0
    }
    let _isolated = cache_memoize::testing::isolate();
    (0..3).for_each(|page| assert_eq!(value(Page(page)), page));
    cache_memoize::testing::advance(Duration::from_secs(60));
    assert_eq!(value(Page(2)), 2);
    assert_eq!(value_peek(Page(1)), Some(1));
    assert_eq!(value_stats().misses, 3, "both were hits");
    assert_eq!(value(Page(0)), 0);
    assert_eq!(value_stats().misses, 4);
}

/// Each key has a computation of its own, which its callers share.
#[test]
fn callers_of_one_hash_share_by_key() {
    static GATE: Gate = Gate::closed();
    static RUNS: AtomicU64 = AtomicU64::new(0);
    #[cache_memoize]
    fn value(page: Page) -> u64 {
        RUNS.fetch_add(1, SeqCst);
        GATE.pass();
        page.0
    }
    let callers: Vec<_> =
        (0..30_u64).map(|n| std::thread::spawn(move || (n % 3, value(Page(n % 3))))).collect();
    GATE.wait_for(3);
    GATE.open();
    for caller in callers {
        let (page, value) = caller.join().unwrap();
        assert_eq!(value, page);
    }
    assert_eq!(RUNS.load(SeqCst), 3);
}

/// A nested call of a rival is no recursion: it is stored.
#[test]
fn recursion_over_one_hash_is_memoized() {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    #[cache_memoize]
    fn fib(n: Page) -> u64 {
        RUNS.fetch_add(1, SeqCst);
        if n.0 < 2 { n.0 } else { fib(Page(n.0 - 1)) + fib(Page(n.0 - 2)) }
    }
    assert_eq!(fib(Page(40)), 102_334_155);
    assert_eq!(RUNS.load(SeqCst), 41);
}

/// The bound holds for rivals as for all.
#[test]
fn rivals_are_bounded_by_the_capacity() {
    #[cache_memoize(capacity = 10)]
    fn value(page: Page) -> u64 {
        page.0
    }
    for _ in 0..3 {
        (0..MOST).for_each(|page| assert_eq!(value(Page(page)), page));
    }
    assert!(value_stats().entries <= 10);
}

/// Invalidation wins against a computation of the key, also beside rivals.
#[test]
fn a_rival_in_flight_is_fenced_by_its_own_key() {
    static GATE: Gate = Gate::closed();
    static VERSION: AtomicU64 = AtomicU64::new(1);
    #[cache_memoize]
    fn value(page: Page) -> u64 {
        let read = VERSION.load(SeqCst);
        if page.0 == 1 {
            GATE.pass_first();
        }
        10 * page.0 + read
    }
    value(Page(0));
    let held = std::thread::spawn(|| value(Page(1)));
    GATE.wait_for(1);
    VERSION.store(2, SeqCst);
    value_invalidate(Page(1));
    assert_eq!(value(Page(1)), 12, "begun after the invalidation, it joins nothing older");
    GATE.open();
    assert_eq!(held.join().unwrap(), 11);
    assert_eq!(value(Page(1)), 12);
    assert_eq!(value_peek(Page(0)), Some(1), "the rival stays");
}

/// Comparing is the user's code: a panic in it reaches the caller and leaves nothing stuck.
#[test]
fn a_comparison_that_panics_leaves_nothing_stuck() {
    static ARMED: AtomicU64 = AtomicU64::new(0);
    #[derive(Clone, Debug)]
    struct Touchy(u64);
    impl PartialEq for Touchy {
        fn eq(&self, other: &Self) -> bool {
            assert!(ARMED.load(SeqCst) == 0, "armed");
            self.0 == other.0
        }
    }
    impl Eq for Touchy {}
    impl Hash for Touchy {
        fn hash<H: Hasher>(&self, _: &mut H) {}
    }
    #[cache_memoize]
    fn value(key: Touchy) -> u64 {
        ARMED.store(key.0 / 10, SeqCst);
        key.0
    }
    value(Touchy(1));
    // In the body of 10 comparing begins to panic, so its value cannot be stored.
    assert!(std::panic::catch_unwind(|| value(Touchy(10))).is_err());
    ARMED.store(0, SeqCst);
    assert_eq!(value_stats().in_flight, 0);
    assert_eq!(value(Touchy(1)), 1);
    assert_eq!(value(Touchy(2)), 2);
    assert_eq!(value_peek(Touchy(10)), None);
}
