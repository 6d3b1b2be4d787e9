//! Redis Cluster, where the generation of a group is on another server than its values.
//!
//! So it takes part as an assumption: the script takes the generation that we know, and beside it, at the same time,
//! the generation is read. If that is another one, what the script did counts for nothing and is done again. The order
//! of the two does not matter. Generations never come back, so one that is there before and after a step was there all
//! the time; and if the group is removed in between, the call and the removal overlap.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ::redis::Value;

use super::failure::{Failure, What};
use super::keys::{self, Keys};
use super::link::Answer;
use super::request::{self, Generation, Regret, Removal, RenewAt, Request};
use super::server::Server;
use super::together::{all, both};
use crate::backend::many::AT_ONCE;
use crate::backend::{Begin, Begun, Commit, Fence, Group, Key, Left, Read, Stored, Token};
use crate::sync::lock;

/// The generations seen last, by their keys.
#[derive(Default)]
pub(super) struct Generations(Mutex<HashMap<String, Token>>);

/// There is one for each function. More are more than a program has.
const MOST: usize = 4096;

/// Where a script that only reads finds the generation: not at all.
const ELSEWHERE: Generation<'_> = Generation::Known(&[0; 16]);

/// The current generations of some groups.
type Current<'g> = BTreeMap<&'g Group, Result<Option<Token>, Failure>>;

/// How often a call begins again because the group was removed meanwhile.
const ATTEMPTS: usize = 3;

impl Generations {
    fn get(&self, key: &str) -> Option<Token> {
        lock(&self.0).get(key).copied()
    }

    fn put(&self, key: &str, generation: Token) {
        let mut seen = lock(&self.0);
        if seen.len() >= MOST {
            seen.clear();
        }
        seen.insert(key.to_owned(), generation);
    }
}

/// Requests on behalf of one call, which has one deadline.
#[derive(Clone)]
pub(super) struct Asking {
    server: Arc<Server>,
    deadline: Instant,
}

impl Asking {
    pub(super) fn new(server: Arc<Server>) -> Self {
        let deadline = server.deadline();
        Self { server, deadline }
    }

    async fn one(&self, request: Request) -> Result<Value, Failure> {
        self.ask(request, None).await.map(Answer::heard)
    }

    async fn ask(&self, request: Request, regret: Option<Regret>) -> Result<Answer, Failure> {
        self.server.clone().run(request, regret, self.deadline).await
    }

    /// A request and, at the same time, the generation. One answer without the other is as good as none.
    async fn beside_generation(
        &self,
        request: Request,
        regret: Option<Regret>,
        keys: &Keys<'_>,
    ) -> Result<(Value, Value), Failure> {
        let (answer, generation) = both(self.ask(request, regret), self.generation_now(keys)).await;
        let (answer, generation) = (answer?, generation?);
        Ok((answer.heard(), generation))
    }

    async fn generation_now(&self, keys: &Keys<'_>) -> Result<Value, Failure> {
        match self.one(request::get(&keys.generation)).await {
            Err(failure) if failure.what == What::WrongType => Ok(Value::Nil),
            answer => answer,
        }
    }

    pub(super) async fn read(&self, keys: &Keys<'_>, read: Read) -> Result<Option<Stored>, Failure> {
        let (value, generation) = both(self.value(keys, read), self.generation_now(keys)).await;
        let ((value, left), generation) = (value?, generation?);
        Ok(request::current(value, &generation).map(|value| Stored::new(value).left(left)))
    }

    /// Each value where it is, and beside them, at the same time, the generations, each once.
    pub(super) async fn read_many(&self, keys: &[Key], read: Read) -> Vec<Result<Option<Stored>, Failure>> {
        let values = keys.iter().map(async |key| self.value(&Keys::of(key), read).await);
        let generations = self.generations(keys.iter().map(Key::group));
        let (generations, values) = both(generations, all(values, AT_ONCE)).await;
        let judge = |(key, value): (&Key, Result<(Value, Left), Failure>)| {
            let (value, left) = value?;
            let current = generations.get(key.group()).cloned().unwrap_or(Ok(None))?;
            let Some(current) = current else { return Ok(None) };
            let current = Value::BulkString(current.to_vec());
            Ok(request::current(value, &current).map(|value| Stored::new(value).left(left)))
        };
        keys.iter().zip(values).map(judge).collect()
    }

    /// A value with its stamp, and what is left of its lifetime: by one script, so that it is of this value.
    async fn value(&self, keys: &Keys<'_>, read: Read) -> Result<(Value, Left), Failure> {
        if !read.lifetime {
            return match self.one(request::get(&keys.value)).await {
                Err(failure) if failure.what == What::WrongType => Ok((Value::Nil, Left::Unknown)),
                answer => answer.map(|value| (value, Left::Unknown)),
            };
        }
        let answer = self.one(request::read_with_lifetime(keys, ELSEWHERE)).await?;
        request::was_read_with_lifetime(answer).map(|(value, _, left)| (value, left))
    }

