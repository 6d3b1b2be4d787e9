//! Places that entries can live outside the memory of one process, and what such a place owes the cache.
//!
//! A backend keeps bytes under keys. What makes it more than a map is the *fence*: a computation that began before an
//! invalidation must not be stored after it, whichever process did either. The cache does the rest: keys, codecs,
//! waiting for each other within a process, failing open.
//!
//! # Writing a backend
//!
//! Implement [`Backend`] and wrap it with [`Shared::new`](crate::Shared::new). A backend whose entries live in one process leaves the
//! fence to [`Fences`]; `examples/custom_backend.rs` is one in about fifty lines. A backend of several processes needs
//! from its server an atomic operation on one key, such as a script or a transaction.
//! `cache_memoize::testing::conformance` (feature `testing`) checks what is promised below.

mod arc;
mod fence;
mod fences;
mod key;
mod reply;

pub use fence::{Begin, Begun, Commit, Fence, Leader, Predecessor, Token};
pub use fences::Fences;
pub use key::{Group, Key};
pub use reply::{CallMode, Reply};

use std::time::Duration;

use crate::Error;

/// A place for entries.
///
/// # What every method owes the cache
///
/// - *It answers in time.* The backend has a deadline of its own for everything it does, and answers
///   [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) when it is over. The cache asks no more for a while
///   after a few of those.
/// - *`Ok` is the truth.* An operation that answers `Ok` has happened, on the one place that all processes ask. One that
///   answers `Err` may have happened or not.
/// - *It may be repeated.* An operation that is carried out twice, because an answer was lost, does no harm.
/// - *It may lose things.* Values, fences and generations may vanish at any time. That must cost a miss, never more:
///   whatever is needed to store a value must be *present*, not merely unchanged.
/// - *Dropped is not undone.* The future in a [`Reply`] may be dropped before it is ready; what it asked for may happen
///   all the same. A leader of whom nobody heard should be released as soon as the backend can, for it stalls others.
///
/// No method is called under a lock of the cache's.
pub trait Backend: Send + Sync + 'static {
    /// What to call this backend in messages, such as `redis at 127.0.0.1:6379`. No secrets.
    fn name(&self) -> String;

    /// The value that a call may return now: the last one committed, unless it was removed or its lifetime is
    /// over. Changes nothing.
    fn read<'a>(&'a self, key: &'a Key, call: CallMode) -> Reply<'a, Option<Vec<u8>>>;

    /// Looks, and begins a computation if it must, in one atomic step. In this order:
    ///
    /// 1. Unless `begin.over`: if there is a value, [`Begun::Value`].
    /// 2. If the fence that `begin.joining` gives still stands (nothing was removed, or committed by a computation
    ///    that began later, since it was given), [`Begun::Standing`].
    /// 3. If `begin.lead` and the computation of another token leads, [`Begun::LedByAnother`]; unless `begin.instead_of` is that
    ///    leader, or `begin.waited_for` says that it need not be waited for.
    /// 4. Otherwise [`Begun::Fence`], which is proof of when the computation began. With `begin.lead` this token leads
    ///    until it commits or releases, is fenced off, or its lease ends.
    ///
    /// The first two change nothing. A fence is kept for at least `begin.lease`. Without `begin.lead` there is no
    /// [`Begun::LedByAnother`].
    fn begin<'a>(&'a self, key: &'a Key, begin: Begin, call: CallMode) -> Reply<'a, Begun>;

    /// Stores the value of a computation if its fence still stands, in one atomic step; whether it was stored.
    ///
    /// A computation is fenced off when, since it began, the key was removed, or its group was removed, or a computation
    /// that began later has committed. Then nothing that could be read changes. (Whose group was removed
    /// may be stored, if it cannot be read.) If the backend cannot know any more because
    /// the fence is lost, it does not store; and a refresh (`commit.refresh`) then removes the value that it was to
    /// replace.
    ///
    /// Without `commit.value`, a refresh had a value that is not to be kept: as above, but removing instead of storing.
    fn commit<'a>(&'a self, key: &'a Key, commit: Commit<'a>, call: CallMode) -> Reply<'a, bool>;

    /// A computation ended without a value to commit. It leads no more.
    fn release<'a>(&'a self, key: &'a Key, fence: &'a Fence, call: CallMode) -> Reply<'a, ()>;

    /// The same of a computation that was carried out, and whose result is not to be kept: an `Err`, for example. So
    /// whoever has waited for it need not wait for the next one ([`Begin::waited_for`]), or failing computations would run
    /// one after the other. That is worth remembering for a second or two. By default it is a [`release`](Self::release).
    fn fail<'a>(&'a self, key: &'a Key, fence: &'a Fence, call: CallMode) -> Reply<'a, ()> {
        self.release(key, fence, call)
    }

    /// Who leads, if there is a leader and this backend can tell. Whoever waits for a leader asks now and then, to see
    /// whether it lives and how long it takes. A backend that cannot tell leaves this method out: then a call waits for as
    /// long as [`begin`](Self::begin) says that there is a leader, and with `single_flight = "fleet"` for `max_wait` at
    /// most.
    fn leader<'a>(&'a self, key: &'a Key, call: CallMode) -> Reply<'a, Option<Leader>> {
        let _ = (key, call);
        Reply::now(Ok(None))
    }

    /// Keeps a fence for another `lease` from now; whether it still stands.
    fn renew<'a>(
        &'a self,
        key: &'a Key,
        fence: &'a Fence,
        lease: Duration,
        call: CallMode,
    ) -> Reply<'a, bool>;

    /// [`renew`](Self::renew) for many keys: what it would answer for each, in their order. With few requests, so that
    /// a thousand computations keep their leases; the cache asks about some hundred at a time at most. An `Err` about
    /// all of them leaves open which were renewed.
    ///
    /// Left out, they are renewed one after the other, until three in a row have failed.
    fn renew_many<'a>(
        &'a self,
        fences: &'a [(Key, Fence)],
        lease: Duration,
        call: CallMode,
    ) -> Reply<'a, Vec<Result<bool, Error>>> {
        Reply::later(async move {
            let (mut answers, mut failed) = (Vec::with_capacity(fences.len()), 0);
            for (key, fence) in fences {
                let answer = self.renew(key, fence, lease, call).await;
                failed = if answer.is_ok() { 0 } else { failed + 1 };
                answers.push(answer);
                if failed == 3 {
                    break;
                }
            }
            Ok(answers)
        })
    }

    /// Removes the value and fences off all computations of the key, in one atomic step; whether there was a value.
    fn remove<'a>(&'a self, key: &'a Key, call: CallMode) -> Reply<'a, bool>;

    /// Removes all values of a group and fences off all its computations. Values may be reclaimed later, but none
    /// that was stored, or whose computation began, before this is readable after it.
    fn remove_all<'a>(&'a self, group: &'a Group, call: CallMode) -> Reply<'a, ()>;

    /// Ready when something may have been committed or removed under the key, or a leader may have given up. A
    /// hint: it may come too often, and it may never come, for the cache looks now and then by itself. A backend
    /// without notifications leaves this method out.
    fn changed<'a>(&'a self, key: &'a Key, call: CallMode) -> Reply<'a, ()> {
        let _ = (key, call);
        Reply::later(std::future::pending())
    }
}
