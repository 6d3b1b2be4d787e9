//! The backend: what the cache asks for, as requests to the server.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use ::redis::Value;

use super::background;
use super::cluster::{Asking, Generations};
use super::failure::{Failure, What};
use super::keys::{self, Keys};
use super::link::Answer;
use super::request::{self, Ending, Generation, Regret, Removal, RenewAt, Request};
use super::server::Server;
use super::wake::Wakes;
use crate::backend::{
    Backend, Begin, Begun, Bucket, CallMode, Commit, Fence, Group, Key, Leader, Left, Marks, Read, Reply,
    Stored, Token,
};
use crate::{Error, ErrorKind};

pub(super) struct RedisBackend {
    pub(super) server: Arc<Server>,
    max_value_size: usize,
    /// Only for clusters.
    pub(super) generations: Arc<Generations>,
    wakes: Wakes,
}

/// What the cache writes around a value is not counted.
const AROUND: usize = 1024;

/// How long what is stored can be, with its stamp.
pub(super) fn longest_string(max_value_size: usize) -> usize {
    max_value_size.saturating_add(AROUND + size_of::<Token>())
}

impl RedisBackend {
    pub(super) fn new(server: Arc<Server>, max_value_size: usize) -> Self {
        let wakes = Wakes::new(server.clone());
        Self { server, max_value_size, generations: Arc::default(), wakes }
    }

    /// One request to one server.
    fn ask<'a, T>(
        &'a self,
        call: CallMode,
        request: Request,
        regret: Option<Regret>,
        meaning: impl FnOnce(Value) -> Result<T, Failure> + Send + 'a,
    ) -> Reply<'a, T> {
        let doing = request.doing;
        if call.is_blocking() {
            let answer = self.server.wait(request, regret).and_then(meaning);
            return Reply::now(answer.map_err(|failure| self.server.error(failure, doing)));
        }
        Reply::later(async move {
            let work = self.server.clone().run(request, regret, self.server.deadline());
            let answer = background::run(work).await;
            answer.map(Answer::heard).and_then(meaning).map_err(|failure| self.server.error(failure, doing))
        })
    }

    /// Several requests to several servers of a cluster.
    fn ask_cluster<'a, T: Send + 'static>(
        &'a self,
        call: CallMode,
        doing: &'static str,
        work: impl Future<Output = Result<T, Failure>> + Send + 'static,
    ) -> Reply<'a, T> {
        let explain = move |failure| self.server.error(failure, doing);
        if call.is_blocking() {
            return Reply::now(background::wait(self.server.deadline(), work).map_err(explain));
        }
        Reply::later(async move { background::run(work).await.map_err(explain) })
    }

    pub(super) fn asking(&self) -> Option<Asking> {
        self.server.target.is_cluster().then(|| Asking::new(self.server.clone()))
    }

    fn end<'a>(&'a self, key: &'a Key, fence: &'a Fence, ending: Ending, call: CallMode) -> Reply<'a, ()> {
        let request = request::end(&Keys::of(key), &fence.token, &keys::channel(key.group()), ending);
        self.ask(call, request, None, request::was_released)
    }

    fn change<'a>(&'a self, key: &'a Key, removal: Removal, call: CallMode) -> Reply<'a, bool> {
        match self.asking() {
            None => {
                let request = removal.request(key, Generation::Stored);
                self.ask(call, request, None, was_there)
            }
            Some(asking) => self.ask_cluster(call, removal.doing(), asking.change(key, removal)),
        }
    }

    pub(super) fn fits(&self, value: Option<&[u8]>) -> Result<(), Failure> {
        let length = value.map_or(0, <[u8]>::len);
        if length <= self.max_value_size.saturating_add(AROUND) {
            return Ok(());
        }
        let words = format!("it has {length} bytes, and max_value_size is {}", self.max_value_size);
        Err(Failure::new(What::Refused, words))
    }
}

/// Of an answer from where the script looked for the generation: whether there was a value.
pub(super) fn was_there(answer: Value) -> Result<bool, Failure> {
    let (stamp, generation) = request::was_removed(answer)?;
    Ok(stamp.is_some() && stamp == generation)
}

