//! [`KeyPart`]: an argument as part of a key, looked up as it was borrowed and copied only when it is stored.

use std::borrow::Cow;
use std::ffi::{CStr, CString, OsStr, OsString};
use std::hash::{Hash, Hasher};
use std::mem::needs_drop;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

/// How a value is copied without running code of the user's.
pub(crate) type CopyOf<T> = fn(&T) -> T;

/// A type that can be part of a key although it may borrow: a lookup hashes and compares it as it is, and
/// only a miss makes the owned form.
///
/// Arguments that are `Hash + Eq + Clone + Send + Sync + 'static`, or borrow such a type, need not implement
/// this. Implement it for a type of your own with a lifetime:
///
/// ```
/// use cache_memoize::{KeyPart, cache_memoize};
/// use std::hash::{Hash, Hasher};
///
/// struct Query<'a> { text: &'a str, page: u32 }
///
/// impl KeyPart for Query<'_> {
///     type Owned = (String, u32);
///     fn hash_part<H: Hasher>(&self, state: &mut H) {
///         (self.text, self.page).hash(state);
///     }
///     fn is_same(&self, owned: &Self::Owned) -> bool {
///         self.text == owned.0 && self.page == owned.1
///     }
///     fn to_owned_part(&self) -> Self::Owned {
///         (self.text.to_owned(), self.page)
///     }
/// }
///
/// #[cache_memoize(ttl = 60)]
/// fn search(query: Query<'_>) -> usize { query.text.len() }
///
/// search(Query { text: "rust", page: 1 });
/// assert!(search_invalidate(Query { text: "rust", page: 1 }));
/// ```
pub trait KeyPart {
    /// What an entry keeps.
    type Owned: Eq + Send + Sync + 'static;

    /// Whether threads may keep copies of it: dropping one runs no code of the user's.
    #[doc(hidden)]
    const IS_PLAIN: bool = !needs_drop::<Self::Owned>();

    /// How to copy one without running code of the user's, where that can be done.
    #[doc(hidden)]
    const COPY: Option<CopyOf<Self::Owned>> = None;

    /// Feeds the hasher; equal parts feed it the same.
    fn hash_part<H: Hasher>(&self, state: &mut H);
    /// Whether this is what `owned` was made of.
    fn is_same(&self, owned: &Self::Owned) -> bool;
    /// The form to keep.
    fn to_owned_part(&self) -> Self::Owned;
}

macro_rules! by_value {
    ($copy:expr; $($type:ty)*) => {$(
        impl KeyPart for $type {
            type Owned = $type;
            const IS_PLAIN: bool = true;
            const COPY: Option<CopyOf<$type>> = $copy;
            #[inline]
            fn hash_part<H: Hasher>(&self, state: &mut H) {
                self.hash(state);
            }
            #[inline]
            fn is_same(&self, owned: &$type) -> bool {
                self == owned
            }
            fn to_owned_part(&self) -> $type {
                self.clone()
            }
        }
    )*};
}
by_value! { None; String PathBuf OsString CString }
by_value! {
    Some(|value| *value);
    u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize bool char
    std::time::Duration std::time::Instant std::time::SystemTime
    std::net::IpAddr std::net::Ipv4Addr std::net::Ipv6Addr
    std::net::SocketAddr std::net::SocketAddrV4 std::net::SocketAddrV6
    std::num::NonZeroU8 std::num::NonZeroU16 std::num::NonZeroU32 std::num::NonZeroU64 std::num::NonZeroU128
    std::num::NonZeroUsize
    std::num::NonZeroI8 std::num::NonZeroI16 std::num::NonZeroI32 std::num::NonZeroI64 std::num::NonZeroI128
    std::num::NonZeroIsize
}

macro_rules! by_borrow {
    ($($borrowed:ty => $owned:ty,)*) => {$(
        impl KeyPart for $borrowed {
            type Owned = $owned;
            const IS_PLAIN: bool = true;
            #[inline]
            fn hash_part<H: Hasher>(&self, state: &mut H) {
                self.hash(state);
            }
            #[inline]
            fn is_same(&self, owned: &$owned) -> bool {
                let owned: &$borrowed = owned;
                self == owned
            }
            fn to_owned_part(&self) -> $owned {
                self.to_owned()
            }
        }
    )*};
}
by_borrow! { str => String, Path => PathBuf, OsStr => OsString, CStr => CString, }

/// Of a part that can be copied.
fn copy_of<T: KeyPart + ?Sized>(owned: &T::Owned) -> T::Owned {
    T::COPY.expect("it was asked for")(owned)
}

/// The owned form of a float: its bits, in a type of their own, for `1.0_f32` is not `0x3f80_0000_u32`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Bits<B>(B);

/// Floats are keys by their bits: `-0.0` is not `0.0`, and a NaN is itself.
macro_rules! by_bits {
    ($($float:ty as $bits:ty),*) => {$(
        impl KeyPart for $float {
            type Owned = Bits<$bits>;
            const COPY: Option<CopyOf<Bits<$bits>>> = Some(|bits| *bits);
            #[inline]
            fn hash_part<H: Hasher>(&self, state: &mut H) {
                self.to_bits().hash(state);
            }
            #[inline]
            fn is_same(&self, owned: &Bits<$bits>) -> bool {
                self.to_bits() == owned.0
            }
            fn to_owned_part(&self) -> Bits<$bits> {
                Bits(self.to_bits())
            }
        }
    )*};
}
by_bits!(f32 as u32, f64 as u64);