    /// The current generations, each once.
    async fn generations<'g>(&self, groups: impl Iterator<Item = &'g Group>) -> Current<'g> {
        let groups: BTreeSet<&Group> = groups.collect();
        let generations = groups.into_iter().map(async |group| {
            let generation = keys::Generation(group).to_string();
            let current = match self.one(request::get(&generation)).await {
                Err(failure) if failure.what == What::WrongType => Ok(None),
                answer => answer.map(|answer| request::as_token(&answer)),
            };
            (group, current)
        });
        all(generations, usize::MAX).await.into_iter().collect()
    }

    /// Whether the value still ends with this: what is left of its lifetime.
    pub(super) async fn unchanged(
        &self,
        keys: &Keys<'_>,
        tail: &[u8],
        read: Read,
    ) -> Result<Option<Left>, Failure> {
        let request = request::unchanged(keys, tail, read, ELSEWHERE);
        let (answer, generation) = self.beside_generation(request, None, keys).await?;
        let (stamp, _, left) = request::was_compared(answer, tail)?;
        Ok((stamp.is_some() && stamp == request::as_token(&generation)).then_some(left))
    }

    /// While a slot moves, a script cannot have the value and its fence, if one is there and one is not. The value
    /// alone can be had.
    pub(super) async fn begin(
        self,
        generations: Arc<Generations>,
        keys: Keys<'static>,
        begin: Begin,
        channel: String,
    ) -> Result<Begun, Failure> {
        let (over, read) = (begin.over, Read::new().lifetime(begin.lifetime));
        match self.begin_or_try_again(&generations, &keys, begin, &channel).await {
            Err(failure) if failure.what == What::TryAgain && !over => {
                self.read(&keys, read).await?.map(Begun::Value).ok_or(failure)
            }
            begun => begun,
        }
    }

    async fn begin_or_try_again(
        &self,
        generations: &Generations,
        keys: &Keys<'_>,
        begin: Begin,
        channel: &str,
    ) -> Result<Begun, Failure> {
        let mut known = generations.get(&keys.generation);
        for _ in 1..ATTEMPTS {
            let (answer, generation, current) =
                self.begin_in(generations, known, keys, &begin, channel).await?;
            if current == Some(generation) {
                return request::was_begun(answer, begin.token);
            }
            known = current;
        }
        // The group is removed again and again. A computation may begin at any time, and is not stored if it was
        // fenced off meanwhile.
        let begin = Begin::new(begin.token, begin.lease).over(true);
        let (answer, ..) = self.begin_in(generations, known, keys, &begin, channel).await?;
        request::was_begun(answer, begin.token)
    }

    /// Begins in the generation that is known, or in a new one. Gives that, and the one that there is.
    async fn begin_in(
        &self,
        generations: &Generations,
        known: Option<Token>,
        keys: &Keys<'_>,
        begin: &Begin,
        channel: &str,
    ) -> Result<(Value, Token, Option<Token>), Failure> {
        let generation = match known {
            Some(generation) => generation,
            None => self.generation(keys).await?,
        };
        generations.put(&keys.generation, generation);
        let request = request::begin(keys, begin, Generation::Known(&generation));
        let regret = begin.lead.then(|| request::regret(keys, &begin.token, channel));
        let (answer, current) = self.beside_generation(request, regret, keys).await?;
        Ok((answer, generation, request::as_token(&current)))
    }

    /// Each fence where it is, and beside them, at the same time, the generations, each once.
    pub(super) async fn renew(self, fences: &[(Key, Fence)], lease: Duration) -> Vec<Result<bool, Failure>> {
        let generations = self.generations(fences.iter().map(|(key, _)| key.group()));
        let renewals = fences.iter().map(async |fence| {
            let request = request::renew(std::slice::from_ref(fence), lease, RenewAt::Slot);
            Ok(request::were_renewed(self.one(request).await?, 1)? == [true])
        });
        let (generations, renewed) = both(generations, all(renewals, usize::MAX)).await;
        let stands = |((key, fence), renewed): (&(Key, Fence), Result<bool, Failure>)| {
            let current = generations.get(key.group()).cloned().unwrap_or(Ok(None))?;
            Ok(renewed? && current == Some(fence.generation))
        };
        fences.iter().zip(renewed).map(stands).collect()
    }

    /// Done, and the generation was still there. One that expected something and landed in a generation that
    /// has ended meanwhile may have been seen, so it must not be done once more.
    async fn stands(
        self,
        request: Request,
        keys: Keys<'static>,
        generation: Token,
        expects: bool,
    ) -> Result<bool, Failure> {
        let (answer, current) = self.beside_generation(request, None, &keys).await?;
        let landed = request::was_committed(answer)?;
        match request::as_token(&current) == Some(generation) {
            true => Ok(landed),
            false if landed && expects => Err(request::unknown()),
            false => Ok(false),
        }
    }

    /// A commit, and whether the generation was still there.
    pub(super) fn commit(
        self,
        key: &Key,
        commit: &Commit<'_>,
    ) -> impl Future<Output = Result<bool, Failure>> + Send + use<> {
        let (keys, generation) = (Keys::of(key), commit.fence.generation);
        let channel = keys::channel(key.group());
        let request = request::commit(&keys, commit, &channel, Generation::Known(&generation));
        self.stands(request, keys.into_owned(), generation, commit.expect.is_some())
    }

    /// Removes or expires; whether there was a value.
    pub(super) fn change(
        self,
        key: &Key,
        removal: Removal,
    ) -> impl Future<Output = Result<bool, Failure>> + Send + use<> {
        let request = removal.request(key, ELSEWHERE);
        let keys = Keys::of(key).into_owned();
        async move {
            let (answer, current) = self.beside_generation(request, None, &keys).await?;
            let (stamp, _) = request::was_removed(answer)?;
            Ok(stamp.is_some() && stamp == request::as_token(&current))
        }
    }

    async fn generation(&self, keys: &Keys<'_>) -> Result<Token, Failure> {
        let answer = self.one(request::generation(keys)).await?;
        request::as_token(&answer).ok_or_else(|| Failure::strange(&answer))
    }
}
