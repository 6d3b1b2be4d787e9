//! The front page of a drawing board, the ten latest drawings, under five strategies: what each costs in reads of
//! the store, per view and per submission, and how many visitors see a page that is out of date.
//!
//! Run it: `cargo run --example front_page`

use std::iter;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cache_memoize::{cache_memoize, testing};

/// The store. Each question that it answers is counted.
#[derive(Default)]
struct Board {
    drawings: Mutex<Vec<Drawing>>,
    reads: AtomicU64,
    /// Held by whoever submits, for the one strategy that needs submissions in order.
    submitting: Mutex<()>,
}

#[derive(Clone, Debug, PartialEq)]
struct Drawing {
    number: u64,
    title: String,
}

/// In an `Arc`, so that a hit copies a pointer and not ten drawings.
type Page = Arc<[Drawing]>;

impl Board {
    /// The expensive question: the ten latest, newest first.
    fn latest(&self) -> Page {
        self.reads.fetch_add(1, Relaxed);
        self.truth()
    }

    /// The same for this story's own checks, not counted.
    fn truth(&self) -> Page {
        self.drawings.lock().unwrap().iter().rev().take(10).cloned().collect()
    }

    fn add(&self, title: String) -> Drawing {
        let mut drawings = self.drawings.lock().unwrap();
        let drawing = Drawing { number: drawings.len() as u64 + 1, title };
        drawings.push(drawing.clone());
        drawing
    }
}

/// 1. No cache: every view asks the store.
mod uncached {
    use super::*;

    pub(crate) fn view(board: &Board) -> Page {
        board.latest()
    }

    pub(crate) fn submit(board: &Board, title: String) {
        board.add(title);
    }
}

/// 2. Naive: cached for a minute, and nobody tells the cache of a new drawing.
mod naive {
    use super::*;

    // There is one board, so it is no part of the key: `skip`. What is left is the key `()`.
    #[cache_memoize(ttl = 60, skip(board))]
    pub(crate) fn view(board: &Board) -> Page {
        board.latest()
    }

    pub(crate) fn submit(board: &Board, title: String) {
        board.add(title);
    }
}

/// 3. Clear on write: the next view asks the store, once, however many come at the same time.
mod clear {
    use super::*;

    #[cache_memoize(skip(board))]
    pub(crate) fn view(board: &Board) -> Page {
        board.latest()
    }

    pub(crate) fn submit(board: &Board, title: String) {
        board.add(title);
        view_invalidate(); // after the write: a view that read before it can not store its page any more
    }
}

/// 4. Refresh on write: the one who submits asks the store, and no visitor ever waits.
mod refresh {
    use super::*;

    #[cache_memoize(skip(board))]
    pub(crate) fn view(board: &Board) -> Page {
        board.latest()
    }

    pub(crate) fn submit(board: &Board, title: String) {
        board.add(title);
        view_refresh(board);
    }
}

/// 5. Update on write: the one who submits knows what has changed, and nobody asks the store.
mod update {
    use super::*;

    #[cache_memoize(skip(board))]
    pub(crate) fn view(board: &Board) -> Page {
        board.latest()
    }

    pub(crate) fn submit(board: &Board, title: String) {
        // The new page is made of the old one, so two submissions must not overlap. The strategies above need
        // no such care: this is the price of asking nothing.
        let _in_turn = board.submitting.lock().unwrap();
        let old = view_peek();
        let drawing = board.add(title);
        match old {
            Some(old) => {
                let new = iter::once(drawing).chain(old.iter().cloned());
                view_set(new.take(10).collect());
            }
            // Nothing to update. But a view may be on its way with a page that lacks this drawing.
            None => {
                view_invalidate();
            }
        }
    }
}

/// Its name, what a view does, what a submission does.
type Strategy = (&'static str, fn(&Board) -> Page, fn(&Board, String));

const STRATEGIES: [Strategy; 5] = [
    ("no cache", uncached::view, uncached::submit),
    ("naive, ttl = 60", naive::view, naive::submit),
    ("clear on write", clear::view, clear::submit),
    ("refresh on write", refresh::view, refresh::submit),
    ("update on write", update::view, update::submit),
];

/// What happens on the board, one event per second.
#[derive(Clone, Copy, PartialEq)]
enum Event {
    View,
    Submit,
}

/// Half an hour, the same for every strategy: mostly views, now and then a drawing, at irregular times.
fn half_an_hour() -> Vec<Event> {
    let mut state = 2024_u32;
    let mut chance = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 16
    };
    let event = |rare: bool| if rare { Event::Submit } else { Event::View };
    (0..1800).map(|_| event(chance() % 25 == 0)).collect()
}

