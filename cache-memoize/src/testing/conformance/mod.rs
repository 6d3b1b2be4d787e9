//! Whether a backend keeps its promises.

mod changes;
mod expecting;
mod fencing;
mod leading;
mod leases;
mod many;
mod stale;
mod subject;
mod tags;

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::backend::token;
use crate::backend::{Backend, CallMode, Group, Key, Reply};
use crate::background;
use crate::sync::block_on;
use subject::Subject;

/// Checks that a backend does what [`Backend`] asks of it, from functions that are not `async`.
///
/// `clients` are clients of the same place, such as two connections to one server, or one twice; they take turns.
/// Everything is done under keys that nobody else uses. It takes a few seconds, since leases and lifetimes must end.
///
/// # Panics
///
/// If it does not; the message is the promise that was broken.
///
/// ```
/// use cache_memoize::{Memory, Shared, testing};
///
/// let memory = Shared::from(Memory::new(10_000));
/// testing::conformance(&[memory.backend()]);
/// ```
pub fn conformance(clients: &[&dyn Backend]) {
    block_on(run(clients, CallMode::BLOCKING));
}

/// The same from `async` functions.
///
/// # Panics
///
/// See [`conformance`].
pub async fn conformance_async(clients: &[&dyn Backend]) {
    run(clients, CallMode::ASYNC).await;
}

/// Nothing on a machine of today takes longer.
const PATIENCE: Duration = Duration::from_secs(20);

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(30);

async fn run(clients: &[&dyn Backend], call: CallMode) {
    assert!(!clients.is_empty(), "a backend to check");
    let bench = Bench { clients, call, run: hex(), turn: 0.into() };
    bench.values().await;
    bench.fences().await;
    bench.refreshes().await;
    bench.groups().await;
    bench.joining().await;
    bench.leading().await;
    bench.succession().await;
    bench.time().await;
    bench.repetition().await;
    bench.keys().await;
    bench.unchanged().await;
    bench.stale().await;
    bench.expecting().await;
    bench.updates().await;
    bench.repeated_updates().await;
    bench.tags().await;
    bench.many().await;
    bench.changes().await;
}

fn hex() -> String {
    token().iter().map(|byte| format!("{byte:02x}")).collect()
}

struct Bench<'b> {
    clients: &'b [&'b dyn Backend],
    call: CallMode,
    run: String,
    turn: AtomicUsize,
}

impl Bench<'_> {
    fn key(&self, name: &str) -> Subject<'_> {
        self.key_in(name, "group")
    }

    fn key_in(&self, name: &str, group: &str) -> Subject<'_> {
        let run = &self.run;
        Subject { bench: self, key: Key::new(format!("{run}:{name}"), self.group(group)) }
    }

    fn group(&self, name: &str) -> Group {
        Group::in_namespace(&self.run, name)
    }

    fn client(&self) -> &dyn Backend {
        let turn = self.turn.fetch_add(1, Relaxed);
        self.clients[turn % self.clients.len()]
    }

    async fn remove_all(&self, group: &str) {
        let group = self.group(group);
        answer(self.client().remove_all(&group, self.call)).await;
    }
}

async fn answer<T>(reply: Reply<'_, T>) -> T {
    reply.await.expect("the backend answers")
}

/// Lets time pass, for there is no other way to see that a lease ends.
async fn pause(time: Duration) {
    background::sleep(time).await;
}

async fn eventually<F: Future<Output = bool>>(what: &str, mut done: impl FnMut() -> F) {
    let began = Instant::now();
    while !done().await {
        assert!(began.elapsed() < PATIENCE, "{what}: not after {PATIENCE:?}");
        pause(Duration::from_millis(2)).await;
    }
}
