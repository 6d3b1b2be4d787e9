//! A backend that is made anew at each call keeps nothing. Where it stands in the attribute, that is a compile error; in a
//! function that the attribute only sees the name of, it shows by the places that a function meets: they are many, and
//! they are gone at once.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU8, AtomicU64};

use crate::event::{Event, EventKind, tell};

/// After so many places, and at each doubling of it, they are looked at.
const ENOUGH: u64 = 64;

const FINE: u8 = 0;
const SUSPICIOUS: u8 = 1;
const TOLD: u8 = 2;

/// The places that a function was given.
#[derive(Default)]
pub(super) struct Places {
    count: AtomicU64,
    state: AtomicU8,
}

impl Places {
    /// Notes one that was not known. `seen` gives how many of all are still there, and whether those that are not were
    /// of use: a program may well hold a memory for each request, and drop it with that.
    pub(super) fn another(&self, seen: impl FnOnce() -> (u64, bool)) {
        let count = self.count.fetch_add(1, Relaxed) + 1;
        if count < ENOUGH || !count.is_power_of_two() || self.state.load(Relaxed) != FINE {
            return;
        }
        let (alive, were_of_use) = seen();
        if alive <= count / 4 && !were_of_use {
            // A lock is held here; it is told when that is given back.
            self.state.store(SUSPICIOUS, Relaxed);
        }
    }

    /// Tells what was noted, once.
    #[inline]
    pub(super) fn tell(&self, function: &str) {
        if self.state.load(Relaxed) == SUSPICIOUS {
            self.tell_now(function);
        }
    }

    #[cold]
    fn tell_now(&self, function: &str) {
        if self.state.swap(TOLD, Relaxed) != SUSPICIOUS {
            return;
        }
        let count = self.count.load(Relaxed);
        tell(&Event {
            kind: EventKind::Misuse,
            function: function.to_owned(),
            message: format!(
                "its `backend` gave {count} different ones, and most of them are gone: it is evaluated at every call, \
                 and one that is made there is new and empty. Keep one in a `static` (`LazyLock<..>`) or in a field, \
                 and name that"
            ),
            ..Event::default()
        });
    }
}
