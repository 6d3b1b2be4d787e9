//! The same trouble for us and for peers, each by its best documented means, as tables:
//! `cargo run --release --bin torture`. With the argument `readme`, the one for threads is written into the README, too.
//!
//! Each cell is a process of its own with a time limit, for some of them hang. A cache is asked here for the promises of
//! our README; peers promise less, and say so.

use std::future::Future;
use std::path::Path;
use std::pin::{Pin, pin};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier, Condvar, LazyLock, Mutex, OnceLock};
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use cache_memoize::cache_memoize;
use cache_memoize_benches::print::page;
use cached::Cached;
use cached::macros::cached;
use memoize::memoize;
use tokio::runtime::Runtime;

/// A process that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(30);
/// Whatever has not happened by then waits for something.
const SOON: Duration = Duration::from_secs(1);

type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A memoized function, as a thread calls it.
struct Contestant {
    name: &'static str,
    call: fn(u64) -> u64,
    fallible: fn(u64) -> Result<u64, String>,
    invalidate: fn(u64),
    /// As a task calls it.
    later: Option<fn(u64) -> Later<u64>>,
}

fn threads() -> Vec<Contestant> {
    let contestant =
        |name, call, fallible, invalidate| Contestant { name, call, fallible, invalidate, later: None };
    vec![
        contestant("cache-memoize", sync::ours, sync::ours_fallible, |key| {
            sync::ours_invalidate(key);
        }),
        contestant("cached 4.1", sync::by_key, sync::by_key_fallible, |key| {
            let _removed = sync::BY_KEY.write().cache_remove(&key);
        }),
        contestant("moka 0.12", sync::moka, sync::moka_fallible, |key| sync::MOKA.invalidate(&key)),
        contestant("quick_cache 0.7", sync::quick, sync::quick_fallible, |key| {
            sync::QUICK.remove(&key);
        }),
        contestant("memoize 0.6", sync::shared, sync::shared_fallible, |_| sync::memoized_flush_shared()),
    ]
}

fn tasks() -> Vec<Contestant> {
    vec![
        Contestant {
            name: "cache-memoize",
            call: |key| wait(later::ours(key)),
            fallible: |key| wait(later::ours_fallible(key)),
            invalidate: |key| {
                wait(later::ours_invalidate(key));
            },
            later: Some(|key| Box::pin(later::ours(key))),
        },
        Contestant {
            name: "cached 4.1",
            call: |key| wait(later::by_key(key)),
            fallible: |key| wait(later::by_key_fallible(key)),
            invalidate: |key| {
                let _removed = wait(async { later::BY_KEY.write().await.cache_remove(&key) });
            },
            later: Some(|key| Box::pin(later::by_key(key))),
        },
        Contestant {
            name: "moka 0.12",
            call: |key| wait(later::moka(key)),
            fallible: |key| wait(later::moka_fallible(key)),
            invalidate: |key| wait(later::MOKA.invalidate(&key)),
            later: Some(|key| Box::pin(later::moka(key))),
        },
        Contestant {
            name: "quick_cache 0.7",
            call: |key| wait(later::quick(key)),
            fallible: |key| wait(later::quick_fallible(key)),
            invalidate: |key| {
                sync::QUICK.remove(&key);
            },
            later: Some(|key| Box::pin(later::quick(key))),
        },
    ]
}

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

/// Each caller has a thread of its own, which polls its future: a body that blocks keeps nobody else from running.
fn wait<F: Future>(future: F) -> F::Output {
    RUNTIME.block_on(future)
}

/// Functions, each with the same body.
mod sync {
    use super::*;

    #[cache_memoize]
    pub(super) fn ours(key: u64) -> u64 {
        body(key)
    }
    #[cache_memoize]
    pub(super) fn ours_fallible(key: u64) -> Result<u64, String> {
        fallible(key)
    }

    #[cached(max_size = 10_000, sync_writes = "by_key")]
    pub(super) fn by_key(key: u64) -> u64 {
        body(key)
    }
    #[cached(max_size = 10_000, sync_writes = "by_key")]
    pub(super) fn by_key_fallible(key: u64) -> Result<u64, String> {
        fallible(key)
    }

