//! The forms in which functions are written, one row each: every one of them is memoized, and none asks the
//! user for more than the attribute.
#![allow(missing_docs)]

mod arguments;
mod attributes;
mod futures;
mod generics;
mod hygiene;
mod lints;
mod macros;
mod methods;
mod no_prelude;
mod one_line;
mod options;
mod places;
mod returns;
mod shared;
mod traits;
mod traps;

use std::cell::Cell;

thread_local! {
    static RUNS: Cell<usize> = const { Cell::new(0) };
}

/// What a body calls so that the test knows that it ran. Each test has a thread of its own.
fn ran() {
    RUNS.set(RUNS.get() + 1);
}

/// How many bodies ran in `act`.
fn runs<T>(act: impl FnOnce() -> T) -> usize {
    let before = RUNS.get();
    drop(act());
    RUNS.get() - before
}

/// A runtime that runs everything on the thread of the test.
fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// A row: equal calls run the body once; another call runs it for itself; after the invalidation of the first,
/// the first runs it again and the other does not.
macro_rules! row {
    ($call:expr, $other:expr $(, $invalidate:expr)?) => {
        assert_eq!(crate::runs(|| $call), 1, "the first call runs the body");
        assert_eq!(crate::runs(|| $call), 0, "an equal call does not");
        assert_eq!(crate::runs(|| $other), 1, "another call does");
        assert_eq!(crate::runs(|| ($call, $other)), 0, "both are kept");
        $(
            assert!($invalidate, "an entry was there");
            assert!(!$invalidate, "and is gone");
            assert_eq!(crate::runs(|| $call), 1, "what was invalidated runs again");
            assert_eq!(crate::runs(|| ($call, $other)), 0, "and only that");
        )?
    };
}
pub(crate) use row;