impl Backend for RedisBackend {
    fn name(&self) -> String {
        self.server.name.clone()
    }

    fn read<'a>(&'a self, key: &'a Key, read: Read, call: CallMode) -> Reply<'a, Option<Stored>> {
        match self.asking() {
            None if call.is_blocking() => {
                let meaning = move |answer| request::was_read_as(answer, read);
                self.ask(call, request::read_as(key, read), None, meaning)
            }
            None => {
                let explain = |failure| self.server.error(failure, request::READING);
                Reply::later(async move { self.server.read(key, read).await.map_err(explain) })
            }
            Some(asking) => {
                let keys = Keys::of(key).into_owned();
                self.ask_cluster(call, request::READING, async move { asking.read(&keys, read).await })
            }
        }
    }

    fn read_many<'a>(
        &'a self,
        keys: &'a [Key],
        read: Read,
        call: CallMode,
    ) -> Reply<'a, Vec<Result<Option<Stored>, Error>>> {
        self.read_several(keys, read, call)
    }

    fn unchanged<'a>(
        &'a self,
        key: &'a Key,
        tail: &'a [u8],
        read: Read,
        call: CallMode,
    ) -> Reply<'a, Option<Left>> {
        let keys = Keys::of(key);
        match self.asking() {
            None => {
                let request = request::unchanged(&keys, tail, read, Generation::Stored);
                self.ask(call, request, None, move |answer| {
                    let (stamp, generation, left) = request::was_compared(answer, tail)?;
                    Ok((stamp.is_some() && stamp == request::as_token(&generation)).then_some(left))
                })
            }
            Some(asking) => {
                let (keys, tail) = (keys.into_owned(), tail.to_vec());
                let work = async move { asking.unchanged(&keys, &tail, read).await };
                self.ask_cluster(call, request::COMPARING, work)
            }
        }
    }

    fn begin<'a>(&'a self, key: &'a Key, begin: Begin, call: CallMode) -> Reply<'a, Begun> {
        let keys = Keys::of(key);
        let channel = keys::channel(key.group());
        match self.asking() {
            None => {
                let request = request::begin(&keys, &begin, Generation::Stored);
                let regret = begin.lead.then(|| request::regret(&keys, &begin.token, &channel));
                self.ask(call, request, regret, move |answer| request::was_begun(answer, begin.token))
            }
            Some(asking) => {
                let generations = self.generations.clone();
                let work = asking.begin(generations, keys.into_owned(), begin, channel);
                self.ask_cluster(call, "beginning a computation", work)
            }
        }
    }

    fn begin_many<'a>(
        &'a self,
        begins: &'a [(Key, Begin)],
        call: CallMode,
    ) -> Reply<'a, Vec<Result<Begun, Error>>> {
        self.begin_several(begins, call)
    }

    fn commit<'a>(&'a self, key: &'a Key, commit: Commit<'a>, call: CallMode) -> Reply<'a, bool> {
        if let Err(failure) = self.fits(commit.value) {
            return Reply::now(Err(self.server.error(failure, request::STORING)));
        }
        match self.asking() {
            None => {
                let channel = keys::channel(key.group());
                let request = request::commit(&Keys::of(key), &commit, &channel, Generation::Stored);
                self.ask(call, request, None, request::was_committed)
            }
            Some(asking) => self.ask_cluster(call, request::STORING, asking.commit(key, &commit)),
        }
    }

    fn commit_many<'a>(
        &'a self,
        commits: &'a [(Key, Commit<'a>)],
        call: CallMode,
    ) -> Reply<'a, Vec<Result<bool, Error>>> {
        self.commit_several(commits, call)
    }

    fn release<'a>(&'a self, key: &'a Key, fence: &'a Fence, call: CallMode) -> Reply<'a, ()> {
        self.end(key, fence, Ending::GivenUp, call)
    }

    fn fail<'a>(&'a self, key: &'a Key, fence: &'a Fence, call: CallMode) -> Reply<'a, ()> {
        self.end(key, fence, Ending::Failed, call)
    }

    fn leader<'a>(&'a self, key: &'a Key, call: CallMode) -> Reply<'a, Option<Leader>> {
        self.ask(call, request::leader(&Keys::of(key)), None, request::was_led)
    }

    fn renew<'a>(
        &'a self,
        key: &'a Key,
        fence: &'a Fence,
        lease: Duration,
        call: CallMode,
    ) -> Reply<'a, bool> {
        let fences = [(key.clone(), fence.clone())];
        match self.asking() {
            None => {
                let request = request::renew(&fences, lease, RenewAt::Server);
                self.ask(call, request, None, |answer| Ok(request::were_renewed(answer, 1)? == [true]))
            }
            Some(asking) => self.ask_cluster(call, request::RENEWING, async move {
                let answer = asking.renew(&fences, lease).await.pop();
                answer.unwrap_or_else(|| Err(Failure::strange(&Value::Nil)))
            }),
        }
    }

    fn renew_many<'a>(
        &'a self,
        fences: &'a [(Key, Fence)],
        lease: Duration,
        call: CallMode,
    ) -> Reply<'a, Vec<Result<bool, Error>>> {
        let Some(asking) = self.asking() else {
            let request = request::renew(fences, lease, RenewAt::Server);
            let meaning = |answer| {
                let stand = request::were_renewed(answer, fences.len())?;
                Ok(stand.into_iter().map(Ok).collect())
            };
            return self.ask(call, request, None, meaning);
        };
        let fences = fences.to_vec();
        let server = self.server.clone();
        self.ask_cluster(call, request::RENEWING, async move {
            let answers = asking.renew(&fences, lease).await;
            let explain = |failure| server.error(failure, request::RENEWING);
            Ok(answers.into_iter().map(|answer| answer.map_err(explain)).collect())
        })
    }

    fn remove<'a>(&'a self, key: &'a Key, call: CallMode) -> Reply<'a, bool> {
        self.change(key, Removal::Remove, call)
    }

    fn remove_many<'a>(&'a self, keys: &'a [Key], call: CallMode) -> Reply<'a, Vec<Result<bool, Error>>> {
        self.remove_several(keys, call)
    }

    fn remove_all<'a>(&'a self, group: &'a Group, call: CallMode) -> Reply<'a, ()> {
        self.ask(call, request::remove_all(group), None, request::was_removed_all)
    }

    fn keeps_stale(&self) -> bool {
        true
    }

    fn expire<'a>(&'a self, key: &'a Key, call: CallMode) -> Reply<'a, bool> {
        self.change(key, Removal::Expire, call)
    }

    fn marks<'a>(&'a self, namespace: &'a str, buckets: &'a [Bucket], call: CallMode) -> Reply<'a, Marks> {
        let tags = keys::tags(namespace);
        let marks = move |answer| request::were_marked(answer, buckets);
        let found = self.ask(call, request::marks(&tags, buckets), None, marks);
        Reply::later(async move {
            match found.await {
                Ok(Some(marks)) => return Ok(marks),
                // Of another type.
                Err(error) if error.kind() != ErrorKind::Backend => return Err(error),
                Ok(None) | Err(_) => {}
            }
            self.ask(call, request::begin_epoch(&tags), None, request::was_done).await?;
            let marks = move |answer| {
                request::were_marked(answer, buckets)?.ok_or_else(|| Failure::strange(&Value::Nil))
            };
            self.ask(call, request::marks(&tags, buckets), None, marks).await
        })
    }

    fn mark<'a>(&'a self, namespace: &'a str, buckets: &'a [Bucket], call: CallMode) -> Reply<'a, ()> {
        let request = request::mark(&keys::tags(namespace), buckets);
        self.ask(call, request, None, |answer| request::was_done(answer).map(drop))
    }

    fn changed<'a>(&'a self, key: &'a Key, _call: CallMode) -> Reply<'a, ()> {
        // The listener is nobody's runtime but ours, so a thread may wait for it like anybody else.
        Reply::later(self.wakes.changed(keys::channel(key.group()), keys::value(key.text()).into_owned()))
    }
}