    pub(super) static MOKA: LazyLock<moka::sync::Cache<u64, u64>> =
        LazyLock::new(|| moka::sync::Cache::new(10_000));
    pub(super) fn moka(key: u64) -> u64 {
        MOKA.get_with(key, || body(key))
    }
    pub(super) fn moka_fallible(key: u64) -> Result<u64, String> {
        MOKA.try_get_with(key, || fallible(key)).map_err(|error: Arc<String>| (*error).clone())
    }

    pub(super) static QUICK: LazyLock<quick_cache::sync::Cache<u64, u64>> =
        LazyLock::new(|| quick_cache::sync::Cache::new(10_000));
    pub(super) fn quick(key: u64) -> u64 {
        QUICK.get_or_insert_with(&key, || Ok::<_, String>(body(key))).expect("it does not fail")
    }
    pub(super) fn quick_fallible(key: u64) -> Result<u64, String> {
        QUICK.get_or_insert_with(&key, || fallible(key))
    }

    #[memoize(SharedCache)]
    pub(super) fn shared(key: u64) -> u64 {
        body(key)
    }
    // It stores errors like values.
    #[memoize(SharedCache)]
    pub(super) fn shared_fallible(key: u64) -> Result<u64, String> {
        fallible(key)
    }
}

mod later {
    use super::*;

    #[cache_memoize]
    pub(super) async fn ours(key: u64) -> u64 {
        body_later(key).await
    }
    #[cache_memoize]
    pub(super) async fn ours_fallible(key: u64) -> Result<u64, String> {
        fallible(key)
    }

    #[cached(max_size = 10_000, sync_writes = "by_key")]
    pub(super) async fn by_key(key: u64) -> u64 {
        body_later(key).await
    }
    #[cached(max_size = 10_000, sync_writes = "by_key")]
    pub(super) async fn by_key_fallible(key: u64) -> Result<u64, String> {
        fallible(key)
    }

    pub(super) static MOKA: LazyLock<moka::future::Cache<u64, u64>> =
        LazyLock::new(|| moka::future::Cache::new(10_000));
    pub(super) async fn moka(key: u64) -> u64 {
        MOKA.get_with(key, body_later(key)).await
    }
    pub(super) async fn moka_fallible(key: u64) -> Result<u64, String> {
        MOKA.try_get_with(key, async { fallible(key) }).await.map_err(|error: Arc<String>| (*error).clone())
    }

    pub(super) async fn quick(key: u64) -> u64 {
        let value = async { Ok::<_, String>(body_later(key).await) };
        sync::QUICK.get_or_insert_async(&key, value).await.expect("it does not fail")
    }
    pub(super) async fn quick_fallible(key: u64) -> Result<u64, String> {
        sync::QUICK.get_or_insert_async(&key, async { fallible(key) }).await
    }
}

/// What bodies do in this process.
struct Trouble {
    body: Box<dyn Fn(u64) -> u64 + Send + Sync>,
    /// Bodies of tasks stay pending for as long as this is set.
    pending: AtomicBool,
    /// The function that a body calls, once.
    again: Mutex<Option<fn(u64) -> u64>>,
    again_later: Mutex<Option<fn(u64) -> Later<u64>>>,
}

static TROUBLE: OnceLock<Trouble> = OnceLock::new();
static RUNS: AtomicUsize = AtomicUsize::new(0);

