//! The main job: a slow function, decorated. Miss, hit, invalidate after a write, refresh, statistics.
//!
//! Run it: `cargo run --example quickstart`

use std::sync::Mutex;
use std::time::{Duration, Instant};

use cache_memoize::cache_memoize;

/// The data, as rows of author and title. Imagine a database on another machine.
static SHELF: Mutex<Vec<(&str, &str)>> = Mutex::new(Vec::new());

/// The slow function. Whatever else happens, an answer is used for at most 300 seconds.
#[cache_memoize(ttl = 300)]
fn books_by(author: &str) -> Vec<&'static str> {
    std::thread::sleep(Duration::from_millis(150)); // the way to that other machine
    let shelf = SHELF.lock().unwrap();
    shelf.iter().filter(|row| row.0 == author).map(|row| row.1).collect()
}

pub(crate) fn main() {
    SHELF.lock().unwrap().push(("Le Guin", "The Dispossessed"));
    let first = show("first call, a miss", || books_by("Le Guin"));
    let second = show("the same again, a hit", || books_by("Le Guin"));
    assert_eq!(first, second);

    // A write. The cache cannot know of it, so whoever writes says so.
    SHELF.lock().unwrap().push(("Le Guin", "A Wizard of Earthsea"));
    assert!(books_by_invalidate("Le Guin"), "there was an entry to remove");
    let third = show("after a write + invalidate", || books_by("Le Guin"));
    assert_eq!(third, ["The Dispossessed", "A Wizard of Earthsea"]);

    // Or let the writer compute the new answer, so that no reader ever waits for it.
    SHELF.lock().unwrap().push(("Le Guin", "Lavinia"));
    show("a write + refresh, by the writer", || books_by_refresh("Le Guin"));
    let fourth = show("the reader's next call, a hit", || books_by("Le Guin"));
    assert_eq!(fourth.len(), 3);

    println!("\n{}", books_by_stats());
    assert_eq!((books_by_stats().hits, books_by_stats().misses), (2, 3));
}

fn show(what: &str, call: impl FnOnce() -> Vec<&'static str>) -> Vec<&'static str> {
    let began = Instant::now();
    let books = call();
    println!("{what:<33} {:>9.1?}   {}", began.elapsed(), books.join(", "));
    books
}
