//! The reads of one connection: whoever asks while others do is asked for together with them, in one command.
//!
//! A caller puts its key into a queue and wakes the task that drives the connection. What the task finds there when it
//! comes to it becomes one `MGET`: the values, and the generations of their groups, each once. So nobody waits for
//! company; but under load, when callers come faster than the task, the server and the client have one command to
//! parse instead of many, the generation is read once for all of them, and one timer stands for all deadlines.
//!
//! A call is in the queue before the command is made, so it reads what is there after it began.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{Cmd, Value};
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep, sleep_until};

use super::failure::{Failure, settle};
use super::{keys, request};
use crate::backend::Key;
use crate::sync::lock;

/// The most values in one command: nothing else is served meanwhile.
const MOST: usize = 128;

/// The most bytes in one answer, as far as one can tell: who asks for little does not wait for all of it.
const MOST_BYTES: usize = 256 << 10;

/// So many groups are looked through. One that is not among them is named again, which does no harm.
const LOOK_BACK: usize = 8;

/// So often the task looks again before it lets others have their turn.
const ROUNDS: usize = 4;

/// Drives a connection that its client does not drive by itself.
pub(super) type Driver = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What callers use, and what keeps the task: it ends when this is gone and nobody waits any more.
pub(super) struct Reads {
    queue: Arc<Mutex<Queue>>,
    bell: Arc<Bell>,
}

/// What comes of a read.
pub(super) type Outcome = Result<Option<Vec<u8>>, Unread>;

/// Why there is no answer.
pub(super) struct Unread {
    pub(super) failure: Failure,
    /// When the caller has waited for long enough.
    pub(super) deadline: Instant,
    /// Whether the command was that of others, too, who may be the reason.
    pub(super) shared: bool,
}

#[derive(Default)]
struct Queue {
    waiting: Waiting,
    is_closed: bool,
}

/// Those who are not asked for yet.
#[derive(Default)]
struct Waiting {
    /// Their keys, one after the other.
    keys: String,
    groups: Vec<Arc<str>>,
    callers: Vec<Caller>,
}

struct Caller {
    /// Where its key ends.
    end: usize,
    /// The place of its group.
    group: usize,
    answer: oneshot::Sender<Outcome>,
}

impl Waiting {
    fn push(&mut self, key: &Key, answer: oneshot::Sender<Outcome>) {
        self.keys.push_str(&keys::value(key.text()));
        let recent = self.groups.len().saturating_sub(LOOK_BACK);
        let known = self.groups[recent..].iter().rposition(|group| Arc::ptr_eq(group, &key.group));
        let group = match known {
            Some(at) => recent + at,
            None => {
                self.groups.push(key.group.clone());
                self.groups.len() - 1
            }
        };
        self.callers.push(Caller { end: self.keys.len(), group, answer });
    }

    fn clear(&mut self) {
        self.keys.clear();
        self.groups.clear();
        self.callers.clear();
    }
}

impl Queue {
    fn has_news(&self, is_closed: bool) -> bool {
        !self.waiting.callers.is_empty() || self.is_closed != is_closed
    }
}

impl Reads {
    /// On the runtime that this is called on.
    pub(super) fn new(connection: MultiplexedConnection, driver: Option<Driver>, limit: Duration) -> Self {
        let (queue, bell) = <(Arc<Mutex<Queue>>, Arc<Bell>)>::default();
        let mut reader = Reader {
            queue: queue.clone(),
            bell: bell.clone(),
            quiet: if driver.is_some() { Waker::noop().clone() } else { bell.clone().into() },
            waker: bell.clone().into(),
            connection,
            driver,
            limit,
            taken: Waiting::default(),
            asked: VecDeque::new(),
            count: 0,
            has_stepped_back: false,
            size: 0,
            timer: Box::pin(sleep_until(Instant::now())),
            is_timed: false,
        };
        tokio::spawn(poll_fn(move |context| reader.poll(context)));
        Self { queue, bell }
    }

    /// Asks for a value. If the runtime ends, there is no outcome.
    pub(super) fn read(&self, key: &Key) -> oneshot::Receiver<Outcome> {
        let (sender, receiver) = oneshot::channel();
        let is_first = {
            let mut queue = lock(&self.queue);
            queue.waiting.push(key, sender);
            queue.waiting.callers.len() == 1
        };
        if is_first {
            self.bell.ring();
        }
        receiver
    }
}