fn trouble(body: impl Fn(u64) -> u64 + Send + Sync + 'static) -> &'static Trouble {
    TROUBLE.get_or_init(|| Trouble {
        body: Box::new(body),
        pending: AtomicBool::new(false),
        again: Mutex::new(None),
        again_later: Mutex::new(None),
    })
}

fn body(key: u64) -> u64 {
    RUNS.fetch_add(1, SeqCst);
    let trouble = TROUBLE.get().expect("a scenario");
    let again = trouble.again.lock().unwrap().take();
    if let Some(again) = again {
        return again(key);
    }
    (trouble.body)(key)
}

async fn body_later(key: u64) -> u64 {
    let trouble = TROUBLE.get().expect("a scenario");
    let again = trouble.again_later.lock().unwrap().take();
    if let Some(again) = again {
        RUNS.fetch_add(1, SeqCst);
        return again(key).await;
    }
    let value = body(key);
    std::future::poll_fn(|_| match trouble.pending.load(SeqCst) {
        true => std::task::Poll::Pending,
        false => std::task::Poll::Ready(()),
    })
    .await;
    value
}

fn fallible(key: u64) -> Result<u64, String> {
    Err(format!("no {}", body(key)))
}

/// Holds the first who comes.
#[derive(Default)]
struct Gate {
    state: Mutex<(bool, bool)>,
    changed: Condvar,
}

impl Gate {
    fn hold_first(&self) {
        let mut state = self.state.lock().unwrap();
        if !state.0 {
            state.0 = true;
            self.changed.notify_all();
            drop(self.changed.wait_while(state, |state| !state.1).unwrap());
        }
    }
    fn wait_for_one(&self) {
        drop(self.changed.wait_while(self.state.lock().unwrap(), |state| !state.0).unwrap());
    }
    fn open(&self) {
        self.state.lock().unwrap().1 = true;
        self.changed.notify_all();
    }
}

/// Does it in a thread; what comes out if it comes soon, and a way to wait for it longer.
fn soon<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, impl FnOnce() -> T> {
    let (sender, receiver) = channel();
    thread::spawn(move || sender.send(work()));
    receiver.recv_timeout(SOON).map_err(|_| move || receiver.recv().expect("it did not panic"))
}

/// So many threads at the same moment; how many panicked.
fn at_once(callers: usize, work: impl Fn() + Send + Sync + 'static) -> usize {
    let (barrier, work) = (Arc::new(Barrier::new(callers)), Arc::new(work));
    let callers: Vec<_> = (0..callers)
        .map(|_| {
            let (barrier, work) = (barrier.clone(), work.clone());
            thread::spawn(move || {
                barrier.wait();
                work();
            })
        })
        .collect();
    callers.into_iter().filter_map(|caller| caller.join().err()).count()
}

type Scenario = (&'static str, fn(&'static Contestant) -> String);

const SCENARIOS: [Scenario; 11] = [
    ("64 callers of a cold key: bodies run", stampede),
    ("16 callers, the body fails after 50 ms: bodies run, time", failure),
    ("16 callers, the body panics: bodies run, callers that panicked; the next call", panics),
    ("a key is invalidated while its computation is held: the invalidation", invalidation_waits),
    ("… a call made after the invalidation, while it is still held, gets", joins),
    ("… a call made when that computation has ended gets", stale),
    ("hits on 256 other keys while one is computed: delayed", others),
    ("the function calls itself with the same key", recursion),
    ("the leader's future is dropped: who waits", dropped),
    ("the leader's future is held and not polled: a call in the same task", parked),
    ("4 callers, 3 keys, 10 % invalidations: stale reads of 100 000", random),
];

fn stampede(contestant: &'static Contestant) -> String {
    trouble(|key| {
        thread::sleep(Duration::from_millis(200));
        key
    });
    at_once(64, || {
        (contestant.call)(7);
    });
    RUNS.load(SeqCst).to_string()
}

fn failure(contestant: &'static Contestant) -> String {
    trouble(|key| {
        thread::sleep(Duration::from_millis(50));
        key
    });
    let began = Instant::now();
    at_once(16, || drop((contestant.fallible)(7)));
    format!("{}, {:.2} s", RUNS.load(SeqCst), began.elapsed().as_secs_f64())
}

fn panics(contestant: &'static Contestant) -> String {
    trouble(|key| {
        if RUNS.load(SeqCst) <= 16 {
            thread::sleep(Duration::from_millis(50));
            if RUNS.load(SeqCst) < 1_000 {
                std::panic::resume_unwind(Box::new("a body that panics"));
            }
        }
        key
    });
    let panicked = at_once(16, || {
        (contestant.call)(7);
    });
    let runs = RUNS.swap(1_000, SeqCst);
    let next = match thread::spawn(|| (contestant.call)(7)).join() {
        Ok(_) => "computes",
        Err(_) => "**panics**",
    };
    format!("{runs}, {panicked}; {next}")
}

/// The value of the source when the body began.
static SOURCE: AtomicU64 = AtomicU64::new(1);
static GATE: LazyLock<Gate> = LazyLock::new(Gate::default);

