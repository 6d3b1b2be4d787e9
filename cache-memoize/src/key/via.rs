//! How a given argument becomes a [`Part`]: generated code asks [`KeyOf`] with one method call, and method
//! lookup tries the receivers with the most references first, so that the most specific way wins:
//! a [`KeyPart`], then a borrow of a type of the user's, then a value of one, and else an error that teaches.

use std::borrow::{Borrow, Cow};
use std::hash::{Hash, Hasher};

use super::part::KeyPart;

/// One component of a borrowed key.
pub trait Part {
    /// What an entry keeps.
    type Owned: Eq + Send + Sync + 'static;
    /// Feeds the hasher.
    fn hash<H: Hasher>(&self, state: &mut H);
    /// Whether this is what `owned` was made of.
    fn is_same(&self, owned: &Self::Owned) -> bool;
    /// The form to keep.
    fn into_owned(self) -> Self::Owned;
}

/// What the owned form of an argument must be.
pub trait OwnedKey: Hash + Eq + Clone + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Hash + Eq + Clone + Send + Sync + 'static> OwnedKey for T {}

/// The question *how is this argument part of a key?*
pub struct KeyOf<'a, T: ?Sized>(pub &'a T);

/// First answer: it is a [`KeyPart`].
pub trait ViaKeyPart<'a> {
    /// The component.
    type Part;
    /// Answers.
    fn __part(&self) -> Self::Part;
}

/// A [`KeyPart`].
pub struct Known<'a, T: ?Sized>(&'a T);

impl<'a, T: KeyPart + ?Sized> ViaKeyPart<'a> for &&&KeyOf<'a, T> {
    type Part = Known<'a, T>;
    #[inline]
    fn __part(&self) -> Known<'a, T> {
        Known(self.0)
    }
}

impl<T: KeyPart + ?Sized> Part for Known<'_, T> {
    type Owned = T::Owned;
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash_part(state);
    }
    #[inline]
    fn is_same(&self, owned: &T::Owned) -> bool {
        self.0.is_same(owned)
    }
    fn into_owned(self) -> T::Owned {
        self.0.to_owned_part()
    }
}

/// Second answer: it borrows something that can be owned.
pub trait ViaBorrow<'a> {
    /// The component.
    type Part;
    /// Answers.
    fn __part(&self) -> Self::Part;
}

/// A borrow of something that can be owned.
pub struct Borrowed<'a, B: ?Sized>(&'a B);

/// Maybe a borrow of something that can be owned.
pub struct MaybeBorrowed<'a, B: ?Sized>(Option<&'a B>);

impl<'a, B: ToOwned<Owned: OwnedKey> + ?Sized> ViaBorrow<'a> for &&KeyOf<'a, &B> {
    type Part = Borrowed<'a, B>;
    #[inline]
    fn __part(&self) -> Borrowed<'a, B> {
        Borrowed(self.0)
    }
}

impl<'a, B: ToOwned<Owned: OwnedKey> + ?Sized> ViaBorrow<'a> for &&KeyOf<'a, Cow<'_, B>> {
    type Part = Borrowed<'a, B>;
    #[inline]
    fn __part(&self) -> Borrowed<'a, B> {
        Borrowed(self.0)
    }
}

impl<'a, B: ToOwned<Owned: OwnedKey> + ?Sized> ViaBorrow<'a> for &&KeyOf<'a, Option<&B>> {
    type Part = MaybeBorrowed<'a, B>;
    #[inline]
    fn __part(&self) -> MaybeBorrowed<'a, B> {
        MaybeBorrowed(*self.0)
    }
}

/// Third answer: it can be owned.
pub trait ViaValue<'a> {
    /// The component.
    type Part;
    /// Answers.
    fn __part(&self) -> Self::Part;
}

impl<'a, B: ToOwned<Owned: OwnedKey> + ?Sized> ViaValue<'a> for &KeyOf<'a, B> {
    type Part = Borrowed<'a, B>;
    #[inline]
    fn __part(&self) -> Borrowed<'a, B> {
        Borrowed(self.0)
    }
}

impl<B: ToOwned<Owned: OwnedKey> + Hash + Eq + ?Sized> Part for Borrowed<'_, B> {
    type Owned = B::Owned;
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
    #[inline]
    fn is_same(&self, owned: &B::Owned) -> bool {
        self.0 == owned.borrow()
    }
    fn into_owned(self) -> B::Owned {
        self.0.to_owned()
    }
}

impl<B: ToOwned<Owned: OwnedKey> + Hash + Eq + ?Sized> Part for MaybeBorrowed<'_, B> {
    type Owned = Option<B::Owned>;
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
    #[inline]
    fn is_same(&self, owned: &Self::Owned) -> bool {
        self.0 == owned.as_ref().map(Borrow::borrow)
    }
    fn into_owned(self) -> Self::Owned {
        self.0.map(ToOwned::to_owned)
    }
}

/// No answer: the argument cannot be a key.
pub trait ViaNothing {
    /// Refuses, in the words of [`CannotBeKey`].
    fn __part(&self) -> Refused
    where
        Self: CannotBeKey;
}

/// What stands in for the component that is not there.
pub struct Refused;

/// Never implemented; only its message is used.
#[diagnostic::on_unimplemented(
    message = "this argument cannot be part of a cache key",
    label = "a key part must be `Hash + Eq + Clone + Send + Sync + 'static`, or borrow such a type",
    note = "derive what is missing, leave the argument out of the key with `skip(name)`, or say what identifies \
            the call with `args_rewrite = |…| …`"
)]
pub trait CannotBeKey {}

impl<T: ?Sized> ViaNothing for KeyOf<'_, T> {
    fn __part(&self) -> Refused
    where
        Self: CannotBeKey,
    {
        Refused
    }
}

impl Part for Refused {
    type Owned = ();
    fn hash<H: Hasher>(&self, _: &mut H) {}
    fn is_same(&self, (): &()) -> bool {
        false
    }
    fn into_owned(self) {}
}
