//! Events: news of caches that a program may want to hear as they happen.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, RwLock};

use crate::sync::{read, write};

/// Something that happened to a backend or a function. There is one for each change of state, not one for each call.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Event {
    /// The kind of news.
    pub kind: EventKind,
    /// The backend: its name, or the name that functions know it by. Empty if the event is about a function alone.
    pub backend: String,
    /// The path of the function that the event is about: `app::posts::related`. Empty if it is about a backend alone.
    pub function: String,
    /// The particulars, in the words of the backend where it has some.
    pub message: String,
}

/// The kind of an [`Event`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// The backend cannot be used; until it can, functions compute without it.
    Down,
    /// The backend can be used again. If it was down several times within seconds, this is told when it has been up for
    /// a while, and the times between are not told one by one.
    Up,
    /// An operation was refused, by the backend or before it was asked. The same refusal is told once a minute at most.
    #[default]
    Refused,
    /// The program uses a cache in a way that cannot work as meant, such as two functions that claim the same keys.
    /// The message names the places and the cure. Each place is told once.
    Misuse,
    /// Callers have waited for `max_wait` for a run of `store_result = false`, beside which no other may begin. The run
    /// takes long, or it waits for a resource that its callers hold. Told once for each run, on a shared backend once a
    /// minute at most.
    Stuck,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, backend, function, message } = self;
        match kind {
            // The message begins with the backend's name.
            EventKind::Down => write!(f, "down, functions compute without it: {message}"),
            EventKind::Up if message.is_empty() => write!(f, "{backend}: up again"),
            EventKind::Up => write!(f, "{backend}: up again, {message}"),
            EventKind::Refused if function.is_empty() => write!(f, "refused: {message}"),
            EventKind::Refused => write!(f, "refused, {function}: {message}"),
            EventKind::Misuse => write!(f, "misuse, {function}: {message}"),
            EventKind::Stuck => write!(f, "stuck, {function}: {message}"),
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
/// Never. A panic of the observer is caught, after the panic hook has seen it, and reaches no call.
///
/// ```
/// cache_memoize::observe(|event| println!("cache: {event}"));
/// ```
pub fn observe(observer: impl Fn(&Event) + Send + Sync + 'static) {
    write(&OBSERVERS).push(Arc::new(observer));
}

pub(crate) fn tell(event: &Event) {
    #[cfg(feature = "tracing")]
    {
        let Event { kind, backend, function, .. } = event;
        match kind {
            EventKind::Up => tracing::info!(%backend, %function, "{event}"),
            _ => tracing::warn!(%backend, %function, "{event}"),
        }
    }
    // Observers are called without the lock, since one may add another.
    let observers = read(&OBSERVERS).clone();
    for observer in &observers {
        // The event happens in the middle of a call, or of a guard's `drop`, which a panic must not end.
        let _ = catch_unwind(AssertUnwindSafe(|| observer(event)));
    }
    if observers.is_empty() && cfg!(not(feature = "tracing")) {
        eprintln!("cache-memoize: {event}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::lock;
    use std::sync::Mutex;

    #[test]
    fn an_observer_that_panics_does_not_keep_others_from_hearing() {
        static HEARD: Mutex<Vec<String>> = Mutex::new(Vec::new());
        observe(|event| assert_ne!(event.message, "news", "this observer is faulty"));
        observe(|event| lock(&HEARD).push(event.message.clone()));
        tell(&Event { message: "news".into(), ..Event::default() });
        assert!(lock(&HEARD).iter().any(|message| message == "news"));
    }
}
