//! A row of a database, which can stop whoever has read it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

use cache_memoize_tests::Gate;
use tokio::sync::Semaphore;

pub(crate) struct Row {
    value: AtomicU64,
    stopped: AtomicBool,
    gate: Gate,
    read: Semaphore,
    going_on: Semaphore,
}

impl Row {
    pub(crate) const fn new() -> Self {
        Self {
            value: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
            gate: Gate::closed(),
            read: Semaphore::const_new(0),
            going_on: Semaphore::const_new(0),
        }
    }

    pub(crate) fn write(&self, value: u64) {
        self.value.store(value, SeqCst);
    }

    pub(crate) fn read(&self) -> u64 {
        self.value.load(SeqCst)
    }

    /// Stops the first thread that comes here.
    pub(crate) fn stop_first(&self) {
        self.gate.pass_first();
    }

    /// Stops the first task that comes here.
    pub(crate) async fn stop_first_task(&self) {
        if !self.stopped.swap(true, SeqCst) {
            self.read.add_permits(1);
            self.going_on.acquire().await.unwrap().forget();
        }
    }

    /// Waits until the first thread has stopped.
    pub(crate) fn wait_for_reader(&self) {
        self.gate.wait_for(1);
    }

    /// Waits until the first task has stopped.
    pub(crate) async fn task_has_read(&self) {
        self.read.acquire().await.unwrap().forget();
    }

    /// Lets whoever has stopped go on.
    pub(crate) fn go_on(&self) {
        self.gate.open();
        self.going_on.add_permits(1);
    }
}