/// Somebody has read the source, and is held.
fn held(contestant: &'static Contestant) -> thread::JoinHandle<u64> {
    trouble(|_| {
        let seen = SOURCE.load(SeqCst);
        GATE.hold_first();
        seen
    });
    let leader = thread::spawn(|| (contestant.call)(7));
    GATE.wait_for_one();
    SOURCE.store(2, SeqCst);
    leader
}

fn invalidation_waits(contestant: &'static Contestant) -> String {
    let leader = held(contestant);
    let invalidated = soon(|| (contestant.invalidate)(7));
    let waits = invalidated.is_err();
    GATE.open();
    let _ = leader.join();
    if let Err(wait) = invalidated {
        wait();
    }
    if waits { "**waits**" } else { "returns" }.to_owned()
}

fn stale(contestant: &'static Contestant) -> String {
    let leader = held(contestant);
    let invalidated = soon(|| (contestant.invalidate)(7));
    GATE.open();
    let _ = leader.join();
    if let Err(wait) = invalidated {
        wait();
    }
    if (contestant.call)(7) == 2 { "the new value" } else { "**the old value**" }.to_owned()
}

fn joins(contestant: &'static Contestant) -> String {
    let leader = held(contestant);
    if soon(|| (contestant.invalidate)(7)).is_err() {
        return "(there is none)".to_owned();
    }
    let called = soon(|| (contestant.call)(7));
    GATE.open();
    let _ = leader.join();
    let waited = if called.is_err() { "waits, " } else { "" };
    let value = match called {
        Ok(value) => value,
        Err(wait) => wait(),
    };
    format!("{waited}{}", if value == 2 { "the new value" } else { "**the old value**" })
}

fn others(contestant: &'static Contestant) -> String {
    const KEYS: u64 = 256;
    trouble(|key| {
        if key == 7_000 {
            GATE.hold_first();
        }
        key
    });
    for key in 0..KEYS {
        (contestant.call)(key);
    }
    let leader = thread::spawn(|| (contestant.call)(7_000));
    GATE.wait_for_one();
    let done = Arc::new(AtomicUsize::new(0));
    let readers: Vec<_> = (0..KEYS)
        .map(|key| {
            let done = done.clone();
            thread::spawn(move || {
                (contestant.call)(key);
                done.fetch_add(1, SeqCst);
            })
        })
        .collect();
    thread::sleep(2 * SOON);
    let delayed = KEYS as usize - done.load(SeqCst);
    GATE.open();
    readers.into_iter().for_each(|reader| reader.join().unwrap());
    leader.join().unwrap();
    if delayed == 0 { "0".to_owned() } else { format!("**{delayed}**") }
}

fn recursion(contestant: &'static Contestant) -> String {
    let trouble = trouble(|key| key);
    match contestant.later {
        Some(later) => *trouble.again_later.lock().unwrap() = Some(later),
        None => *trouble.again.lock().unwrap() = Some(contestant.call),
    }
    match thread::spawn(|| (contestant.call)(7)).join() {
        Ok(_) => "returns".to_owned(),
        Err(_) => "**panics**".to_owned(),
    }
}

fn dropped(contestant: &'static Contestant) -> String {
    let Some(later) = contestant.later else { return "–".to_owned() };
    let trouble = trouble(|key| key);
    trouble.pending.store(true, SeqCst);
    let mut leader = later(7);
    let polled = |future: Pin<&mut (dyn Future<Output = u64> + Send)>| {
        future.poll(&mut Context::from_waker(Waker::noop())).is_ready()
    };
    assert!(!polled(leader.as_mut()), "it is pending");
    let mut waiter = later(7);
    assert!(!polled(waiter.as_mut()), "it waits");
    drop(leader);
    trouble.pending.store(false, SeqCst);
    wait(waiter);
    "computes".to_owned()
}

fn parked(contestant: &'static Contestant) -> String {
    let Some(later) = contestant.later else { return "–".to_owned() };
    let trouble = trouble(|key| key);
    trouble.pending.store(true, SeqCst);
    wait(async {
        let mut leader = pin!(later(7));
        let polled = std::future::poll_fn(|task| {
            let polled = leader.as_mut().poll(task);
            std::task::Poll::Ready(polled.is_ready())
        });
        assert!(!polled.await, "it is pending");
        trouble.pending.store(false, SeqCst);
        // As after a `select!` whose other branch was taken, with the future kept for later.
        later(7).await;
    });
    "returns".to_owned()
}