impl Drop for Reads {
    fn drop(&mut self) {
        lock(&self.queue).is_closed = true;
        self.bell.ring();
    }
}

/// Wakes the task, unless it is at work: it then looks once more by itself, which is cheaper than to be scheduled.
#[derive(Default)]
struct Bell {
    rung: AtomicBool,
    at_work: AtomicBool,
    task: Mutex<Option<Waker>>,
}

impl Bell {
    fn ring(&self) {
        self.rung.store(true, SeqCst);
        // Either this sees that the work is over, or whoever ends it sees that the bell was rung.
        if !self.at_work.load(SeqCst) {
            let task = lock(&self.task).take();
            task.into_iter().for_each(Waker::wake);
        }
    }

    fn begin_work(&self, task: &Waker) {
        let mut known = lock(&self.task);
        if !known.as_ref().is_some_and(|known| known.will_wake(task)) {
            *known = Some(task.clone());
        }
        self.at_work.store(true, SeqCst);
    }

    /// Nothing that was done so far need be done again.
    fn unring(&self) {
        self.rung.store(false, SeqCst);
    }

    /// Whether it was rung meanwhile.
    fn end_work(&self) -> bool {
        self.at_work.store(false, SeqCst);
        self.rung.load(SeqCst)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.ring();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ring();
    }
}

/// The task.
struct Reader {
    queue: Arc<Mutex<Queue>>,
    bell: Arc<Bell>,
    /// The bell.
    waker: Waker,
    /// For answers: they come by the driver, after which they are looked for, so none has to wake anybody.
    quiet: Waker,
    connection: MultiplexedConnection,
    driver: Option<Driver>,
    limit: Duration,
    /// What was taken from the queue; kept for its memory.
    taken: Waiting,
    /// In the order of the answers.
    asked: VecDeque<Asked>,
    /// How many wait for those.
    count: usize,
    /// Whether it has just let others have their turn, so that they are asked for together.
    has_stepped_back: bool,
    /// Of a value, about, in bytes.
    size: usize,
    /// For the one whose deadline is next, if it is timed: set once for many.
    timer: Pin<Box<Sleep>>,
    is_timed: bool,
}

/// A command that was sent.
struct Asked {
    answer: Pin<Box<dyn Future<Output = Result<Value, Failure>> + Send>>,
    callers: Vec<Caller>,
    /// The place of the first generation that was asked for.
    first_group: usize,
    deadline: Instant,
}

impl Reader {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        for _ in 0..ROUNDS {
            self.bell.begin_work(context.waker());
            let is_closed = self.work();
            self.give_up(context);
            if is_closed && self.asked.is_empty() {
                return Poll::Ready(());
            }
            let is_rung = self.bell.end_work();
            if !is_rung && !lock(&self.queue).has_news(is_closed) {
                return Poll::Pending;
            }
            if self.has_stepped_back || self.count > 1 {
                break;
            }
        }
        // Others have their turn.
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Whether nobody will ask any more.
    fn work(&mut self) -> bool {
        let is_closed = self.take();
        // Sending has rung it, for the driver, whose turn is now.
        self.bell.unring();
        if let Some(driver) = &mut self.driver
            && driver.as_mut().poll(&mut Context::from_waker(&self.waker)).is_ready()
        {
            // The connection has ended; whoever still asks is told so.
            self.driver = None;
        }
        while let Some(asked) = self.asked.front_mut()
            && let Poll::Ready(answer) = asked.answer.as_mut().poll(&mut Context::from_waker(&self.quiet))
            && let Some(asked) = self.asked.pop_front()
        {
            self.count -= asked.callers.len();
            let size = asked.hand_out(answer);
            self.size = (3 * self.size + size) / 4;
        }
        is_closed
    }

