//! How a given argument becomes a [`Part`]: generated code asks [`KeyOf`] with one method call, and method
//! lookup tries the receivers with the most references first, so that the most specific way wins:
//! a [`KeyPart`], then a borrow of a type of the user's, then a value of one that is `Copy`, then any other, and else an
//! error that teaches.

use std::borrow::{Borrow, Cow};
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::mem::needs_drop;

use super::part::{CopyOf, KeyPart};

/// One component of a borrowed key.
pub trait Part {
    /// What an entry keeps.
    type Owned: Eq + Send + Sync + 'static;
    /// See [`KeyPart::IS_PLAIN`](super::part::KeyPart::IS_PLAIN).
    const IS_PLAIN: bool = !needs_drop::<Self::Owned>();
    /// See [`KeyPart::COPY`].
    const COPY: Option<CopyOf<Self::Owned>> = None;
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

/// The same of an argument that is known to borrow: it cannot be kept as it is, whatever traits it has.
pub struct BorrowingKeyOf<'a, T: ?Sized>(pub &'a T);

/// An answer: the component `P`, for an argument of type `T`.
pub struct KeyPartOf<T: ?Sized, P>(P, PhantomData<T>);

/// A component, once it is known to be one: where an argument that cannot be a key is reported.
#[inline]
pub fn part<T: ?Sized, P: CanBeKey<T>>(answer: KeyPartOf<T, P>) -> P {
    answer.0
}

/// A component, or its stand-in: that the argument cannot be a key is said elsewhere.
#[inline]
pub fn unchecked_part<T: ?Sized, P>(answer: KeyPartOf<T, P>) -> P {
    answer.0
}

/// A [`KeyPart`].
pub struct Known<'a, T: ?Sized>(&'a T);

/// The component that a [`KeyPart`] is.
#[inline]
pub(crate) fn known<T: ?Sized>(argument: &T) -> Known<'_, T> {
    Known(argument)
}

/// A borrow of something that can be owned.
pub struct Borrowed<'a, B: ?Sized>(&'a B);

/// A value that is `Copy`.
pub struct Copied<'a, B>(&'a B);

/// Maybe a borrow of something that can be owned.
pub struct MaybeBorrowed<'a, B: ?Sized>(Option<&'a B>);

/// What stands in for the component of an argument that cannot be a key.
pub struct Refused;

