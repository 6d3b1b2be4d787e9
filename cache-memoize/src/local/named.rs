//! A memory that `backend = …` named: its companions return `Result`, and beside an `async fn` they are futures, as
//! on backends that can fail and take time.

use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::InMemory;
use super::lookup::Lookup;
use super::target::Target;
use crate::call::{Place, Refreshing};
use crate::error::Error;
use crate::key::parts::Key;
use crate::policy::Policy;
use crate::shape::{Shape, Split};
use crate::stats::Stats;

/// A [`Target`] that `backend = …` named.
#[derive(Clone, Copy)]
pub struct Named<'m>(pub(crate) Target<'m>);

impl Named<'_> {
    /// See [`Target::lookup`].
    #[inline(always)]
    pub fn lookup<K: Key, S: Shape>(
        self,
        key: K,
        shape: S,
        found: &mut Place<S::Return>,
    ) -> Lookup<K::Owned, S> {
        self.0.lookup(key, shape, found)
    }

    /// See [`Target::peek`].
    pub fn peek<K: Key, S: Shape>(self, key: K, shape: S) -> Result<Option<S::Return>, Error> {
        Ok(self.0.peek(key, shape))
    }

    /// See [`Target::peek`].
    pub fn peek_async<K: Key, S: Shape>(self, key: K, _: S) -> Peeked<S> {
        Peeked(self.0.peek_shared(&key))
    }

    /// See [`Target::invalidate`].
    pub fn invalidate<K: Key>(self, key: K) -> Result<bool, Error> {
        Ok(self.0.invalidate(key))
    }

    /// See [`Target::invalidate`].
    pub fn invalidate_async<K: Key>(self, key: K) -> Ready<Result<bool, Error>> {
        ready(self.invalidate(key))
    }

    /// See [`Target::invalidate_all`].
    pub fn invalidate_all(self) -> Result<(), Error> {
        self.0.invalidate_all();
        Ok(())
    }

    /// See [`Target::invalidate_all`].
    pub fn invalidate_all_async(self) -> Ready<Result<(), Error>> {
        ready(self.invalidate_all())
    }

    /// See [`Target::set`].
    pub fn set<K: Key, S: Shape>(
        self,
        key: K,
        shape: S,
        value: &S::Return,
        policy: Policy<K::Owned, S>,
    ) -> Result<(), Error> {
        if let Some(refusal) = self.0.refusal() {
            return Err(refusal.clone());
        }
        self.0.set(key, shape, value, policy);
        Ok(())
    }

    /// See [`Target::set`].
    pub fn set_async<K: Key, S: Shape>(
        self,
        key: K,
        shape: S,
        value: &S::Return,
        policy: Policy<K::Owned, S>,
    ) -> Ready<Result<(), Error>> {
        ready(self.set(key, shape, value, policy))
    }

    /// See [`Target::refresh`].
    pub fn refresh<K: Key, S: Shape>(self, key: K, shape: S) -> Refreshing<InMemory, K::Owned, S> {
        Refreshing::of(Ok(self.0.refresh(key, shape)))
    }

    /// See [`Target::refresh_async`].
    pub fn refresh_async<K: Key, S: Shape>(self, key: K, shape: S) -> Refreshing<InMemory, K::Owned, S> {
        Refreshing::of(Ok(self.0.refresh_async(key, shape)))
    }

    /// See [`Target::stats`].
    pub fn stats(self) -> Stats {
        self.0.stats()
    }
}

/// A peeked value, as a future. It is held as an entry holds it and not as the function returns it, for an error of the
/// function need not be `Send`.
pub struct Peeked<S: Split>(Option<S::Shared>);

// The value is moved out, never pinned.
impl<S: Split> Unpin for Peeked<S> {}

impl<S: Split> Future for Peeked<S> {
    type Output = Result<Option<S::Return>, Error>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(Ok(self.0.take().map(S::restore)))
    }
}
