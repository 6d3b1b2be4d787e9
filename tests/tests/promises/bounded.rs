//! §5 Bounded and safe by default; expiry; what is not stored.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use cache_memoize::{Memory, cache_memoize, register, testing};
use cache_memoize_tests::{eventually, iterations};

#[test]
fn a_flood_of_unique_keys_stays_within_the_capacity() {
    #[cache_memoize(capacity = 100)]
    fn small(id: u64) -> u64 {
        id
    }
    #[cache_memoize]
    fn default(id: u64) -> u64 {
        id
    }
    const FLOOD: u64 = iterations(50_000);
    for id in 0..FLOOD {
        small(id);
        default(id);
    }
    let (small, default) = (small_stats(), default_stats());
    assert!(small.entries <= 100 && small.entries > 50, "{small}");
    assert!(default.entries <= 10_000 && default.entries >= FLOOD / 10, "{default}");
    assert_eq!(small.entries + small.evictions, small.stores);
    assert_eq!((small.capacity, default.capacity), (Some(100), Some(10_000)));
}

#[test]
fn what_fits_stays() {
    #[cache_memoize(capacity = 100)]
    fn small(id: u64) -> u64 {
        id
    }
    (0..100).for_each(|id| {
        small(id);
    });
    (0..100).for_each(|id| {
        small(id);
    });
    assert_eq!((small_stats().hits, small_stats().evictions), (100, 0));

    #[cache_memoize(capacity = 1)]
    fn single(id: u64) -> u64 {
        id
    }
    single(1);
    single(1);
    single(2);
    assert_eq!((single_stats().hits, single_stats().entries), (1, 1));

    #[cache_memoize(capacity = unbounded)]
    fn endless(id: u64) -> u64 {
        id
    }
    const MANY: u64 = iterations(20_000);
    (0..MANY).for_each(|id| {
        endless(id);
    });
    assert_eq!((endless_stats().entries, endless_stats().capacity), (MANY, None));
}

/// A capacity that is configured as zero keeps nothing, and callers who meet still share.
#[test]
fn a_capacity_of_zero_keeps_nothing() {
    static CONFIGURED: AtomicU64 = AtomicU64::new(0);
    static NONE: LazyLock<Memory> = LazyLock::new(|| Memory::new(CONFIGURED.load(SeqCst)));

    #[cache_memoize(capacity = CONFIGURED.load(SeqCst))]
    fn own(id: u64) -> String {
        id.to_string()
    }
    #[cache_memoize(capacity = CONFIGURED.load(SeqCst), weigher = |_id, _value| 0)]
    fn weighed(id: u64) -> u64 {
        id
    }
    #[cache_memoize(backend = NONE)]
    fn named(id: u64) -> u64 {
        id
    }
    #[cache_memoize(backend = "keeps nothing")]
    fn encoded(id: u64) -> u64 {
        id
    }
    register("keeps nothing", Memory::builder().capacity(0).build());
    for _ in 0..3 {
        assert_eq!((own(1), weighed(1), named(1), encoded(1)), ("1".to_owned(), 1, 1, 1));
        own_set(1, "2".to_owned());
        named_set(1, 2).unwrap();
        encoded_set(1, 2).unwrap();
        assert_eq!((own_peek(1), weighed_peek(1)), (None, None));
        assert_eq!((named_peek(1).unwrap(), encoded_peek(1).unwrap()), (None, None));
        assert!(!own_invalidate(1) && !named_invalidate(1).unwrap() && !encoded_invalidate(1).unwrap());
        assert_eq!((own_refresh(1), named_refresh(1).unwrap()), ("1".to_owned(), 1));
    }
    for stats in [own_stats(), weighed_stats(), named_stats()] {
        assert_eq!((stats.hits, stats.entries, stats.capacity), (0, 0, Some(0)), "{stats}");
        assert_eq!(stats.stores, stats.evictions, "{stats}");
    }
    assert_eq!((NONE.capacity(), encoded_stats().hits), (Some(0), 0));
}

#[test]
fn a_scan_does_not_drive_out_what_is_used() {
    #[cache_memoize(capacity = 100)]
    fn row(id: u64) -> u64 {
        id
    }
    for _ in 0..5 {
        (0..50).for_each(|id| {
            row(id);
        });
    }
    (1_000..3_000).for_each(|id| {
        row(id);
    });
    let kept = (0..50).filter(|&id| row_peek(id).is_some()).count();
    assert!(kept >= 45, "{kept} of 50 hot entries survived the scan");
}

#[test]
fn weights_are_bounded_too() {
    #[cache_memoize(capacity = 1_000, weigher = |key: &String, value| (key.len() + value.len()) as u32)]
    fn text(name: &str) -> String {
        name.repeat(9)
    }
    (0..1_000).for_each(|id| {
        text(&format!("{id:010}"));
    });
    let stats = text_stats();
    assert!(stats.entries <= 10 && stats.entries >= 5, "{stats}");

    // One that is heavier than all the rest together is returned and not kept.
    #[cache_memoize(capacity = 10, weigher = |_: (&u32, &u32), value| *value)]
    fn heavy(x: u32, y: u32) -> u32 {
        x + y
    }
    assert_eq!((heavy(1, 2), heavy(50, 50)), (3, 100));
    assert_eq!((heavy_peek(1, 2), heavy_peek(50, 50)), (Some(3), None));
    assert_eq!(heavy_stats().entries, 1);
}

