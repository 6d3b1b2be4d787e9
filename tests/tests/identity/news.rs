//! What the cache says about misuse.

use std::sync::{LazyLock, Mutex};

use cache_memoize::{EventKind, observe};

#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) function: String,
    pub(crate) message: String,
}

static HEARD: LazyLock<Mutex<Vec<Heard>>> = LazyLock::new(Mutex::default);

/// Listens from now on.
pub(crate) fn listen() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        observe(|event| {
            if event.kind == EventKind::Misuse {
                let (function, message) = (event.function.clone(), event.message.clone());
                HEARD.lock().unwrap().push(Heard { function, message });
            }
        });
    });
}

/// What was said about functions whose path has this in it.
pub(crate) fn news_of(function: &str) -> Vec<Heard> {
    HEARD.lock().unwrap().iter().filter(|heard| heard.function.contains(function)).cloned().collect()
}
