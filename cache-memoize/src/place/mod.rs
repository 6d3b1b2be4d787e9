//! Where the entries of a function with `backend = …` live, as generated code sees it: a [`Place`] that says how an
//! argument is part of a key there, what must hold for the return type, and where a call goes.
//!
//! The expression is asked with one method call, as everything that depends on types is; method lookup tries the
//! receivers with the most references first.

mod codec;
mod fleet;
mod memory;
#[cfg(feature = "shared")]
pub(crate) mod shared;

pub use codec::with_codec;
pub use memory::{InMemory, ViaMemory};
#[cfg(feature = "shared")]
pub use shared::{ViaBackend, ViaLedToBackend, ViaShared, named};
#[cfg(not(feature = "shared"))]
pub use unshared::named;

use crate::site::Instance;

/// Where entries live.
pub trait Place {
    /// What calls and companions are asked of.
    type Target;
    /// For a function whose keys begin with its name.
    fn target(&self, instance: &'static Instance) -> Self::Target;
    /// For a function with keys that the user writes whole: no prefix tells functions apart.
    fn verbatim_target(&self, instance: &'static Instance) -> Self::Target;
}

/// The question *what backend is this?*
pub struct BackendOf<'a, T: ?Sized>(pub &'a T);

/// No answer.
pub trait ViaNoBackend<T: ?Sized> {
    /// Refuses, in the words of `IsBackend`.
    fn __backend(&self) -> InMemory<'static>
    where
        Self: IsBackend<T>;
}

/// Never implemented; only its message is used.
#[cfg_attr(
    feature = "shared",
    diagnostic::on_unimplemented(
        message = "`{T}` is not a backend",
        label = "expected a `cache_memoize::Memory`, a shared backend, or a reference to one of them",
        note = "for a cache of the function's own, leave `backend` out"
    )
)]
#[cfg_attr(
    not(feature = "shared"),
    diagnostic::on_unimplemented(
        message = "`{T}` is not a backend",
        label = "expected a `cache_memoize::Memory`, or a reference to one",
        note = "for a cache of the function's own, leave `backend` out",
        note = "for a backend that other processes share, turn on a feature of `cache-memoize`: `redis`, or for \
                backends of your own one of the codecs `postcard`, `messagepack`, `json`, `bincode`"
    )
)]
pub trait IsBackend<T: ?Sized> {
    /// Never called.
    fn never(&self) -> InMemory<'static>;
}

impl<T: ?Sized> ViaNoBackend<T> for BackendOf<'_, T> {
    fn __backend(&self) -> InMemory<'static>
    where
        Self: IsBackend<T>,
    {
        self.never()
    }
}

/// Without shared backends there is nothing to register.
#[cfg(not(feature = "shared"))]
mod unshared {
    use super::InMemory;

    /// Never implemented; only its message is used.
    #[diagnostic::on_unimplemented(
        message = "`backend = \"…\"` names a registered backend, which needs a feature of `cache-memoize`",
        label = "nothing is registered in this build",
        note = "turn on `redis`, or for backends of your own one of the codecs `postcard`, `messagepack`, `json`, \
                `bincode`; or name a `Memory` by an expression"
    )]
    pub trait CanBeRegistered {
        /// Never called.
        fn never(&self) -> InMemory<'static>;
    }

    /// The backend of that name, if there were any.
    ///
    /// ```compile_fail,E0277
    /// #[cache_memoize::cache_memoize(backend = "sessions")]
    /// fn session(token: &str) -> Option<u64> { token.parse().ok() }
    /// ```
    pub fn named<N: CanBeRegistered + ?Sized>(name: &N) -> InMemory<'static> {
        name.never()
    }
}
