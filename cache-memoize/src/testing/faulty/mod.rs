//! A backend that fails on purpose, in ways that repeat.

mod fate;
mod request;

use std::collections::HashMap;
use std::fmt;
use std::future::{Future, pending, poll_fn};
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker, ready};
use std::time::Duration;

use fate::{Course, Damage, Fate, Odds, Repeat};
use request::{Answer, Request};

use crate::backend::many::each;
use crate::backend::{
    Backend, Begin, Begun, Bucket, CallMode, Change, Changes, Commit, Fence, Group, Key, Leader, Left, Marks,
    Read, Reply, Stored,
};
use crate::background;
use crate::sync::block_on;
use crate::sync::lock;
use crate::{Error, ErrorKind, Shared};

/// A [`Backend`] that wraps another one and fails on purpose: to see what your program does when its cache does not
/// work.
///
/// Each kind of fault has a probability of its own, zero at first, and can be changed while the backend is in use: a clone
/// is a handle to the same backend, kept when the other one was given away. Whatever happens, a function on it returns
/// its value, for it computes when the cache cannot answer; its companions say `Err`, and so can your program be seen to
/// handle that.
///
/// What happens to a request depends on the seed, on what is asked of which key, and on how often that was asked
/// before. So a seed that found something finds it again, also when threads take turns in another order. Print it in the
/// message of a test that fails.
///
/// Keys, codecs and other settings are not taken over from a [`Shared`] that is wrapped: they are those of the `Shared`
/// that the `Faulty` is given to.
///
/// ```
/// use cache_memoize::testing::Faulty;
/// use cache_memoize::{Memory, cache_memoize, register};
///
/// #[cache_memoize(ttl = 60, backend = "prices")]
/// fn price(product: u64) -> u64 { 100 + product }
///
/// let faulty = Faulty::new(Memory::new(1_000), 42);
/// register("prices", faulty.clone());
///
/// faulty.lost_answers(1.0);
/// assert_eq!(price(7), 107);
/// assert!(price_invalidate(7).is_err(), "it may have happened or not, and nothing claims success");
/// assert!(faulty.faults().lost_answers > 0);
///
/// faulty.calm();
/// assert!(price_invalidate(7).is_ok());
/// assert_eq!(price(7), 107);
/// assert_eq!(price_peek(7)?, Some(107));
/// # Ok::<(), cache_memoize::Error>(())
/// ```
///
/// A [`Redis`](crate::Redis) is wrapped in the same way. After a few failures in a row, functions stop asking their
/// backend for a while; companions go on. Tests that want calls to meet every fault leave some requests alone.
#[derive(Clone)]
pub struct Faulty(Arc<Inner>);

struct Inner {
    backend: Shared,
    seed: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    odds: Odds,
    /// How often each question was asked about each key.
    asked: HashMap<(&'static str, String), u64>,
    requests: u64,
    /// What is to be carried out when there were so many requests.
    late: Vec<(u64, Late)>,
    paused: bool,
    held: Vec<Waker>,
    /// A value of each of the last two keys that had one.
    values: Vec<(String, Vec<u8>)>,
    faults: Faults,
}

impl State {
    /// What will happen to this question, asked once more.
    fn fate(&mut self, seed: u64, what: &'static str, key: &str) -> Fate {
        let asked = self.asked.entry((what, key.to_owned())).or_default();
        *asked += 1;
        Fate::new(&self.odds, seed, (what, key, *asked))
    }
}

/// Something that is carried out when its caller has been told that it was not.
type Late = Box<dyn FnOnce(CallMode) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// How often a [`Faulty`] did what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Faults {
    /// See [`Faulty::errors`].
    pub errors: u64,
    /// See [`Faulty::delays`].
    pub delays: u64,
    /// See [`Faulty::hangs`].
    pub hangs: u64,
    /// See [`Faulty::corruption`].
    pub corruption: u64,
    /// See [`Faulty::lost_requests`].
    pub lost_requests: u64,
    /// See [`Faulty::lost_answers`].
    pub lost_answers: u64,
    /// See [`Faulty::late`].
    pub late: u64,
    /// See [`Faulty::repeats`].
    pub repeats: u64,
}

