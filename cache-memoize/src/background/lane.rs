//! Lanes: each is the queue of tasks of one owner, of which a few run at a time, independently of other lanes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::Task;
use super::timer::Planned;
use super::workers::Running;
use crate::sync::lock;

/// The most tasks that wait in a lane. More come only while its backend hangs. Those are not done, and no promise rests
/// on them.
const MOST_WAITING: usize = 1 << 16;

/// A lane: the tasks of one owner. Clones are the same lane.
#[derive(Clone)]
pub(crate) struct Lane(Arc<Mutex<Queue>>);

struct Queue {
    /// How many tasks run at a time.
    width: usize,
    running: usize,
    waiting: VecDeque<Task>,
    /// The process in which the running tasks were begun: in a forked process none of them runs.
    process: u32,
}

impl Lane {
    /// A lane that runs `width` tasks at a time.
    pub(crate) fn new(width: usize) -> Self {
        Self(Arc::new(Mutex::new(Queue { width, running: 0, waiting: VecDeque::new(), process: 0 })))
    }

    /// Runs a task after all that were added before.
    #[cfg(any(feature = "shared", test))]
    pub(crate) fn soon(&self, task: Task) {
        self.push(task, VecDeque::push_back);
    }

    /// Runs a task before all that wait, since its time has come and they have none.
    pub(crate) fn next(&self, task: Task) {
        self.push(task, VecDeque::push_front);
    }

    /// Runs a task next when its time has come.
    pub(crate) fn at(&self, at: Instant, task: Task) -> Planned {
        let lane = self.clone();
        Planned::at(at, move || lane.next(task))
    }

    fn push(&self, task: Task, push: fn(&mut VecDeque<Task>, Task)) {
        let mut queue = self.queue();
        if queue.waiting.len() >= MOST_WAITING {
            drop(queue);
            return;
        }
        push(&mut queue.waiting, task);
        drop(queue);
        self.go_on();
    }

    /// Begins as many tasks as may run.
    fn go_on(&self) {
        loop {
            let mut queue = self.queue();
            if queue.running == queue.width {
                return;
            }
            let Some(task) = queue.waiting.pop_front() else { return };
            queue.running += 1;
            drop(queue);
            let lane = self.clone();
            Running::begin(task, move || lane.ended());
        }
    }

    /// Notes that a task has ended, and begins the next.
    fn ended(&self) {
        let mut queue = self.queue();
        queue.running = queue.running.saturating_sub(1);
        drop(queue);
        self.go_on();
    }

    /// Locks the queue. In a forked process, the tasks that the parent began do not count as running.
    fn queue(&self) -> std::sync::MutexGuard<'_, Queue> {
        let process = std::process::id();
        let mut queue = lock(&self.0);
        if queue.process != process {
            (queue.process, queue.running) = (process, 0);
        }
        queue
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::time::Duration;

    use super::*;

    const AMPLE: Duration = Duration::from_secs(60);

    /// A lane whose task blocks a worker until the sender is dropped, and says so.
    fn blocked() -> (Lane, Sender<()>) {
        let (lane, (end, hangs), (began, is_begun)) = (Lane::new(1), channel::<()>(), channel());
        lane.soon(Box::pin(async move {
            began.send(()).unwrap();
            let _ = hangs.recv();
        }));
        is_begun.recv_timeout(AMPLE).unwrap();
        (lane, end)
    }

    /// Sends `message` by a task of the lane.
    fn sent_by<T: Send + 'static>(lane: &Lane, message: T) -> Receiver<T> {
        let (sender, receiver) = channel();
        lane.soon(Box::pin(async move { drop(sender.send(message)) }));
        receiver
    }

    #[test]
    fn a_blocked_lane_does_not_delay_others() {
        let blocked: Vec<_> = (0..20).map(|_| blocked()).collect();
        let well = Lane::new(1);
        for round in 0..1000 {
            assert_eq!(sent_by(&well, round).recv_timeout(AMPLE), Ok(round));
        }
        let late: Vec<_> = blocked.iter().map(|(lane, _)| sent_by(lane, ())).collect();
        assert!(late.iter().all(|late| late.try_recv().is_err()), "one task after the other");
        drop(blocked);
        assert!(late.iter().all(|late| late.recv_timeout(AMPLE) == Ok(())));
    }

    #[test]
    fn a_task_that_waits_holds_no_worker() {
        let waiting: Vec<_> = (0..200).map(|_| Lane::new(1)).collect();
        waiting.iter().for_each(|lane| lane.soon(Box::pin(std::future::pending())));
        assert_eq!(sent_by(&Lane::new(1), 1).recv_timeout(AMPLE), Ok(1));
    }

    #[test]
    fn tasks_with_a_time_come_before_tasks_without() {
        let ((lane, end), order) = (blocked(), Arc::new(Mutex::new(Vec::new())));
        let note = |name: &'static str| -> Task {
            let order = order.clone();
            Box::pin(async move { lock(&order).push(name) })
        };
        lane.soon(Box::pin(async { panic!("a task may panic") }));
        lane.soon(note("whenever"));
        lane.next(note("now"));
        let last = sent_by(&lane, ());
        drop(end);
        assert_eq!(last.recv_timeout(AMPLE), Ok(()));
        assert_eq!(*lock(&order), ["now", "whenever"]);
    }

    #[test]
    fn tasks_come_in_the_order_of_time_and_can_be_cancelled() {
        let (sender, done) = channel();
        let send = |name: &'static str| -> Task {
            let sender = sender.clone();
            Box::pin(async move { sender.send(name).unwrap() })
        };
        let lane = Lane::new(1);
        let after = |milliseconds| Instant::now() + Duration::from_millis(milliseconds);
        let _second = lane.at(after(20), send("second"));
        let first = lane.at(after(1), send("first"));
        drop(lane.at(after(10), send("cancelled")));
        assert_eq!([done.recv().unwrap(), done.recv().unwrap()], ["first", "second"]);
        drop(first);
        lane.soon(Box::pin(async { panic!("a task may panic") }));
        lane.soon(send("third"));
        assert_eq!(done.recv().unwrap(), "third");
    }

    #[test]
    fn the_number_of_waiting_tasks_is_bounded() {
        let (lane, end) = blocked();
        for _ in 0..2 * MOST_WAITING {
            lane.soon(Box::pin(async {}));
        }
        assert_eq!(lock(&lane.0).waiting.len(), MOST_WAITING);
        drop(end);
    }
}
