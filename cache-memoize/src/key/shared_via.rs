//! How a given argument becomes part of a key on a shared backend: by serde, else there is an error that teaches. Where it
//! is `Hash + Eq`, too, it bears witness to what its text leaves out.

use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use serde_core::{Serialize, Serializer};

use super::text::{self, KeyTextError};
use super::text_via::{BySerde, Unwritten};
use super::texts::Text;

/// The question *how is this argument part of a key that others read?*
pub struct SharedKeyOf<'a, T: ?Sized>(pub &'a T);

/// An answer: the component `P`, for an argument of type `T`.
pub struct SharedPartOf<T: ?Sized, P>(P, PhantomData<T>);

/// First answer: by its serde form, and told apart by its hash as well.
pub trait ViaWitnessedText<'a> {
    /// The component, and what it is of.
    type Part;
    /// Answers.
    fn __part(&self) -> Self::Part;
}

impl<'a, T: Serialize + Hash + Eq + ?Sized> ViaWitnessedText<'a> for &&SharedKeyOf<'a, T> {
    type Part = SharedPartOf<T, Witnessed<'a, T>>;
    fn __part(&self) -> Self::Part {
        SharedPartOf(Witnessed(self.0), PhantomData)
    }
}

/// Written by its serde form, beside what its `Hash` knows of it.
pub struct Witnessed<'a, T: ?Sized>(&'a T);

impl<T: Serialize + Hash + ?Sized> Text for Witnessed<'_, T> {
    fn write(&self, out: &mut String) -> Result<(), KeyTextError> {
        text::write_part(self.0, out)
    }
    fn feed(&self, mut state: &mut dyn Hasher) {
        self.0.hash(&mut state);
    }
}

impl<T: Serialize + ?Sized> Serialize for Witnessed<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// Second answer: by its serde form.
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
#[diagnostic::do_not_recommend]
impl<T: ?Sized, B: ?Sized> CanBeSharedKey<T> for Witnessed<'_, B> {}

/// A component, or its stand-in: that the argument cannot be a key is said elsewhere.
pub(crate) fn unchecked_part<T: ?Sized, P>(answer: SharedPartOf<T, P>) -> P {
    answer.0
}

/// A component, once it is known to be one: where an argument that cannot be a key is reported.
pub(crate) fn part<T: ?Sized, P: CanBeSharedKey<T>>(answer: SharedPartOf<T, P>) -> P {
    answer.0
}
