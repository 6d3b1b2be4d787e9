//! Who listens to the changes of a backend in this process.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, Instant};

use crate::backend::{Change, Changes};
use crate::background;
use crate::sync::lock;

/// A listener who has not asked for so many changes has missed them.
const MOST: usize = 1024;

/// All listeners.
#[derive(Default)]
pub(super) struct News(Vec<Weak<Listener>>);

struct Listener {
    namespace: String,
    heard: Mutex<Heard>,
}

#[derive(Default)]
struct Heard {
    changes: VecDeque<Change>,
    task: Option<Waker>,
}

/// Those who are to be woken: outside all locks, since a waker is the user's code.
#[must_use = "they sleep until they are woken"]
#[derive(Default)]
pub(super) struct Woken(Vec<Waker>);

impl Woken {
    pub(super) fn wake(self) {
        self.0.into_iter().for_each(Waker::wake);
    }
}

impl News {
    /// Tells those who listen to this namespace. Changes are told before the step that makes them is over, so who asks
    /// after it hears of them.
    pub(super) fn tell(&mut self, namespace: &str, change: impl Fn() -> Change) -> Woken {
        let mut woken = Woken::default();
        self.0.retain(|listener| {
            let Some(listener) = listener.upgrade() else { return false };
            if listener.namespace == namespace {
                woken.0.extend(listener.hear(change()));
            }
            true
        });
        woken
    }

    /// A listener more. `settle` waits for the step that is under way: what has changed before it was called has been
    /// told when it returns.
    pub(super) fn listen(
        &mut self,
        namespace: &str,
        every: Duration,
        settle: impl Fn() + Send + 'static,
    ) -> Changes {
        let listener = Arc::new(Listener { namespace: namespace.to_owned(), heard: Mutex::default() });
        self.0.push(Arc::downgrade(&listener));
        let mut beat = background::sleep(Duration::ZERO);
        Changes::from_poll(move |task| {
            if let Poll::Ready(change) = listener.poll(task) {
                return Poll::Ready(change);
            }
            ready!(Pin::new(&mut beat).poll(task));
            let now = Instant::now();
            settle();
            if let Poll::Ready(change) = listener.poll(task) {
                return Poll::Ready(change);
            }
            beat = background::sleep(every);
            Poll::Ready(Change::UpTo(now))
        })
    }
}

impl Listener {
    fn hear(&self, change: Change) -> Option<Waker> {
        let mut heard = lock(&self.heard);
        if heard.changes.len() < MOST {
            heard.changes.push_back(change);
        } else {
            // What a gap says covers what came before it.
            heard.changes.clear();
            heard.changes.push_back(Change::Gap);
        }
        heard.task.take()
    }

    fn poll(&self, task: &mut Context<'_>) -> Poll<Change> {
        // Cloning and dropping a waker is the user's code.
        let waker = task.waker().clone();
        let mut heard = lock(&self.heard);
        match heard.changes.pop_front() {
            Some(change) => {
                drop(heard);
                drop(waker);
                Poll::Ready(change)
            }
            None => {
                let before = heard.task.replace(waker);
                drop(heard);
                drop(before);
                Poll::Pending
            }
        }
    }
}
