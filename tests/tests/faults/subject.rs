//! Memoized functions to be called under a fault: the same for threads and for tasks, with numbers of their own in each
//! story.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{LazyLock, Mutex, Once};
use std::time::Duration;

use cache_memoize::{Error, Event, EventKind, Redis, Stats, observe};
use cache_memoize_tests::servers::{wait_for, wait_until};
use cache_memoize_tests::stored;
use tokio::runtime::Runtime;

/// A function and its companions, as a thread calls them.
#[derive(Clone, Copy)]
pub(crate) struct Functions {
    /// `sync` or `async`.
    pub(crate) way: &'static str,
    pub(crate) runs: &'static AtomicUsize,
    pub(crate) call: fn(&Redis, u64) -> u64,
    pub(crate) peek: fn(&Redis, u64) -> Result<Option<u64>, Error>,
    pub(crate) set: fn(&Redis, u64, u64) -> Result<(), Error>,
    pub(crate) refresh: fn(&Redis, u64) -> Result<u64, Error>,
    pub(crate) invalidate: fn(&Redis, u64) -> Result<bool, Error>,
    pub(crate) invalidate_all: fn(&Redis) -> Result<(), Error>,
    pub(crate) key: fn(&Redis, u64) -> String,
    pub(crate) stats: fn(&Redis) -> Stats,
}

/// The table of a function `double` and its companions.
macro_rules! functions {
    ($way:literal, $output:path) => {
        $crate::subject::Functions {
            way: $way,
            runs: &RUNS,
            call: |redis, x| $output(double(redis, x)),
            peek: |redis, x| $output(double_peek(redis, x)),
            set: |redis, x, value| $output(double_set(redis, x, value)),
            refresh: |redis, x| $output(double_refresh(redis, x)),
            invalidate: |redis, x| $output(double_invalidate(redis, x)),
            invalidate_all: |redis| $output(double_invalidate_all(redis)),
            key: double_cache_key,
            stats: double_stats,
        }
    };
}

/// A function of its own wherever this stands.
macro_rules! threads {
    () => {{
        static RUNS: ::std::sync::atomic::AtomicUsize = ::std::sync::atomic::AtomicUsize::new(0);

        #[cache_memoize::cache_memoize(ttl = 600, skip(redis), backend = redis)]
        fn double(redis: &cache_memoize::Redis, x: u64) -> u64 {
            let _ = redis;
            RUNS.fetch_add(1, ::std::sync::atomic::Ordering::SeqCst);
            2 * x
        }

        functions!("sync", ::std::convert::identity)
    }};
}

/// The same, async.
macro_rules! tasks {
    () => {{
        static RUNS: ::std::sync::atomic::AtomicUsize = ::std::sync::atomic::AtomicUsize::new(0);

        #[cache_memoize::cache_memoize(ttl = 600, skip(redis), backend = redis)]
        async fn double(redis: &cache_memoize::Redis, x: u64) -> u64 {
            let _ = redis;
            RUNS.fetch_add(1, ::std::sync::atomic::Ordering::SeqCst);
            2 * x
        }

        functions!("async", $crate::subject::wait)
    }};
}

/// Tells stories twice: of threads, and of tasks.
macro_rules! both {
    ($($story:ident),* $(,)?) => {$(
        mod $story {
            #[test]
            fn of_threads() {
                super::$story(threads!());
            }

            #[test]
            fn of_tasks() {
                super::$story(tasks!());
            }
        }
    )*};
}

/// Of all tasks.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
});

pub(crate) fn wait<F: Future>(output: F) -> F::Output {
    RUNTIME.block_on(output)
}

/// A time limit that only a hanging server exceeds.
pub(crate) const AMPLE: Duration = Duration::from_secs(20);

/// The Redis at a URL for stories in which a slow machine must not look like a fault.
pub(crate) fn patient(url: impl Into<String>) -> Redis {
    Redis::builder().url(url).timeout(AMPLE).build().expect("a valid URL")
}

/// The functions on one Redis.
pub(crate) struct Subject {
    pub(crate) functions: Functions,
    pub(crate) redis: Redis,
    /// How many events there were before.
    events: usize,
}

impl Subject {
    pub(crate) fn new(functions: Functions, redis: Redis) -> Self {
        Self { functions, redis, events: events().len() }
    }

    /// Calls; the value must be right, whatever happens. Whether the body was left alone.
    #[track_caller]
    pub(crate) fn hits(&self, x: u64) -> bool {
        let runs = self.runs();
        assert_eq!((self.functions.call)(&self.redis, x), 2 * x);
        self.runs() == runs
    }

    /// Calls until it hits.
    #[track_caller]
    pub(crate) fn warm(&self, x: u64) {
        wait_until("a hit", || self.hits(x));
    }

    pub(crate) fn runs(&self) -> usize {
        self.functions.runs.load(SeqCst)
    }

    pub(crate) fn peek(&self, x: u64) -> Result<Option<u64>, Error> {
        (self.functions.peek)(&self.redis, x)
    }

    pub(crate) fn set(&self, x: u64, value: u64) -> Result<(), Error> {
        (self.functions.set)(&self.redis, x, value)
    }

    pub(crate) fn refresh(&self, x: u64) -> Result<u64, Error> {
        (self.functions.refresh)(&self.redis, x)
    }

    pub(crate) fn invalidate(&self, x: u64) -> Result<bool, Error> {
        (self.functions.invalidate)(&self.redis, x)
    }

    pub(crate) fn invalidate_all(&self) -> Result<(), Error> {
        (self.functions.invalidate_all)(&self.redis)
    }

    /// The text of the key, without a namespace.
    pub(crate) fn text(&self, x: u64) -> String {
        (self.functions.key)(&self.redis, x)
    }

    /// Where the value is, in the default namespace.
    pub(crate) fn key(&self, x: u64) -> String {
        stored::value(&self.text(x))
    }

    pub(crate) fn stats(&self) -> Stats {
        (self.functions.stats)(&self.redis)
    }

    /// What was told about the backend since the story began.
    pub(crate) fn events(&self) -> Vec<Event> {
        let name = self.redis.as_shared().backend().name();
        events().iter().skip(self.events).filter(|event| event.backend == name).cloned().collect()
    }

    /// Calls until the backend is given up.
    pub(crate) fn wait_until_down(&self, x: u64) {
        wait_for("a breaker that opens", || {
            self.hits(x);
            match self.events().last() {
                Some(event) if event.kind == EventKind::Down => Ok(()),
                other => Err(format!("{other:?}")),
            }
        });
    }

    /// What was found and not served, by reason.
    pub(crate) fn rejected(&self) -> BTreeMap<&'static str, u64> {
        let key = self.text(1);
        let functions = cache_memoize::functions().into_iter();
        // Made by a macro, it has a digest behind its name.
        let is_it = |name: &str| key.strip_prefix(name).is_some_and(|rest| rest.starts_with([':', '~']));
        let mut same = functions.filter(|function| is_it(&function.name));
        same.next().expect("the function was touched").rejected
    }
}

static EVENTS: Mutex<Vec<Event>> = Mutex::new(Vec::new());

fn events() -> std::sync::MutexGuard<'static, Vec<Event>> {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        observe(|event| EVENTS.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(event.clone()));
    });
    EVENTS.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
