//! The connection to one server that all async calls share: one task, in the background, writes and reads.
//!
//! Whoever reads while others do is asked for together with them. A caller puts its key into a queue and wakes the task;
//! what the task finds when it comes to the queue becomes one `MGET`: the generations of the groups, each once, and the
//! values. So nobody waits for company; but where many are under way, the task first lets others have their turn,
//! who then are in the queue, too. The more callers, the fewer commands, wake-ups and system calls there are for each,
//! and one timer stands for all their deadlines. Those who ask what is left of a lifetime have a `PTTL` each before that
//! command, in the same write.
//!
//! Where nobody else is under way, the caller writes its command itself, which saves it a wake-up of the task's thread;
//! the task finds out when the answer is there. Its timer runs on for a moment after each use, so that it need not be
//! told of the deadline either.
//!
//! A call is in the queue before the command is made, so it reads what is there after it began.
//!
//! What a server sends is bounded by what it was asked for: longer strings are passed over as they come, other excess
//! ends the connection, and so does more than a little that comes when nobody waits.

use std::collections::VecDeque;
use std::future::{Future as _, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use ::redis::{Cmd, Value};
use tokio::io::ReadBuf;
use tokio::sync::oneshot::{Receiver, Sender, channel};
use tokio::time::{Sleep, sleep_until};

use super::failure::{Failure, What, settle};
use super::resp::{self, Element, Inbox, Parser};
use super::target::{Reader, Socket, Writer};
use super::{keys, request};
use crate::backend::{Group, Key, Left, Read, Stored, Token};
use crate::sync::lock;

/// The most values in one command: nothing else is served meanwhile.
const MOST: usize = 128;

/// Up to here everybody is asked for at once: the answers come one by one, and the server works while they are taken.
/// Where there are more, what counts is how many commands there are.
const FEW: usize = 24;

/// So many groups are looked through. One that is not among them is named again, which does no harm.
const LOOK_BACK: usize = 8;

/// A buffer that grew larger than this is given back.
const KEPT: usize = 64 << 10;

/// So many bytes may come when nobody waits for any: late answers, which a server gave before it knew.
const LATE: usize = 1 << 20;

/// What a server is trusted with.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// A read has this long.
    pub(super) time: Duration,
    /// The longest string in an answer.
    pub(super) string: usize,
}

/// What callers use. When it is gone and nobody waits any more, the connection ends.
pub(super) struct Line {
    queue: Arc<Mutex<Queue>>,
    limits: Limits,
}

/// What comes of a read.
pub(super) type Outcome = Result<Option<Stored>, Unread>;

/// Why there is no answer.
pub(super) struct Unread {
    pub(super) failure: Failure,
    /// When the caller has waited for long enough.
    pub(super) deadline: Instant,
    /// Whether the command was that of others, too, who may be the reason.
    pub(super) shared: bool,
}

/// Who waits for the answer to a request.
type Requester = Sender<Result<Value, Failure>>;

#[derive(Default)]
struct Queue {
    reads: Reads,
    /// Packed.
    requests: Vec<(Vec<u8>, Requester)>,
    /// The task, if it is not woken already.
    task: Option<Waker>,
    is_closed: bool,
    /// Whether nothing is under way and the task's timer runs: then a caller may write its command itself.
    is_idle: bool,
    /// What a caller wrote itself, and what is left to be written of it.
    written: Option<(Batch, Vec<u8>)>,
    /// Gone with the task: the connection ends then.
    writer: Option<Arc<Writer>>,
    /// Why there is no task any more.
    ended: Option<Failure>,
}

/// Those who are not asked for yet.
#[derive(Default)]
struct Reads {
    /// Their keys, one after the other.
    keys: String,
    groups: Vec<Group>,
    callers: Vec<Caller>,
}

struct Caller {
    /// Where its key ends.
    end: usize,
    /// The place of its group.
    group: usize,
    /// Whether it asks what is left of the lifetime.
    lifetime: bool,
    answer: Sender<Outcome>,
}

impl Reads {
    fn push(&mut self, key: &Key, read: Read, answer: Sender<Outcome>) {
        self.keys.push_str(&keys::value(key.text()));
        let recent = self.groups.len().saturating_sub(LOOK_BACK);
        let known = self.groups[recent..].iter().rposition(|group| group == key.group());
        let group = match known {
            Some(at) => recent + at,
            None => {
                self.groups.push(key.group().clone());
                self.groups.len() - 1
            }
        };
        self.callers.push(Caller { end: self.keys.len(), group, lifetime: read.lifetime, answer });
    }