macro_rules! answer {
    ($via:ident, $question:ident, [$($generics:tt)*] $part:ident for [$($refs:tt)*] $ty:ty, |$argument:ident| $value:expr) => {
        impl<'a, $($generics)*> $via<'a> for $($refs)* $question<'a, $ty> {
            type Part = KeyPartOf<$ty, $part<'a, B>>;
            #[inline]
            fn __part(&self) -> Self::Part {
                let $argument = self.0;
                KeyPartOf($part($value), PhantomData)
            }
        }
    };
    ($(#[$doc:meta])* $via:ident) => {
        $(#[$doc])*
        pub trait $via<'a> {
            /// The component, and what it is of.
            type Part;
            /// Answers.
            fn __part(&self) -> Self::Part;
        }
    };
    ($via:ident, [$($generics:tt)*] $part:ident for [$($refs:tt)*] $ty:ty, |$argument:ident| $value:expr) => {
        answer!($via, KeyOf, [$($generics)*] $part for [$($refs)*] $ty, |$argument| $value);
    };
}
answer!(
    /// First answer: it is a [`KeyPart`].
    ViaKeyPart
);
answer!(ViaKeyPart, [B: KeyPart + ?Sized] Known for [&&&&] B, |argument| argument);
answer!(
    /// Second answer: it borrows something that can be owned.
    ViaBorrow
);
answer!(ViaBorrow, ['b, B: ToOwned<Owned: OwnedKey> + ?Sized] Borrowed for [&&&] &'b B, |argument| argument);
answer!(ViaBorrow, ['b, B: ToOwned<Owned: OwnedKey> + ?Sized] Borrowed for [&&&] Cow<'b, B>, |argument| argument);
answer!(ViaBorrow, ['b, B: ToOwned<Owned: OwnedKey> + ?Sized] MaybeBorrowed for [&&&] Option<&'b B>, |argument| *argument);
answer!(ViaKeyPart, BorrowingKeyOf, [B: KeyPart + ?Sized] Known for [&&&&] B, |argument| argument);
answer!(ViaBorrow, BorrowingKeyOf, ['b, B: ToOwned<Owned: OwnedKey> + ?Sized] Borrowed for [&&&] &'b B, |argument| argument);
answer!(ViaBorrow, BorrowingKeyOf, ['b, B: ToOwned<Owned: OwnedKey> + ?Sized] Borrowed for [&&&] Cow<'b, B>, |argument| argument);
answer!(ViaBorrow, BorrowingKeyOf, ['b, B: ToOwned<Owned: OwnedKey> + ?Sized] MaybeBorrowed for [&&&] Option<&'b B>, |argument| *argument);
answer!(
    /// Third answer: it is `Copy`.
    ViaCopy
);
answer!(ViaCopy, [B: OwnedKey + Copy] Copied for [&&] B, |argument| argument);
answer!(
    /// Fourth answer: it can be owned.
    ViaValue
);
answer!(ViaValue, [B: ToOwned<Owned: OwnedKey> + ?Sized] Borrowed for [&] B, |argument| argument);

/// No answer: the argument cannot be a key.
pub trait ViaNothing<T: ?Sized> {
    /// Refuses.
    fn __part(&self) -> KeyPartOf<T, Refused>;
}

impl<T: ?Sized> ViaNothing<T> for KeyOf<'_, T> {
    fn __part(&self) -> KeyPartOf<T, Refused> {
        KeyPartOf(Refused, PhantomData)
    }
}

impl<T: ?Sized> ViaNothing<T> for BorrowingKeyOf<'_, T> {
    fn __part(&self) -> KeyPartOf<T, Refused> {
        KeyPartOf(Refused, PhantomData)
    }
}

/// What every component but [`Refused`] is. It is asked of the component and not of `T`, for which the compiler
/// would propose to implement it; and `Refused` is a [`Part`], so that nothing is told twice.
#[diagnostic::on_unimplemented(
    message = "`{T}` cannot be part of a cache key",
    label = "a key part must be `Hash + Eq + Clone + Send + Sync + 'static`, or borrow such a type",
    note = "derive what is missing, or give a type parameter these bounds",
    note = "or leave the argument out of the key with `skip(…)` (`self` with `skip(self)`), or say what identifies \
            the call with `args_rewrite = |…| …`; for a type of yours that borrows, implement `KeyPart`"
)]
pub trait CanBeKey<T: ?Sized> {}

#[diagnostic::do_not_recommend]
impl<T: ?Sized, B: ?Sized> CanBeKey<T> for Known<'_, B> {}
#[diagnostic::do_not_recommend]
impl<T: ?Sized, B: ?Sized> CanBeKey<T> for Borrowed<'_, B> {}
#[diagnostic::do_not_recommend]
impl<T: ?Sized, B> CanBeKey<T> for Copied<'_, B> {}
#[diagnostic::do_not_recommend]
impl<T: ?Sized, B: ?Sized> CanBeKey<T> for MaybeBorrowed<'_, B> {}

impl<T: KeyPart + ?Sized> Part for Known<'_, T> {
    type Owned = T::Owned;
    const IS_PLAIN: bool = T::IS_PLAIN;
    const COPY: Option<CopyOf<T::Owned>> = T::COPY;
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

impl<B: OwnedKey + Copy> Part for Copied<'_, B> {
    type Owned = B;
    const COPY: Option<CopyOf<B>> = Some(|key| *key);
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
    #[inline]
    fn is_same(&self, owned: &B) -> bool {
        self.0 == owned
    }
    fn into_owned(self) -> B {
        *self.0
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

impl Part for Refused {
    type Owned = ();
    fn hash<H: Hasher>(&self, _: &mut H) {}
    fn is_same(&self, (): &()) -> bool {
        false
    }
    fn into_owned(self) {}
}
