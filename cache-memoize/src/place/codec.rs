//! The option `codec`: how the values of one function become bytes, where they do.

use std::marker::PhantomData;
#[cfg(feature = "shared")]
use std::rc::Rc;
#[cfg(feature = "shared")]
use std::sync::{Arc, LazyLock};

#[cfg(feature = "shared")]
use crate::codec::Codec;

/// Never implemented; only its message is used, for `codec` on a `Memory`.
#[diagnostic::on_unimplemented(
    message = "`codec` is for backends that hold bytes, and a `Memory` keeps values as they are",
    label = "the backend of this function is a `Memory`",
    note = "leave `codec` out, or name a shared backend"
)]
pub trait NeedsNoBytes {}

/// The question *what codec is this?*
pub struct CodecOf<'a, T: ?Sized>(pub &'a T);

/// An answer: the codec `A`, of what is a `T`.
pub struct Given<T: ?Sized, A>(A, PhantomData<T>);

/// First answer: one.
#[cfg(feature = "shared")]
pub trait ViaCodec<T: ?Sized> {
    /// Answers.
    fn __codec(&self) -> Given<T, Codec>;
}

#[cfg(feature = "shared")]
impl<T: AsCodec + ?Sized> ViaCodec<T> for &CodecOf<'_, T> {
    fn __codec(&self) -> Given<T, Codec> {
        Given(self.0.as_codec().clone(), PhantomData)
    }
}

/// Last answer: none.
pub trait ViaNoCodec<T: ?Sized> {
    /// Refuses.
    fn __codec(&self) -> Given<T, NoCodec>;
}

impl<T: ?Sized> ViaNoCodec<T> for CodecOf<'_, T> {
    fn __codec(&self) -> Given<T, NoCodec> {
        Given(NoCodec, PhantomData)
    }
}

/// What stands in for a codec.
pub struct NoCodec;

/// A codec, or the complaint that it is none. It is asked of the answer and not of `T`, for which the compiler would
/// propose to implement it.
#[cfg(feature = "shared")]
#[diagnostic::on_unimplemented(
    message = "`{T}` is not a codec",
    label = "expected a `cache_memoize::Codec`, or a reference to one",
    note = "for instance `codec = Codec::Json`, or `Codec::Custom(Arc::new(..))` for a format of your own"
)]
pub trait IsCodec<T: ?Sized> {}

#[cfg(feature = "shared")]
#[diagnostic::do_not_recommend]
impl<T: ?Sized> IsCodec<T> for Codec {}

/// What an answer has for a codec.
#[cfg(feature = "shared")]
pub trait AnyCodec {
    /// The codec.
    fn codec(self) -> Codec;
}

#[cfg(feature = "shared")]
impl<T: ?Sized> AnyCodec for Given<T, Codec> {
    fn codec(self) -> Codec {
        self.0
    }
}

#[cfg(feature = "shared")]
impl<T: ?Sized> AnyCodec for Given<T, NoCodec> {
    fn codec(self) -> Codec {
        unreachable!("the compiler has refused this program")
    }
}

/// A target that takes what its place made of the option.
pub trait Coded<C> {
    /// The same, with that codec.
    fn coded(self, codec: C) -> Self;
}

/// The target with the codec of the function.
#[inline]
pub fn with_codec<C, T: Coded<C>>(target: T, codec: C) -> T {
    target.coded(codec)
}

/// Something that leads to a codec.
#[cfg(feature = "shared")]
pub trait AsCodec {
    /// The codec.
    fn as_codec(&self) -> &Codec;
}

#[cfg(feature = "shared")]
#[diagnostic::do_not_recommend]
impl AsCodec for Codec {
    fn as_codec(&self) -> &Codec {
        self
    }
}

#[cfg(feature = "shared")]
macro_rules! by_deref {
    ($($pointer:ty),*) => {$(
        #[diagnostic::do_not_recommend]
        impl<T: AsCodec> AsCodec for $pointer {
            fn as_codec(&self) -> &Codec {
                (**self).as_codec()
            }
        }
    )*};
}
#[cfg(feature = "shared")]
by_deref!(&T, Box<T>, Rc<T>, Arc<T>, LazyLock<T>);
