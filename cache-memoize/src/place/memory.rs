//! Entries in a [`Memory`]: values as they are, keys looked up as they were borrowed.

use std::rc::Rc;
use std::sync::{Arc, LazyLock};

use super::answer::Answered;
use super::codec::{Coded, NeedsNoBytes};
use super::fleet::NeedsNoFleet;
use super::{BackendOf, Place};
use crate::key::parts::{Cons, Nil};
use crate::key::via::{self, BorrowingKeyOf, CanBeKey, KeyOf, KeyPartOf, Known};
use crate::local::Named;
use crate::memory::Memory;
use crate::site::Instance;

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

/// First answer: a memory.
pub trait ViaMemory<'a, T: ?Sized> {
    /// Answers.
    fn __backend(&self) -> Answered<T, InMemory<'a>>;
}

impl<'a, T: AsMemory + ?Sized> ViaMemory<'a, T> for &&&&&&BackendOf<'a, T> {
    #[inline]
    fn __backend(&self) -> Answered<T, InMemory<'a>> {
        Answered::new(InMemory(self.0.as_memory()))
    }
}

/// In a memory that the user named.
#[derive(Clone, Copy)]
pub struct InMemory<'a>(&'a Memory);

impl InMemory<'_> {
    /// Asks how an argument is part of a key.
    #[inline]
    pub fn of<'t, T: ?Sized>(&self, argument: &'t T) -> KeyOf<'t, T> {
        KeyOf(argument)
    }

    /// The same of one that is known to borrow.
    #[inline]
    pub fn of_borrowing<'t, T: ?Sized>(&self, argument: &'t T) -> BorrowingKeyOf<'t, T> {
        BorrowingKeyOf(argument)
    }

    /// A component, once it is known to be one.
    #[inline]
    pub fn part<T: ?Sized, P: CanBeKey<T>>(&self, answer: KeyPartOf<T, P>) -> P {
        via::part(answer)
    }

    /// A component, or its stand-in.
    #[inline]
    pub fn unchecked_part<T: ?Sized, P>(&self, answer: KeyPartOf<T, P>) -> P {
        via::unchecked_part(answer)
    }

    /// A key of parts.
    #[inline]
    pub fn key<K>(&self, parts: K) -> K {
        parts
    }

    /// A key that the user writes whole.
    #[inline]
    pub fn verbatim<'t>(&self, key: &'t String) -> Cons<Known<'t, String>, Nil> {
        Cons(via::known(key), Nil)
    }

    /// There is nothing to encode, so the user is told.
    pub fn codec<C: NeedsNoBytes>(&self, _: C) {}

    /// Which is done elsewhere.
    pub fn unchecked_codec<C>(&self, _: C) {}

    /// Nobody else is there, so the user is told.
    pub fn fleet<F: NeedsNoFleet + ?Sized>(&self, _: &F) {}

    /// Asks nothing: values stay as they are.
    #[inline]
    pub fn storing<S>(&self, shape: S) -> Typed<S> {
        Typed(shape)
    }

    /// Asks nothing: errors stay as they are.
    #[inline]
    pub fn storing_errors<S>(&self, shape: S) -> Typed<S> {
        Typed(shape)
    }

    /// The shape.
    #[inline]
    pub fn shape<S>(&self, shape: S) -> S {
        shape
    }

    /// The shape of a function that stores a mark.
    #[inline]
    pub fn mark<S>(&self, shape: S) -> S {
        shape
    }
}

/// A shape of which nothing is asked.
pub struct Typed<S>(S);

impl<S: Copy> Typed<S> {
    /// The shape itself.
    #[inline]
    pub fn __stored(&self) -> S {
        self.0
    }
}

impl<'m> Place for InMemory<'m> {
    type Target = Named<'m>;

    #[inline]
    fn target(&self, instance: &'static Instance) -> Named<'m> {
        instance.in_memory(self.0)
    }

    #[inline]
    fn verbatim_target(&self, instance: &'static Instance) -> Named<'m> {
        instance.verbatim_in_memory(self.0)
    }
}

/// Of a program that does not compile.
impl Coded<()> for Named<'_> {
    fn coded(self, (): ()) -> Self {
        self
    }
}