    fn clear(&mut self) {
        self.keys.clear();
        self.groups.clear();
        self.callers.clear();
    }
}

impl Line {
    /// On the runtime that this is called on, which has timers: that in the background.
    pub(super) fn new(socket: Socket, limits: Limits) -> Self {
        let (reader, writer) = socket.into_split();
        let writer = Arc::new(writer);
        let queue = Queue { writer: Some(writer.clone()), ..Queue::default() };
        let queue = Arc::new(Mutex::new(queue));
        let mut operator = Operator {
            queue: queue.clone(),
            reader,
            writer,
            limits,
            taken: Reads::default(),
            outbox: Vec::new(),
            written: 0,
            inbox: Inbox::new(),
            asked: VecDeque::new(),
            readers: 0,
            has_stepped_back: false,
            timer: Box::pin(sleep_until(Instant::now().into())),
            is_timed: false,
            is_in_use: false,
            late: 0,
            failure: ended(),
        };
        tokio::spawn(poll_fn(move |context| operator.poll(context)));
        Self { queue, limits }
    }

    /// Asks for a value, together with others.
    pub(super) fn read(&self, key: &Key, read: Read) -> Receiver<Outcome> {
        let (sender, receiver) = channel();
        self.push(|queue| {
            if !std::mem::take(&mut queue.is_idle) {
                queue.reads.push(key, read, sender);
                return true;
            }
            let (batch, mut command) = Batch::of_one(key, read, sender, Instant::now() + self.limits.time);
            // It does not wait. An error is met again by the task.
            let written = queue.writer.as_ref().and_then(|writer| writer.try_write(&command).ok());
            let count = written.unwrap_or(0);
            command.drain(..count);
            let is_left = !command.is_empty();
            queue.written = Some((batch, command));
            is_left
        });
        receiver
    }

    /// Sends a request, in the order of the calls.
    pub(super) async fn send(&self, cmd: &Cmd) -> Result<Value, Failure> {
        let (sender, receiver) = channel();
        let packed = cmd.get_packed_command();
        self.push(|queue| {
            queue.is_idle = false;
            queue.requests.push((packed, sender));
            true
        });
        receiver.await.unwrap_or_else(|_| Err(lock(&self.queue).ended.clone().unwrap_or_else(ended)))
    }

    /// Puts something into the queue, and wakes the task if it must know. Whoever comes too late is dropped, which tells
    /// it.
    fn push(&self, push: impl FnOnce(&mut Queue) -> bool) {
        let task = {
            let mut queue = lock(&self.queue);
            if queue.ended.is_some() {
                return;
            }
            if push(&mut queue) { queue.task.take() } else { None }
        };
        task.into_iter().for_each(Waker::wake);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.push(|queue| {
            queue.is_closed = true;
            true
        });
    }
}

pub(super) fn ended() -> Failure {
    Failure::new(What::Dropped, "the server closed the connection")
}

/// The task.
struct Operator {
    queue: Arc<Mutex<Queue>>,
    reader: Reader,
    writer: Arc<Writer>,
    limits: Limits,
    /// What was taken from the queue; kept for its memory.
    taken: Reads,
    outbox: Vec<u8>,
    /// How much of it.
    written: usize,
    inbox: Inbox,
    /// In the order of the answers.
    asked: VecDeque<Asked>,
    /// How many wait for a value.
    readers: usize,
    /// Whether it has just let others have their turn.
    has_stepped_back: bool,
    /// For the next deadline, if it is timed: set once for many.
    timer: Pin<Box<Sleep>>,
    is_timed: bool,
    /// Whether anything was asked since the timer was set.
    is_in_use: bool,
    /// How many bytes came since anybody waited.
    late: usize,
    /// What to tell those who wait when it ends.
    failure: Failure,
}

/// A command that was sent.
enum Asked {
    Request(Parser, Requester),
    Reads(Batch),
}

struct Batch {
    /// How many will be told what is left, and what was told.
    lifetimes: usize,
    lefts: VecDeque<Left>,
    /// Of the generations, then of the values: how many elements there will be, and how many there were.
    length: usize,
    seen: usize,
    /// Whether the array has begun.
    has_begun: bool,
    /// The place of the first generation, and the generations.
    first_group: usize,
    groups: usize,
    generations: Vec<Vec<u8>>,
    /// Those who wait; they are taken out in the order of the values. None, if they wait no more.
    callers: std::vec::IntoIter<Caller>,
    deadline: Instant,
}

