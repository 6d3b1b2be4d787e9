//! What the functions do: they read the source, wait while they are held, and return what they read.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

struct State {
    /// Stands for a row of a database.
    source: String,
    holding: bool,
    held: usize,
    runs: BTreeMap<&'static str, usize>,
}

static STATE: Mutex<State> =
    Mutex::new(State { source: String::new(), holding: false, held: 0, runs: BTreeMap::new() });
static CHANGED: Condvar = Condvar::new();

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// For functions that return a `Result`, a source that begins with `error` is an error; in all, one that
/// begins with `panic` is a panic.
pub(crate) fn set_source(value: &str) {
    value.clone_into(&mut state().source);
}

pub(crate) fn hold(holding: bool) {
    state().holding = holding;
    CHANGED.notify_all();
}

pub(crate) fn held() -> usize {
    state().held
}

pub(crate) fn runs(function: &str) -> usize {
    state().runs.get(function).copied().unwrap_or(0)
}

/// The body of a function.
pub(crate) fn body(function: &'static str) -> Result<String, String> {
    finish(wait(begin(function)))
}

/// The body of an async function.
pub(crate) async fn body_later(function: &'static str) -> Result<String, String> {
    let seen = begin(function);
    // The threads of the runtime stay free for others.
    finish(tokio::task::spawn_blocking(|| wait(seen)).await.expect("waiting does not panic"))
}

fn begin(function: &'static str) -> String {
    let mut state = state();
    *state.runs.entry(function).or_default() += 1;
    state.source.clone()
}

fn wait(seen: String) -> String {
    let mut state = state();
    state.held += 1;
    let mut state = CHANGED.wait_while(state, |state| state.holding).unwrap_or_else(PoisonError::into_inner);
    state.held -= 1;
    seen
}

fn finish(seen: String) -> Result<String, String> {
    assert!(!seen.starts_with("panic"), "{seen}");
    if seen.starts_with("error") { Err(seen) } else { Ok(seen) }
}
