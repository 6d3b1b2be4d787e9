//! A process that forks after it has used the cache, as servers do that fork before they serve. The child uses it, too,
//! and this process ends as the child ends.
//!
//! `forked memory`: whether what expires in the child is reclaimed. `forked redis URL`: there is no server at the URL; says
//! `down` when the breaker is open, forks when it is told that there is one, and the child calls until it hits.

use std::io::{self, BufRead as _};
use std::process::exit;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use cache_memoize::{EventKind, Redis, cache_memoize, observe};
use cache_memoize_tests::servers::wait_until;
use fork::{Fork, fork, waitpid};

#[cache_memoize(ttl = "1s", capacity = unbounded)]
fn session(id: u64) -> String {
    format!("session {id}")
}

fn memory() -> impl FnOnce() {
    // The thread that reclaims begins in this process.
    session(0);
    || {
        (0..10_000).for_each(|id| drop(session(id)));
        // It is noticed when something is stored that the thread is not there.
        wait_until("entries that are reclaimed", || {
            session(0);
            session_stats().entries <= 1
        });
    }
}

static RUNS: AtomicUsize = AtomicUsize::new(0);

#[cache_memoize(ttl = 600, skip(redis), backend = redis)]
fn double(redis: &Redis, x: u64) -> u64 {
    let _ = redis;
    RUNS.fetch_add(1, SeqCst);
    2 * x
}

fn redis(url: &str) -> impl FnOnce() {
    static IS_DOWN: AtomicBool = AtomicBool::new(false);
    observe(|event| IS_DOWN.store(event.kind == EventKind::Down, SeqCst));
    let redis = Redis::open(url).expect("a URL");
    wait_until("an open breaker", || {
        double(&redis, 1);
        IS_DOWN.load(SeqCst)
    });
    println!("down");
    let told = io::stdin().lock().lines().next();
    told.expect("a line").expect("text");
    move || {
        wait_until("a hit", || {
            let runs = RUNS.load(SeqCst);
            double(&redis, 1);
            std::thread::sleep(Duration::from_millis(1));
            RUNS.load(SeqCst) == runs
        });
    }
}

fn in_child(story: impl FnOnce()) -> ! {
    match fork().expect("a child") {
        Fork::Child => {
            story();
            exit(0)
        }
        Fork::Parent(child) => exit(i32::from(waitpid(child).expect("its end") != 0)),
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["memory"] => in_child(memory()),
        ["redis", url] => in_child(redis(url)),
        _ => panic!("`memory`, or `redis` and a URL, not {arguments:?}"),
    }
}