impl Operator {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let is_closed = self.take(context);
        if let Err(failure) = self.write(context).and_then(|()| self.read(context)) {
            self.failure = failure;
            return Poll::Ready(());
        }
        self.give_up(context);
        self.rest();
        if is_closed && self.readers == 0 { Poll::Ready(()) } else { Poll::Pending }
    }

    /// If nothing is under way, callers may write by themselves until this is polled again.
    fn rest(&self) {
        if self.is_timed && self.asked.is_empty() && self.outbox.is_empty() && self.inbox.is_empty() {
            let mut queue = lock(&self.queue);
            queue.is_idle = queue.reads.callers.is_empty() && queue.requests.is_empty();
        }
    }

    /// Asks for what is in the queue. Whether nobody will ask any more.
    fn take(&mut self, context: &mut Context<'_>) -> bool {
        let (is_closed, requests, written) = {
            let mut queue = lock(&self.queue);
            queue.is_idle = false;
            // Asked for already, so it is known before anything is read.
            let written = queue.written.take();
            let (waiting, readers) =
                (queue.reads.callers.len(), self.readers + usize::from(written.is_some()));
            self.has_stepped_back = !self.has_stepped_back && waiting > 0 && readers + waiting > FEW;
            if self.has_stepped_back {
                drop(queue);
                context.waker().wake_by_ref();
                (false, Vec::new(), written)
            } else {
                // A waker of our own runtime, which runs nothing when it is cloned or dropped.
                if !queue.task.as_ref().is_some_and(|task| task.will_wake(context.waker())) {
                    queue.task = Some(context.waker().clone());
                }
                std::mem::swap(&mut queue.reads, &mut self.taken);
                (queue.is_closed, std::mem::take(&mut queue.requests), written)
            }
        };
        self.is_in_use |= written.is_some() || !requests.is_empty() || !self.taken.callers.is_empty();
        if let Some((batch, rest)) = written {
            self.readers += 1;
            self.outbox.extend_from_slice(&rest);
            self.asked.push_back(Asked::Reads(batch));
        }
        for (packed, answer) in requests {
            self.outbox.extend_from_slice(&packed);
            self.asked.push_back(Asked::Request(Parser::new(self.limits.string), answer));
        }
        if !self.taken.callers.is_empty() {
            let deadline = Instant::now() + self.limits.time;
            let mut callers = std::mem::take(&mut self.taken.callers);
            let mut start = 0;
            while !callers.is_empty() {
                let count = callers.len().min(MOST);
                start = self.ask(callers.drain(..count).collect(), start, deadline);
            }
            self.taken.callers = callers;
            self.taken.clear();
        }
        is_closed
    }

    /// One command for these, the first of whose keys begins at `start`. Where the last one ends.
    fn ask(&mut self, callers: Vec<Caller>, start: usize, deadline: Instant) -> usize {
        let places = callers.iter().map(|caller| caller.group);
        let (first_group, last) = (places.clone().min().unwrap_or(0), places.max().unwrap_or(0));
        let starts = std::iter::once(start).chain(callers.iter().map(|caller| caller.end));
        let keys = starts.zip(&callers).map(|(start, caller)| &self.taken.keys[start..caller.end]);
        for (key, _) in keys.clone().zip(&callers).filter(|(_, caller)| caller.lifetime) {
            request::write_pttl(key, &mut self.outbox);
        }
        let groups = &self.taken.groups[first_group..=last];
        request::write_mget(groups.len() + callers.len(), &mut self.outbox);
        for group in groups {
            request::write_generation(group, &mut self.outbox);
        }
        keys.for_each(|key| request::write_argument(key, &mut self.outbox));
        let end = callers.last().map_or(start, |caller| caller.end);
        self.readers += callers.len();
        self.asked.push_back(Asked::Reads(Batch::new(callers, first_group..last + 1, deadline)));
        end
    }

    fn write(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        while self.written < self.outbox.len() {
            match self.writer.poll_write(context, &self.outbox[self.written..]) {
                Poll::Ready(Ok(0)) => return Err(ended()),
                Poll::Ready(written) => self.written += written?,
                Poll::Pending => return Ok(()),
            }
        }
        self.written = 0;
        self.outbox.clear();
        if self.outbox.capacity() > KEPT {
            self.outbox = Vec::new();
        }
        Ok(())
    }

    /// Reads for as long as there is something.
    fn read(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        loop {
            let mut room = ReadBuf::new(self.inbox.room());
            let Poll::Ready(read) = self.reader.poll_read(context, &mut room) else { return Ok(()) };
            let count = room.filled().len();
            read?;
            if count == 0 {
                return Err(ended());
            }
            self.inbox.filled(count);
            self.late = if self.is_awaited() { 0 } else { self.late + count };
            if self.late > LATE {
                return Err(Failure::new(What::Dropped, "the server sends what nobody waits for any more"));
            }
            self.answer()?;
        }
    }

    /// Whether anybody waits for an answer.
    fn is_awaited(&self) -> bool {
        self.readers > 0
            || self.asked.iter().any(|asked| match asked {
                Asked::Request(_, answer) => !answer.is_closed(),
                Asked::Reads(_) => false,
            })
    }

    /// Gives what was read to those who wait for it.
    fn answer(&mut self) -> Result<(), Failure> {
        while let Some(asked) = self.asked.front_mut() {
            let is_over = match asked {
                Asked::Reads(batch) => {
                    batch.answer(self.limits.string, &mut self.inbox, &mut self.readers)?
                }
                Asked::Request(parser, _) => match parser.next(&mut self.inbox)? {
                    Some(value) => {
                        if let Some(Asked::Request(_, answer)) = self.asked.pop_front() {
                            // Who does not wait any more needs no answer.
                            let _ = answer.send(settle(Ok(value)));
                        }
                        continue;
                    }
                    None => false,
                },
            };
            if !is_over {
                return Ok(());
            }
            self.asked.pop_front();
        }
        // Nobody asked for more; but a server may say why it closes the connection.
        match resp::element(self.inbox.unread(), 0)? {
            None => Ok(()),
            Some((Element::Error(line), _)) => {
                Err(Failure::new(What::Dropped, String::from_utf8_lossy(line).trim().to_owned()))
            }
            Some(_) => Err(resp::garbage()),
        }
    }

    /// Whoever has waited for long enough waits no more. What comes for them is passed over.
    fn give_up(&mut self, context: &mut Context<'_>) {
        loop {
            if self.is_timed {
                if self.timer.as_mut().poll(context).is_pending() {
                    return;
                }
                let now = Instant::now();
                for asked in &mut self.asked {
                    if let Asked::Reads(batch) = asked
                        && batch.deadline <= now
                    {
                        batch.fail(&Failure::timeout(), &mut self.readers);
                    }
                }
            }
            let next = self.asked.iter().find_map(|asked| match asked {
                Asked::Reads(batch) if batch.callers.len() > 0 => Some(batch.deadline),
                _ => None,
            });
            // In use it runs on, though there is nothing to wait for: for who writes by itself.
            let next = next.or_else(|| self.is_in_use.then(|| Instant::now() + self.limits.time));
            self.is_in_use = false;
            self.is_timed = next.is_some();
            match next {
                Some(deadline) => self.timer.as_mut().reset(deadline.into()),
                None => return,
            }
        }
    }
}

