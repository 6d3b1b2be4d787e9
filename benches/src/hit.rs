//! What a hit costs, beside `quick_cache` by hand and `cached`, in one run: `cargo run --release --bin hit`.
//!
//! Each figure is the lowest of many rounds in which all contestants take turns, for these machines are noisy;
//! trust the ratios. Allocations are counted, not estimated.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hash::RandomState;
use std::hint::black_box;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use cache_memoize::cache_memoize;
use cached::macros::{cached, concurrent_cached};
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{Equivalent, UnitWeighter};

struct Counting;
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: forwards to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Relaxed);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const KEYS: u64 = 1_000;

#[cache_memoize(ttl = 3600)]
fn ours(x: u64) -> u64 {
    x
}
#[cache_memoize(ttl = 3600)]
fn ours_text(name: &str, x: u32) -> u64 {
    name.len() as u64 + u64::from(x)
}
#[cache_memoize(ttl = 3600)]
fn ours_maybe(name: Option<&str>) -> u64 {
    name.map_or(0, str::len) as u64
}
struct User {
    name: String,
}
#[cache_memoize(ttl = 3600, args_rewrite = |user| user.name.as_str())]
fn ours_rewritten(user: &User) -> u64 {
    user.name.len() as u64
}

#[cached(max_size = 10_000, ttl_secs = 3600)]
fn cached_one_lock(x: u64) -> u64 {
    x
}
#[concurrent_cached(max_size = 10_000, ttl_secs = 3600)]
fn cached_concurrent(x: u64) -> u64 {
    x
}
#[cached(max_size = 10_000, ttl_secs = 3600, key = "(String, u32)", convert = r#"{ (name.to_owned(), x) }"#)]
fn cached_text(name: &str, x: u32) -> u64 {
    name.len() as u64 + u64::from(x)
}

static QUICK: LazyLock<Cache<u64, u64>> = LazyLock::new(|| Cache::new(10_000));

#[derive(Hash, PartialEq, Eq)]
struct Text<'a>(&'a str, u32);
impl Equivalent<(String, u32)> for Text<'_> {
    fn equivalent(&self, key: &(String, u32)) -> bool {
        self.0 == key.0 && self.1 == key.1
    }
}
type Seeded = Cache<(String, u32), u64, UnitWeighter, RandomState>;
static QUICK_TEXT: LazyLock<Seeded> = LazyLock::new(|| {
    Cache::with(10_000, 10_000, UnitWeighter, RandomState::new(), DefaultLifecycle::default())
});

fn quick(x: u64) -> u64 {
    match QUICK.get(&x) {
        Some(value) => value,
        None => {
            QUICK.insert(x, x);
            x
        }
    }
}
fn quick_text(name: &str, x: u32) -> u64 {
    match QUICK_TEXT.get(&Text(name, x)) {
        Some(value) => value,
        None => {
            QUICK_TEXT.insert((name.to_owned(), x), 1);
            1
        }
    }
}

struct Contestant {
    name: &'static str,
    call: fn(u64) -> u64,
    best: [Duration; 2],
}

fn main() {
    const NAMES: [&str; 4] = ["alice", "bob", "a longer name of a customer", "x"];
    let name = |x: u64| NAMES[x as usize % 4];
    let _ = name;
    let mut contestants = [
        ("quick_cache by hand, no ttl", quick as fn(u64) -> u64),
        ("cache_memoize(ttl)", ours),
        ("#[cached(max_size, ttl)]", cached_one_lock),
        ("#[concurrent_cached(max_size, ttl)]", cached_concurrent),
        ("text: quick_cache by hand, seeded, no ttl", |x| quick_text(NAMES[x as usize % 4], x as u32)),
        ("text: cache_memoize(ttl)", |x| ours_text(NAMES[x as usize % 4], x as u32)),
        ("text: #[cached(max_size, ttl)]", |x| cached_text(NAMES[x as usize % 4], x as u32)),
    ]
    .map(|(name, call)| Contestant { name, call, best: [Duration::MAX; 2] });
    for contestant in &contestants {
        (0..KEYS).for_each(|x| drop(black_box((contestant.call)(x))));
    }
    for _ in 0..40 {
        for contestant in &mut contestants {
            contestant.best[0] = contestant.best[0].min(round(contestant.call));
            let both = std::thread::scope(|scope| {
                let other = scope.spawn(|| round(contestant.call));
                round(contestant.call).max(other.join().unwrap())
            });
            contestant.best[1] = contestant.best[1].min(both);
        }
    }
    println!("{:44} {:>9} {:>9} {:>11}", "a hit, 1000 warm keys", "1 thread", "2 threads", "allocations");
    for Contestant { name, call, best } in &contestants {
        let [one, two] = best.map(|best| best.as_nanos() as f64 / (KEYS * ROUNDS) as f64);
        println!("{name:44} {one:6.1} ns {two:6.1} ns {:>11.2}", allocations(*call));
    }
    println!("\nallocations per hit by key shape");
    let user = User { name: "alice".into() };
    let user: &'static User = Box::leak(Box::new(user));
    static USER: LazyLock<User> = LazyLock::new(|| User { name: "alice".into() });
    let _ = user;
    for (shape, call) in [
        ("u64", ours as fn(u64) -> u64),
        ("(&str, u32)", |x| ours_text("alice", x as u32)),
        ("Option<&str>", |x| ours_maybe((x > 0).then_some("alice"))),
        ("args_rewrite = |user| user.name.as_str()", |_| ours_rewritten(&USER)),
    ] {
        (0..KEYS).for_each(|x| drop(black_box(call(x))));
        println!("{shape:44} {:.2}", allocations(call));
    }
}

const ROUNDS: u64 = 50;

fn round(call: fn(u64) -> u64) -> Duration {
    let began = Instant::now();
    for _ in 0..ROUNDS {
        for x in 0..KEYS {
            black_box(call(black_box(x)));
        }
    }
    began.elapsed()
}

fn allocations(call: fn(u64) -> u64) -> f64 {
    let before = ALLOCATIONS.load(Relaxed);
    (0..KEYS).for_each(|x| drop(black_box(call(x))));
    (ALLOCATIONS.load(Relaxed) - before) as f64 / KEYS as f64
}
