//! Where the entries of a function with `backend = …` live, as generated code sees it: a [`Place`] that says how an
//! argument is part of a key there, what must hold for the return type, and where a call goes.
//!
//! The expression is asked with one method call, as everything that depends on types is; method lookup tries the
//! receivers with the most references first.

mod answer;
mod codec;
mod fleet;
mod memory;
#[cfg(feature = "shared")]
pub(crate) mod shared;

pub use answer::{ViaName, ViaNoBackend, ViaUnopened, backend, unchecked_backend};
#[cfg(feature = "shared")]
pub use codec::ViaCodec;
pub use codec::{CodecOf, ViaNoCodec, with_codec};
pub use memory::{InMemory, ViaMemory};
#[cfg(feature = "shared")]
pub use shared::{ViaBackend, ViaLedToBackend, ViaShared, named, named as unchecked_named};
#[cfg(not(feature = "shared"))]
pub use unshared::{named, unchecked_named};

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

    /// The same, where it has been said that there are none.
    pub fn unchecked_named(_: &str) -> InMemory<'static> {
        unreachable!("the compiler has refused this program")
    }
}