    /// Asks for what is in the queue. Whether nobody will ask any more.
    fn take(&mut self) -> bool {
        let is_closed = {
            let mut queue = lock(&self.queue);
            let waiting = queue.waiting.callers.len();
            // Where there are several, more are about to come.
            self.has_stepped_back = !self.has_stepped_back && waiting > 0 && self.count + waiting > 1;
            if self.has_stepped_back {
                return queue.is_closed;
            }
            std::mem::swap(&mut queue.waiting, &mut self.taken);
            queue.is_closed
        };
        if self.taken.callers.is_empty() {
            return is_closed;
        }
        let deadline = Instant::now() + self.limit;
        let most = (MOST_BYTES / self.size.max(1)).clamp(1, MOST);
        let mut start = 0;
        while !self.taken.callers.is_empty() {
            let count = self.taken.callers.len().min(most);
            let callers: Vec<_> = self.taken.callers.drain(..count).collect();
            let end = callers.last().map_or(start, |last| last.end);
            let mut asked = self.command(callers, start, deadline);
            start = end;
            // Sent when it is polled for the first time.
            match asked.answer.as_mut().poll(&mut Context::from_waker(&self.quiet)) {
                Poll::Ready(answer) => drop(asked.hand_out(answer)),
                Poll::Pending => {
                    self.count += count;
                    self.asked.push_back(asked);
                }
            }
        }
        self.taken.clear();
        is_closed
    }

    /// One command for these, the first of whose keys begins at `start`.
    fn command(&self, callers: Vec<Caller>, start: usize, deadline: Instant) -> Asked {
        let groups = callers.iter().map(|caller| caller.group);
        let (first, last) = (groups.clone().min().unwrap_or(0), groups.max().unwrap_or(0));
        let groups = &self.taken.groups[first..=last];
        let end = callers.last().map_or(start, |last| last.end);
        let room = groups.iter().fold(end - start, |room, group| room + group.len() + 16);
        let mut cmd = Cmd::with_capacity(1 + callers.len() + groups.len(), room);
        cmd.arg("MGET");
        let mut at = start;
        for caller in &callers {
            cmd.arg(&self.taken.keys[at..caller.end]);
            at = caller.end;
        }
        for group in groups {
            request::push_generation(&mut cmd, group);
        }
        let mut connection = self.connection.clone();
        let answer = Box::pin(async move { settle(connection.send_packed_command(&cmd).await) });
        Asked { answer, callers, first_group: first, deadline }
    }

    /// Whoever has waited for long enough waits no more.
    fn give_up(&mut self, context: &mut Context<'_>) {
        if self.is_timed && self.timer.as_mut().poll(context).is_ready() {
            self.is_timed = false;
            let now = Instant::now();
            while self.asked.front().is_some_and(|asked| asked.deadline <= now)
                && let Some(asked) = self.asked.pop_front()
            {
                self.count -= asked.callers.len();
                asked.hand_out(Err(Failure::timeout()));
            }
        }
        while !self.is_timed
            && let Some(asked) = self.asked.front()
        {
            self.timer.as_mut().reset(asked.deadline);
            // Polled, so that it wakes the task.
            self.is_timed = self.timer.as_mut().poll(context).is_pending();
            if !self.is_timed
                && let Some(asked) = self.asked.pop_front()
            {
                self.count -= asked.callers.len();
                asked.hand_out(Err(Failure::timeout()));
            }
        }
    }
}

impl Asked {
    /// Gives everybody what is theirs. The size of a value, about.
    fn hand_out(self, answer: Result<Value, Failure>) -> usize {
        let count = self.callers.len();
        let values = answer.and_then(|answer| match answer {
            Value::Array(values) if values.len() > count => Ok(values),
            other => Err(Failure::strange(&other)),
        });
        match values {
            Ok(mut values) => {
                let generations = values.split_off(count);
                let mut size = 0;
                for (caller, value) in self.callers.into_iter().zip(values) {
                    let generation = generations.get(caller.group - self.first_group).unwrap_or(&Value::Nil);
                    if let Value::BulkString(value) = &value {
                        size += value.len();
                    }
                    // Who does not wait any more needs no answer.
                    let _ = caller.answer.send(Ok(request::current(value, generation)));
                }
                size / count
            }
            Err(failure) => {
                for caller in self.callers {
                    let failure = failure.clone();
                    let unread = Unread { failure, deadline: self.deadline, shared: count > 1 };
                    let _ = caller.answer.send(Err(unread));
                }
                0
            }
        }
    }
}
