//! The lanes: what is to be done for one owner, beside what is done for others, a few things at a time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::Task;
use super::timer::Planned;
use super::workers::Running;
use crate::sync::lock;

/// More than this wait in a lane only while its backend hangs. What comes then is left undone: no promise rests on it.
const MOST_WAITING: usize = 1 << 16;

/// The tasks of one owner. Clones are the same lane.
#[derive(Clone)]
pub(crate) struct Lane(Arc<Mutex<Queue>>);

struct Queue {
    /// How many tasks run at a time.
    width: usize,
    running: usize,
    waiting: VecDeque<Task>,
    /// The process in which tasks run: in a forked one there are none.
    process: u32,
}

impl Lane {
    /// A lane of so many tasks at a time.
    pub(crate) fn new(width: usize) -> Self {
        Self(Arc::new(Mutex::new(Queue { width, running: 0, waiting: VecDeque::new(), process: 0 })))
    }

    /// Does something when what came before has begun.
    #[cfg(any(feature = "shared", test))]
    pub(crate) fn soon(&self, task: Task) {
        self.push(task, VecDeque::push_back);
    }

    /// Does something next: its time has come, and what waits has none.
    pub(crate) fn next(&self, task: Task) {
        self.push(task, VecDeque::push_front);
    }

    /// Does something next when its time has come.
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

    /// A task has ended.
    fn ended(&self) {
        let mut queue = self.queue();
        queue.running = queue.running.saturating_sub(1);
        drop(queue);
        self.go_on();
    }

    /// In a forked process none of the tasks runs that the parent began.
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

    fn told<T: Send + 'static>(lane: &Lane, what: T) -> Receiver<T> {
        let (sender, receiver) = channel();
        lane.soon(Box::pin(async move { drop(sender.send(what)) }));
        receiver
    }

    #[test]
    fn a_lane_that_is_blocked_is_alone_with_it() {
        let blocked: Vec<_> = (0..20).map(|_| blocked()).collect();
        let well = Lane::new(1);
        for round in 0..1000 {
            assert_eq!(told(&well, round).recv_timeout(AMPLE), Ok(round));
        }
        let late: Vec<_> = blocked.iter().map(|(lane, _)| told(lane, ())).collect();
        assert!(late.iter().all(|late| late.try_recv().is_err()), "one thing after the other");
        drop(blocked);
        assert!(late.iter().all(|late| late.recv_timeout(AMPLE) == Ok(())));
    }

    #[test]
    fn a_task_that_waits_holds_no_worker() {
        let waiting: Vec<_> = (0..200).map(|_| Lane::new(1)).collect();
        waiting.iter().for_each(|lane| lane.soon(Box::pin(std::future::pending())));
        assert_eq!(told(&Lane::new(1), 1).recv_timeout(AMPLE), Ok(1));
    }

    #[test]
    fn what_has_a_time_comes_before_what_has_none() {
        let ((lane, end), order) = (blocked(), Arc::new(Mutex::new(Vec::new())));
        let note = |what: &'static str| -> Task {
            let order = order.clone();
            Box::pin(async move { lock(&order).push(what) })
        };
        lane.soon(Box::pin(async { panic!("a task may panic") }));
        lane.soon(note("whenever"));
        lane.next(note("now"));
        let last = told(&lane, ());
        drop(end);
        assert_eq!(last.recv_timeout(AMPLE), Ok(()));
        assert_eq!(*lock(&order), ["now", "whenever"]);
    }

    #[test]
    fn tasks_come_in_the_order_of_time_and_can_be_called_off() {
        let (sender, done) = channel();
        let tell = |what: &'static str| -> Task {
            let sender = sender.clone();
            Box::pin(async move { sender.send(what).unwrap() })
        };
        let lane = Lane::new(1);
        let after = |milliseconds| Instant::now() + Duration::from_millis(milliseconds);
        let _second = lane.at(after(20), tell("second"));
        let first = lane.at(after(1), tell("first"));
        drop(lane.at(after(10), tell("called off")));
        assert_eq!([done.recv().unwrap(), done.recv().unwrap()], ["first", "second"]);
        drop(first);
        lane.soon(Box::pin(async { panic!("a task may panic") }));
        lane.soon(tell("third"));
        assert_eq!(done.recv().unwrap(), "third");
    }

    #[test]
    fn what_waits_is_bounded() {
        let (lane, end) = blocked();
        for _ in 0..2 * MOST_WAITING {
            lane.soon(Box::pin(async {}));
        }
        assert_eq!(lock(&lane.0).waiting.len(), MOST_WAITING);
        drop(end);
    }
}
