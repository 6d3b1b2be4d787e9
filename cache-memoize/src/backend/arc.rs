//! A backend that several [`Shared`](crate::Shared) use, each with computations, breaker and settings of its own.

use std::sync::Arc;
use std::time::Duration;

use super::{
    Backend, Begin, Begun, Bucket, CallMode, Changes, Commit, Fence, Group, Key, Leader, Left, Marks, Read,
    Reply, Stored,
};
use crate::Error;

#[deny(clippy::missing_trait_methods)]
impl<B: Backend + ?Sized> Backend for Arc<B> {
    fn name(&self) -> String {
        (**self).name()
    }

    fn read<'a>(&'a self, key: &'a Key, read: Read, call: CallMode) -> Reply<'a, Option<Stored>> {
        (**self).read(key, read, call)
    }

    fn read_many<'a>(
        &'a self,
        keys: &'a [Key],
        read: Read,
        call: CallMode,
    ) -> Reply<'a, Vec<Result<Option<Stored>, Error>>> {
        (**self).read_many(keys, read, call)
    }

    fn unchanged<'a>(
        &'a self,
        key: &'a Key,
        tail: &'a [u8],
        read: Read,
        call: CallMode,
    ) -> Reply<'a, Option<Left>> {
        (**self).unchanged(key, tail, read, call)
    }

    fn begin<'a>(&'a self, key: &'a Key, begin: Begin, call: CallMode) -> Reply<'a, Begun> {
        (**self).begin(key, begin, call)
    }

    fn begin_many<'a>(
        &'a self,
        begins: &'a [(Key, Begin)],
        call: CallMode,
    ) -> Reply<'a, Vec<Result<Begun, Error>>> {
        (**self).begin_many(begins, call)
    }

    fn commit<'a>(&'a self, key: &'a Key, commit: Commit<'a>, call: CallMode) -> Reply<'a, bool> {
        (**self).commit(key, commit, call)
    }

    fn commit_many<'a>(
        &'a self,
        commits: &'a [(Key, Commit<'a>)],
        call: CallMode,
    ) -> Reply<'a, Vec<Result<bool, Error>>> {
        (**self).commit_many(commits, call)
    }

    fn release<'a>(&'a self, key: &'a Key, fence: &'a Fence, call: CallMode) -> Reply<'a, ()> {
        (**self).release(key, fence, call)
    }

    fn fail<'a>(&'a self, key: &'a Key, fence: &'a Fence, call: CallMode) -> Reply<'a, ()> {
        (**self).fail(key, fence, call)
    }

    fn leader<'a>(&'a self, key: &'a Key, call: CallMode) -> Reply<'a, Option<Leader>> {
        (**self).leader(key, call)
    }

    fn renew<'a>(
        &'a self,
        key: &'a Key,
        fence: &'a Fence,
        lease: Duration,
        call: CallMode,
    ) -> Reply<'a, bool> {
        (**self).renew(key, fence, lease, call)
    }

    fn renew_many<'a>(
        &'a self,
        fences: &'a [(Key, Fence)],
        lease: Duration,
        call: CallMode,
    ) -> Reply<'a, Vec<Result<bool, Error>>> {
        (**self).renew_many(fences, lease, call)
    }

    fn remove<'a>(&'a self, key: &'a Key, call: CallMode) -> Reply<'a, bool> {
        (**self).remove(key, call)
    }

    fn remove_many<'a>(&'a self, keys: &'a [Key], call: CallMode) -> Reply<'a, Vec<Result<bool, Error>>> {
        (**self).remove_many(keys, call)
    }

    fn remove_all<'a>(&'a self, group: &'a Group, call: CallMode) -> Reply<'a, ()> {
        (**self).remove_all(group, call)
    }

    fn keeps_stale(&self) -> bool {
        (**self).keeps_stale()
    }

    fn expire<'a>(&'a self, key: &'a Key, call: CallMode) -> Reply<'a, bool> {
        (**self).expire(key, call)
    }

    fn marks<'a>(&'a self, namespace: &'a str, buckets: &'a [Bucket], call: CallMode) -> Reply<'a, Marks> {
        (**self).marks(namespace, buckets, call)
    }

    fn mark<'a>(&'a self, namespace: &'a str, buckets: &'a [Bucket], call: CallMode) -> Reply<'a, ()> {
        (**self).mark(namespace, buckets, call)
    }

    fn changed<'a>(&'a self, key: &'a Key, call: CallMode) -> Reply<'a, ()> {
        (**self).changed(key, call)
    }

    fn changes(&self, namespace: &str, every: Duration) -> Option<Changes> {
        (**self).changes(namespace, every)
    }
}
