//! User code in the worst places: one table of places (*hooks*) and of what user code does there (*deeds*), and the
//! search that tries each deed at each moment at which each hook is reached.

mod tricky;

use std::cell::Cell;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError, mpsc};
use std::task::{Context, Poll, Wake};
use std::thread::{self, Thread};
use std::time::Duration;

use cache_memoize::Stats;

pub use tricky::{Key, Value, passing};

/// A place where the cache runs code of the user's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "they are called as the options and the traits are")]
pub enum Hook {
    HashKey,
    EqKey,
    CloneKey,
    DropKey,
    SerializeArgument,
    CloneValue,
    DropValue,
    SerializeValue,
    DeserializeValue,
    ArgsRewrite,
    Extra,
    KeyText,
    BypassIf,
    Backend,
    Body,
    CacheIf,
    CacheErr,
    Ttl,
    ErrTtl,
    Weigher,
    OnHit,
    OnMiss,
}

/// What it does there, on the same thread or on another one that it waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "each says what it is")]
pub enum Deed {
    Panic,
    Here(Act),
    OnAnotherThread(Act),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "they are called as the companions are")]
pub enum Act {
    Call(u64),
    Peek(u64),
    Invalidate(u64),
    InvalidateAll,
    Set(u64),
    Refresh(u64),
    Stats,
}

/// The key of most of a story, and one that nobody uses but deeds.
const SAME: u64 = 1;
const OTHER: u64 = 9;

const ACTS: [Act; 12] = [
    Act::Call(SAME),
    Act::Call(OTHER),
    Act::Peek(SAME),
    Act::Peek(OTHER),
    Act::Invalidate(SAME),
    Act::Invalidate(OTHER),
    Act::InvalidateAll,
    Act::Set(SAME),
    Act::Set(OTHER),
    Act::Refresh(SAME),
    Act::Refresh(OTHER),
    Act::Stats,
];

/// A memoized function whose value for a key is the key, and which hooks it has.
#[derive(Debug)]
#[expect(missing_docs, reason = "they are called as the companions are")]
pub struct Subject {
    pub name: &'static str,
    pub hooks: &'static [Hook],
    pub call: fn(u64) -> u64,
    pub peek: fn(u64) -> Option<u64>,
    pub invalidate: fn(u64),
    pub invalidate_all: fn(),
    pub set: fn(u64),
    pub refresh: fn(u64) -> u64,
    pub cache_key: fn(u64) -> String,
    pub stats: fn() -> Stats,
}

/// Longer than anything takes that does not hang.
const PATIENCE: Duration = Duration::from_secs(30);

/// The next deed: at which hook of which function, when that has been passed so often.
struct Armed {
    subject: &'static Subject,
    hook: Hook,
    passes: usize,
    deed: Deed,
}

static ARMED: Mutex<Option<Armed>> = Mutex::new(None);

/// What other threads have not done yet, because it waits for the computation that a hook is part of.
static UNFINISHED: Mutex<Vec<mpsc::Receiver<()>>> = Mutex::new(Vec::new());

/// What went wrong where nothing may panic.
static COMPLAINTS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Bodies run, and calls and refreshes begun and ended.
static RUNS: AtomicU64 = AtomicU64::new(0);
static BEGUN: AtomicU64 = AtomicU64::new(0);
static ENDED: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// Whether this thread tells the story. Deeds are done there, and not by whoever meets the hook elsewhere.
    static TELLS: Cell<bool> = const { Cell::new(false) };
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Called by every hook. Does the deed if it is its turn: once, so that a function which calls itself comes to an end.
pub fn at(hook: Hook) {
    if hook == Hook::Body {
        RUNS.fetch_add(1, SeqCst);
    }
    // A second panic would end the program, by Rust's rules and not by ours.
    if !TELLS.get() || thread::panicking() {
        return;
    }
    let armed = {
        let mut armed = lock(&ARMED);
        match &mut *armed {
            Some(Armed { hook: at, passes, .. }) if *at == hook && *passes > 0 => {
                *passes -= 1;
                None
            }
            Some(Armed { hook: at, .. }) if *at == hook => armed.take(),
            _ => None,
        }
    };
    let Some(Armed { subject, deed, .. }) = armed else { return };
    match deed {
        Deed::Panic => panic!("{hook:?}"),
        Deed::Here(act) => subject.act(act),
        Deed::OnAnotherThread(act) => {
            let computing = (subject.stats)().in_flight > 0;
            let (done, finished) = mpsc::channel();
            thread::spawn(move || {
                subject.act(act);
                let _ = done.send(());
            });
            // Who calls what is being computed waits for it, and so must not be waited for.
            if act == Act::Call(SAME) && computing {
                lock(&UNFINISHED).push(finished);
            } else if finished.recv_timeout(PATIENCE).is_err() {
                lock(&COMPLAINTS).push("another thread was kept waiting".into());
            }
        }
    }
}

impl Subject {
    fn act(&self, act: Act) {
        match act {
            Act::Call(id) => self.call(id),
            Act::Peek(id) => assert!((self.peek)(id).is_none_or(|value| value == id)),
            Act::Invalidate(id) => (self.invalidate)(id),
            Act::InvalidateAll => (self.invalidate_all)(),
            Act::Set(id) => (self.set)(id),
            Act::Refresh(id) => {
                BEGUN.fetch_add(1, SeqCst);
                assert_eq!((self.refresh)(id), id);
                ENDED.fetch_add(1, SeqCst);
            }
            Act::Stats => drop((self.stats)()),
        }
    }

