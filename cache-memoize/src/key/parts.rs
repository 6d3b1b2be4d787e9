//! The whole key: its parts as a list, so that a function may have any number of arguments.

use std::hash::Hasher;
use std::mem::needs_drop;

use super::part::CopyOf;
use super::via::Part;

/// A borrowed key.
pub trait Key {
    /// What an entry keeps.
    type Owned: Eq + Send + Sync + 'static;
    /// See [`KeyPart::IS_PLAIN`](super::part::KeyPart::IS_PLAIN).
    const IS_PLAIN: bool = !needs_drop::<Self::Owned>();
    /// See [`KeyPart::COPY`](super::part::KeyPart::COPY).
    const COPY: Option<CopyOf<Self::Owned>> = None;
    /// Feeds the hasher.
    fn hash<H: Hasher>(&self, state: &mut H);
    /// Whether this is what `owned` was made of.
    fn is_same(&self, owned: &Self::Owned) -> bool;
    /// The form to keep.
    fn into_owned(self) -> Self::Owned;
}

/// A key without parts: all calls are the same.
pub struct Nil;

/// A part and those after it.
pub struct Cons<P, R>(pub P, pub R);

impl Key for Nil {
    type Owned = ();
    const COPY: Option<CopyOf<()>> = Some(|()| ());
    #[inline]
    fn hash<H: Hasher>(&self, _: &mut H) {}
    #[inline]
    fn is_same(&self, (): &()) -> bool {
        true
    }
    #[inline]
    fn into_owned(self) {}
}

impl<P: Part, R: Key> Key for Cons<P, R> {
    type Owned = (P::Owned, R::Owned);
    const IS_PLAIN: bool = P::IS_PLAIN && R::IS_PLAIN;
    const COPY: Option<CopyOf<Self::Owned>> = match (P::COPY, R::COPY) {
        (Some(_), Some(_)) => Some(|owned| {
            let (Some(part), Some(rest)) = (P::COPY, R::COPY) else { unreachable!("both are there") };
            (part(&owned.0), rest(&owned.1))
        }),
        _ => None,
    };
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
        self.1.hash(state);
    }
    #[inline]
    fn is_same(&self, owned: &Self::Owned) -> bool {
        self.0.is_same(&owned.0) && self.1.is_same(&owned.1)
    }
    fn into_owned(self) -> Self::Owned {
        (self.0.into_owned(), self.1.into_owned())
    }
}