/// What a strategy did.
#[derive(Debug, Default)]
struct Outcome {
    reads_by_views: u64,
    reads_by_submissions: u64,
    stale: u64,
    first_stale: Option<(Page, Page)>,
}

fn run((_, view, submit): Strategy, events: &[Event]) -> Outcome {
    let board = Board::default();
    for number in 1..=20 {
        board.add(title(number));
    }
    let mut outcome = Outcome::default();
    for event in events {
        // The clock of the cache goes a second further. This is for tests and for stories like this one.
        testing::advance(Duration::from_secs(1));
        let before = board.reads.load(Relaxed);
        match event {
            Event::View => {
                let page = view(&board);
                outcome.reads_by_views += board.reads.load(Relaxed) - before;
                let truth = board.truth();
                if page != truth {
                    outcome.stale += 1;
                    outcome.first_stale.get_or_insert((page, truth));
                }
            }
            Event::Submit => {
                submit(&board, title(board.truth()[0].number + 1));
                outcome.reads_by_submissions += board.reads.load(Relaxed) - before;
            }
        }
    }
    outcome
}

fn title(number: u64) -> String {
    let what = ["a fox", "two boats", "a storm", "the lighthouse", "a teapot"];
    let how = ["in ink", "asleep", "at night", "from memory"];
    let pick = |from: &[&'static str]| from[number as usize % from.len()];
    format!("{} {}", pick(&what), pick(&how))
}

pub(crate) fn main() {
    let events = half_an_hour();
    let views = events.iter().filter(|event| **event == Event::View).count() as u64;
    let submissions = events.len() as u64 - views;
    println!(
        "Half an hour on a drawing board: {views} views, {submissions} submissions, the same five times.\n"
    );
    println!(
        "{:<18}{:>12}{:>13}{:>20}{:>14}",
        "strategy", "store reads", "per view", "per submission", "stale pages"
    );

    let outcomes = STRATEGIES.map(|strategy| {
        let outcome = run(strategy, &events);
        println!(
            "{:<18}{:>12}{:>13.3}{:>20.3}{:>14}",
            strategy.0,
            outcome.reads_by_views + outcome.reads_by_submissions,
            outcome.reads_by_views as f64 / views as f64,
            outcome.reads_by_submissions as f64 / submissions as f64,
            outcome.stale,
        );
        outcome
    });
    let [no_cache, naive, clear, refresh, update] = &outcomes;

    if let Some((page, truth)) = &naive.first_stale {
        println!("\nThe first stale page of the naive strategy, beside what was on the board:\n");
        for (shown, real) in page.iter().zip(truth.iter()).take(3) {
            println!("  #{:<3} {:<32} #{:<3} {}", shown.number, shown.title, real.number, real.title);
        }
        println!("  …");
    }
    println!(
        "\nClearing costs one view a read after each submission. Refreshing moves that read to the one who submits,\n\
         and makes it even when nobody looks. Updating needs no read, but writers in turn. None of them needs a ttl."
    );

    // A view that follows a submission reads when that submission cleared the page, and so does the first of all.
    let pairs = events.windows(2);
    let cleared = pairs.filter(|pair| *pair == [Event::Submit, Event::View]).count() as u64;
    let first = u64::from(events[0] == Event::View);
    let reads = |outcome: &Outcome| (outcome.reads_by_views, outcome.reads_by_submissions);
    assert_eq!(reads(no_cache), (views, 0));
    assert!(naive.reads_by_views <= 1800 / 60 + 1 && naive.stale > 0, "{naive:?}");
    assert_eq!(reads(clear), (cleared + first, 0));
    assert_eq!(reads(refresh), (first, submissions));
    assert_eq!(reads(update), (1, 0));
    for outcome in [no_cache, clear, refresh, update] {
        assert_eq!(outcome.stale, 0);
    }
}
