//! Entries on a [`Shared`] backend: keys are text, values are bytes.

use std::ops::Deref;
use std::rc::Rc;
use std::sync::{Arc, LazyLock};

use super::answer::{Answered, Bare};
use super::codec::{AnyCodec, Coded, Given, IsCodec};
use super::{BackendOf, Place};
use crate::backend::Backend;
use crate::codec::Codec;
use crate::key::shared_via::{self, CanBeSharedKey, SharedKeyOf, SharedPartOf};
use crate::key::texts::{List, Written};
use crate::remote::target::SharedTarget;
use crate::remote::{Shared, registry};
use crate::shape::storing::{self, CanBeStored, ErrorCanBeStored, Stored, Storing, StoringErrors};
use crate::site::{Instance, VERBATIM_GROUP};

/// Something that leads to a [`Shared`].
pub trait AsShared {
    /// The cache.
    fn as_shared(&self) -> &Shared;
}

impl AsShared for Shared {
    fn as_shared(&self) -> &Shared {
        self
    }
}

#[cfg(feature = "redis")]
impl AsShared for crate::Redis {
    fn as_shared(&self) -> &Shared {
        self.as_shared()
    }
}

macro_rules! by_deref {
    ($($pointer:ty),*) => {$(
        impl<T: AsShared> AsShared for $pointer {
            fn as_shared(&self) -> &Shared {
                (**self).as_shared()
            }
        }
    )*};
}
by_deref!(&T, Box<T>, Rc<T>, Arc<T>, LazyLock<T>);

/// Second answer: a shared backend.
pub trait ViaShared<T: ?Sized> {
    /// Answers.
    fn __backend(&self) -> Answered<T, OnShared>;
}

impl<T: AsShared + ?Sized> ViaShared<T> for &&&&&BackendOf<'_, T> {
    fn __backend(&self) -> Answered<T, OnShared> {
        Answered::new(OnShared { shared: self.0.as_shared().clone() })
    }
}

/// Third answer: what a [`Shared`] is made of.
pub trait ViaBackend<T: ?Sized> {
    /// Refuses.
    fn __backend(&self) -> Answered<T, Bare>;
}

/// Fourth answer: what leads to that.
pub trait ViaLedToBackend<T: ?Sized> {
    /// Refuses.
    fn __backend(&self) -> Answered<T, Bare>;
}

impl<T: Backend + ?Sized> ViaBackend<T> for &&&&BackendOf<'_, T> {
    fn __backend(&self) -> Answered<T, Bare> {
        Answered::new(Bare)
    }
}

impl<T: Deref<Target: Backend> + ?Sized> ViaLedToBackend<T::Target> for &&&BackendOf<'_, T> {
    fn __backend(&self) -> Answered<T::Target, Bare> {
        Answered::new(Bare)
    }
}

/// On a shared backend that the user named.
pub struct OnShared {
    shared: Shared,
}

/// The backend that is registered under this name.
pub fn named(name: &str) -> OnShared {
    OnShared { shared: registry::find(name) }
}

impl OnShared {
    /// Asks how an argument is part of a key.
    pub fn of<'t, T: ?Sized>(&self, argument: &'t T) -> SharedKeyOf<'t, T> {
        SharedKeyOf(argument)
    }

    /// The same of one that borrows: its text does not.
    pub fn of_borrowing<'t, T: ?Sized>(&self, argument: &'t T) -> SharedKeyOf<'t, T> {
        SharedKeyOf(argument)
    }

    /// A component, once it is known to be one.
    pub fn part<T: ?Sized, P: CanBeSharedKey<T>>(&self, answer: SharedPartOf<T, P>) -> P {
        shared_via::part(answer)
    }

    /// A component, or its stand-in.
    pub fn unchecked_part<T: ?Sized, P>(&self, answer: SharedPartOf<T, P>) -> P {
        shared_via::unchecked_part(answer)
    }

    /// A key of parts, which are written now: what waits for the backend borrows no arguments.
    pub fn key<K: List>(&self, parts: K) -> Written {
        Written::of(&parts)
    }

    /// A key that the user writes whole.
    pub fn verbatim(&self, key: &str) -> Written {
        Written::Verbatim(key.to_owned())
    }

    /// The codec of the function.
    pub fn codec<C: ?Sized, A: IsCodec<C>>(&self, answer: Given<C, A>) -> Codec
    where
        Given<C, A>: AnyCodec,
    {
        answer.codec()
    }

    /// The same, where what is no codec is reported already.
    pub fn unchecked_codec(&self, answer: impl AnyCodec) -> Codec {
        answer.codec()
    }

    /// There may be a fleet; a registered name may be a memory today and a server tomorrow.
    pub fn fleet<F: ?Sized>(&self, _: &F) {}

    /// Asks whether values can be stored.
    pub fn storing<S>(&self, shape: S) -> Storing<S> {
        Storing(shape)
    }

    /// Asks whether values and errors can be stored.
    pub fn storing_errors<S>(&self, shape: S) -> StoringErrors<S> {
        StoringErrors(shape)
    }

    /// The shape, once it is known that it can be stored.
    pub fn shape<V, E, S: CanBeStored<V> + ErrorCanBeStored<E>>(&self, answer: Stored<V, E, S>) -> S {
        storing::require_stored(answer)
    }

    /// The shape of a function that stores a mark. One that returns more is reported already.
    pub fn mark<V, E, S>(&self, answer: Stored<V, E, S>) -> S {
        storing::unchecked(answer)
    }
}

impl Place for OnShared {
    type Target = SharedTarget;

    fn target(&self, instance: &'static Instance) -> SharedTarget {
        let scope = instance.scope_on(&self.shared);
        SharedTarget::new(self.shared.clone(), scope, instance, instance.group())
    }

    fn verbatim_target(&self, instance: &'static Instance) -> SharedTarget {
        let scope = instance.scope_on(&self.shared);
        SharedTarget::new(self.shared.clone(), scope, instance, VERBATIM_GROUP)
    }
}

impl Coded<Codec> for SharedTarget {
    fn coded(self, codec: Codec) -> Self {
        self.codec(codec)
    }
}
