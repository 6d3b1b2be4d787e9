//! The background service for work that no call waits for: a timer, and a few workers that poll tasks.
//!
//! One thread, the timer, keeps time and only wakes, so that a slow backend does not make it late. Tasks are futures,
//! so none of them holds a worker while a backend has yet to answer. Each belongs to a [`Lane`], one for each backend
//! and one for the sweeps of memories, so that no owner waits for another. All threads are started when they are first
//! needed, and again in a forked process. The service exists since functions that are not async have no runtime that
//! could do this work.

mod lane;
mod timer;
mod workers;

use std::future::Future;
use std::pin::Pin;

#[cfg_attr(not(feature = "shared"), allow(unused_imports, reason = "memories plan by themselves"))]
pub(crate) use lane::Lane;
#[cfg(feature = "shared")]
pub(crate) use timer::sleep;
pub(crate) use timer::{Planned, attend, sleep_until};

/// A task: work that no caller waits for.
pub(crate) type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Starts a thread; whether it could be started.
fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> bool {
    std::thread::Builder::new().name(name.to_owned()).spawn(work).is_ok()
}
