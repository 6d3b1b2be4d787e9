//! What generated code is answered when it asks what a backend is: a place, or the stand-in for one, with which the
//! memoized function complains and its companions are content.

use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, RwLock};

#[cfg(feature = "shared")]
use super::shared::OnShared;
use super::{BackendOf, InMemory};

/// An answer: the place `P`, which a `T` leads to.
pub struct Answered<T: ?Sized, P>(P, PhantomData<T>);

impl<T: ?Sized, P> Answered<T, P> {
    #[inline]
    pub(super) fn new(place: P) -> Self {
        Self(place, PhantomData)
    }
}

/// A place, or what stands in for it.
pub trait AnyPlace {
    /// The place.
    type Place;
    /// Gives it.
    fn place(self) -> Self::Place;
}

/// The place, where what is none is complained of.
#[inline]
pub fn backend<T: ?Sized, P>(answer: Answered<T, P>) -> P::Place
where
    P: AnyPlace + IsBackend<T> + IsShared<T> + IsOpened<T> + IsLiteral<T>,
{
    answer.0.place()
}

/// The place, or a stand-in: the function has complained.
#[inline]
pub fn unchecked_backend<T: ?Sized, P: AnyPlace>(answer: Answered<T, P>) -> P::Place {
    answer.0.place()
}

impl<'a> AnyPlace for InMemory<'a> {
    type Place = Self;
    #[inline]
    fn place(self) -> Self {
        self
    }
}

#[cfg(feature = "shared")]
impl AnyPlace for OnShared {
    type Place = Self;
    fn place(self) -> Self {
        self
    }
}

macro_rules! stand_ins {
    ($($(#[$doc:meta])* $name:ident as $place:ty;)*) => {$(
        $(#[$doc])*
        pub struct $name;

        impl AnyPlace for $name {
            type Place = $place;
            fn place(self) -> $place {
                unreachable!("the compiler has refused this program")
            }
        }
    )*};
}
stand_ins! {
    /// What may be a backend, or an error.
    Unopened as InMemory<'static>;
    /// A name that is no literal.
    Name as InMemory<'static>;
    /// Anything else.
    Neither as InMemory<'static>;
}

#[cfg(feature = "shared")]
stand_ins! {
    /// What a shared backend is made of.
    Bare as OnShared;
}

/// What every answer is but [`Neither`]. It is asked of the answer and not of `T`, for which the compiler would propose
/// to implement it.
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
pub trait IsBackend<T: ?Sized> {}

/// What every answer is but `Bare`.
#[diagnostic::on_unimplemented(
    message = "`{T}` is a `Backend`, which functions use through a `cache_memoize::Shared`",
    label = "wrap it once with `Shared::new(..)` and name that",
    note = "a `Backend` keeps bytes under keys; `Shared` adds what is the same for all of them: keys, codec, \
            waiting for each other, and going on without the backend when it fails"
)]
pub trait IsShared<T: ?Sized> {}

/// What every answer is but [`Unopened`].
#[diagnostic::on_unimplemented(
    message = "`{T}` may be a backend, and may be none",
    label = "expected a backend that has been opened",
    note = "open it once, where the program ends if that fails: `static REDIS: LazyLock<Redis> = LazyLock::new(|| \
            Redis::open(\"redis://127.0.0.1/\").expect(\"a valid URL\"))`, and then `backend = REDIS`"
)]
pub trait IsOpened<T: ?Sized> {}

/// What every answer is but [`Name`].
#[diagnostic::on_unimplemented(
    message = "`{T}` is not a backend: a name must be a literal",
    label = "expected a literal such as `\"sessions\"`, or a backend",
    note = "write `backend = \"sessions\"`; what that is, `cache_memoize::register(\"sessions\", ..)` decides when the \
            program starts"
)]
pub trait IsLiteral<T: ?Sized> {}

macro_rules! is {
    ($($answer:ty: $($which:ident)*;)*) => {$($(
        #[diagnostic::do_not_recommend]
        impl<T: ?Sized> $which<T> for $answer {}
    )*)*};
}
is! {
    InMemory<'_>: IsBackend IsShared IsOpened IsLiteral;
    Unopened: IsBackend IsShared IsLiteral;
    Name: IsBackend IsShared IsOpened;
    Neither: IsShared IsOpened IsLiteral;
}
#[cfg(feature = "shared")]
is! {
    OnShared: IsBackend IsShared IsOpened IsLiteral;
    Bare: IsBackend IsOpened IsLiteral;
}

/// What holds something else, perhaps.
pub trait Maybe {}

impl<T, E> Maybe for Result<T, E> {}
impl<T> Maybe for Option<T> {}
impl<T> Maybe for OnceLock<T> {}
impl<T> Maybe for Mutex<T> {}
impl<T> Maybe for RwLock<T> {}

/// What names something.
pub trait Naming {}

impl Naming for str {}
impl Naming for String {}

macro_rules! by_deref {
    ($which:ident: $($pointer:ty)*) => {$(
        impl<T: $which + ?Sized> $which for $pointer {}
    )*};
}
by_deref!(Maybe: &T Box<T> Rc<T> Arc<T>);
by_deref!(Naming: &T Box<T> Rc<T> Arc<T>);
impl<T: Maybe> Maybe for LazyLock<T> {}
impl<T: Naming> Naming for LazyLock<T> {}

macro_rules! last_answers {
    ($($(#[$doc:meta])* $via:ident is $answer:ident: [$($bound:tt)*] [$($refs:tt)*];)*) => {$(
        $(#[$doc])*
        pub trait $via<T: ?Sized> {
            /// Refuses.
            fn __backend(&self) -> Answered<T, $answer>;
        }

        impl<T: $($bound)* ?Sized> $via<T> for $($refs)* BackendOf<'_, T> {
            fn __backend(&self) -> Answered<T, $answer> {
                Answered::new($answer)
            }
        }
    )*};
}
last_answers! {
    /// Then: what may hold one.
    ViaUnopened is Unopened: [Maybe +] [&&];
    /// Then: a name.
    ViaName is Name: [Naming +] [&];
    /// Last answer: nothing of that.
    ViaNoBackend is Neither: [] [];
}
