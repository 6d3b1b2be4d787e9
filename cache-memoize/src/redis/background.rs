//! A small runtime of our own, on which all I/O is done but that of the pool, and all deadlines are kept.
//!
//! Not on the caller's: that may have neither sockets nor timers, which cannot be asked for, since Tokio answers with a
//! panic; its clock may stand still, as in tests; and it may end at any moment, also while others wait for what it
//! does. A wake-up of another thread is what that costs.
//!
//! One thread for the whole process, started when it is first needed. It is asleep when there is nothing to do. A
//! forked process has no threads but one, so it gets another.

use std::future::Future;
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle};
use tokio::task::JoinSet;

use super::failure::{Failure, What};
use crate::sync::lock;

/// The process that it belongs to, and the runtime.
static RUNTIME: Mutex<Option<(u32, Handle)>> = Mutex::new(None);

/// Beyond the deadline of what runs there, which keeps it by itself.
const GRACE: Duration = Duration::from_millis(20);

/// The runtime.
pub(super) fn handle() -> Result<Handle, Failure> {
    let mut runtime = lock(&RUNTIME);
    let process = std::process::id();
    match &*runtime {
        Some((of, handle)) if *of == process => Ok(handle.clone()),
        _ => {
            let handle = start().map_err(|error| {
                Failure::new(What::Unreachable, format!("starting the thread that connects: {error}"))
            })?;
            *runtime = Some((process, handle.clone()));
            Ok(handle)
        }
    }
}

fn start() -> std::io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
    let handle = runtime.handle().clone();
    std::thread::Builder::new()
        .name("cache-memoize-redis".to_owned())
        .spawn(move || runtime.block_on(std::future::pending::<()>()))?;
    Ok(handle)
}

/// Runs it there. The answer can be awaited on any executor; if it is dropped, so is the work, or what came of it.
pub(super) async fn run<T: Send + 'static>(
    work: impl Future<Output = Result<T, Failure>> + Send + 'static,
) -> Result<T, Failure> {
    // Unlike a handle of the task, the set ends it when it is dropped.
    let mut task = JoinSet::new();
    task.spawn_on(work, &handle()?);
    match task.join_next().await {
        Some(Ok(result)) => result,
        _ => Err(lost()),
    }
}

/// Runs it there while this thread sleeps. `work` keeps the deadline by itself.
pub(super) fn wait<T: Send + 'static>(
    deadline: Instant,
    work: impl Future<Output = Result<T, Failure>> + Send + 'static,
) -> Result<T, Failure> {
    let (sender, receiver) = mpsc::sync_channel(1);
    handle()?.spawn(async move {
        // Nobody waits any more: that is fine.
        let _ = sender.send(work.await);
    });
    let patience = deadline.saturating_duration_since(Instant::now()) + GRACE;
    match receiver.recv_timeout(patience) {
        Ok(result) => result,
        Err(mpsc::RecvTimeoutError::Timeout) => Err(Failure::timeout()),
        Err(mpsc::RecvTimeoutError::Disconnected) => Err(lost()),
    }
}

/// A panic in the client.
fn lost() -> Failure {
    Failure::new(What::Unreachable, "the client gave up")
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    #[test]
    fn work_that_nobody_waits_for_ends() {
        let (held, end) = mpsc::channel::<()>();
        {
            let mut running = pin!(run(async move {
                let _held = held;
                std::future::pending::<Result<(), Failure>>().await
            }));
            assert!(running.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        assert_eq!(end.recv_timeout(Duration::from_secs(20)), Err(mpsc::RecvTimeoutError::Disconnected));
    }
}
