//! A backend that several [`Shared`](crate::Shared) use, each with computations, breaker and settings of its own.

use std::sync::Arc;
use std::time::Duration;

use super::{Backend, Begin, Begun, CallMode, Commit, Fence, Group, Key, Leader, Reply};
use crate::Error;

#[deny(clippy::missing_trait_methods)]
impl<B: Backend + ?Sized> Backend for Arc<B> {
    fn name(&self) -> String {
        (**self).name()
    }

    fn read<'a>(&'a self, key: &'a Key, call: CallMode) -> Reply<'a, Option<Vec<u8>>> {
        (**self).read(key, call)
    }

    fn begin<'a>(&'a self, key: &'a Key, begin: Begin, call: CallMode) -> Reply<'a, Begun> {
        (**self).begin(key, begin, call)
    }

    fn commit<'a>(&'a self, key: &'a Key, commit: Commit<'a>, call: CallMode) -> Reply<'a, bool> {
        (**self).commit(key, commit, call)
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

    fn remove_all<'a>(&'a self, group: &'a Group, call: CallMode) -> Reply<'a, ()> {
        (**self).remove_all(group, call)
    }

    fn changed<'a>(&'a self, key: &'a Key, call: CallMode) -> Reply<'a, ()> {
        (**self).changed(key, call)
    }
}