impl Batch {
    /// Of a caller who writes the command itself.
    fn of_one(key: &Key, read: Read, answer: Sender<Outcome>, deadline: Instant) -> (Self, Vec<u8>) {
        let value = keys::value(key.text());
        let mut command = Vec::with_capacity(96 + key.group().text().len() + 2 * value.len());
        if read.lifetime {
            request::write_pttl(&value, &mut command);
        }
        request::write_mget(2, &mut command);
        request::write_generation(key.group(), &mut command);
        request::write_argument(&value, &mut command);
        let caller = Caller { end: 0, group: 0, lifetime: read.lifetime, answer };
        (Self::new(vec![caller], 0..1, deadline), command)
    }

    /// These groups and the values of these callers.
    fn new(callers: Vec<Caller>, groups: std::ops::Range<usize>, deadline: Instant) -> Self {
        let lifetimes = callers.iter().filter(|caller| caller.lifetime).count();
        Self {
            lifetimes,
            lefts: VecDeque::new(),
            length: groups.len() + callers.len(),
            seen: 0,
            has_begun: false,
            first_group: groups.start,
            groups: groups.len(),
            generations: Vec::with_capacity(groups.len()),
            callers: callers.into_iter(),
            deadline,
        }
    }

    /// Gives everybody what is theirs, as far as it is there. Whether that was all.
    fn answer(&mut self, longest: usize, inbox: &mut Inbox, readers: &mut usize) -> Result<bool, Failure> {
        while self.lifetimes > 0 {
            let Some((element, length)) = resp::element(inbox.unread(), 0)? else { return Ok(false) };
            self.lefts.push_back(match element {
                Element::Number(left) => request::as_left(left),
                // Who may not ask for it is told the value alone.
                Element::Error(_) => Left::Unknown,
                _ => return Err(resp::garbage()),
            });
            self.lifetimes -= 1;
            inbox.consume(length);
        }
        while self.seen < self.length {
            let longest = if self.seen < self.groups { size_of::<Token>() } else { longest };
            let Some((element, length)) = resp::element(inbox.unread(), longest)? else { return Ok(false) };
            let mut unwanted = 0;
            match element {
                Element::Array(count) if !self.has_begun && count == self.length => self.has_begun = true,
                Element::Error(line) if !self.has_begun => {
                    let failure = match settle(::redis::parse_redis_value(line)) {
                        Err(failure) => failure,
                        Ok(_) => resp::garbage(),
                    };
                    self.fail(&failure, readers);
                    self.seen = self.length;
                }
                Element::Nil if self.has_begun => self.take(None, readers),
                Element::String(string) if self.has_begun => self.take(Some(string), readers),
                Element::TooLong(rest) if self.has_begun => {
                    unwanted = rest;
                    self.take_too_long(longest, readers);
                }
                _ => return Err(resp::garbage()),
            }
            inbox.consume(length);
            inbox.pass_over(unwanted);
        }
        Ok(true)
    }