#[test]
fn entries_expire() {
    #[cache_memoize(ttl = 60)]
    fn minute(id: u64) -> u64 {
        id
    }
    #[cache_memoize(ttl = "1h 30m")]
    fn long(id: u64) -> u64 {
        id
    }
    #[cache_memoize(ttl = |value: &u64| Duration::from_secs(*value))]
    fn by_value(id: u64) -> u64 {
        id
    }
    minute(1);
    long(1);
    by_value(10);
    by_value(100);
    testing::advance(Duration::from_secs(59));
    assert_eq!((minute_peek(1), by_value_peek(10), by_value_peek(100)), (Some(1), None, Some(100)));
    testing::advance(Duration::from_secs(2));
    assert_eq!((minute_peek(1), long_peek(1)), (None, Some(1)));
    assert!(!minute_invalidate(1), "an expired entry is not there");
    minute(1);
    assert_eq!(minute_stats().misses, 2);
    testing::advance(Duration::from_secs(90 * 60));
    assert_eq!(long_peek(1), None);
    long(1);
    assert_eq!((long_stats().misses, long_stats().expirations), (2, 1));
}

#[test]
fn a_lifetime_of_zero_at_run_time_stores_nothing() {
    #[cache_memoize(ttl = Duration::ZERO)]
    fn zero(id: u64) -> u64 {
        id
    }
    assert_eq!((zero(1), zero(1)), (1, 1));
    assert_eq!((zero_stats().misses, zero_stats().entries), (2, 0));
    zero_set(1, 5);
    assert_eq!(zero_peek(1), None);
}

/// Nobody reads them again, and still they go.
#[test]
fn expired_entries_are_reclaimed_without_being_read() {
    #[cache_memoize(ttl = "20ms")]
    fn short(id: u64) -> Vec<u8> {
        vec![0; id as usize]
    }
    (0..100).for_each(|id| {
        short(id);
    });
    eventually("reclaimed", || short_stats().entries == 0);
    assert_eq!(short_stats().expirations, 100);
}

/// What `_invalidate_all` hid is given back, too.
#[test]
fn invalidated_entries_are_dropped() {
    static ALIVE: AtomicU64 = AtomicU64::new(0);
    #[derive(Debug)]
    struct Counted;
    impl Counted {
        fn new() -> Self {
            ALIVE.fetch_add(1, SeqCst);
            Self
        }
    }
    impl Clone for Counted {
        fn clone(&self) -> Self {
            Self::new()
        }
    }
    impl Drop for Counted {
        fn drop(&mut self) {
            ALIVE.fetch_sub(1, SeqCst);
        }
    }

    #[cache_memoize]
    fn counted(id: u64) -> Counted {
        let _ = id;
        Counted::new()
    }
    (0..100).for_each(|id| {
        counted(id);
    });
    assert_eq!(ALIVE.load(SeqCst), 100);
    counted_invalidate(3);
    assert_eq!(ALIVE.load(SeqCst), 99);
    counted_invalidate_all();
    assert_eq!(counted_stats().entries, 0);
    eventually("dropped", || ALIVE.load(SeqCst) == 0);
}

#[test]
fn a_memory_per_instance() {
    struct Store {
        cache: Memory,
        factor: u64,
    }
    impl Store {
        #[cache_memoize(skip(self), backend = self.cache)]
        fn scaled(&self, x: u64) -> u64 {
            x * self.factor
        }
    }
    let (one, two) =
        (Store { cache: Memory::new(10), factor: 1 }, Store { cache: Memory::new(20), factor: 2 });
    assert_eq!((one.scaled(5), two.scaled(5)), (5, 10));
    assert_eq!((one.scaled(5), two.scaled(5)), (5, 10));
    assert!(one.scaled_invalidate(5).unwrap());
    assert_eq!(two.scaled_peek(5).unwrap(), Some(10));
    two.scaled_invalidate_all().unwrap();
    assert_eq!((one.scaled_stats().capacity, two.scaled_stats().capacity), (Some(10), Some(20)));
    assert_eq!((one.scaled_stats().misses, two.scaled_stats().entries), (1, 0));
    let info = cache_memoize::functions().into_iter().find(|f| f.name.ends_with("Store::scaled")).unwrap();
    assert_eq!((info.stats.hits, info.stats.misses), (2, 2));
    // Counters never fall, also when a cache goes.
    drop(one);
    let info = cache_memoize::functions().into_iter().find(|f| f.name.ends_with("Store::scaled")).unwrap();
    assert_eq!((info.stats.hits, info.stats.misses, info.stats.capacity), (2, 2, Some(20)));
}
