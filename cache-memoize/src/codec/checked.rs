//! Checked writing: wraps a value so that any `Serializer` gets it only as far as the same codec will return it
//! unchanged. A value that is refused here would be stored for nothing, or, worse, come back as another one.

use serde_core::ser::{self, Error, Serialize, Serializer};

use super::refusal::Refusal;
use super::walk::{Level, Walk};

/// The losses of a format: values that it cannot carry.
#[derive(Clone, Copy)]
pub(super) struct Losses {
    /// Skipped fields: fields have no names, so none can be left out.
    pub(super) skipped_fields: bool,
    /// Nested nulls: `None` and `()` are the same `null`, so `Some(None)` would come back as `None`.
    pub(super) nested_nulls: bool,
    /// Numbers that are not finite.
    pub(super) non_finite: bool,
}

/// The state of writing one value.
pub(super) struct Writing {
    pub(super) walk: Walk,
    losses: Losses,
}

impl Writing {
    #[inline]
    pub(super) fn new(losses: Losses) -> Self {
        Self { walk: Walk::new(), losses }
    }
}

/// A cursor in a value: the walk, and whether it is right inside a `Some`.
#[derive(Clone, Copy)]
struct Cursor<'w> {
    writing: &'w Writing,
    in_some: bool,
}

impl<'w> Cursor<'w> {
    #[inline]
    fn descend<E: Error>(self) -> Result<Level<'w>, E> {
        self.writing.walk.descend().map_err(E::custom)
    }

    /// The cursor within another value than a `Some`.
    #[inline]
    fn inside(self) -> Self {
        Self { in_some: false, ..self }
    }

    #[inline]
    fn null<E: Error>(self) -> Result<(), E> {
        self.writing.walk.leaf();
        if self.in_some && self.writing.losses.nested_nulls {
            return Err(E::custom(self.writing.walk.refuse(Refusal::NestedNull)));
        }
        Ok(())
    }

    #[inline]
    fn float<E: Error>(self, is_finite: bool) -> Result<(), E> {
        self.writing.walk.leaf();
        if !is_finite && self.writing.losses.non_finite {
            return Err(E::custom(self.writing.walk.refuse(Refusal::NotFinite)));
        }
        Ok(())
    }
}

/// A value that is checked while it is serialised.
pub(super) struct Checked<'v, T: ?Sized> {
    value: &'v T,
    cursor: Cursor<'v>,
}

impl<'v, T: Serialize + ?Sized> Checked<'v, T> {
    #[inline]
    pub(super) fn new(value: &'v T, writing: &'v Writing) -> Self {
        Self::at(value, Cursor { writing, in_some: false })
    }

    #[inline]
    fn at(value: &'v T, cursor: Cursor<'v>) -> Self {
        Self { value, cursor }
    }
}

impl<T: Serialize + ?Sized> Serialize for Checked<'_, T> {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(Checking { inner: serializer, cursor: self.cursor })
    }
}

/// A serializer that checks each value before the format's own gets it.
struct Checking<'w, S> {
    inner: S,
    cursor: Cursor<'w>,
}

/// A collection that is being written, and the levels that end with it.
struct Compound<'w, C> {
    inner: C,
    cursor: Cursor<'w>,
    _levels: (Level<'w>, Option<Level<'w>>),
}

impl<'w, S> Checking<'w, S> {
    #[inline]
    fn open<C, E: Error>(
        self,
        variant: bool,
        open: impl FnOnce(S) -> Result<C, E>,
    ) -> Result<Compound<'w, C>, E> {
        let outer = self.cursor.descend()?;
        // The contents of a variant are a level of their own, as they are in reading.
        let inner = if variant { Some(self.cursor.descend()?) } else { None };
        let levels = (outer, inner);
        Ok(Compound { inner: open(self.inner)?, cursor: self.cursor.inside(), _levels: levels })
    }
}

macro_rules! leaves {
    ($($method:ident($type:ty))*) => {$(
        #[inline]
        fn $method(self, value: $type) -> Result<S::Ok, S::Error> {
            self.cursor.writing.walk.leaf();
            self.inner.$method(value)
        }
    )*};
}

