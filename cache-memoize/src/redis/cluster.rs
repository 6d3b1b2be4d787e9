//! Redis Cluster, where the generation of a group is on another server than its values.
//!
//! So it takes part as an assumption: the script takes the generation that we know, and beside it, at the same time,
//! the generation is read. If that is another one, what the script did counts for nothing and is done again. The order
//! of the two does not matter. Generations never come back, so one that is there before and after a step was there all
//! the time; and if the group is removed in between, the call and the removal overlap.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::{Duration, Instant};

use ::redis::Value;

use super::failure::{Failure, What};
use super::keys::{self, Keys};
use super::link::Answer;
use super::request::{self, Generation, Regret, RenewAt, Request};
use super::server::Server;
use crate::backend::{Begin, Begun, Fence, Group, Key, Token};
use crate::sync::lock;

/// The generations seen last, by their keys.
#[derive(Default)]
pub(super) struct Generations(Mutex<HashMap<String, Token>>);

/// There is one for each function. More are more than a program has.
const MOST: usize = 4096;

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
        let generation = async {
            match self.one(request::get(&keys.generation)).await {
                Err(failure) if failure.what == What::WrongType => Ok(Value::Nil),
                answer => answer,
            }
        };
        let (answer, generation) = both(self.ask(request, regret), generation).await;
        let (answer, generation) = (answer?, generation?);
        Ok((answer.heard(), generation))
    }

    pub(super) async fn read(&self, keys: &Keys<'_>) -> Result<Option<Vec<u8>>, Failure> {
        match self.beside_generation(request::get(&keys.value), None, keys).await {
            Ok((value, generation)) => Ok(request::current(value, &generation)),
            Err(failure) if failure.what == What::WrongType => Ok(None),
            Err(failure) => Err(failure),
        }
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
        let over = begin.over;
        match self.begin_or_try_again(&generations, &keys, begin, &channel).await {
            Err(failure) if failure.what == What::TryAgain && !over => {
                self.read(&keys).await?.map(Begun::Value).ok_or(failure)
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
        let groups: BTreeSet<&Group> = fences.iter().map(|(key, _)| key.group()).collect();
        let generations = groups.into_iter().map(async |group| {
            let generation = keys::Generation(group).to_string();
            let current = match self.one(request::get(&generation)).await {
                Err(failure) if failure.what == What::WrongType => Ok(None),
                answer => answer.map(|answer| request::as_token(&answer)),
            };
            (group, current)
        });
        let renewals = fences.iter().map(async |fence| {
            let request = request::renew(std::slice::from_ref(fence), lease, RenewAt::Slot);
            Ok(request::were_renewed(self.one(request).await?, 1)? == [true])
        });
        let (generations, renewed) = both(all(generations), all(renewals)).await;
        let generations: BTreeMap<_, _> = generations.into_iter().collect();
        let stands = |((key, fence), renewed): (&(Key, Fence), Result<bool, Failure>)| {
            let current = generations.get(key.group()).cloned().unwrap_or(Ok(None))?;
            Ok(renewed? && current == Some(fence.generation))
        };
        fences.iter().zip(renewed).map(stands).collect()
    }

    /// For `commit`: done, and the generation was still there.
    pub(super) async fn stands(
        self,
        request: Request,
        keys: Keys<'static>,
        generation: Token,
    ) -> Result<bool, Failure> {
        let (answer, current) = self.beside_generation(request, None, &keys).await?;
        Ok(request::was_done(answer)? && request::as_token(&current) == Some(generation))
    }

    pub(super) async fn remove(self, request: Request, keys: Keys<'static>) -> Result<bool, Failure> {
        let (answer, current) = self.beside_generation(request, None, &keys).await?;
        let (stamp, _) = request::was_removed(answer)?;
        Ok(stamp.is_some() && stamp == request::as_token(&current))
    }

    async fn generation(&self, keys: &Keys<'_>) -> Result<Token, Failure> {
        let answer = self.one(request::generation(keys)).await?;
        request::as_token(&answer).ok_or_else(|| Failure::strange(&answer))
    }
}

/// Both at the same time.
async fn both<A: Future, B: Future>(one: A, other: B) -> (A::Output, B::Output) {
    let (mut one, mut other) = (pin!(one), pin!(other));
    let (mut first, mut second) = (None, None);
    poll_fn(|context| {
        if first.is_none()
            && let Poll::Ready(output) = one.as_mut().poll(context)
        {
            first = Some(output);
        }
        if second.is_none()
            && let Poll::Ready(output) = other.as_mut().poll(context)
        {
            second = Some(output);
        }
        match (first.take(), second.take()) {
            (Some(one), Some(other)) => Poll::Ready((one, other)),
            (one, other) => {
                (first, second) = (one, other);
                Poll::Pending
            }
        }
    })
    .await
}

/// All at the same time, in their order.
async fn all<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.map(Box::pin).map(Some).collect();
    let mut outputs: Vec<_> = running.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (future, output) in running.iter_mut().zip(&mut outputs) {
            if let Some(Poll::Ready(ready)) = future.as_mut().map(|future| future.as_mut().poll(context)) {
                (*future, *output) = (None, Some(ready));
            }
        }
        if outputs.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    outputs.into_iter().flatten().collect()
}
