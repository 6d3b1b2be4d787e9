//! Places that entries can live outside the memory of one process, and what such a place owes the cache.
//!
//! A backend keeps bytes under keys. What makes it more than a map is the *fence*: a computation that began before an
//! invalidation must not be stored after it, whichever process did either. The cache does the rest: keys, codecs,
//! waiting for each other within a process, failing open.
//!
//! # Writing a backend
//!
//! Implement [`Backend`] and wrap it with [`Shared::new`](crate::Shared::new). Eight methods must be written; the others
//! have defaults that do without, and say what is lost then. A backend whose entries live in one process leaves the
//! fence to [`Fences`]; `examples/custom_backend.rs` is one in about seventy lines. A backend of several processes needs
//! from its server an atomic operation on one key, such as a script or a transaction.
//! `cache_memoize::testing::conformance` (feature `testing`) checks what is promised below.

mod arc;
mod changes;
mod commit;
mod fence;
mod fences;
mod key;
pub(crate) mod many;
mod marks;
mod read;
mod reply;
mod token;

pub use changes::{Change, Changes};
pub use commit::{Commit, Expect};
pub use fence::{Begin, Begun, Fence, Leader, Predecessor};
pub use fences::Fences;
pub use key::{Group, Key};
pub use marks::{Bucket, Mark, Marks};
pub use read::{Left, Read, Stored};
pub use reply::{CallMode, Reply};
pub use token::Token;
pub(crate) use token::token;

use std::time::Duration;

use crate::{Error, ErrorKind};