    /// The next generation, or the next value.
    fn take(&mut self, string: Option<&[u8]>, readers: &mut usize) {
        self.seen += 1;
        if self.seen <= self.groups {
            // What is no generation matches nothing.
            self.generations.push(string.unwrap_or_default().to_vec());
        } else if let Some(caller) = self.callers.next() {
            *readers -= 1;
            let generation = self.generations.get(caller.group - self.first_group);
            let value = string
                .zip(generation)
                .and_then(|(value, generation)| request::unstamped(value, generation).map(<[u8]>::to_vec));
            let left = self.left_of(&caller);
            // Who does not wait any more needs no answer.
            let _ = caller.answer.send(Ok(value.map(|value| Stored::new(value).left(left))));
        }
    }

    /// Of a caller who was taken out just now: those who asked come in the order of their answers.
    fn left_of(&mut self, caller: &Caller) -> Left {
        let told = if caller.lifetime { self.lefts.pop_front() } else { None };
        told.unwrap_or(Left::Unknown)
    }

    /// The same for one that is longer than what was asked for. The reader of a value gets one of zeros, which the
    /// cache refuses for its length, as it would refuse the value.
    fn take_too_long(&mut self, longest: usize, readers: &mut usize) {
        if self.seen < self.groups {
            return self.take(None, readers);
        }
        self.seen += 1;
        if let Some(caller) = self.callers.next() {
            *readers -= 1;
            self.left_of(&caller);
            let _ = caller.answer.send(Ok(Some(Stored::new(vec![0; longest.saturating_add(1)]))));
        }
    }

    fn fail(&mut self, failure: &Failure, readers: &mut usize) {
        let shared = self.length - self.groups > 1;
        for caller in std::mem::take(&mut self.callers) {
            *readers -= 1;
            let (failure, deadline) = (failure.clone(), self.deadline);
            let _ = caller.answer.send(Err(Unread { failure, deadline, shared }));
        }
    }
}

/// The connection has ended, or its runtime has: whoever waits is told so.
impl Drop for Operator {
    fn drop(&mut self) {
        let unasked = {
            let mut queue = lock(&self.queue);
            let ended = Queue { ended: Some(self.failure.clone()), ..Queue::default() };
            std::mem::replace(&mut *queue, ended)
        };
        drop(unasked);
        for asked in self.asked.drain(..) {
            match asked {
                Asked::Reads(mut batch) => batch.fail(&self.failure, &mut self.readers),
                Asked::Request(_, answer) => drop(answer.send(Err(self.failure.clone()))),
            }
        }
    }
}

#[cfg(test)]
mod tests;
