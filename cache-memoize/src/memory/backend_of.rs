//! What `backend = …` may name: a [`Memory`], or anything that leads to one.

use std::rc::Rc;
use std::sync::{Arc, LazyLock};

use super::Memory;

/// Something that leads to a [`Memory`].
pub trait AsMemory {
    /// The memory.
    fn as_memory(&self) -> &Memory;
}

impl AsMemory for Memory {
    #[inline]
    fn as_memory(&self) -> &Memory {
        self
    }
}

macro_rules! by_deref {
    ($($pointer:ty),*) => {$(
        impl<T: AsMemory> AsMemory for $pointer {
            #[inline]
            fn as_memory(&self) -> &Memory {
                (**self).as_memory()
            }
        }
    )*};
}
by_deref!(&T, Box<T>, Rc<T>, Arc<T>, LazyLock<T>);

/// The question *what backend is this?*
pub struct BackendOf<'a, T: ?Sized>(pub &'a T);

/// First answer: a memory.
pub trait ViaMemory<'a> {
    /// Answers.
    fn __backend(&self) -> &'a Memory;
}

impl<'a, T: AsMemory + ?Sized> ViaMemory<'a> for &BackendOf<'a, T> {
    #[inline]
    fn __backend(&self) -> &'a Memory {
        self.0.as_memory()
    }
}

/// No answer.
pub trait ViaNoBackend<T: ?Sized> {
    /// Refuses, in the words of `IsBackend`.
    fn __backend(&self) -> &'static Memory
    where
        Self: IsBackend<T>;
}

/// Never implemented; only its message is used.
#[diagnostic::on_unimplemented(
    message = "`{T}` is not a backend",
    label = "expected a `cache_memoize::Memory`, or a reference to one",
    note = "for a cache of the function's own, leave `backend` out"
)]
pub trait IsBackend<T: ?Sized> {
    /// Never called.
    fn never(&self) -> &'static Memory;
}

impl<T: ?Sized> ViaNoBackend<T> for BackendOf<'_, T> {
    fn __backend(&self) -> &'static Memory
    where
        Self: IsBackend<T>,
    {
        self.never()
    }
}