/// A place for entries.
///
/// # What every method owes the cache
///
/// - *It answers in time.* The backend has a deadline of its own for everything it does, and answers
///   [`ErrorKind::Unavailable`] when it is over. The cache asks no more for a while after a few of those.
/// - *`Ok` is the truth.* An operation that answers `Ok` has happened, on the one place that all processes ask. One that
///   answers `Err` may have happened or not.
/// - *It may be repeated.* An operation that is carried out twice, because an answer was lost, does no harm.
/// - *It may lose things.* Values, fences and generations may vanish at any time. That must cost a miss, never more:
///   whatever is needed to store a value must be *present*, not merely unchanged.
/// - *Dropped is not undone.* The future in a [`Reply`] may be dropped before it is ready; what it asked for may happen
///   all the same. A leader of whom nothing was heard should be released as soon as the backend can, for it stalls others.
///
/// No method is called under a lock of the cache's.
///
/// # What may be left out
///
/// | left out | then |
/// |---|---|
/// | [`fail`](Self::fail) | computations that fail are waited for one after the other |
/// | [`leader`](Self::leader), [`changed`](Self::changed) | calls that wait for another process look now and then |
/// | [`keeps_stale`](Self::keeps_stale), [`expire`](Self::expire) | stale options have no effect |
/// | [`unchanged`](Self::unchanged) | a copy costs a read of the whole value to be confirmed |
/// | [`marks`](Self::marks), [`mark`](Self::mark) | functions with tags compute and store nothing |
/// | [`changes`](Self::changes) | no copies are kept near the callers |
/// | `…_many` | many keys cost as many requests |
pub trait Backend: Send + Sync + 'static {
    /// What to call this backend in messages, such as `redis at 127.0.0.1:6379`. No secrets.
    fn name(&self) -> String;

    /// The value that a call may return now: the last one committed, unless it was removed or its time is over, its
    /// [stale window](Commit::stale) included. With `read.lifetime`, and what is [left](Stored::left) of that time.
    /// Changes nothing.
    fn read<'a>(&'a self, key: &'a Key, read: Read, call: CallMode) -> Reply<'a, Option<Stored>>;

    /// [`read`](Self::read) for many keys: an answer for each, in their order. With few requests.
    ///
    /// Left out, they are read one by one: for a task some dozens at the same time, for a thread one after the other; and
    /// once three in a row have failed, the rest fails like those.
    fn read_many<'a>(
        &'a self,
        keys: &'a [Key],
        read: Read,
        call: CallMode,
    ) -> Reply<'a, Vec<Result<Option<Stored>, Error>>> {
        many::each(keys, move |key| self.read(key, read, call))
    }

    /// Whether [`read`](Self::read) would find a value that ends with `tail`: what is left of its time if it would (which
    /// is [`Left::Unknown`] unless `read.lifetime` asks for it), and `None` if there is another value or none. No two values
    /// that were ever stored under a key end alike, so with this a copy of a value is known to be still what is stored.
    ///
    /// Left out, the value is read and compared.
    fn unchanged<'a>(
        &'a self,
        key: &'a Key,
        tail: &'a [u8],
        read: Read,
        call: CallMode,
    ) -> Reply<'a, Option<Left>> {
        Reply::later(async move {
            let found = self.read(key, read, call).await?;
            Ok(found.filter(|stored| stored.value.ends_with(tail)).map(|stored| stored.left))
        })
    }

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

    /// [`begin`](Self::begin) for many keys: an answer for each, in their order. The steps of different keys need not be one.
    ///
    /// Left out, see [`read_many`](Self::read_many).
    fn begin_many<'a>(
        &'a self,
        begins: &'a [(Key, Begin)],
        call: CallMode,
    ) -> Reply<'a, Vec<Result<Begun, Error>>> {
        many::each(begins, move |(key, begin)| self.begin(key, begin.clone(), call))
    }

    /// Stores the value of a computation if its fence still stands, in one atomic step; whether it was stored.
    ///
    /// A computation is fenced off when, since it began, the key was removed or made to expire, or its group was removed,
    /// or a computation that began later has committed. Then nothing that could be read changes. (A backend may store a
    /// value whose group was removed, provided that no later [`read`](Self::read) returns it.) If the backend cannot know
    /// any more because the fence is lost, it does not store; and a refresh (`commit.refresh`) then removes the value that
    /// it was to replace.
    ///
    /// The value is kept for its lifetime and its stale window. Without `commit.value`, a refresh had a value that is not
    /// to be kept: as above, but removing instead of storing.
    ///
    /// With `commit.expect`, it stores (or removes) only if that is what is there. If so, all computations that began
    /// before this step are fenced off, as by [`remove`](Self::remove). If not, nothing changes: `Ok(false)` says so for
    /// certain, and the cache then reads and tries again. So a backend whose client sends a request again when an answer is
    /// lost must not answer the second one `Ok(false)` if the first one has stored, whatever happened since: it remembers
    /// for a while what became of such a commit, and answers `Err` if it does not know.
    fn commit<'a>(&'a self, key: &'a Key, commit: Commit<'a>, call: CallMode) -> Reply<'a, bool>;

    /// [`commit`](Self::commit) for many keys: an answer for each, in their order. The steps of different keys need not be
    /// one.
    ///
    /// Left out, see [`read_many`](Self::read_many).
    fn commit_many<'a>(
        &'a self,
        commits: &'a [(Key, Commit<'a>)],
        call: CallMode,
    ) -> Reply<'a, Vec<Result<bool, Error>>> {
        many::each(commits, move |(key, commit)| self.commit(key, commit.clone(), call))
    }

    /// A computation ended without a value to commit. It leads no more.
    fn release<'a>(&'a self, key: &'a Key, fence: &'a Fence, call: CallMode) -> Reply<'a, ()>;

    /// The same of a computation that was carried out, and whose result is not to be kept: an `Err`, for example. So
    /// whoever has waited for it need not wait for the next one ([`Begin::waited_for`]), or failing computations would run
    /// one after the other. That is worth remembering for a second or two.
    ///
    /// Left out, it is a [`release`](Self::release).
    fn fail<'a>(&'a self, key: &'a Key, fence: &'a Fence, call: CallMode) -> Reply<'a, ()> {
        self.release(key, fence, call)
    }

    /// Who leads, if there is a leader and this backend can tell. Whoever waits for a leader asks now and then, to see
    /// whether it lives and how long it takes.
    ///
    /// Left out, a call waits for as long as [`begin`](Self::begin) says that there is a leader, and with
    /// `single_flight = "fleet"` for `max_wait` at most.
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

    /// [`renew`](Self::renew) for many keys: an answer for each, in their order. With few requests, so that
    /// a thousand computations keep their leases; the cache asks about some hundred at a time at most. An `Err` about
    /// all of them leaves open which were renewed.
    ///
    /// Left out, see [`read_many`](Self::read_many).
    fn renew_many<'a>(
        &'a self,
        fences: &'a [(Key, Fence)],
        lease: Duration,
        call: CallMode,
    ) -> Reply<'a, Vec<Result<bool, Error>>> {
        many::each(fences, move |(key, fence)| self.renew(key, fence, lease, call))
    }

    /// Removes the value and fences off all computations of the key, in one atomic step; whether there was a value.
    fn remove<'a>(&'a self, key: &'a Key, call: CallMode) -> Reply<'a, bool>;

    /// [`remove`](Self::remove) for many keys: an answer for each, in their order. The steps of different keys need not be
    /// one.
    ///
    /// Left out, see [`read_many`](Self::read_many).
    fn remove_many<'a>(&'a self, keys: &'a [Key], call: CallMode) -> Reply<'a, Vec<Result<bool, Error>>> {
        many::each(keys, move |key| self.remove(key, call))
    }

    /// Removes all values of a group and fences off all its computations. Values may be reclaimed later, but none
    /// that was stored, or whose computation began, before this is readable after it.
    fn remove_all<'a>(&'a self, group: &'a Group, call: CallMode) -> Reply<'a, ()>;

    /// Whether this backend keeps values for their [stale window](Commit::stale), tells what is [left](Stored::left) of
    /// their time, and can [`expire`](Self::expire) them. The cache gives no stale window to one that does not, since it could not
    /// tell a stale value from a fresh one.
    ///
    /// Left out, it does not.
    fn keeps_stale(&self) -> bool {
        false
    }

    /// Ends the lifetime of the value now and fences off all computations of the key, in one atomic step; whether there was
    /// a value. What is left of the time of the value is its stale window from now on, or less if it was stale already; a
    /// value without a window is removed. The window is the one that the value was committed with, for another release of
    /// a program may know another one.
    ///
    /// Left out, the value is removed.
    fn expire<'a>(&'a self, key: &'a Key, call: CallMode) -> Reply<'a, bool> {
        self.remove(key, call)
    }

    /// The marks of some buckets of a namespace, in one atomic step. Where no epoch is known, because there was none or it
    /// was lost, a new one begins. Whatever is lost, all of the namespace's is: without the epoch of an entry, the entry is
    /// void.
    ///
    /// Left out, this backend keeps no tags: [`ErrorKind::Setting`].
    fn marks<'a>(&'a self, namespace: &'a str, buckets: &'a [Bucket], call: CallMode) -> Reply<'a, Marks> {
        let _ = (namespace, buckets, call);
        Reply::now(Err(keeps_no_tags(&self.name())))
    }

    /// Marks some buckets of a namespace, in one atomic step: each gets a [`Mark`] of a higher number than any before, and
    /// with a token of its own. When this has answered, [`marks`](Self::marks) finds it, or another epoch.
    ///
    /// Left out, this backend keeps no tags: [`ErrorKind::Setting`].
    fn mark<'a>(&'a self, namespace: &'a str, buckets: &'a [Bucket], call: CallMode) -> Reply<'a, ()> {
        let _ = (namespace, buckets, call);
        Reply::now(Err(keeps_no_tags(&self.name())))
    }

    /// Ready when something may have been committed or removed under the key, or a leader may have given up. A
    /// hint: it may come too often, and it may never come, for the cache looks now and then by itself.
    ///
    /// Left out, it never comes.
    fn changed<'a>(&'a self, key: &'a Key, call: CallMode) -> Reply<'a, ()> {
        let _ = (key, call);
        Reply::later(std::future::pending())
    }

    /// What changes in a namespace, from now on and by whichever process: each change of a value by a commit,
    /// [`remove`](Self::remove), [`remove_all`](Self::remove_all), [`expire`](Self::expire) or [`mark`](Self::mark). Unlike
    /// [`changed`](Self::changed) it is complete, or says that it is not. While all is well there is a [`Change::UpTo`]
    /// at least `every` so often; it does not block, and is not polled under a lock.
    ///
    /// Left out, this backend does not tell.
    fn changes(&self, namespace: &str, every: Duration) -> Option<Changes> {
        let _ = (namespace, every);
        None
    }
}

fn keeps_no_tags(name: &str) -> Error {
    Error::new(
        ErrorKind::Setting,
        format!(
            "{name} keeps no tags: its `Backend` has neither `marks` nor `mark`; leave `tags` and `value_tags` out"
        ),
    )
}