impl Faults {
    /// All of them.
    pub fn total(&self) -> u64 {
        let Self { errors, delays, hangs, corruption, lost_requests, lost_answers, late, repeats } = self;
        errors + delays + hangs + corruption + lost_requests + lost_answers + late + repeats
    }
}

impl Faulty {
    /// Wraps a backend, which works for now.
    pub fn new(backend: impl Into<Shared>, seed: u64) -> Self {
        Self(Arc::new(Inner { backend: backend.into(), seed, state: Mutex::default() }))
    }

    /// How likely a request is refused: nothing is carried out, and the answer is an error of the kind
    /// [`Unavailable`](ErrorKind::Unavailable), [`Timeout`](ErrorKind::Timeout) or [`Backend`](ErrorKind::Backend).
    ///
    /// # Panics
    /// If the probability is not between 0 and 1. So do the other methods that take one.
    pub fn errors(&self, probability: f64) -> &Self {
        self.set(|odds| odds.errors = checked(probability))
    }

    /// How likely a request waits before it is carried out, and for how long.
    ///
    /// # Panics
    /// See [`errors`](Self::errors); and if the range is empty.
    pub fn delays(&self, probability: f64, range: RangeInclusive<Duration>) -> &Self {
        assert!(!range.is_empty(), "a range of delays that is not empty, not {range:?}");
        self.set(|odds| (odds.delays, odds.delay) = (checked(probability), range))
    }

    /// How likely a request gets no answer until the deadline of its client, which is so far away; then the answer is an
    /// [`ErrorKind::Timeout`]. It may have been carried out or not.
    ///
    /// # Panics
    /// See [`errors`](Self::errors).
    pub fn hangs(&self, probability: f64, deadline: Duration) -> &Self {
        self.set(|odds| (odds.hangs, odds.deadline) = (checked(probability), deadline))
    }

    /// How likely a value that is read comes with a flipped bit, cut short, or from another key.
    ///
    /// # Panics
    /// See [`errors`](Self::errors).
    pub fn corruption(&self, probability: f64) -> &Self {
        self.set(|odds| odds.corruption = checked(probability))
    }

    /// How likely a request is lost on its way: nothing is carried out, and the answer is an [`ErrorKind::Timeout`] at
    /// once, since time is dear in tests.
    ///
    /// # Panics
    /// See [`errors`](Self::errors).
    pub fn lost_requests(&self, probability: f64) -> &Self {
        self.set(|odds| odds.lost_requests = checked(probability))
    }

    /// How likely an answer is lost on its way: the request is carried out, and the caller gets an
    /// [`ErrorKind::Unavailable`].
    ///
    /// # Panics
    /// See [`errors`](Self::errors).
    pub fn lost_answers(&self, probability: f64) -> &Self {
        self.set(|odds| odds.lost_answers = checked(probability))
    }

    /// How likely a request is late: the caller gets an [`ErrorKind::Timeout`] now, and it is carried out before one of
    /// the next eight requests. So does a server that was stopped and goes on.
    ///
    /// # Panics
    /// See [`errors`](Self::errors).
    pub fn late(&self, probability: f64) -> &Self {
        self.set(|odds| odds.late = checked(probability))
    }

    /// How likely a request is carried out twice, as if a client had sent it again: before it is answered, or the
    /// second time before one of the next eight requests.
    ///
    /// # Panics
    /// See [`errors`](Self::errors).
    pub fn repeats(&self, probability: f64) -> &Self {
        self.set(|odds| odds.repeats = checked(probability))
    }

    /// From now on each request has to be polled so often before it is carried out, and then again before it is
    /// answered; each of these polls wakes its task. For tests that poll by hand, and want to stop everywhere.
    pub fn steps(&self, before: u32, after: u32) -> &Self {
        self.set(|odds| odds.steps = (before, after))
    }

    /// Holds every request that arrives, and every answer that is under way, until [`resume`](Self::resume) or
    /// [`calm`](Self::calm). However long that is: a backend owes its callers a deadline, and here there is none.
    pub fn pause(&self) {
        lock(&self.0.state).paused = true;
    }

    /// Lets go what was held.
    pub fn resume(&self) {
        let held = {
            let mut state = lock(&self.0.state);
            state.paused = false;
            std::mem::take(&mut state.held)
        };
        held.into_iter().for_each(Waker::wake);
    }

