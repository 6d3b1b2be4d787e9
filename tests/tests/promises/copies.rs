//! What threads have copied of the cache is never served when the cache itself would not serve it.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use cache_memoize::{Memory, cache_memoize, testing};

/// So often a thread has to find a value to be sure to have a copy.
const OFTEN: usize = 50;

/// A thread that calls when it is told to.
struct Caller<T> {
    ask: Option<Sender<()>>,
    answer: Receiver<T>,
    thread: Option<JoinHandle<()>>,
}

impl<T: Send + 'static> Caller<T> {
    fn new(call: impl Fn() -> T + Send + 'static) -> Self {
        let (ask, asked) = channel::<()>();
        let (answers, answer) = channel();
        let thread = std::thread::spawn(move || {
            while asked.recv().is_ok() {
                answers.send(call()).unwrap();
            }
        });
        Self { ask: Some(ask), answer, thread: Some(thread) }
    }

    fn call(&self) -> T {
        self.ask.as_ref().unwrap().send(()).unwrap();
        self.answer.recv().unwrap()
    }
}

impl<T> Drop for Caller<T> {
    fn drop(&mut self) {
        drop(self.ask.take());
        self.thread.take().unwrap().join().unwrap();
    }
}

/// Other threads have copies of a value (`u64`, or a text, which is not copied but remembered); then each of the
/// changes, and what they see.
macro_rules! changes_reach_all_threads {
    ($test:ident, $value:ty, $of:expr) => {
        #[test]
        fn $test() {
            static VERSION: AtomicU64 = AtomicU64::new(0);
            fn of(version: u64) -> $value {
                $of(version)
            }

            #[cache_memoize(ttl = 300, cache_if = |value| *value != of(13))]
            fn own(id: u64, name: &str) -> $value {
                let _ = (id, name);
                of(VERSION.load(SeqCst))
            }

            static MEMORY: std::sync::LazyLock<Memory> = std::sync::LazyLock::new(|| Memory::new(100));
            #[cache_memoize(ttl = 300, backend = MEMORY, cache_if = |value| *value != of(13))]
            fn named(id: u64, name: &str) -> $value {
                let _ = (id, name);
                of(VERSION.load(SeqCst))
            }

            let callers: Vec<_> = (0..3).map(|_| Caller::new(|| (own(1, "one"), named(1, "one")))).collect();
            let see = |expected: u64, what: &str| {
                for _ in 0..OFTEN {
                    for caller in &callers {
                        assert_eq!(caller.call(), (of(expected), of(expected)), "{what}");
                    }
                }
            };
            see(0, "at first");
            VERSION.store(1, SeqCst);
            see(0, "nothing was said of a change");
            let hits = own_stats().hits;
            assert!(own_invalidate(1, "one") && named_invalidate(1, "one").unwrap());
            see(1, "invalidated");
            assert!(own_stats().hits > hits + 100, "they do hit: {}", own_stats());

            own_set(1, "one", of(2));
            named_set(1, "one", of(2)).unwrap();
            see(2, "set");

            VERSION.store(3, SeqCst);
            assert_eq!((own_refresh(1, "one"), named_refresh(1, "one").unwrap()), (of(3), of(3)));
            see(3, "refreshed");

            VERSION.store(4, SeqCst);
            own_invalidate_all();
            named_invalidate_all().unwrap();
            see(4, "all invalidated");

            VERSION.store(13, SeqCst);
            assert_eq!((own_refresh(1, "one"), named_refresh(1, "one").unwrap()), (of(13), of(13)));
            VERSION.store(5, SeqCst);
            see(5, "refreshed by what is not to be stored");

            VERSION.store(6, SeqCst);
            own_invalidate(2, "one");
            own_invalidate(1, "two");
            see(5, "others invalidated");
        }
    };
}
changes_reach_all_threads!(changes_reach_the_copies_of_all_threads, u64, |version| version);
changes_reach_all_threads!(changes_reach_what_all_threads_remember, String, |version: u64| version
    .to_string());

#[test]
fn copies_expire() {
    #[cache_memoize(ttl = 300)]
    fn number(id: u64) -> u64 {
        id
    }
    #[cache_memoize(ttl = 300)]
    fn text(id: u64) -> String {
        id.to_string()
    }
    let _scope = testing::isolate();
    let call = || (number(1), text(1));
    (0..OFTEN).for_each(|_| drop(call()));
    testing::advance(Duration::from_secs(299));
    call();
    assert_eq!((number_stats().misses, text_stats().misses), (1, 1));
    testing::advance(Duration::from_secs(1));
    call();
    assert_eq!((number_stats().misses, text_stats().misses), (2, 2));
}

