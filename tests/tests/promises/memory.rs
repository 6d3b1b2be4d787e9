//! A `Memory` asked about itself: how many entries it has, its counters, and everything in it invalidated at once, for
//! functions that name it by an expression and for those that know it by a name.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use cache_memoize::{Memory, cache_memoize, register, testing};
use cache_memoize_tests::Gate;

#[test]
fn len_is_the_number_of_entries_that_could_be_served() {
    static MEMORY: LazyLock<Memory> = LazyLock::new(|| Memory::new(100));
    #[cache_memoize(backend = MEMORY, ttl = "1h")]
    fn number(id: u64) -> u64 {
        id
    }
    #[cache_memoize(backend = MEMORY)]
    fn text(id: u64) -> String {
        id.to_string()
    }

    let _test = testing::isolate();
    assert!(MEMORY.is_empty());
    for id in 0..10 {
        number(id);
        text(id);
    }
    assert_eq!(MEMORY.len(), 20);
    number_invalidate(3).unwrap();
    assert_eq!(MEMORY.len(), 19);
    text_invalidate_all().unwrap();
    assert_eq!(MEMORY.len(), 9, "entries of an ended generation are still in the store");
    assert!(!MEMORY.is_empty());
}

#[test]
fn len_leaves_out_entries_that_have_expired() {
    let memory = Memory::new(100);
    #[cache_memoize(backend = memory, skip(memory), ttl = "30ms")]
    fn number(memory: &Memory, id: u64) -> u64 {
        id
    }
    number(&memory, 1);
    thread::sleep(Duration::from_millis(100));
    assert_eq!(memory.len(), 0);
}

#[test]
fn stats_are_those_of_all_functions() {
    let memory = Memory::new(10);
    #[cache_memoize(backend = memory, skip(memory))]
    fn number(memory: &Memory, id: u64) -> u64 {
        id
    }
    #[cache_memoize(backend = memory, skip(memory))]
    fn text(memory: &Memory, id: u64) -> String {
        id.to_string()
    }
    for id in [1, 2, 1] {
        number(&memory, id);
        text(&memory, id);
    }
    let stats = memory.stats();
    assert_eq!((stats.misses, stats.hits, stats.stores, stats.entries), (4, 2, 4, 4));
    assert_eq!(stats.capacity, Some(10));
    assert_eq!(Memory::builder().unbounded().build().stats().capacity, None);
    for id in 3..30 {
        number(&memory, id);
    }
    assert_eq!(memory.stats().entries, memory.len());
    assert_eq!(memory.stats().evictions, 31 - memory.len());
}

#[test]
fn invalidate_all_is_about_every_function() {
    let memory = Memory::new(100);
    #[cache_memoize(backend = memory, skip(memory))]
    fn number(memory: &Memory, id: u64) -> u64 {
        id
    }
    #[cache_memoize(backend = memory, skip(memory))]
    fn text(memory: &Memory, id: u64) -> String {
        id.to_string()
    }
    number(&memory, 1);
    text(&memory, 1);
    let other = Memory::new(100);
    number(&other, 1);

    memory.invalidate_all();
    assert!(memory.is_empty());
    assert_eq!(number_peek(&memory, 1).unwrap(), None);
    assert_eq!(text_peek(&memory, 1).unwrap(), None);
    assert_eq!(number_peek(&other, 1).unwrap(), Some(1), "of another memory");
    number(&memory, 1);
    assert_eq!(memory.len(), 1);
}

/// G1 and G2: a computation that began before is neither stored nor joined.
#[test]
fn invalidate_all_overtakes_computations() {
    static MEMORY: LazyLock<Memory> = LazyLock::new(|| Memory::new(100));
    static ROW: AtomicU64 = AtomicU64::new(1);
    static GATE: Gate = Gate::closed();
    #[cache_memoize(backend = MEMORY, max_wait = "1h")]
    fn row(_id: u64) -> u64 {
        let value = ROW.load(SeqCst);
        GATE.pass_first();
        value
    }

    let early = thread::spawn(|| row(7));
    GATE.wait_for(1);
    ROW.store(2, SeqCst);
    MEMORY.invalidate_all();
    assert_eq!(row(7), 2, "not joined");
    GATE.open();
    assert_eq!(early.join().unwrap(), 1);
    assert_eq!(row(7), 2, "not stored");
}

/// The same under a name, where values are encoded and fences are those of a shared backend.
#[test]
fn under_a_name_it_is_the_same() {
    static ROW: AtomicU64 = AtomicU64::new(1);
    static GATE: Gate = Gate::closed();
    #[cache_memoize(backend = "a memory under a name", max_wait = "1h")]
    fn row(id: u64) -> u64 {
        let value = ROW.load(SeqCst);
        if id == 7 {
            GATE.pass_first();
        }
        value
    }

    let memory = Memory::new(100);
    register("a memory under a name", memory.clone());
    row(1);
    assert_eq!((memory.len(), memory.stats().entries), (1, 1));

    // Nothing of the function was stored or removed for this key before: its fence alone says that it is computed.
    let early = thread::spawn(|| row(7));
    GATE.wait_for(1);
    ROW.store(2, SeqCst);
    memory.invalidate_all();
    assert!(memory.is_empty());
    assert_eq!(row(1), 2);
    assert_eq!(row(7), 2, "not joined");
    GATE.open();
    assert_eq!(early.join().unwrap(), 1);
    assert_eq!(row(7), 2, "not stored");
    assert_eq!(memory.len(), 2);
}

/// The first computation of a function is under way, so the memory has no entry and no group of it yet.
#[test]
fn under_a_name_even_a_first_computation_is_overtaken() {
    static ROW: AtomicU64 = AtomicU64::new(1);
    static GATE: Gate = Gate::closed();
    #[cache_memoize(backend = "another memory under a name", max_wait = "1h")]
    fn row() -> u64 {
        let value = ROW.load(SeqCst);
        GATE.pass_first();
        value
    }

    let memory = Memory::new(100);
    register("another memory under a name", memory.clone());
    let early = thread::spawn(row);
    GATE.wait_for(1);
    ROW.store(2, SeqCst);
    memory.invalidate_all();
    GATE.open();
    assert_eq!(early.join().unwrap(), 1);
    assert!(memory.is_empty(), "not stored");
    assert_eq!(row(), 2);
}