macro_rules! by_deref {
    ($([$($generics:tt)*] $pointer:ty => $target:ty,)*) => {$(
        impl<$($generics)*> KeyPart for $pointer {
            type Owned = <$target as KeyPart>::Owned;
            const IS_PLAIN: bool = <$target as KeyPart>::IS_PLAIN;
            const COPY: Option<CopyOf<<$target as KeyPart>::Owned>> =
                <$target as KeyPart>::COPY;
            #[inline]
            fn hash_part<H: Hasher>(&self, state: &mut H) {
                (**self).hash_part(state);
            }
            #[inline]
            fn is_same(&self, owned: &<$target as KeyPart>::Owned) -> bool {
                (**self).is_same(owned)
            }
            fn to_owned_part(&self) -> <$target as KeyPart>::Owned {
                (**self).to_owned_part()
            }
        }
    )*};
}
by_deref! {
    [T: KeyPart + ?Sized] &T => T,
    [T: KeyPart + ?Sized] Box<T> => T,
    [T: KeyPart + ?Sized] Rc<T> => T,
    [T: KeyPart + ?Sized] Arc<T> => T,
    [T: KeyPart + ToOwned + ?Sized] Cow<'_, T> => T,
    [T: KeyPart] Vec<T> => [T],
}

impl<T: KeyPart> KeyPart for [T] {
    type Owned = Vec<T::Owned>;
    const IS_PLAIN: bool = T::IS_PLAIN;
    #[inline]
    fn hash_part<H: Hasher>(&self, state: &mut H) {
        state.write_usize(self.len());
        self.iter().for_each(|item| item.hash_part(state));
    }
    #[inline]
    fn is_same(&self, owned: &Self::Owned) -> bool {
        self.len() == owned.len() && self.iter().zip(owned).all(|(item, owned)| item.is_same(owned))
    }
    fn to_owned_part(&self) -> Self::Owned {
        self.iter().map(KeyPart::to_owned_part).collect()
    }
}

impl<T: KeyPart, const N: usize> KeyPart for [T; N] {
    type Owned = [T::Owned; N];
    const IS_PLAIN: bool = T::IS_PLAIN;
    const COPY: Option<CopyOf<Self::Owned>> = match T::COPY {
        Some(_) => Some(|owned| owned.each_ref().map(copy_of::<T>)),
        None => None,
    };
    #[inline]
    fn hash_part<H: Hasher>(&self, state: &mut H) {
        self.iter().for_each(|item| item.hash_part(state));
    }
    #[inline]
    fn is_same(&self, owned: &Self::Owned) -> bool {
        self.iter().zip(owned).all(|(item, owned)| item.is_same(owned))
    }
    fn to_owned_part(&self) -> Self::Owned {
        self.each_ref().map(KeyPart::to_owned_part)
    }
}

impl<T: KeyPart> KeyPart for Option<T> {
    type Owned = Option<T::Owned>;
    const IS_PLAIN: bool = T::IS_PLAIN;
    const COPY: Option<CopyOf<Self::Owned>> = match T::COPY {
        Some(_) => Some(|owned| owned.as_ref().map(copy_of::<T>)),
        None => None,
    };
    #[inline]
    fn hash_part<H: Hasher>(&self, state: &mut H) {
        state.write_u8(self.is_some().into());
        if let Some(value) = self {
            value.hash_part(state);
        }
    }
    #[inline]
    fn is_same(&self, owned: &Self::Owned) -> bool {
        match (self, owned) {
            (Some(value), Some(owned)) => value.is_same(owned),
            (None, None) => true,
            _ => false,
        }
    }
    fn to_owned_part(&self) -> Self::Owned {
        self.as_ref().map(KeyPart::to_owned_part)
    }
}

macro_rules! tuples {
    ($(($($name:ident $index:tt),*))*) => {$(
        impl<$($name: KeyPart),*> KeyPart for ($($name,)*) {
            type Owned = ($($name::Owned,)*);
            const IS_PLAIN: bool = true $(&& $name::IS_PLAIN)*;
            const COPY: Option<CopyOf<Self::Owned>> =
                if true $(&& $name::COPY.is_some())* { Some(|_owned| ($(copy_of::<$name>(&_owned.$index),)*)) } else { None };
            #[inline]
            fn hash_part<Z: Hasher>(&self, _state: &mut Z) {
                $(self.$index.hash_part(_state);)*
            }
            #[inline]
            fn is_same(&self, _owned: &Self::Owned) -> bool {
                true $(&& self.$index.is_same(&_owned.$index))*
            }
            #[allow(clippy::unused_unit, reason = "the empty tuple is one of them")]
            fn to_owned_part(&self) -> Self::Owned {
                ($(self.$index.to_owned_part(),)*)
            }
        }
    )*};
}
tuples! {
    ()
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11)
}
