//! What a function returns, seen as something to cache: a plain value, or a `Result` whose `Ok` is the value.
//!
//! The shape is recognised through the type and not its spelling, so that `io::Result<T>` and aliases of the
//! user's own behave alike. The generated code asks [`ShapeOf`] with one method call; method lookup tries the
//! receivers `&&&&&&&ShapeOf` to `ShapeOf` in turn, which makes the most specific shape win. What cannot be cached
//! gets a shape as well, so that this is said once and not again by everything that the shape is used for.

#[cfg(feature = "shared")]
pub(crate) mod shared;
#[cfg(feature = "shared")]
pub(crate) mod storing;

use std::convert::Infallible;
use std::marker::PhantomData;

use crate::key::part::CopyOf;

/// What the cache can hold: `Clone + Send + Sync + 'static`.
pub trait Cacheable: Clone + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Clone + Send + Sync + 'static> Cacheable for T {}

/// How a value is copied without running code of the user's; `None` for one that is not copied.
pub(crate) type TryCopyOf<T> = fn(&T) -> Option<T>;

/// How a return type splits into what is cached and what is not.
///
/// None of it asks for `'static`, so that a future that holds such types is `Send` without proof of it: within a
/// future the compiler takes every lifetime for any lifetime, even that of `&'static str`. [`Shape`] asks.
pub trait Split: Copy + Send {
    /// What the function returns.
    type Return;
    /// What `ttl`, `weigher` see: the `Ok` of a `Result`, else the whole.
    type Value;
    /// The error of a `Result`.
    type Error;
    /// What an entry holds and callers that joined a computation get.
    type Shared: Clone + Send + Sync;

    /// How to copy a value without running code of the user's, where that can be done; `None` for an error.
    const COPY: Option<TryCopyOf<Self::Shared>> = None;

    /// Tells a value from an error.
    fn inspect(returned: &Self::Return) -> Result<&Self::Value, &Self::Error>;
    /// What is there to keep or to share; `None` for an error that is not `Clone`.
    fn shared(returned: &Self::Return) -> Option<&Self::Shared>;
    /// A copy of it.
    fn share(returned: &Self::Return) -> Option<Self::Shared> {
        Self::shared(returned).cloned()
    }
    /// The same without copying; what cannot be kept comes back.
    fn keep(returned: Self::Return) -> Result<Self::Shared, Self::Return>;
    /// The way back.
    fn restore(shared: Self::Shared) -> Self::Return;
    /// The way back for a copy, which is moved as seldom as can be: a value may be large.
    fn copy_out(shared: &Self::Shared) -> Self::Return;
}

/// A `Split` whose cached part the cache can hold.
pub trait Shape: Split<Shared: 'static> {}

impl<S: Split<Shared: 'static>> Shape for S {}

/// How the cached part of a shape is copied.
pub trait Copying<T> {
    /// Without running code of the user's, where that can be done.
    const COPY: Option<CopyOf<T>>;
}

/// By its `Clone`.
pub struct Cloned;

impl<T> Copying<T> for Cloned {
    const COPY: Option<CopyOf<T>> = None;
}

/// It is `Copy`.
pub struct Copied;

impl<T: Copy> Copying<T> for Copied {
    const COPY: Option<CopyOf<T>> = Some(|value| *value);
}

