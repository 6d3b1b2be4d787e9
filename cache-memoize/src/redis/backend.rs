//! The backend: what the cache asks for, as requests to the server.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use ::redis::Value;

use super::background;
use super::cluster::{Asking, Generations};
use super::failure::Failure;
use super::keys::{self, Keys};
use super::link::Answer;
use super::request::{self, Ending, Generation, Regret, RenewAt, Request};
use super::server::Server;
use super::wake::Wakes;
use crate::backend::{Backend, Begin, Begun, CallMode, Commit, Fence, Group, Key, Leader, Reply, Token};
use crate::{Error, ErrorKind};

pub(super) struct RedisBackend {
    server: Arc<Server>,
    max_value_size: usize,
    /// Only for clusters.
    generations: Arc<Generations>,
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

    fn asking(&self) -> Option<Asking> {
        self.server.target.is_cluster().then(|| Asking::new(self.server.clone()))
    }

    fn end<'a>(&'a self, key: &'a Key, fence: &'a Fence, ending: Ending, call: CallMode) -> Reply<'a, ()> {
        let request = request::end(&Keys::of(key), &fence.token, &keys::channel(key.group()), ending);
        self.ask(call, request, None, request::was_released)
    }

    fn fits(&self, value: Option<&[u8]>) -> Result<(), Error> {
        let length = value.map_or(0, <[u8]>::len);
        if length <= self.max_value_size.saturating_add(AROUND) {
            return Ok(());
        }
        let (name, most) = (&self.server.name, self.max_value_size);
        let message = format!("{name}: storing a value: it has {length} bytes, and max_value_size is {most}");
        Err(Error::new(ErrorKind::Backend, message))
    }
}

impl Backend for RedisBackend {
    fn name(&self) -> String {
        self.server.name.clone()
    }

    fn read<'a>(&'a self, key: &'a Key, call: CallMode) -> Reply<'a, Option<Vec<u8>>> {
        match self.asking() {
            None if call.is_blocking() => self.ask(call, request::read(key), None, request::was_read),
            None => {
                let explain = |failure| self.server.error(failure, request::READING);
                Reply::later(async move { self.server.read(key).await.map_err(explain) })
            }
            Some(asking) => {
                let keys = Keys::of(key).into_owned();
                self.ask_cluster(call, request::READING, async move { asking.read(&keys).await })
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

    fn commit<'a>(&'a self, key: &'a Key, commit: Commit<'a>, call: CallMode) -> Reply<'a, bool> {
        if let Err(error) = self.fits(commit.value) {
            return Reply::now(Err(error));
        }
        let keys = Keys::of(key);
        let channel = keys::channel(key.group());
        let generation = commit.fence.generation;
        match self.asking() {
            None => {
                let request = request::commit(&keys, &commit, &channel, Generation::Stored);
                self.ask(call, request, None, request::was_done)
            }
            Some(asking) => {
                let request = request::commit(&keys, &commit, &channel, Generation::Known(&generation));
                let doing = request.doing;
                self.ask_cluster(call, doing, asking.stands(request, keys.into_owned(), generation))
            }
        }
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
        let keys = Keys::of(key);
        let channel = keys::channel(key.group());
        match self.asking() {
            None => {
                let request = request::remove(&keys, &channel, Generation::Stored);
                self.ask(call, request, None, |answer| {
                    let (stamp, generation) = request::was_removed(answer)?;
                    Ok(stamp.is_some() && stamp == generation)
                })
            }
            Some(asking) => {
                // The script does not ask for it.
                let request = request::remove(&keys, &channel, Generation::Known(&[0; 16]));
                let doing = request.doing;
                self.ask_cluster(call, doing, asking.remove(request, keys.into_owned()))
            }
        }
    }

    fn remove_all<'a>(&'a self, group: &'a Group, call: CallMode) -> Reply<'a, ()> {
        self.ask(call, request::remove_all(group), None, request::was_removed_all)
    }

    fn changed<'a>(&'a self, key: &'a Key, _call: CallMode) -> Reply<'a, ()> {
        // The listener is nobody's runtime but ours, so a thread may wait for it like anybody else.
        Reply::later(self.wakes.changed(keys::channel(key.group()), keys::value(key.text()).into_owned()))
    }
}