    fn call(&self, id: u64) {
        BEGUN.fetch_add(1, SeqCst);
        assert_eq!((self.call)(id), id);
        ENDED.fetch_add(1, SeqCst);
    }

    /// Everything that can be done with a function; whatever panics is the end of that step alone.
    fn story(&self) {
        let steps: [&dyn Fn(); 14] = [
            &|| self.call(SAME),
            &|| self.call(SAME),
            &|| self.act(Act::Peek(SAME)),
            &|| self.act(Act::Set(SAME)),
            &|| self.act(Act::Refresh(SAME)),
            &|| self.call(SAME),
            &|| self.act(Act::Invalidate(SAME)),
            &|| self.call(SAME),
            // More than fit.
            &|| (2..6).for_each(|id| self.call(id)),
            &|| self.act(Act::Set(2)),
            &|| self.act(Act::InvalidateAll),
            &|| self.call(2),
            &|| drop((self.cache_key)(SAME)),
            &|| self.act(Act::Invalidate(2)),
        ];
        for step in steps {
            let _ = catch_unwind(AssertUnwindSafe(step));
        }
    }

    /// Tells the story with a deed in it; whether its moment came.
    fn survives(&'static self, hook: Hook, passes: usize, deed: Deed) -> bool {
        (self.invalidate_all)();
        let before = (self.stats)();
        let [runs, begun, ended] = [&RUNS, &BEGUN, &ENDED].map(|count| count.load(SeqCst));
        *lock(&ARMED) = Some(Armed { subject: self, hook, passes, deed });
        let what = format!("{}: {deed:?} at {hook:?}, after {passes} passes", self.name);

        let (done, finished) = mpsc::channel();
        let teller = thread::spawn(move || {
            TELLS.set(true);
            self.story();
            let _ = done.send(());
        });
        assert!(finished.recv_timeout(PATIENCE).is_ok(), "{what}: hangs");
        teller.join().expect("every step is caught");
        let reached = lock(&ARMED).take().is_none();
        for unfinished in lock(&UNFINISHED).drain(..) {
            assert!(unfinished.recv_timeout(PATIENCE).is_ok(), "{what}: another thread hangs");
        }

        // It works as if nothing had been.
        for id in [SAME, OTHER] {
            self.act(Act::Invalidate(id));
            self.call(id);
            let hits = (self.stats)().hits;
            self.call(id);
            assert_eq!((self.stats)().hits, hits + 1, "{what}: {id} is not kept");
        }

        let now = (self.stats)();
        let since = |then: u64, count: &AtomicU64| count.load(SeqCst) - then;
        let (runs, begun, ended) = (since(runs, &RUNS), since(begun, &BEGUN), since(ended, &ENDED));
        let [hits, misses, joined] =
            [now.hits - before.hits, now.misses - before.misses, now.joined - before.joined];
        assert_eq!(now.in_flight, 0, "{what}: {now:#}");
        // A call within the computation of its own key runs the body without the cache, and is not counted.
        let uncached = u64::from(deed == Deed::Here(Act::Call(SAME)));
        let sum = hits + misses + joined;
        match deed {
            Deed::Panic => {
                assert!(ended <= sum && sum <= begun, "{what}: {sum} of {ended} to {begun} calls: {now:#}")
            }
            _ => {
                assert_eq!(begun, ended, "{what}: a call did not return");
                assert!(sum + uncached >= ended && sum <= ended, "{what}: {sum} of {ended} calls: {now:#}");
                assert_eq!(sum - misses + runs, ended, "{what}: {runs} runs: {now:#}");
            }
        }
        let complaints = std::mem::take(&mut *lock(&COMPLAINTS));
        assert!(complaints.is_empty(), "{what}: {complaints:?}");
        reached
    }
}

/// One matrix at a time: what is armed is the same for all.
static MATRIX: Mutex<()> = Mutex::new(());

/// Tries each deed at each hook of each subject, at every so many of the moments at which the hook is reached: at
/// other moments for each deed, so that every moment is tried. At all of them with `CACHE_MEMOIZE_THOROUGH=1`.
///
/// # Panics
/// If one of them does harm, or if a hook is never reached.
pub fn try_everything(subjects: &'static [Subject], every: usize) {
    let _turn = lock(&MATRIX);
    // Thousands of panics on purpose: who wants to read them, or wait for them to be written?
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !TELLS.get() {
                loud(panic)
            }
        }));
    });
    let every = if cfg!(miri) { 60 * every } else { every };
    let every = if std::env::var_os("CACHE_MEMOIZE_THOROUGH").is_some() { 1 } else { every };
    let acts = ACTS.into_iter().flat_map(|act| [Deed::Here(act), Deed::OnAnotherThread(act)]);
    let deeds: Vec<Deed> = std::iter::once(Deed::Panic).chain(acts).collect();
    let mut done = 0;
    for subject in subjects {
        for &hook in subject.hooks {
            let before = done;
            for (number, &deed) in deeds.iter().enumerate() {
                let moments = (number % every..).step_by(every);
                done += moments.take_while(|&passes| subject.survives(hook, passes, deed)).count();
            }
            assert!(done > before, "{}: {hook:?} is never reached", subject.name);
        }
    }
    println!("{done} deeds");
}

/// The output of a future, polled on this thread, which parks in between. Can be called within itself.
pub fn wait<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Unpark(thread::current())).into();
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
