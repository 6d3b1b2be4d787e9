//! What generated code may name.

use std::future::Future;
use std::marker::PhantomData;
// A crate without `std` has no `::std` to name.
pub use std::string::String;

pub use crate::call::{Body, JoinMode, Look, Place as ForValue, Refreshing, Run, Turn, unless};
pub use crate::error::Error;
pub use crate::key::part::KeyPart;
pub use crate::key::parts::{Cons, Key, Nil};
pub use crate::key::text::KeyTextError;
pub use crate::key::text_via::{TextOf, WritePart};
pub use crate::key::via::{BorrowingKeyOf, KeyOf, Part, part, unchecked_part};
pub use crate::key::wrap::{Extra, Group, Redacted};
pub use crate::local::{Found, Lookup, Named, Target};
pub use crate::memory::{Capacity, Memory};
pub use crate::place::{
    BackendOf, CodecOf, InMemory, Place, backend, named, unchecked_backend, unchecked_named, with_codec,
};
pub use crate::policy::{CapacityOf, IntoCapacity, Judgement, Lifetime, Policy, judgement};
pub use crate::shape::{
    Cacheable, MaybeNone, NothingToStore, Shape, ShapeOf, require_cacheable, require_cacheable_error,
    require_nothing_to_store, unchecked_shape,
};
pub use crate::site::{Instance, Site, instance, instance_of, type_of};
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

/// The same, asked where it is said elsewhere that the argument is not `Clone`.
pub struct CopyFor<'a, T>(pub &'a T);

/// First answer: a copy.
pub trait ViaClone<T> {
    /// The copy.
    fn __copy(&self) -> T;
}

impl<T: Clone> ViaClone<T> for &CopyFor<'_, T> {
    fn __copy(&self) -> T {
        self.0.clone()
    }
}

/// Last answer: none.
pub trait ViaNoClone<T> {
    /// Never called.
    fn __copy(&self) -> T;
}

impl<T> ViaNoClone<T> for CopyFor<'_, T> {
    fn __copy(&self) -> T {
        unreachable!("the compiler has refused this program")
    }
}

/// The question *what does this callback give?*
pub struct Told<'a, T>(pub &'a T);

/// An answer: `A`, of a `T`.
pub struct TellsOf<T, A>(PhantomData<(T, A)>);

/// A future.
pub struct Later;

/// Anything else.
pub struct Now;

/// First answer: nothing; also of what never returns, for which the compiler takes any type.
pub trait ViaUnit {
    /// Answers.
    fn __told(&self) -> TellsOf<(), Now>;
}

impl ViaUnit for &&Told<'_, ()> {
    fn __told(&self) -> TellsOf<(), Now> {
        TellsOf(PhantomData)
    }
}

/// Then: a future, which is not awaited.
pub trait ViaFuture<T> {
    /// Answers.
    fn __told(&self) -> TellsOf<T, Later>;
}

impl<T: Future> ViaFuture<T> for &Told<'_, T> {
    fn __told(&self) -> TellsOf<T, Later> {
        TellsOf(PhantomData)
    }
}

/// Last answer: anything else.
pub trait ViaNoFuture<T> {
    /// Answers.
    fn __told(&self) -> TellsOf<T, Now>;
}

impl<T> ViaNoFuture<T> for Told<'_, T> {
    fn __told(&self) -> TellsOf<T, Now> {
        TellsOf(PhantomData)
    }
}

/// What every answer is but a future.
#[diagnostic::on_unimplemented(
    message = "`on_hit` and `on_miss` are not awaited, and this one gives a future",
    label = "this is an `async fn`, or returns a future",
    note = "take the `async` away and do without `.await` inside, or have it spawn a task, for instance with \
            `on_hit = |id| drop(tokio::spawn(hit(*id)))`"
)]
pub trait IsTold {}

#[diagnostic::do_not_recommend]
impl IsTold for Now {}

/// Where a callback that gives a future is reported.
pub fn awaited<T, A: IsTold>(_: TellsOf<T, A>) {}

/// No value yet.
#[inline]
pub const fn nothing<R>() -> ForValue<R> {
    ForValue::new(None)
}

/// A value that the body returned.
#[inline]
pub fn put<R>(found: &mut ForValue<R>, value: R) {
    *found = ForValue::new(Some(value));
}

/// The value, if there is one.
#[inline]
pub fn take<R>(found: &mut ForValue<R>) -> Option<R> {
    found.take()
}

/// Calls `on_hit` for a value that was found.
pub fn after_hit<R>(found: &mut ForValue<R>, on_hit: impl FnOnce()) {
    if let Some(value) = found.take() {
        on_hit();
        put(found, value);
    }
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
    pub use super::{ViaClone as _, ViaFuture as _, ViaNoClone as _, ViaNoFuture as _, ViaUnit as _};
    pub use crate::key::text_via::{ViaHash as _, ViaKeyPartText as _, ViaNoText as _, ViaSerde as _};
    pub use crate::key::via::{
        ViaBorrow as _, ViaCopy as _, ViaKeyPart as _, ViaNothing as _, ViaValue as _,
    };
    pub use crate::place::{
        ViaMemory as _, ViaName as _, ViaNoBackend as _, ViaNoCodec as _, ViaUnopened as _,
    };
    pub use crate::policy::{ViaCapacity as _, ViaNoCapacity as _};
    pub use crate::shape::{
        ViaCopy as _, ViaPlain as _, ViaResult as _, ViaResultCopy as _, ViaSharedCopy as _,
        ViaSharedResult as _, ViaUnfit as _, ViaUnfitResult as _,
    };

    #[cfg(feature = "shared")]
    pub use crate::key::shared_via::{ViaNoSharedText as _, ViaSharedText as _, ViaWitnessedText as _};
    #[cfg(feature = "shared")]
    pub use crate::place::{ViaBackend as _, ViaCodec as _, ViaLedToBackend as _, ViaShared as _};
    #[cfg(feature = "shared")]
    pub use crate::shape::storing::{
        ViaBorrowed as _, ViaBorrowedError as _, ViaStored as _, ViaStoredErrors as _, ViaUnstored as _,
        ViaUnstoredError as _,
    };
}
