//! Can what a function returns be stored on a shared backend? Generated code asks with one method call, after the one
//! for the shape; method lookup tries the receivers with the most references first, and the last answer is an error
//! that teaches.

use std::marker::PhantomData;

use super::shared::{SharedShape, Storable, Unstored, UnstoredError, WithErrors};
use super::{Cacheable, Copying, OwnedResult, Plain, SharedResult, Split, Unfit, UnfitResult};

/// The question *can the values of this shape be stored?*
pub struct Storing<S>(pub(crate) S);

/// The question *can the values and the errors of this shape be stored?*
pub struct StoringErrors<S>(pub(crate) S);

/// An answer: the shape `S`, of values `V` and errors `E`.
pub struct Stored<V, E, S>(S, PhantomData<fn() -> (V, E)>);

macro_rules! via {
    ($($(#[$doc:meta])* $via:ident;)*) => {$(
        $(#[$doc])*
        pub trait $via {
            /// The shape, and what it would store.
            type Shape;
            /// Answers.
            fn __stored(&self) -> Self::Shape;
        }
    )*};
}
via! {
    /// First answer, where errors are stored: an error that borrows for ever. Method lookup does not see that only
    /// some lifetimes of it can be read, which the compiler would complain about in words of its own.
    ViaBorrowedError;
    /// Then: a value that does.
    ViaBorrowed;
    /// Where errors are stored: value and error can be.
    ViaStoredErrors;
    /// There as well: the value can be, and the error cannot.
    ViaUnstoredError;
    /// Where only values are stored, or it has been said that the error cannot be: the value can.
    ViaStored;
    /// Last answer: the value cannot be.
    ViaUnstored;
}

macro_rules! answers {
    ($($via:ident is $wrapper:ident: [$($generics:tt)*] [$($refs:tt)*] $question:ident<$shape:ty>;)*) => {$(
        impl<$($generics)*> $via for $($refs)* $question<$shape> {
            type Shape = Stored<<$shape as Split>::Value, <$shape as Split>::Error, $wrapper<$shape>>;
            fn __stored(&self) -> Self::Shape {
                Stored($wrapper(self.0), PhantomData)
            }
        }
    )*};
}
answers! {
    ViaBorrowedError is UnstoredError:
        [T: Cacheable, E: Sync + ?Sized, C: Copying<T>] [&&&&&] StoringErrors<SharedResult<T, &'static E, C>>;

    ViaBorrowed is Unstored: [T: Sync + ?Sized, C: Copying<&'static T>] [&&&&] StoringErrors<Plain<&'static T, C>>;
    ViaBorrowed is Unstored: [T: Sync + ?Sized, C: Copying<Option<&'static T>>] [&&&&] StoringErrors<Plain<Option<&'static T>, C>>;
    ViaBorrowed is Unstored: [T: Sync + ?Sized, E: Cacheable, C: Copying<&'static T>] [&&&&] StoringErrors<SharedResult<&'static T, E, C>>;
    ViaBorrowed is Unstored:
        [T: Sync + ?Sized, E: Cacheable, C: Copying<Option<&'static T>>] [&&&&] StoringErrors<SharedResult<Option<&'static T>, E, C>>;
    ViaBorrowed is Unstored: [T: Sync + ?Sized, E, C: Copying<&'static T>] [&&&&] StoringErrors<OwnedResult<&'static T, E, C>>;
    ViaBorrowed is Unstored: [T: Sync + ?Sized, E, C: Copying<Option<&'static T>>] [&&&&] StoringErrors<OwnedResult<Option<&'static T>, E, C>>;

    ViaBorrowed is Unstored: [T: Sync + ?Sized, C: Copying<&'static T>] [&&] Storing<Plain<&'static T, C>>;
    ViaBorrowed is Unstored: [T: Sync + ?Sized, C: Copying<Option<&'static T>>] [&&] Storing<Plain<Option<&'static T>, C>>;
    ViaBorrowed is Unstored: [T: Sync + ?Sized, E: Cacheable, C: Copying<&'static T>] [&&] Storing<SharedResult<&'static T, E, C>>;
    ViaBorrowed is Unstored: [T: Sync + ?Sized, E: Cacheable, C: Copying<Option<&'static T>>] [&&] Storing<SharedResult<Option<&'static T>, E, C>>;
    ViaBorrowed is Unstored: [T: Sync + ?Sized, E, C: Copying<&'static T>] [&&] Storing<OwnedResult<&'static T, E, C>>;
    ViaBorrowed is Unstored: [T: Sync + ?Sized, E, C: Copying<Option<&'static T>>] [&&] Storing<OwnedResult<Option<&'static T>, E, C>>;

    ViaStoredErrors is WithErrors:
        [T: Cacheable + Storable, E: Cacheable + Storable, C: Copying<T>] [&&&] StoringErrors<SharedResult<T, E, C>>;
    ViaUnstoredError is UnstoredError:
        [T: Cacheable + Storable, E: Cacheable, C: Copying<T>] [&&] StoringErrors<SharedResult<T, E, C>>;

    ViaUnstored is Unstored: [S: Split] [] Storing<S>;
    ViaUnstored is Unstored: [S: Split] [] StoringErrors<S>;
}

macro_rules! stored {
    ($($question:ident)*) => {$(
        impl<S: SharedShape> ViaStored for &$question<S> {
            type Shape = Stored<S::Value, S::Error, S>;
            fn __stored(&self) -> Self::Shape {
                Stored(self.0, PhantomData)
            }
        }
    )*};
}
stored!(Storing StoringErrors);

/// Where a return type that cannot be stored is reported.
pub(crate) fn require_stored<V, E, S: CanBeStored<V> + ErrorCanBeStored<E>>(answer: Stored<V, E, S>) -> S {
    answer.0
}

/// What is reported elsewhere already, is not reported here.
pub(crate) fn unchecked<V, E, S>(answer: Stored<V, E, S>) -> S {
    answer.0
}

/// What every shape is whose value can be stored. It is asked of the shape and not of `V`, for which the compiler
/// would propose to implement it.
#[diagnostic::on_unimplemented(
    message = "`{V}` cannot be stored on a shared backend",
    label = "a stored value must be `serde::Serialize` and `serde::Deserialize`, and own its data",
    note = "derive `serde::Serialize` and `serde::Deserialize`, or give a type parameter the bounds `Serialize + \
            DeserializeOwned`; for `Arc` and `Rc` turn on serde's feature `rc`",
    note = "a value that is read from a backend borrows from nobody: return a `String` or a `Vec` in place of a \
            reference",
    note = "or name a `Memory`, which keeps values as they are"
)]
pub trait CanBeStored<V> {}

#[diagnostic::do_not_recommend]
impl<V, R, C> CanBeStored<V> for Plain<R, C> {}
#[diagnostic::do_not_recommend]
impl<V, T, E, C> CanBeStored<V> for SharedResult<T, E, C> {}
#[diagnostic::do_not_recommend]
impl<V, T, E, C> CanBeStored<V> for OwnedResult<T, E, C> {}
#[diagnostic::do_not_recommend]
impl<V, S> CanBeStored<V> for WithErrors<S> {}
#[diagnostic::do_not_recommend]
impl<V, S> CanBeStored<V> for UnstoredError<S> {}
// That these cannot be cached at all has been said.
#[diagnostic::do_not_recommend]
impl<V, R> CanBeStored<V> for Unstored<Unfit<R>> {}
#[diagnostic::do_not_recommend]
impl<V, T, E> CanBeStored<V> for Unstored<UnfitResult<T, E>> {}

/// What every shape is whose error can be stored, or is not stored.
#[diagnostic::on_unimplemented(
    message = "`cache_err` cannot store the error `{E}` on a shared backend",
    label = "a stored error must be `serde::Serialize` and `serde::Deserialize`, and own its data",
    note = "derive `serde::Serialize` and `serde::Deserialize`, or leave `cache_err` out: an error that is not \
            stored need not be either"
)]
pub trait ErrorCanBeStored<E> {}

#[diagnostic::do_not_recommend]
impl<E, R, C> ErrorCanBeStored<E> for Plain<R, C> {}
#[diagnostic::do_not_recommend]
impl<E, T, F, C> ErrorCanBeStored<E> for SharedResult<T, F, C> {}
#[diagnostic::do_not_recommend]
impl<E, T, F, C> ErrorCanBeStored<E> for OwnedResult<T, F, C> {}
#[diagnostic::do_not_recommend]
impl<E, S> ErrorCanBeStored<E> for WithErrors<S> {}
#[diagnostic::do_not_recommend]
impl<E, S> ErrorCanBeStored<E> for Unstored<S> {}