impl<'w, S: Serializer> Serializer for Checking<'w, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Compound<'w, S::SerializeSeq>;
    type SerializeTuple = Compound<'w, S::SerializeTuple>;
    type SerializeTupleStruct = Compound<'w, S::SerializeTupleStruct>;
    type SerializeTupleVariant = Compound<'w, S::SerializeTupleVariant>;
    type SerializeMap = Compound<'w, S::SerializeMap>;
    type SerializeStruct = Compound<'w, S::SerializeStruct>;
    type SerializeStructVariant = Compound<'w, S::SerializeStructVariant>;

    leaves! {
        serialize_bool(bool) serialize_char(char) serialize_str(&str) serialize_bytes(&[u8])
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64) serialize_i128(i128)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64) serialize_u128(u128)
    }

    #[inline]
    fn serialize_f32(self, value: f32) -> Result<S::Ok, S::Error> {
        self.cursor.float(value.is_finite())?;
        self.inner.serialize_f32(value)
    }

    #[inline]
    fn serialize_f64(self, value: f64) -> Result<S::Ok, S::Error> {
        self.cursor.float(value.is_finite())?;
        self.inner.serialize_f64(value)
    }

    #[inline]
    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.cursor.null()?;
        self.inner.serialize_none()
    }

    #[inline]
    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.cursor.null()?;
        self.inner.serialize_unit()
    }

    #[inline]
    fn serialize_unit_struct(self, name: &'static str) -> Result<S::Ok, S::Error> {
        self.cursor.null()?;
        self.inner.serialize_unit_struct(name)
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        let _level = self.cursor.descend()?;
        self.inner.serialize_some(&Checked::at(value, Cursor { in_some: true, ..self.cursor }))
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let _wrapper = self.cursor.writing.walk.unwrap().map_err(Error::custom)?;
        // Nothing is written for the wrapper, so a `Some` around it is right around the wrapped value.
        self.inner.serialize_newtype_struct(name, &Checked::at(value, self.cursor))
    }

    #[inline]
    fn serialize_unit_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
    ) -> Result<S::Ok, S::Error> {
        let _level = self.cursor.descend()?;
        self.inner.serialize_unit_variant(name, index, variant)
    }

    #[inline]
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let _level = self.cursor.descend()?;
        let value = Checked::at(value, self.cursor.inside());
        self.inner.serialize_newtype_variant(name, index, variant, &value)
    }

    #[inline]
    fn serialize_seq(self, len: Option<usize>) -> Result<Self::SerializeSeq, S::Error> {
        self.open(false, |inner| inner.serialize_seq(len))
    }

    #[inline]
    fn serialize_tuple(self, len: usize) -> Result<Self::SerializeTuple, S::Error> {
        self.open(false, |inner| inner.serialize_tuple(len))
    }

    #[inline]
    fn serialize_tuple_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleStruct, S::Error> {
        self.open(false, |inner| inner.serialize_tuple_struct(name, len))
    }

    #[inline]
    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleVariant, S::Error> {
        self.open(true, |inner| inner.serialize_tuple_variant(name, index, variant, len))
    }

    #[inline]
    fn serialize_map(self, len: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        self.open(false, |inner| inner.serialize_map(len))
    }

    #[inline]
    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Self::SerializeStruct, S::Error> {
        self.open(false, |inner| inner.serialize_struct(name, len))
    }

    #[inline]
    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStructVariant, S::Error> {
        self.open(true, |inner| inner.serialize_struct_variant(name, index, variant, len))
    }

    #[inline]
    fn collect_str<T: std::fmt::Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.cursor.writing.walk.leaf();
        self.inner.collect_str(value)
    }

    #[inline]
    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

// serde has a trait for each kind of collection, which differ in the names of their methods alone.
macro_rules! compounds {
    ($($trait:ident: $($method:ident)+;)*) => {$(
        impl<C: ser::$trait> ser::$trait for Compound<'_, C> {
            type Ok = C::Ok;
            type Error = C::Error;

            $(
                #[inline]
                fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
                    self.inner.$method(&Checked::at(value, self.cursor))
                }
            )+

            #[inline]
            fn end(self) -> Result<C::Ok, C::Error> {
                self.inner.end()
            }
        }
    )*};
}

compounds! {
    SerializeSeq: serialize_element;
    SerializeTuple: serialize_element;
    SerializeTupleStruct: serialize_field;
    SerializeTupleVariant: serialize_field;
    SerializeMap: serialize_key serialize_value;
}

macro_rules! structs {
    ($($trait:ident)*) => {$(
        impl<C: ser::$trait> ser::$trait for Compound<'_, C> {
            type Ok = C::Ok;
            type Error = C::Error;

            #[inline]
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), C::Error> {
                self.inner.serialize_field(name, &Checked::at(value, self.cursor))
            }

            fn skip_field(&mut self, name: &'static str) -> Result<(), C::Error> {
                let Writing { walk, losses } = self.cursor.writing;
                if losses.skipped_fields {
                    return Err(C::Error::custom(walk.refuse(Refusal::SkippedField(name))));
                }
                self.inner.skip_field(name)
            }

            #[inline]
            fn end(self) -> Result<C::Ok, C::Error> {
                self.inner.end()
            }
        }
    )*};
}

structs! { SerializeStruct SerializeStructVariant }
