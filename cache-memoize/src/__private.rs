//! What generated code may name.

pub use crate::call::target::Target;
pub use crate::call::{Body, Lookup, Named, Refreshing, Turn};
pub use crate::error::Error;
pub use crate::key::part::KeyPart;
pub use crate::key::parts::{Cons, Key, Nil};
pub use crate::key::text::KeyTextError;
pub use crate::key::text_via::{TextOf, WritePart};
pub use crate::key::via::{KeyOf, Part, part};
pub use crate::key::wrap::{Extra, Group, Redacted};
pub use crate::memory::{Capacity, Memory};
pub use crate::place::{BackendOf, InMemory, Place, named, with_codec};
pub use crate::policy::{IntoCapacity, Lifetime, Policy};
pub use crate::shape::{
    Cacheable, MaybeNone, NothingToStore, Shape, ShapeOf, require_cacheable, require_cacheable_error,
    require_nothing_to_store,
};
pub use crate::site::{Instance, Site, instance};
pub use crate::stats::Stats;
pub use crate::time::{IntoMaxWait, IntoTtl};

/// An argument that is copied for `on_miss`. It is asked of the option and not of `T`, for which the compiler
/// would propose to implement it.
#[diagnostic::on_unimplemented(
    message = "`on_miss` is called after the body has consumed this `{T}`, so it must be `Clone`",
    label = "not `Clone`",
    note = "derive `Clone`, take the argument by reference, or leave `on_miss` out"
)]
pub trait CallbackArgument<T> {
    /// The copy.
    fn copy(argument: &T) -> T;
}

/// The option.
pub struct OnMiss;

#[diagnostic::do_not_recommend]
impl<T: Clone> CallbackArgument<T> for OnMiss {
    fn copy(argument: &T) -> T {
        argument.clone()
    }
}

/// Copies an argument for `on_miss`.
pub fn copy_for_callback<T>(argument: &T) -> T
where
    OnMiss: CallbackArgument<T>,
{
    OnMiss::copy(argument)
}

/// A look into the cache that can be left out.
pub trait Look {
    /// No look.
    fn bypass() -> Self;
}

impl<K, S: Shape> Look for Lookup<K, S> {
    fn bypass() -> Self {
        Self::Bypass
    }
}

/// `lookup`, unless the user's `bypass_if` says otherwise.
#[inline]
pub fn unless<L: Look>(bypass: bool, lookup: impl FnOnce() -> L) -> L {
    if bypass { L::bypass() } else { lookup() }
}

/// Calls `on_miss` when the body has run.
pub fn after_miss<A>(copies: Option<A>, on_miss: impl FnOnce(A)) {
    if let Some(copies) = copies {
        on_miss(copies);
    }
}

/// What `key = …` gives.
#[diagnostic::on_unimplemented(
    message = "`key` gives the whole text of the key, and `{Self}` is no text",
    label = "expected a `String`, or something that becomes one",
    note = "write the text, for instance with `format!`, or use `args_rewrite` for a key of other types"
)]
pub trait KeyText: Into<String> {}

#[diagnostic::do_not_recommend]
impl<T: Into<String>> KeyText for T {}

/// What the user's expression gave, for a variable of ours has no place that the user knows.
pub fn given<T>(value: T) -> T {
    value
}

/// The text of the key.
pub fn key_text<T: KeyText>(text: T) -> String {
    text.into()
}

/// A condition on a result. The arguments of the call are out of its sight, and its name is in the compiler's
/// words for one that looks for them.
pub fn asked_without_arguments<A>(condition: fn(&A) -> bool) -> Option<fn(&A) -> bool> {
    Some(condition)
}

/// Asks a weigher; being called through here gives its parameters their types.
pub fn weigh<K, V: ?Sized>(weigher: impl FnOnce(K, &V) -> u32, key: K, value: &V) -> u32 {
    weigher(key, value)
}

/// The ways in which method lookup answers questions about types.
pub mod ways {
    pub use crate::key::text_via::{ViaHash as _, ViaKeyPartText as _, ViaNoText as _, ViaSerde as _};
    pub use crate::key::via::{
        ViaBorrow as _, ViaCopy as _, ViaKeyPart as _, ViaNothing as _, ViaValue as _,
    };
    pub use crate::place::{ViaMemory as _, ViaNoBackend as _};
    pub use crate::shape::{
        ViaCopy as _, ViaPlain as _, ViaResult as _, ViaResultCopy as _, ViaSharedCopy as _,
        ViaSharedResult as _, ViaUnfit as _, ViaUnfitResult as _,
    };

    #[cfg(feature = "shared")]
    pub use crate::key::shared_via::{ViaNoSharedText as _, ViaSharedText as _};
    #[cfg(feature = "shared")]
    pub use crate::place::{ViaBackend as _, ViaLedToBackend as _, ViaShared as _};
    #[cfg(feature = "shared")]
    pub use crate::shape::storing::{
        ViaBorrowed as _, ViaBorrowedError as _, ViaStored as _, ViaStoredErrors as _, ViaUnstored as _,
        ViaUnstoredError as _,
    };
}