fn random(contestant: &'static Contestant) -> String {
    const KEYS: usize = 3;
    const READS: u64 = 100_000;
    static SOURCES: [AtomicU64; KEYS] = [const { AtomicU64::new(1) }; KEYS];
    /// What was there when an invalidation began that has returned.
    static FLOORS: [AtomicU64; KEYS] = [const { AtomicU64::new(1) }; KEYS];
    trouble(|key| {
        let seen = SOURCES[key as usize].load(SeqCst);
        // A query, on a machine where others run as well.
        (0..seen % 4).for_each(|_| thread::yield_now());
        seen
    });
    let (reads, stale) = (AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        for thread in 0..4 {
            let (reads, stale) = (&reads, &stale);
            scope.spawn(move || {
                let mut random = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(thread + 1);
                while reads.load(SeqCst) < READS {
                    random ^= random << 13;
                    random ^= random >> 7;
                    random ^= random << 17;
                    let key = (random >> 20) as usize % KEYS;
                    if (random >> 40) % 10 == 0 {
                        let now = SOURCES[key].fetch_add(1, SeqCst) + 1;
                        (contestant.invalidate)(key as u64);
                        FLOORS[key].fetch_max(now, SeqCst);
                    } else {
                        let floor = FLOORS[key].load(SeqCst);
                        let seen = (contestant.call)(key as u64);
                        reads.fetch_add(1, SeqCst);
                        if seen < floor {
                            stale.fetch_add(1, SeqCst);
                        }
                    }
                }
            });
        }
    });
    match stale.into_inner() {
        0 => "0".to_owned(),
        stale => format!("**{stale}**"),
    }
}

fn main() {
    let words: Vec<_> = std::env::args().skip(1).collect();
    if let [way, contestant, scenario] = words.as_slice() {
        let contestants = if way == "threads" { threads() } else { tasks() };
        let contestant: &'static Contestant =
            Box::leak(Box::new(contestants.into_iter().nth(contestant.parse().unwrap()).unwrap()));
        println!("{}", SCENARIOS[scenario.parse::<usize>().unwrap()].1(contestant));
        // Whatever is still held.
        std::process::exit(0);
    }
    for (way, contestants) in [("threads", threads()), ("tasks", tasks())] {
        let table = table(way, &contestants);
        println!("\n{table}");
        if way == "threads" && words == ["readme"] {
            let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
            page::replace(&readme, "torture -- readme", &table);
        }
    }
    println!("\n{MEANS}");
}

/// One row for each scenario.
fn table(way: &str, contestants: &[Contestant]) -> String {
    let names: Vec<_> = contestants.iter().map(|contestant| contestant.name).collect();
    let mut table = format!("| {way} | {} |\n|---|{}\n", names.join(" | "), "---|".repeat(names.len()));
    for (scenario, (title, _)) in SCENARIOS.iter().enumerate() {
        if way == "threads" && title.contains("future") {
            continue;
        }
        let cells: Vec<_> = (0..names.len()).map(|contestant| cell(way, contestant, scenario)).collect();
        table += &format!("| {title} | {} |\n", cells.join(" | "));
    }
    table
}

/// By what means.
const MEANS: &str = "\
`cached`: `#[cached(sync_writes = \"by_key\")]` and `cache_remove`. `moka`: `get_with`, `try_get_with` and `invalidate`.
`quick_cache`: `get_or_insert_with`, `get_or_insert_async` and `remove`. `memoize`: `SharedCache`, which has no way to
share a computation, and its flush function, which is for all keys, since it has none for one; it is not for `async`
functions. **hangs**: not within 30 s.";

/// What a process says.
fn cell(way: &str, contestant: usize, scenario: usize) -> String {
    let mut process = Command::new(std::env::current_exe().expect("this program"))
        .args([way, &contestant.to_string(), &scenario.to_string()])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("this program");
    let began = Instant::now();
    while began.elapsed() < LIMIT {
        if let Some(status) = process.try_wait().expect("its status") {
            let output = process.wait_with_output().expect("its output");
            let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            return if status.success() { said } else { "**fails**".to_owned() };
        }
        thread::sleep(Duration::from_millis(10));
    }
    let _ = process.kill();
    let _ = process.wait();
    "**hangs**".to_owned()
}
