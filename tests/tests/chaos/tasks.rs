//! Tasks whose order a seed decides: of those that were woken, one is polled. That one which nobody wakes hangs shows,
//! too.

use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use cache_memoize_tests::random::Random;

type Task<'t> = Pin<Box<dyn Future<Output = ()> + 't>>;

/// Which tasks are to be polled.
struct Woken {
    tasks: Mutex<Vec<bool>>,
    changed: Condvar,
}

struct TaskWaker {
    number: usize,
    woken: Arc<Woken>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.woken.tasks.lock().unwrap()[self.number] = true;
        self.woken.changed.notify_all();
    }
}

/// Runs all of them to their end.
pub(crate) fn run(random: &mut Random, tasks: Vec<Task<'_>>) {
    let woken = Arc::new(Woken { tasks: Mutex::new(vec![true; tasks.len()]), changed: Condvar::new() });
    let waker = |number| Waker::from(Arc::new(TaskWaker { number, woken: woken.clone() }));
    let mut tasks: Vec<_> = tasks.into_iter().enumerate().map(|(n, task)| Some((task, waker(n)))).collect();
    while tasks.iter().any(Option::is_some) {
        let next = woken.next(random, |number| tasks[number].is_some());
        let Some((task, waker)) = &mut tasks[next] else { continue };
        if task.as_mut().poll(&mut Context::from_waker(waker)).is_ready() {
            tasks[next] = None;
        }
    }
}

impl Woken {
    /// One of those that were woken and live.
    fn next(&self, random: &mut Random, lives: impl Fn(usize) -> bool) -> usize {
        let mut tasks = self.tasks.lock().unwrap();
        loop {
            let candidates: Vec<_> = (0..tasks.len()).filter(|n| tasks[*n] && lives(*n)).collect();
            if !candidates.is_empty() {
                let next = candidates[random.below(candidates.len() as u64) as usize];
                tasks[next] = false;
                return next;
            }
            let (woken, timeout) = self.changed.wait_timeout(tasks, Duration::from_secs(30)).unwrap();
            assert!(!timeout.timed_out(), "nobody is woken any more");
            tasks = woken;
        }
    }
}
