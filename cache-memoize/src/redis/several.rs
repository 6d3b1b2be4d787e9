//! The same question about many keys: asked at the same time, in the background, under one deadline for all of them. So a
//! thread, too, waits for one round trip and not for one after the other. Each key has an answer of its own: a node of a
//! cluster that fails costs its own keys theirs, and no others.

use std::future::Future;
use std::pin::Pin;

use super::backend::{RedisBackend, was_there};
use super::background;
use super::failure::Failure;
use super::keys::{self, Keys};
use super::link::Answer;
use super::request::{self, Generation, Removal};
use super::together::all;
use crate::Error;
use crate::backend::many::AT_ONCE;
use crate::backend::{Begin, Begun, CallMode, Commit, Key, Read, Reply, Stored};

/// So many reads may be under way on a line, which makes a few commands of them.
const READS: usize = 512;

/// What is to be done for one key.
type Work<T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send>>;

impl RedisBackend {
    pub(super) fn read_several<'a>(
        &'a self,
        keys: &'a [Key],
        read: Read,
        call: CallMode,
    ) -> Reply<'a, Vec<Result<Option<Stored>, Error>>> {
        let keys = keys.to_vec();
        if let Some(asking) = self.asking() {
            let work = async move { asking.read_many(&keys, read).await };
            return self.answers(call, request::READING, work, Ok);
        }
        let server = self.server.clone();
        let at_once = if server.target.has_plain_sockets() { READS } else { AT_ONCE };
        let work = async move { all(keys.iter().map(|key| server.read(key, read)), at_once).await };
        self.answers(call, request::READING, work, Ok)
    }

    pub(super) fn begin_several<'a>(
        &'a self,
        begins: &'a [(Key, Begin)],
        call: CallMode,
    ) -> Reply<'a, Vec<Result<Begun, Error>>> {
        if let Some(asking) = self.asking() {
            let works = begins.iter().map(|(key, begin)| -> Work<Begun> {
                let (keys, channel) = (Keys::of(key).into_owned(), keys::channel(key.group()));
                Box::pin(asking.clone().begin(self.generations.clone(), keys, begin.clone(), channel))
            });
            return self.each(call, request::BEGINNING, works.collect(), Ok);
        }
        let deadline = self.server.deadline();
        let works = begins.iter().map(|(key, begin)| -> Work<_> {
            let (keys, channel, token) = (Keys::of(key), keys::channel(key.group()), begin.token);
            let regret = begin.lead.then(|| request::regret(&keys, &token, &channel));
            let request = request::begin(&keys, begin, Generation::Stored);
            let answer = self.server.clone().run(request, regret, deadline);
            Box::pin(async move { Ok((answer.await?, token)) })
        });
        // Heard where the caller waits: a leader of whom nothing was heard is released.
        self.each(call, request::BEGINNING, works.collect(), |(answer, token): (Answer, _)| {
            request::was_begun(answer.heard(), token)
        })
    }

    pub(super) fn commit_several<'a>(
        &'a self,
        commits: &'a [(Key, Commit<'a>)],
        call: CallMode,
    ) -> Reply<'a, Vec<Result<bool, Error>>> {
        let (asking, deadline) = (self.asking(), self.server.deadline());
        let works = commits.iter().map(|(key, commit)| -> Work<bool> {
            if let Err(failure) = self.fits(commit.value) {
                return Box::pin(async { Err(failure) });
            }
            if let Some(asking) = &asking {
                return Box::pin(asking.clone().commit(key, commit));
            }
            let channel = keys::channel(key.group());
            let request = request::commit(&Keys::of(key), commit, &channel, Generation::Stored);
            let answer = self.server.clone().run(request, None, deadline);
            Box::pin(async move { request::was_committed(answer.await?.heard()) })
        });
        self.each(call, request::STORING, works.collect(), Ok)
    }

    pub(super) fn remove_several<'a>(
        &'a self,
        keys: &'a [Key],
        call: CallMode,
    ) -> Reply<'a, Vec<Result<bool, Error>>> {
        let (asking, deadline, removal) = (self.asking(), self.server.deadline(), Removal::Remove);
        let works = keys.iter().map(|key| -> Work<bool> {
            if let Some(asking) = &asking {
                return Box::pin(asking.clone().change(key, removal));
            }
            let request = removal.request(key, Generation::Stored);
            let answer = self.server.clone().run(request, None, deadline);
            Box::pin(async move { was_there(answer.await?.heard()) })
        });
        self.each(call, removal.doing(), works.collect(), Ok)
    }

    fn each<'a, A: Send + 'static, T>(
        &'a self,
        call: CallMode,
        doing: &'static str,
        works: Vec<Work<A>>,
        meaning: impl FnMut(A) -> Result<T, Failure> + Send + 'a,
    ) -> Reply<'a, Vec<Result<T, Error>>> {
        self.answers(call, doing, all(works.into_iter(), AT_ONCE), meaning)
    }

    /// Waits for all answers, and takes each for what it means.
    fn answers<'a, A: Send + 'static, T>(
        &'a self,
        call: CallMode,
        doing: &'static str,
        work: impl Future<Output = Vec<Result<A, Failure>>> + Send + 'static,
        mut meaning: impl FnMut(A) -> Result<T, Failure> + Send + 'a,
    ) -> Reply<'a, Vec<Result<T, Error>>> {
        let work = async move { Ok(work.await) };
        let explain = |failure| self.server.error(failure, doing);
        let understand = move |answers: Vec<Result<A, Failure>>| {
            answers.into_iter().map(|answer| answer.and_then(&mut meaning).map_err(explain)).collect()
        };
        if call.is_blocking() {
            let answers = background::wait(self.server.deadline(), work);
            return Reply::now(answers.map(understand).map_err(explain));
        }
        Reply::later(async move { background::run(work).await.map(understand).map_err(explain) })
    }
}
