//! Keeps the fences of computations for as long as they run.
//!
//! Those of one backend are renewed together: however many there are, it costs a few requests in a third of a lease,
//! made in the backend's own lane.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::key::CacheKey;
use super::remote_call::{RemoteCall, heard};
use super::{Inner, Shared};
use crate::Error;
use crate::backend::{CallMode, Fence, Key};
use crate::sync::lock;

/// So many fences are renewed by one request at most.
const BATCH: usize = 128;

/// Renews a fence until it is dropped.
pub(crate) struct Renewal {
    shared: Shared,
    number: u64,
}

/// The fences of a backend that are to be kept.
#[derive(Default)]
pub(crate) struct Renewals(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    fences: BTreeMap<u64, Computing>,
    last: u64,
    /// When the next round is to begin.
    round: Option<Instant>,
    /// The process that computes: a forked process does not keep the fences of its parent.
    process: u32,
}

struct Computing {
    key: Arc<CacheKey>,
    fence: Fence,
    due: Instant,
}

/// The fences that one request renews, and their numbers.
type Batch = (Vec<u64>, Vec<(Key, Fence)>);

impl Renewal {
    pub(crate) fn of(call: &RemoteCall, fence: &Fence) -> Self {
        let (shared, inner) = (call.shared.clone(), call.shared.inner());
        let now = Instant::now();
        let due = now + usual(inner.lease);
        let mut kept = inner.renewals.kept();
        kept.last += 1;
        let number = kept.last;
        kept.fences.insert(number, Computing { key: call.key.clone(), fence: fence.clone(), due });
        // One that is long overdue was planned for a thread that never was.
        let is_planned = kept.round.is_some_and(|round| now < round + inner.lease);
        if !is_planned {
            kept.round = Some(due);
        }
        drop(kept);
        if !is_planned {
            plan(inner, due);
        }
        Self { shared, number }
    }
}

impl Drop for Renewal {
    fn drop(&mut self) {
        let ended = self.shared.inner().renewals.kept().fences.remove(&self.number);
        drop(ended);
    }
}

/// Twice may fail before the lease is over.
fn usual(lease: Duration) -> Duration {
    lease / 3
}

/// Until a renewal that failed is tried again.
fn soon(lease: Duration) -> Duration {
    lease / 6
}

/// Fences that are due within this time are renewed with those that are due now.
fn together(lease: Duration) -> Duration {
    lease / 12
}

fn plan(inner: &Arc<Inner>, at: Instant) {
    let planned = Arc::downgrade(inner);
    let round = async move {
        if let Some(inner) = planned.upgrade() {
            inner.renewals.round(&inner, at).await;
        }
    };
    inner.lane.at(at, Box::pin(round)).keep();
}

impl Renewals {
    /// The fences that this process keeps.
    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        let process = std::process::id();
        let mut kept = lock(&self.0);
        if kept.process != process {
            let Kept { fences, .. } = std::mem::take(&mut *kept);
            // Keys and fences: nothing of a user's is dropped here.
            drop(fences);
            (kept.process, kept.last) = (process, kept.last.max(1 << 32));
        }
        kept
    }

    async fn round(&self, inner: &Arc<Inner>, at: Instant) {
        // Another was planned in its place, as this one was late.
        if self.kept().round != Some(at) {
            return;
        }
        for (numbers, fences) in self.due(inner.lease) {
            let renewed = match inner.admit() {
                Ok(()) => renew(inner, &fences).await,
                Err(_) => Vec::new(),
            };
            self.renewed(&numbers, renewed, inner.lease);
        }
        let now = Instant::now();
        let mut kept = self.kept();
        let first = kept.fences.values().map(|computing| computing.due).min();
        kept.round = first.map(|first| first.max(now + together(inner.lease)));
        let next = kept.round;
        drop(kept);
        if let Some(next) = next {
            plan(inner, next);
        }
    }

    /// In batches, those first that are due first.
    fn due(&self, lease: Duration) -> Vec<Batch> {
        let until = Instant::now() + together(lease);
        let kept = self.kept();
        let mut due: Vec<_> = kept.fences.iter().filter(|(_, computing)| computing.due <= until).collect();
        due.sort_by_key(|(_, computing)| computing.due);
        let batch = |batch: &[(&u64, &Computing)]| {
            let numbers = batch.iter().map(|(number, _)| **number).collect();
            let fences = batch.iter().map(|(_, of)| (of.key.wire.clone(), of.fence.clone())).collect();
            (numbers, fences)
        };
        due.chunks(BATCH).map(batch).collect()
    }

    /// Takes note of the backend's answers, as far as there are any.
    fn renewed(&self, numbers: &[u64], answers: Vec<Result<bool, Error>>, lease: Duration) {
        let mut answers = answers.into_iter();
        let now = Instant::now();
        let mut kept = self.kept();
        for number in numbers {
            let delay = match answers.next() {
                // Overtaken: there is nothing left to keep.
                Some(Ok(false)) => {
                    kept.fences.remove(number);
                    continue;
                }
                Some(Ok(true)) => usual(lease),
                Some(Err(_)) | None => soon(lease),
            };
            if let Some(computing) = kept.fences.get_mut(number) {
                computing.due = now + delay;
            }
        }
    }
}

/// Asks, and learns from the answers.
async fn renew(inner: &Arc<Inner>, fences: &[(Key, Fence)]) -> Vec<Result<bool, Error>> {
    let asked = inner.asking();
    let asking =
        heard(&*inner.backend, |backend| backend.renew_many(fences, inner.lease, CallMode::ASYNC)).await;
    match asking {
        Ok(answers) => {
            answers.iter().for_each(|answer| inner.learn_since(asked, answer));
            answers
        }
        Err(error) => {
            inner.learn_since(asked, &Err::<(), _>(error));
            Vec::new()
        }
    }
}
