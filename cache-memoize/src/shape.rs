//! What a function returns, seen as something to cache: a plain value, or a `Result` whose `Ok` is the value.
//!
//! The shape is recognised through the type and not its spelling, so that `io::Result<T>` and aliases of the
//! user's own behave alike. The generated code asks [`ShapeOf`] with one method call; method lookup tries the
//! receivers `&&ShapeOf`, `&ShapeOf`, `ShapeOf` in turn, which makes the most specific shape win.

use std::convert::Infallible;
use std::marker::PhantomData;

/// What the cache can hold: `Clone + Send + Sync + 'static`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be cached",
    label = "a cached value is shared between calls and threads: it must be `Clone + Send + Sync + 'static`",
    note = "derive `Clone`, or return it as `Arc<…>`"
)]
pub trait Cacheable: Clone + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Clone + Send + Sync + 'static> Cacheable for T {}

/// How a return type splits into what is cached and what is not.
pub trait Shape: Copy + Send {
    /// What the function returns.
    type Return;
    /// What `ttl`, `weigher` see: the `Ok` of a `Result`, else the whole.
    type Value;
    /// The error of a `Result`.
    type Error;
    /// What an entry holds and callers that joined a computation get.
    type Shared: Cacheable;

    /// Tells a value from an error.
    fn inspect(returned: &Self::Return) -> Result<&Self::Value, &Self::Error>;
    /// A copy to keep or to share; `None` for an error that is not `Clone`.
    fn share(returned: &Self::Return) -> Option<Self::Shared>;
    /// The way back.
    fn restore(shared: Self::Shared) -> Self::Return;
}

macro_rules! marker {
    ($(#[$doc:meta])* $name:ident<$($parameter:ident),*>, $holds:ty) => {
        $(#[$doc])*
        pub struct $name<$($parameter),*>(PhantomData<fn() -> $holds>);

        impl<$($parameter),*> Clone for $name<$($parameter),*> {
            fn clone(&self) -> Self {
                *self
            }
        }
        impl<$($parameter),*> Copy for $name<$($parameter),*> {}
    };
}

marker!(
    /// Any type that is not a `Result`.
    Plain<R>, R
);
marker!(
    /// A `Result` whose error can be shared with callers that wait for the computation.
    SharedResult<T, E>, (T, E)
);
marker!(
    /// A `Result` whose error only its own caller can have.
    OwnedResult<T, E>, (T, E)
);

impl<R: Cacheable> Shape for Plain<R> {
    type Return = R;
    type Value = R;
    type Error = Infallible;
    type Shared = R;

    fn inspect(returned: &R) -> Result<&R, &Infallible> {
        Ok(returned)
    }
    fn share(returned: &R) -> Option<R> {
        Some(returned.clone())
    }
    fn restore(shared: R) -> R {
        shared
    }
}

impl<T: Cacheable, E: Cacheable> Shape for SharedResult<T, E> {
    type Return = Result<T, E>;
    type Value = T;
    type Error = E;
    type Shared = Result<T, E>;

    fn inspect(returned: &Result<T, E>) -> Result<&T, &E> {
        returned.as_ref()
    }
    fn share(returned: &Result<T, E>) -> Option<Result<T, E>> {
        Some(returned.clone())
    }
    fn restore(shared: Result<T, E>) -> Result<T, E> {
        shared
    }
}

impl<T: Cacheable, E> Shape for OwnedResult<T, E> {
    type Return = Result<T, E>;
    type Value = T;
    type Error = E;
    type Shared = T;

    fn inspect(returned: &Result<T, E>) -> Result<&T, &E> {
        returned.as_ref()
    }
    fn share(returned: &Result<T, E>) -> Option<T> {
        returned.as_ref().ok().cloned()
    }
    fn restore(shared: T) -> Result<T, E> {
        Ok(shared)
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

/// First answer: a `Result` with an error to share.
pub trait ViaSharedResult {
    /// The shape.
    type Shape;
    /// Answers.
    fn __shape(&self) -> Self::Shape;
}

impl<T, E: Clone + Send + Sync + 'static> ViaSharedResult for &&ShapeOf<Result<T, E>> {
    type Shape = SharedResult<T, E>;
    fn __shape(&self) -> Self::Shape {
        SharedResult(PhantomData)
    }
}

/// Second answer: any other `Result`.
pub trait ViaResult {
    /// The shape.
    type Shape;
    /// Answers.
    fn __shape(&self) -> Self::Shape;
}

impl<T, E> ViaResult for &ShapeOf<Result<T, E>> {
    type Shape = OwnedResult<T, E>;
    fn __shape(&self) -> Self::Shape {
        OwnedResult(PhantomData)
    }
}

/// Last answer: a plain value.
pub trait ViaPlain {
    /// The shape.
    type Shape;
    /// Answers.
    fn __shape(&self) -> Self::Shape;
}

impl<R> ViaPlain for ShapeOf<R> {
    type Shape = Plain<R>;
    fn __shape(&self) -> Self::Shape {
        Plain(PhantomData)
    }
}

/// Where a missing bound of the return type is reported, in the words of [`Cacheable`].
pub fn require_cacheable<S: Shape>(shape: S) -> S {
    shape
}

/// What `cache_err` needs: a `Result` whose error the cache can hold.
#[diagnostic::on_unimplemented(
    message = "`cache_err` has no error to store here",
    label = "this is not a `Result` whose error is `Clone + Send + Sync + 'static`",
    note = "return such a `Result`, or leave `cache_err` out"
)]
pub trait HasCacheableError {}

impl<T, E> HasCacheableError for SharedResult<T, E> {}

/// Where an error that cannot be stored is reported.
pub fn require_cacheable_error<S: Shape + HasCacheableError>(shape: S) -> S {
    shape
}

/// What `store_result = false` allows: a function that returns nothing but success.
#[diagnostic::on_unimplemented(
    message = "`store_result = false` would throw away the `{Self}` that this function returns",
    label = "only `()` and `Result<(), E>` have nothing to store",
    note = "leave `store_result` out to cache the value, or return `()`"
)]
pub trait NothingToStore {}

impl NothingToStore for () {}
impl<E> NothingToStore for Result<(), E> {}

/// Where a value that `store_result = false` would lose is reported.
pub fn require_nothing_to_store<R: NothingToStore>() {}

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

impl<T> MaybeNone for Option<T> {
    fn is_none(&self) -> bool {
        self.is_none()
    }
}

impl<T, E> MaybeNone for Result<Option<T>, E> {
    fn is_none(&self) -> bool {
        matches!(self, Ok(None))
    }
}