    /// Ends all faults, lets go what was held, and carries out what is late, on this thread. Only [`steps`](Self::steps)
    /// stays: it is no fault.
    pub fn calm(&self) {
        self.set(|odds| *odds = Odds { steps: odds.steps, ..Odds::default() });
        self.resume();
        let late = std::mem::take(&mut lock(&self.0.state).late);
        for (_, late) in late {
            block_on(late(CallMode::BLOCKING));
        }
    }

    /// What was done so far.
    pub fn faults(&self) -> Faults {
        lock(&self.0.state).faults
    }

    fn set(&self, change: impl FnOnce(&mut Odds)) -> &Self {
        change(&mut lock(&self.0.state).odds);
        self
    }

    fn count(&self, fault: impl FnOnce(&mut Faults) -> &mut u64) {
        *fault(&mut lock(&self.0.state).faults) += 1;
    }

    /// An answer that will be there. The request owns what it asks for, since it may outlive its caller.
    fn reply<R: Request>(&self, request: R, call: CallMode) -> Reply<'static, R::Answer> {
        let this = self.clone();
        // Also for a thread: it sleeps while this is pending.
        Reply::later(async move { this.run(Arc::new(request), call).await })
    }

    async fn run<R: Request>(&self, request: Arc<R>, call: CallMode) -> Result<R::Answer, Error> {
        let (fate, due) = self.arrive(R::NAME, request.key());
        for late in due {
            late(call).await;
        }
        steps(fate.steps.0).await;
        self.held().await;
        if let Some(delay) = fate.delay {
            self.count(|faults| &mut faults.delays);
            background::sleep(delay).await;
        }
        let carried_out = match fate.course {
            Course::Answered => self.carry_out(&request, fate.repeat, call).await,
            Course::Refused(kind) => {
                self.count(|faults| &mut faults.errors);
                Err(self.error(kind, "refused on purpose"))
            }
            Course::RequestLost => {
                self.count(|faults| &mut faults.lost_requests);
                Err(self.error(ErrorKind::Timeout, "the request was lost on purpose"))
            }
            Course::AnswerLost => {
                self.count(|faults| &mut faults.lost_answers);
                let _ = self.carry_out(&request, fate.repeat, call).await;
                Err(self.error(ErrorKind::Unavailable, "the answer was lost on purpose"))
            }
            Course::Late { requests } => {
                self.count(|faults| &mut faults.late);
                self.postpone(request.clone(), requests);
                Err(self.error(ErrorKind::Timeout, "late on purpose"))
            }
            Course::Hangs { deadline, carried_out } => {
                self.count(|faults| &mut faults.hangs);
                if carried_out {
                    let _ = self.carry_out(&request, fate.repeat, call).await;
                }
                background::sleep(deadline).await;
                Err(self.error(ErrorKind::Timeout, "no answer on purpose"))
            }
        };
        let mut unheard = Unheard { backend: &self.0.backend, request: &*request, answer: Some(carried_out) };
        steps(fate.steps.1).await;
        self.held().await;
        let heard = unheard.answer.take().unwrap_or_else(|| unreachable!("only this takes it"));
        heard.map(|answer| self.handed_over(request.key(), answer, fate.damage))
    }

    /// What will happen to a request, and what is late and comes before it.
    fn arrive(&self, what: &'static str, key: &str) -> (Fate, Vec<Late>) {
        let state = &mut *lock(&self.0.state);
        state.requests += 1;
        let (fate, requests) = (state.fate(self.0.seed, what, key), state.requests);
        (fate, state.late.extract_if(.., |(due, _)| *due <= requests).map(|(_, late)| late).collect())
    }

    async fn carry_out<R: Request>(
        &self,
        request: &Arc<R>,
        repeat: Option<Repeat>,
        call: CallMode,
    ) -> Result<R::Answer, Error> {
        let answer = request.ask(self.0.backend.backend(), call).await;
        match repeat {
            None => answer,
            Some(Repeat::AtOnce) => {
                self.count(|faults| &mut faults.repeats);
                request.ask(self.0.backend.backend(), call).await
            }
            Some(Repeat::Late { requests }) => {
                self.count(|faults| &mut faults.repeats);
                self.postpone(request.clone(), requests);
                answer
            }
        }
    }

    /// Carries a request out when there were so many others.
    fn postpone<R: Request>(&self, request: Arc<R>, requests: u64) {
        let backend = self.0.backend.clone();
        let late = move |call: CallMode| -> Pin<Box<dyn Future<Output = ()> + Send>> {
            Box::pin(async move { drop(request.ask(backend.backend(), call).await) })
        };
        let mut state = lock(&self.0.state);
        let due = state.requests + requests;
        state.late.push((due, Box::new(late)));
    }

    /// Ready unless all is held.
    async fn held(&self) {
        poll_fn(|task| {
            let waker = task.waker().clone();
            let mut state = lock(&self.0.state);
            if !state.paused {
                return Poll::Ready(());
            }
            state.held.push(waker);
            Poll::Pending
        })
        .await;
    }

    /// The answer as it arrives.
    fn handed_over<A: Answer>(&self, key: &str, mut answer: A, damage: Option<Damage>) -> A {
        let Some(value) = answer.value() else { return answer };
        let state = &mut *lock(&self.0.state);
        let other = state.values.iter().find(|(of, _)| of != key).map(|(_, value)| value.clone());
        if state.values.last().is_none_or(|(of, _)| of != key) {
            state.values.push((key.to_owned(), value.clone()));
            let surplus = state.values.len().saturating_sub(2);
            state.values.drain(..surplus);
        }
        if let Some(damage) = damage
            && damage.apply(value, other)
        {
            state.faults.corruption += 1;
        }
        answer
    }

    fn error(&self, kind: ErrorKind, what: &str) -> Error {
        Error::new(kind, format!("{}: {what}", self.name()))
    }
}

