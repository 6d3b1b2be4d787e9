//! How a given argument becomes part of a key on a shared backend: by serde, else there is an error that teaches.

use std::marker::PhantomData;

use serde_core::Serialize;

use super::text_via::{BySerde, Unwritten};

/// The question *how is this argument part of a key that others read?*
pub struct SharedKeyOf<'a, T: ?Sized>(pub &'a T);

/// An answer: the component `P`, for an argument of type `T`.
pub struct SharedPartOf<T: ?Sized, P>(P, PhantomData<T>);

/// First answer: by its serde form.
pub trait ViaSharedText<'a> {
    /// The component, and what it is of.
    type Part;
    /// Answers.
    fn __part(&self) -> Self::Part;
}

impl<'a, T: Serialize + ?Sized> ViaSharedText<'a> for &SharedKeyOf<'a, T> {
    type Part = SharedPartOf<T, BySerde<'a, T>>;
    fn __part(&self) -> Self::Part {
        SharedPartOf(BySerde(self.0), PhantomData)
    }
}

/// No answer: others could not read it.
pub trait ViaNoSharedText<T: ?Sized> {
    /// Refuses.
    fn __part(&self) -> SharedPartOf<T, Unwritten>;
}

impl<T: ?Sized> ViaNoSharedText<T> for SharedKeyOf<'_, T> {
    fn __part(&self) -> SharedPartOf<T, Unwritten> {
        SharedPartOf(Unwritten, PhantomData)
    }
}

/// What every component but [`Unwritten`] is. It is asked of the component and not of `T`, for which the compiler
/// would propose to implement it; and `Unwritten` is a [`Text`](super::texts::Text), so that nothing is told twice.
#[diagnostic::on_unimplemented(
    message = "`{T}` cannot be part of a key on a shared backend",
    label = "such a key is text that every process reads, so its parts must be `serde::Serialize`",
    note = "derive `Serialize`, or give a type parameter this bound; for `Arc` and `Rc` turn on serde's feature `rc`",
    note = "or leave the argument out of the key with `skip(…)` (`self` with `skip(self)`), or say what identifies \
            the call with `args_rewrite = |…| …`"
)]
pub trait CanBeSharedKey<T: ?Sized> {}

#[diagnostic::do_not_recommend]
impl<T: ?Sized, B: ?Sized> CanBeSharedKey<T> for BySerde<'_, B> {}

/// A component, or its stand-in: that the argument cannot be a key is said elsewhere.
pub(crate) fn unchecked_part<T: ?Sized, P>(answer: SharedPartOf<T, P>) -> P {
    answer.0
}

/// A component, once it is known to be one: where an argument that cannot be a key is reported.
pub(crate) fn part<T: ?Sized, P: CanBeSharedKey<T>>(answer: SharedPartOf<T, P>) -> P {
    answer.0
}
