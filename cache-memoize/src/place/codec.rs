//! The option `codec`: how the values of one function become bytes, where they do.

#[cfg(feature = "shared")]
use std::rc::Rc;
#[cfg(feature = "shared")]
use std::sync::{Arc, LazyLock};

#[cfg(feature = "shared")]
use crate::shared::codec::Codec;

/// Never implemented; only its message is used, for `codec` on a `Memory`.
#[diagnostic::on_unimplemented(
    message = "`codec` is for backends that hold bytes, and a `Memory` keeps values as they are",
    label = "the backend of this function is a `Memory`",
    note = "leave `codec` out, or name a shared backend"
)]
pub trait NeedsNoBytes {}

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
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a codec",
    label = "expected a `cache_memoize::Codec`, or a reference to one",
    note = "for instance `codec = Codec::Json`, or `Codec::Custom(Arc::new(..))` for a format of your own"
)]
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