/// An answer under way. If its caller goes, a computation of which nobody heard is released, as a backend should: what
/// it does on purpose are faults, and this would be one that nobody asked for.
struct Unheard<'f, R: Request> {
    backend: &'f Shared,
    request: &'f R,
    answer: Option<Result<R::Answer, Error>>,
}

impl<R: Request> Drop for Unheard<'_, R> {
    fn drop(&mut self) {
        if let Some(Ok(answer)) = self.answer.take()
            && let Some(release) = self.request.regret(answer)
        {
            let backend = self.backend.clone();
            let lane = self.backend.inner().lane.clone();
            lane.soon(Box::pin(async move { drop(release.ask(backend.backend(), CallMode::ASYNC).await) }));
        }
    }
}

fn checked(probability: f64) -> f64 {
    assert!((0.0..=1.0).contains(&probability), "a probability is between 0 and 1, not {probability}");
    probability
}

/// Pending so many times.
async fn steps(mut left: u32) {
    poll_fn(|task| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        task.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[deny(clippy::missing_trait_methods)]
impl Backend for Faulty {
    fn name(&self) -> String {
        format!("faulty {}", self.0.backend.backend().name())
    }

    fn read<'a>(&'a self, key: &'a Key, read: Read, call: CallMode) -> Reply<'a, Option<Stored>> {
        self.reply(request::Look(key.clone(), read), call)
    }

    // Of many, each has a fate of its own.
    fn read_many<'a>(
        &'a self,
        keys: &'a [Key],
        read: Read,
        call: CallMode,
    ) -> Reply<'a, Vec<Result<Option<Stored>, Error>>> {
        each(keys, move |key| self.read(key, read, call))
    }

    fn unchanged<'a>(
        &'a self,
        key: &'a Key,
        tail: &'a [u8],
        read: Read,
        call: CallMode,
    ) -> Reply<'a, Option<Left>> {
        self.reply(request::Compare(key.clone(), tail.to_vec(), read), call)
    }

    fn begin<'a>(&'a self, key: &'a Key, begin: Begin, call: CallMode) -> Reply<'a, Begun> {
        self.reply(request::Start(key.clone(), begin), call)
    }

    fn begin_many<'a>(
        &'a self,
        begins: &'a [(Key, Begin)],
        call: CallMode,
    ) -> Reply<'a, Vec<Result<Begun, Error>>> {
        each(begins, move |(key, begin)| self.begin(key, begin.clone(), call))
    }

    fn commit<'a>(&'a self, key: &'a Key, commit: Commit<'a>, call: CallMode) -> Reply<'a, bool> {
        self.reply(request::Store::new(key, &commit), call)
    }

    fn commit_many<'a>(
        &'a self,
        commits: &'a [(Key, Commit<'a>)],
        call: CallMode,
    ) -> Reply<'a, Vec<Result<bool, Error>>> {
        each(commits, move |(key, commit)| self.commit(key, commit.clone(), call))
    }

    fn release<'a>(&'a self, key: &'a Key, fence: &'a Fence, call: CallMode) -> Reply<'a, ()> {
        self.reply(request::Release { key: key.clone(), fence: fence.clone(), failed: false }, call)
    }

    fn fail<'a>(&'a self, key: &'a Key, fence: &'a Fence, call: CallMode) -> Reply<'a, ()> {
        self.reply(request::Release { key: key.clone(), fence: fence.clone(), failed: true }, call)
    }

    fn leader<'a>(&'a self, key: &'a Key, call: CallMode) -> Reply<'a, Option<Leader>> {
        self.reply(request::Leads(key.clone()), call)
    }

    fn renew<'a>(
        &'a self,
        key: &'a Key,
        fence: &'a Fence,
        lease: Duration,
        call: CallMode,
    ) -> Reply<'a, bool> {
        self.reply(request::Renew(key.clone(), fence.clone(), lease), call)
    }

    fn renew_many<'a>(
        &'a self,
        fences: &'a [(Key, Fence)],
        lease: Duration,
        call: CallMode,
    ) -> Reply<'a, Vec<Result<bool, Error>>> {
        each(fences, move |(key, fence)| self.renew(key, fence, lease, call))
    }

    fn remove<'a>(&'a self, key: &'a Key, call: CallMode) -> Reply<'a, bool> {
        self.reply(request::Remove(key.clone()), call)
    }

    fn remove_many<'a>(&'a self, keys: &'a [Key], call: CallMode) -> Reply<'a, Vec<Result<bool, Error>>> {
        each(keys, move |key| self.remove(key, call))
    }

    fn remove_all<'a>(&'a self, group: &'a Group, call: CallMode) -> Reply<'a, ()> {
        self.reply(request::RemoveAll(group.clone()), call)
    }

    fn keeps_stale(&self) -> bool {
        self.0.backend.backend().keeps_stale()
    }

    fn expire<'a>(&'a self, key: &'a Key, call: CallMode) -> Reply<'a, bool> {
        self.reply(request::Expire(key.clone()), call)
    }

    fn marks<'a>(&'a self, namespace: &'a str, buckets: &'a [Bucket], call: CallMode) -> Reply<'a, Marks> {
        self.reply(request::LookAtMarks(namespace.to_owned(), buckets.to_vec()), call)
    }

    fn mark<'a>(&'a self, namespace: &'a str, buckets: &'a [Bucket], call: CallMode) -> Reply<'a, ()> {
        self.reply(request::MarkThem(namespace.to_owned(), buckets.to_vec()), call)
    }

    /// A hint, of which little can be wrong: it may never come.
    fn changed<'a>(&'a self, key: &'a Key, call: CallMode) -> Reply<'a, ()> {
        Reply::later(async move {
            let (fate, due) = self.arrive("changed", key.text());
            for late in due {
                late(call).await;
            }
            self.held().await;
            if let Course::RequestLost = fate.course {
                self.count(|faults| &mut faults.lost_requests);
                pending::<()>().await;
            }
            self.0.backend.backend().changed(key, call).await
        })
    }

    /// What is lost on its way is a gap, as a connection that ends would be.
    fn changes(&self, namespace: &str, every: Duration) -> Option<Changes> {
        let mut changes = self.0.backend.backend().changes(namespace, every)?;
        let (this, namespace) = (self.clone(), namespace.to_owned());
        Some(Changes::from_poll(move |task| {
            let change = ready!(changes.poll_next(task));
            // No request: what is late waits for one.
            let fate = lock(&this.0.state).fate(this.0.seed, "changes", &namespace);
            match fate.course {
                Course::RequestLost | Course::AnswerLost => {
                    this.count(|faults| &mut faults.lost_answers);
                    Poll::Ready(Change::Gap)
                }
                _ => Poll::Ready(change),
            }
        }))
    }
}

impl fmt::Debug for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = lock(&self.0.state);
        f.debug_struct("Faulty")
            .field("seed", &self.0.seed)
            .field("odds", &state.odds)
            .field("late", &state.late.len())
            .field("held", &state.held.len())
            .field("faults", &state.faults)
            .finish_non_exhaustive()
    }
}
