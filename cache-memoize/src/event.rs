//! What a program may want to hear about its caches, beside numbers.

use std::fmt;
use std::sync::{Arc, RwLock};

use crate::sync::{read, write};

/// Something that happened to a backend. There is one for each change of its state, not one for each call.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// The backend: its name, or the name that functions know it by.
    pub backend: String,
    /// The particulars, in the words of the backend where it has some.
    pub message: String,
}

/// What happened to a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// It cannot be used; until it can, functions compute without it.
    Down,
    /// It can be used again.
    Up,
    /// It refused an operation. The same refusal is told once a minute at most.
    Refused,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, backend, message } = self;
        match kind {
            // The message begins with the backend's name.
            EventKind::Down => write!(f, "down, functions compute without it: {message}"),
            EventKind::Up => write!(f, "{backend}: up again"),
            EventKind::Refused => write!(f, "refused: {message}"),
        }
    }
}

type Observer = Arc<dyn Fn(&Event) + Send + Sync>;

static OBSERVERS: RwLock<Vec<Observer>> = RwLock::new(Vec::new());

/// Has `observer` called with every [`Event`] from now on, on the thread where it happens.
///
/// Until there is an observer, and without the feature `tracing`, events are printed to the standard error.
///
/// # Panics
///
/// A panic of the observer ends the call that met the event.
///
/// ```
/// cache_memoize::observe(|event| println!("cache: {event}"));
/// ```
pub fn observe(observer: impl Fn(&Event) + Send + Sync + 'static) {
    write(&OBSERVERS).push(Arc::new(observer));
}

pub(crate) fn tell(kind: EventKind, backend: &str, message: impl Into<String>) {
    let event = Event { kind, backend: backend.to_owned(), message: message.into() };
    #[cfg(feature = "tracing")]
    match kind {
        EventKind::Up => tracing::info!(backend = %event.backend, "{event}"),
        EventKind::Down | EventKind::Refused => tracing::warn!(backend = %event.backend, "{event}"),
    }
    // Called without the lock: an observer may bring another.
    let observers = read(&OBSERVERS).clone();
    observers.iter().for_each(|observer| observer(&event));
    if observers.is_empty() && cfg!(not(feature = "tracing")) {
        eprintln!("cache-memoize: {event}");
    }
}