macro_rules! marker {
    ($(#[$doc:meta])* $name:ident<$($parameter:ident $(= $default:ident)?),*>, $holds:ty) => {
        $(#[$doc])*
        pub struct $name<$($parameter $(= $default)?),*>(PhantomData<fn() -> $holds>);

        impl<$($parameter),*> Clone for $name<$($parameter),*> {
            fn clone(&self) -> Self {
                *self
            }
        }
        impl<$($parameter),*> Copy for $name<$($parameter),*> {}
        impl<$($parameter),*> $name<$($parameter),*> {
            const NEW: Self = Self(PhantomData);
        }
    };
}

marker!(
    /// Any type that is not a `Result`.
    Plain<R, C = Cloned>, (R, C)
);
marker!(
    /// A `Result` whose error can be shared with callers that wait for the computation.
    SharedResult<T, E, C = Cloned>, (T, E, C)
);
marker!(
    /// A `Result` whose error only its own caller can have.
    OwnedResult<T, E, C = Cloned>, (T, E, C)
);

marker!(
    /// A type that cannot be cached.
    Unfit<R>, R
);
marker!(
    /// A `Result` whose `Ok` cannot be cached.
    UnfitResult<T, E>, (T, E)
);

impl<R: Clone + Send + Sync, C: Copying<R>> Split for Plain<R, C> {
    type Return = R;
    type Value = R;
    type Error = Infallible;
    type Shared = R;

    const COPY: Option<TryCopyOf<R>> = match C::COPY {
        Some(_) => Some(|shared| C::COPY.map(|copy| copy(shared))),
        None => None,
    };

    fn inspect(returned: &R) -> Result<&R, &Infallible> {
        Ok(returned)
    }
    fn shared(returned: &R) -> Option<&R> {
        Some(returned)
    }
    fn keep(returned: R) -> Result<R, R> {
        Ok(returned)
    }
    fn restore(shared: R) -> R {
        shared
    }
    #[inline]
    fn copy_out(shared: &R) -> R {
        shared.clone()
    }
}

impl<T: Clone + Send + Sync, E: Clone + Send + Sync, C: Copying<T>> Split for SharedResult<T, E, C> {
    type Return = Result<T, E>;
    type Value = T;
    type Error = E;
    type Shared = Result<T, E>;

    const COPY: Option<TryCopyOf<Result<T, E>>> = match C::COPY {
        Some(_) => Some(|shared| Some(Ok(C::COPY?(shared.as_ref().ok()?)))),
        None => None,
    };

    fn inspect(returned: &Result<T, E>) -> Result<&T, &E> {
        returned.as_ref()
    }
    fn shared(returned: &Result<T, E>) -> Option<&Result<T, E>> {
        Some(returned)
    }
    fn keep(returned: Result<T, E>) -> Result<Result<T, E>, Result<T, E>> {
        Ok(returned)
    }
    fn restore(shared: Result<T, E>) -> Result<T, E> {
        shared
    }
    #[inline]
    fn copy_out(shared: &Result<T, E>) -> Result<T, E> {
        shared.clone()
    }
}

impl<T: Clone + Send + Sync, E, C: Copying<T>> Split for OwnedResult<T, E, C> {
    type Return = Result<T, E>;
    type Value = T;
    type Error = E;
    type Shared = T;

    const COPY: Option<TryCopyOf<T>> = match C::COPY {
        Some(_) => Some(|shared| C::COPY.map(|copy| copy(shared))),
        None => None,
    };

    fn inspect(returned: &Result<T, E>) -> Result<&T, &E> {
        returned.as_ref()
    }
    fn shared(returned: &Result<T, E>) -> Option<&T> {
        returned.as_ref().ok()
    }
    fn keep(returned: Result<T, E>) -> Result<T, Result<T, E>> {
        returned.map_err(Err)
    }
    fn restore(shared: T) -> Result<T, E> {
        Ok(shared)
    }
    #[inline]
    fn copy_out(shared: &T) -> Result<T, E> {
        Ok(shared.clone())
    }
}

impl<R> Split for Unfit<R> {
    type Return = R;
    type Value = R;
    type Error = Infallible;
    type Shared = Infallible;

    fn inspect(returned: &R) -> Result<&R, &Infallible> {
        Ok(returned)
    }
    fn shared(_: &R) -> Option<&Infallible> {
        None
    }
    fn keep(returned: R) -> Result<Infallible, R> {
        Err(returned)
    }
    fn restore(shared: Infallible) -> R {
        match shared {}
    }
    fn copy_out(shared: &Infallible) -> R {
        match *shared {}
    }
}

impl<T, E> Split for UnfitResult<T, E> {
    type Return = Result<T, E>;
    type Value = T;
    type Error = E;
    type Shared = Infallible;

    fn inspect(returned: &Result<T, E>) -> Result<&T, &E> {
        returned.as_ref()
    }
    fn shared(_: &Result<T, E>) -> Option<&Infallible> {
        None
    }
    fn keep(returned: Result<T, E>) -> Result<Infallible, Result<T, E>> {
        Err(returned)
    }
    fn restore(shared: Infallible) -> Result<T, E> {
        match shared {}
    }
    fn copy_out(shared: &Infallible) -> Result<T, E> {
        match *shared {}
    }
}

/// The question *what shape is `R`?*
pub struct ShapeOf<R>(PhantomData<fn() -> R>);

impl<R> ShapeOf<R> {
    /// The question itself.
    #[allow(clippy::new_without_default, reason = "only generated code asks")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

/// An answer: the shape `S`, of a function that would have the cache hold `V`.
pub struct ShapeHolding<V, S>(S, PhantomData<fn() -> V>);

macro_rules! answer {
    ($(#[$doc:meta])* $via:ident, [$($generics:tt)*] $shape:ty, holding $value:ident, for $question:ty) => {
        $(#[$doc])*
        pub trait $via {
            /// The shape, and what it would have the cache hold.
            type Shape;
            /// Answers.
            fn __shape(&self) -> Self::Shape;
        }

        impl<$($generics)*> $via for $question {
            type Shape = ShapeHolding<$value, $shape>;
            fn __shape(&self) -> Self::Shape {
                ShapeHolding(<$shape>::NEW, PhantomData)
            }
        }
    };
}
answer!(
    /// First answer: a `Result` with an error to share, and a value that is `Copy`.
    ViaSharedCopy, [T: Cacheable + Copy, E: Cacheable] SharedResult<T, E, Copied>, holding T,
    for &&&&&&&ShapeOf<Result<T, E>>
);
answer!(
    /// Then: with any other value.
    ViaSharedResult, [T: Cacheable, E: Cacheable] SharedResult<T, E>, holding T, for &&&&&&ShapeOf<Result<T, E>>
);
answer!(
    /// Then: a `Result` with any other error, and a value that is `Copy`.
    ViaResultCopy, [T: Cacheable + Copy, E] OwnedResult<T, E, Copied>, holding T, for &&&&&ShapeOf<Result<T, E>>
);
answer!(
    /// Then: any other `Result` with a value to keep.
    ViaResult, [T: Cacheable, E] OwnedResult<T, E>, holding T, for &&&&ShapeOf<Result<T, E>>
);
answer!(
    /// Then: a `Result` with a value that cannot be kept.
    ViaUnfitResult, [T, E] UnfitResult<T, E>, holding T, for &&&ShapeOf<Result<T, E>>
);
answer!(
    /// Then: a plain value that is `Copy`.
    ViaCopy, [R: Cacheable + Copy] Plain<R, Copied>, holding R, for &&ShapeOf<R>
);
answer!(
    /// Then: a plain value.
    ViaPlain, [R: Cacheable] Plain<R>, holding R, for &ShapeOf<R>
);
answer!(
    /// Last answer: a value that cannot be kept.
    ViaUnfit, [R] Unfit<R>, holding R, for ShapeOf<R>
);

/// Where a return type that cannot be cached is reported.
pub fn require_cacheable<V, S: CanBeCached<V>>(answer: ShapeHolding<V, S>) -> S {
    answer.0
}

/// The shape, fit or not: that it is not is said elsewhere.
pub fn unchecked_shape<V, S>(answer: ShapeHolding<V, S>) -> S {
    answer.0
}

/// What every shape is but the unfit ones. It is asked of the shape and not of `V`, for which the compiler would
/// propose to implement it.
#[diagnostic::on_unimplemented(
    message = "`{V}` cannot be cached",
    label = "a cached value must be `Clone + Send + Sync + 'static`",
    note = "an entry is copied for every hit, on whatever thread: derive `Clone`, return it in an `Arc`, or give \
            a type parameter these bounds",
    note = "in the place of an `Rc` return an `Arc`, of a `RefCell` an `Arc<Mutex<_>>`; for a boxed future write an \
            `async fn`; of a response or a stream, memoize what it is made of"
)]
pub trait CanBeCached<V> {}

#[diagnostic::do_not_recommend]
impl<V, T, E, C> CanBeCached<V> for SharedResult<T, E, C> {}
#[diagnostic::do_not_recommend]
impl<V, T, E, C> CanBeCached<V> for OwnedResult<T, E, C> {}
#[diagnostic::do_not_recommend]
impl<V, R, C> CanBeCached<V> for Plain<R, C> {}

/// Where a function whose errors cannot be stored is reported.
pub fn require_cacheable_error<S: Shape + HasError + CacheableError<S::Error>>(shape: S) -> S {
    shape
}

/// What `cache_err` needs: a `Result`.
#[diagnostic::on_unimplemented(
    message = "`cache_err` is about the errors of a function, and this one does not return a `Result`",
    label = "not a `Result`",
    note = "leave `cache_err` out; whether a value is stored is for `cache_if = |value| …`"
)]
pub trait HasError {}

#[diagnostic::do_not_recommend]
impl<T, E, C> HasError for SharedResult<T, E, C> {}
#[diagnostic::do_not_recommend]
impl<T, E, C> HasError for OwnedResult<T, E, C> {}
#[diagnostic::do_not_recommend]
impl<T, E> HasError for UnfitResult<T, E> {}

/// What `cache_err` needs beside that: an error that the cache can hold. No other fault is told a second time.
#[diagnostic::on_unimplemented(
    message = "`cache_err` cannot store the error `{E}`",
    label = "a stored error must be `Clone + Send + Sync + 'static`",
    note = "derive `Clone`, return the error in an `Arc`, or leave `cache_err` out: an error that is not stored \
            need not be `Clone`"
)]
pub trait CacheableError<E> {}