#[test]
fn what_is_served_from_copies_counts_as_used() {
    #[cache_memoize(capacity = 64)]
    fn row(id: u64) -> u64 {
        id
    }
    const OTHERS: u64 = 5_000;
    for other in 1..=OTHERS {
        // Each is in use for a while, and drives out what is not.
        for _ in 0..4 {
            row(other);
            assert_eq!(row(0), 0);
        }
    }
    let misses_of_the_used = row_stats().misses - OTHERS;
    assert!(misses_of_the_used < 20, "{}", row_stats());
}

#[test]
fn what_made_room_is_not_served_from_copies() {
    #[cache_memoize(capacity = 1)]
    fn single(id: u64) -> u64 {
        id
    }
    (0..OFTEN).for_each(|_| assert_eq!(single(1), 1));
    single(2);
    let misses = single_stats().misses;
    single(1);
    assert_eq!(single_stats().misses, misses + 1);
}

#[test]
fn threads_that_sleep_keep_no_value_alive() {
    #[cache_memoize]
    fn row(id: u64) -> Arc<u64> {
        Arc::new(id)
    }
    let caller = Caller::new(|| drop(row(1)));
    (0..OFTEN).for_each(|_| caller.call());
    let value = row(1);
    assert_eq!(Arc::strong_count(&value), 2, "the cache's and this one");
    row_invalidate(1);
    assert_eq!(Arc::strong_count(&value), 1);
}

/// All keys have one hash.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Alike(u64);

impl Hash for Alike {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

#[test]
fn equality_decides_about_copies() {
    #[cache_memoize(ttl = 300)]
    fn number(key: Alike) -> u64 {
        key.0
    }
    #[cache_memoize(ttl = 300)]
    fn text(key: Alike) -> String {
        key.0.to_string()
    }
    for key in [1, 2, 2, 1, 3] {
        for _ in 0..OFTEN {
            assert_eq!((number(Alike(key)), text(Alike(key))), (key, key.to_string()));
        }
    }
}

#[test]
fn copies_of_one_memory_are_not_those_of_another() {
    struct Repository {
        cache: Memory,
        name: u64,
    }
    impl Repository {
        #[cache_memoize(ttl = 300, skip(self), backend = self.cache)]
        fn title(&self, id: u64) -> u64 {
            self.name + id
        }
    }
    for name in 0..200 {
        let repository = Repository { cache: Memory::new(10), name };
        (0..OFTEN).for_each(|_| assert_eq!(repository.title(1), name + 1));
    }
}

/// Two functions with one prefix share entries, and each ends only those that it stored itself.
#[test]
fn copies_of_what_another_function_stored_end_with_it() {
    static MEMORY: std::sync::LazyLock<Memory> = std::sync::LazyLock::new(|| Memory::new(100));
    static VERSION: AtomicU64 = AtomicU64::new(1);

    #[cache_memoize(prefix = "copies-shared", backend = MEMORY)]
    fn one(id: u64) -> u64 {
        id + VERSION.load(SeqCst)
    }
    #[cache_memoize(prefix = "copies-shared", backend = MEMORY)]
    fn other(id: u64) -> u64 {
        id + VERSION.load(SeqCst)
    }
    assert_eq!(one(10), 11);
    VERSION.store(2, SeqCst);
    (0..OFTEN).for_each(|_| assert_eq!(other(10), 11, "they share it"));
    one_invalidate_all().unwrap();
    assert_eq!(other(10), 12);
}

/// A clone, a comparison or a hash may call memoized functions: they find the copies in use.
#[test]
fn copying_may_call_memoized_functions() {
    #[cache_memoize]
    fn inner(id: u64) -> u64 {
        id
    }
    #[derive(PartialEq, Debug)]
    struct Calls(u64);
    impl Clone for Calls {
        fn clone(&self) -> Self {
            Self(inner(self.0))
        }
    }
    #[cache_memoize]
    fn outer(id: u64) -> Calls {
        Calls(id)
    }
    for id in 0..10 {
        (0..OFTEN).for_each(|_| assert_eq!(outer(id), Calls(id)));
        outer_invalidate(id);
        inner_invalidate(id);
        assert_eq!(outer(id), Calls(id));
    }
}

#[test]
fn hits_of_all_threads_are_counted() {
    #[cache_memoize]
    fn row(id: u64) -> u64 {
        id
    }
    const THREADS: u64 = 80;
    row(1);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| (0..100).for_each(|_| assert_eq!(row(1), 1)));
        }
    });
    assert_eq!((row_stats().hits, row_stats().misses), (100 * THREADS, 1));
}
