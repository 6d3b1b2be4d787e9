//! Backends that functions know by name, so that the program decides at start-up where entries live.

use std::collections::HashMap;
use std::sync::{LazyLock, RwLock};
use std::time::Duration;

use super::Shared;
use crate::backend::{Backend, Begin, Begun, CallMode, Commit, Fence, Group, Key, Read, Reply, Stored};
use crate::sync::{read, write};
use crate::{Error, ErrorKind};

static REGISTERED: LazyLock<RwLock<HashMap<String, Shared>>> = LazyLock::new(RwLock::default);

/// Gives a backend the name by which functions with `backend = "name"` find it, from their next call on. Takes the
/// place of the backend that had the name before.
///
/// Values are encoded, also for a [`Memory`](crate::Memory), which so stands in for a shared backend.
///
/// ```
/// use cache_memoize::{Memory, cache_memoize, register};
///
/// #[cache_memoize(ttl = "30m", backend = "sessions")]
/// fn user_of(token: &str) -> Option<u64> { token.len().try_into().ok() }
///
/// register("sessions", Memory::new(10_000));
/// assert_eq!(user_of("abc"), Some(3));
/// assert_eq!(user_of_peek("abc")?, Some(Some(3)));
/// # Ok::<(), cache_memoize::Error>(())
/// ```
pub fn register(name: impl Into<String>, backend: impl IntoShared) {
    let backend = backend.into_shared();
    let replaced = write(&REGISTERED).insert(name.into(), backend);
    drop(replaced);
}

/// Types that can be registered, for they become a [`Shared`]: `Shared`, `Memory`, `Redis`, or a `Backend` of your own.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no backend to register",
    label = "expected a `Memory`, a `Redis`, a `Shared` or a `Backend`",
    note = "of a `Result`, as `Redis::open(..)` gives it, take the backend out first, with `?` or `.expect(..)`"
)]
pub trait IntoShared {
    /// The backend, as a handle.
    fn into_shared(self) -> Shared;
}

#[diagnostic::do_not_recommend]
impl<T: Into<Shared>> IntoShared for T {
    fn into_shared(self) -> Shared {
        self.into()
    }
}

/// The backend of that name, or one that says that there is none.
pub(crate) fn find(name: &str) -> Shared {
    if let Some(found) = read(&REGISTERED).get(name) {
        return found.clone();
    }
    // Made before the lock is taken, and dropped after it is given back if another thread was faster.
    let nobody = Shared::new(Unregistered(name.to_owned()));
    let mut registered = write(&REGISTERED);
    registered.entry(name.to_owned()).or_insert_with(|| nobody.clone()).clone()
}

/// The stand-in for a backend under a name that was not registered.
struct Unregistered(String);

impl Unregistered {
    fn refuse<T>(&self) -> Reply<'_, T> {
        let name = &self.0;
        Reply::now(Err(Error::new(
            ErrorKind::Setting,
            format!(
                "no backend is registered as {name:?}: call `cache_memoize::register({name:?}, ..)` at start-up"
            ),
        )))
    }
}

impl Backend for Unregistered {
    fn name(&self) -> String {
        format!("the backend {:?}", self.0)
    }
    fn read<'a>(&'a self, _: &'a Key, _: Read, _: CallMode) -> Reply<'a, Option<Stored>> {
        self.refuse()
    }
    fn begin<'a>(&'a self, _: &'a Key, _: Begin, _: CallMode) -> Reply<'a, Begun> {
        self.refuse()
    }
    fn commit<'a>(&'a self, _: &'a Key, _: Commit<'a>, _: CallMode) -> Reply<'a, bool> {
        self.refuse()
    }
    fn release<'a>(&'a self, _: &'a Key, _: &'a Fence, _: CallMode) -> Reply<'a, ()> {
        self.refuse()
    }
    fn renew<'a>(&'a self, _: &'a Key, _: &'a Fence, _: Duration, _: CallMode) -> Reply<'a, bool> {
        self.refuse()
    }
    fn remove<'a>(&'a self, _: &'a Key, _: CallMode) -> Reply<'a, bool> {
        self.refuse()
    }
    fn remove_all<'a>(&'a self, _: &'a Group, _: CallMode) -> Reply<'a, ()> {
        self.refuse()
    }
}