#[diagnostic::do_not_recommend]
impl<T, E, C> CacheableError<E> for SharedResult<T, E, C> {}
#[diagnostic::do_not_recommend]
impl<T, E> CacheableError<E> for UnfitResult<T, E> {}
#[diagnostic::do_not_recommend]
impl<R, E, C> CacheableError<E> for Plain<R, C> {}
#[diagnostic::do_not_recommend]
impl<R, E> CacheableError<E> for Unfit<R> {}

/// What `store_result = false` allows: a function that returns nothing but success.
#[diagnostic::on_unimplemented(
    message = "`store_result = false` would throw away the `{Self}` that this function returns",
    label = "only `()` and `Result<(), E>` have nothing to store",
    note = "leave `store_result` out to cache the value, or return `()`"
)]
pub trait NothingToStore {}

#[diagnostic::do_not_recommend]
impl NothingToStore for () {}
#[diagnostic::do_not_recommend]
impl<E> NothingToStore for Result<(), E> {}

/// Where a value that `store_result = false` would lose is reported.
pub fn require_nothing_to_store<R: NothingToStore, V, S>(answer: ShapeHolding<V, S>) -> S {
    answer.0
}

/// What `cache_none = false` needs: a return type that can be `None`.
#[diagnostic::on_unimplemented(
    message = "`cache_none = false` needs a function that can return `None`, and this one returns `{Self}`",
    label = "neither an `Option` nor a `Result<Option<_>, _>`",
    note = "leave `cache_none` out, or use `cache_if = |value| …` to choose what is stored"
)]
pub trait MaybeNone {
    /// Whether it is.
    fn is_none(&self) -> bool;
}

#[diagnostic::do_not_recommend]
impl<T> MaybeNone for Option<T> {
    fn is_none(&self) -> bool {
        self.is_none()
    }
}

#[diagnostic::do_not_recommend]
impl<T, E> MaybeNone for Result<Option<T>, E> {
    fn is_none(&self) -> bool {
        matches!(self, Ok(None))
    }
}
