//! Reading within limits: wraps any `Deserializer`, and everything that it hands out, so that the depth of a payload,
//! the number of its elements, the memory reserved on its word and the memory of the value are all bounded.

use std::any::type_name;
use std::fmt;

use serde_core::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};

use super::limits::{Account, Excess, Limits};
use super::refusal::Refusal;
use super::walk::{Level, Walk};

/// The state of reading one payload.
pub(super) struct Reading {
    pub(super) walk: Walk,
    limits: Limits,
    lends_strings: bool,
}

impl Reading {
    /// A reading within `limits`. With `lends_strings`, owned strings and bytes are asked for as borrowed ones.
    #[inline]
    pub(super) fn new(limits: Limits, lends_strings: bool) -> Self {
        Self { walk: Walk::new(), limits, lends_strings }
    }

    #[inline]
    fn descend<E: Error>(&self) -> Result<Level<'_>, E> {
        self.walk.descend().map_err(refused)
    }

    /// Counts a `T` that is read into room of this width. A value that is wider than its room is in a box.
    #[inline]
    fn receive<T, E: Error>(&self, room: usize) -> Result<(), E> {
        if size_of::<T>() <= room {
            return Ok(());
        }
        self.limits.hold_boxed(size_of::<T>()).map_err(|excess| self.exceeded(excess))
    }

    #[inline]
    fn hold<E: Error>(&self, bytes: usize) -> Result<(), E> {
        self.limits.hold(bytes).map_err(|excess| self.exceeded(excess))
    }

    #[cold]
    #[inline(never)]
    fn exceeded<E: Error>(&self, excess: Excess) -> E {
        E::custom(self.walk.refuse(match excess {
            Excess::Elements => Refusal::TooMany,
            Excess::Memory { held, most } => Refusal::TooLarge { held, most },
        }))
    }

    /// The memory that was counted as held by the value.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.limits.held()
    }
}

/// The seed of the value: reads a `T` from any deserializer into a variable of the caller's. Returned through every
/// layer of a format and every `Result` on the way out, a value would be copied each time.
pub(super) struct Seed<'r, T> {
    reading: &'r Reading,
    value: &'r mut Option<T>,
}

impl<'r, T> Seed<'r, T> {
    #[inline]
    pub(super) fn new(reading: &'r Reading, value: &'r mut Option<T>) -> Self {
        Self { reading, value }
    }

    /// The seed for another use, since a format may ask more than once.
    pub(super) fn again(&mut self) -> Seed<'_, T> {
        Seed { reading: self.reading, value: self.value }
    }
}

impl<'de, T: DeserializeOwned> DeserializeSeed<'de> for Seed<'_, T> {
    type Value = ();

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        *self.value = Some(T::deserialize(Bounded::new(deserializer, self.reading, room::<T>()))?);
        Ok(())
    }
}

/// A part of a deserializer, on either side of it, with the limits that it must keep.
struct Bounded<'r, X> {
    inner: X,
    reading: &'r Reading,
    /// The width of the room that the value is read into; see [`room`].
    room: usize,
    /// The number of elements that the type itself asks for, whatever the payload says: fields, or positions in a
    /// tuple.
    fixed: usize,
}

impl<'r, X> Bounded<'r, X> {
    #[inline]
    fn new(inner: X, reading: &'r Reading, room: usize) -> Self {
        Self { inner, reading, room, fixed: 0 }
    }

    #[inline]
    fn fixed(inner: X, reading: &'r Reading, room: usize, fixed: usize) -> Self {
        Self { inner, reading, room, fixed }
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Bounded<'_, S> {
    type Value = S::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.inner.deserialize(Bounded::new(deserializer, self.reading, self.room))
    }
}

// Passes a request on with the visitor wrapped, since a payload may answer any request with a collection.
macro_rules! requests {
    ($($request:ident($($name:ident: $type:ty),*) $(of $fixed:expr)? $(, noted by $note:ident)?;)*) => {$(
        #[inline]
        fn $request<V: Visitor<'de>>(self, $($name: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            $(self.reading.walk.$note();)?
            self.reading.receive::<V::Value, _>(self.room)?;
            let fixed = 0 $(+ $fixed)?;
            self.inner.$request($($name,)* Bounded::fixed(visitor, self.reading, room_inside::<V::Value>(), fixed))
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Bounded<'_, D> {
    type Error = D::Error;

    requests! {
        deserialize_bool(), noted by leaf;
        deserialize_i8(), noted by leaf;
        deserialize_i16(), noted by leaf;
        deserialize_i32(), noted by leaf;
        deserialize_i64(), noted by leaf;
        deserialize_i128(), noted by leaf;
        deserialize_u8(), noted by leaf;
        deserialize_u16(), noted by leaf;
        deserialize_u32(), noted by leaf;
        deserialize_u64(), noted by leaf;
        deserialize_u128(), noted by leaf;
        deserialize_f32(), noted by leaf;
        deserialize_f64(), noted by leaf;
        deserialize_char(), noted by leaf;
        deserialize_str(), noted by leaf;
        deserialize_bytes(), noted by leaf;
        deserialize_unit(), noted by leaf;
        deserialize_unit_struct(name: &'static str), noted by leaf;
        // Levels, which the visitor notes.
        deserialize_option();
        deserialize_newtype_struct(name: &'static str);
        deserialize_seq();
        deserialize_tuple(len: usize) of len;
        deserialize_tuple_struct(name: &'static str, len: usize) of len;
        deserialize_map();
        deserialize_struct(name: &'static str, fields: &'static [&'static str]) of fields.len();
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
        // Not parts of the value.
        deserialize_identifier();
        deserialize_any();
        deserialize_ignored_any();
    }

    #[inline]
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        if self.reading.lends_strings {
            return self.deserialize_str(visitor);
        }
        self.reading.walk.leaf();
        self.reading.receive::<V::Value, _>(self.room)?;
        self.inner.deserialize_string(Bounded::new(visitor, self.reading, room_inside::<V::Value>()))
    }

    #[inline]
    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        if self.reading.lends_strings {
            return self.deserialize_bytes(visitor);
        }
        self.reading.walk.leaf();
        self.reading.receive::<V::Value, _>(self.room)?;
        self.inner.deserialize_byte_buf(Bounded::new(visitor, self.reading, room_inside::<V::Value>()))
    }

    #[inline]
    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

macro_rules! visits {
    ($($visit:ident($type:ty))*) => {$(
        #[inline]
        fn $visit<E: Error>(self, value: $type) -> Result<V::Value, E> {
            self.inner.$visit(value)
        }
    )*};
}

// Texts and bytes, which count as held: the value most likely keeps them.
macro_rules! texts {
    ($($visit:ident($type:ty) of $copies:literal;)*) => {$(
        #[inline]
        fn $visit<E: Error>(self, value: $type) -> Result<V::Value, E> {
            self.reading.hold($copies * value.len())?;
            self.inner.$visit(value)
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Bounded<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    visits! {
        visit_bool(bool)
        visit_i8(i8) visit_i16(i16) visit_i32(i32) visit_i64(i64) visit_i128(i128)
        visit_u8(u8) visit_u16(u16) visit_u32(u32) visit_u64(u64) visit_u128(u128)
        visit_f32(f32) visit_f64(f64) visit_char(char)
    }

    texts! {
        // Copied once, from the payload.
        visit_borrowed_str(&'de str) of 1; visit_borrowed_bytes(&'de [u8]) of 1;
        // Copied a second time, from a buffer in which the format has put it together, such as a text with escapes.
        visit_str(&str) of 2; visit_bytes(&[u8]) of 2;
        visit_string(String) of 2; visit_byte_buf(Vec<u8>) of 2;
    }

    #[inline]
    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }

    #[inline]
    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.reading.walk.leaf();
        self.inner.visit_none()
    }

    #[inline]
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        let _level = self.reading.descend()?;
        self.inner.visit_some(Bounded::new(deserializer, self.reading, self.room))
    }

    #[inline]
    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        let _wrapper = self.reading.walk.unwrap().map_err(refused)?;
        self.inner.visit_newtype_struct(Bounded::new(deserializer, self.reading, self.room))
    }

    #[inline]
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<V::Value, A::Error> {
        let _level = self.reading.descend()?;
        let account = Account::new(&self.reading.limits);
        self.inner.visit_seq(Elements::new(seq, self.reading, &account, self.fixed))
    }

    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        let _level = self.reading.descend()?;
        let account = Account::new(&self.reading.limits);
        self.inner.visit_map(Elements::new(map, self.reading, &account, self.fixed))
    }

    #[inline]
    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<V::Value, A::Error> {
        let _level = self.reading.descend()?;
        self.inner.visit_enum(Bounded::new(data, self.reading, self.room))
    }
}

impl<'de, 'r, A: EnumAccess<'de>> EnumAccess<'de> for Bounded<'r, A> {
    type Error = A::Error;
    type Variant = Bounded<'r, A::Variant>;

    #[inline]
    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self::Variant), A::Error> {
        // Writing a variant gives the format its name and its number. Reading takes one of them, which is no part of
        // the value, so it leaves no trace in the outline.
        let outline = self.reading.walk.mark();
        let seed = Bounded::new(seed, self.reading, room::<S::Value>());
        let (value, variant) = self.inner.variant_seed(seed)?;
        self.reading.walk.forget_since(outline);
        Ok((value, Bounded::new(variant, self.reading, self.room)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Bounded<'_, A> {
    type Error = A::Error;

    #[inline]
    fn unit_variant(self) -> Result<(), A::Error> {
        self.inner.unit_variant()
    }

    #[inline]
    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.inner.newtype_variant_seed(Bounded::new(seed, self.reading, room::<S::Value>()))
    }

    #[inline]
    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.inner.tuple_variant(len, Bounded::fixed(visitor, self.reading, self.room, len))
    }

    #[inline]
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.inner.struct_variant(fields, Bounded::fixed(visitor, self.reading, self.room, fields.len()))
    }
}

/// The elements of a sequence or a map.
struct Elements<'r, A> {
    inner: A,
    reading: &'r Reading,
    account: &'r Account<'r>,
    /// How many elements may be asked for before the account must be asked: at first those that the type itself asks
    /// for, which are not the payload's doing. Not a part of the account, so that it can be kept in a register.
    left: usize,
    /// The width and the alignment of a map's keys.
    key: (usize, usize),
    /// Whether the next value of a map shows how wide the elements are.
    learning: bool,
}

impl<'r, A> Elements<'r, A> {
    #[inline]
    fn new(inner: A, reading: &'r Reading, account: &'r Account<'r>, fixed: usize) -> Self {
        Self { inner, reading, account, left: fixed, key: (0, 1), learning: false }
    }
}

impl<A> Drop for Elements<'_, A> {
    #[inline]
    fn drop(&mut self) {
        self.account.close(self.left);
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Elements<'_, A> {
    type Error = A::Error;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let width = size_of::<S::Value>();
        let mut is_first = false;
        self.left = match self.left.checked_sub(1) {
            Some(left) => left,
            None => {
                let asked = self.account.ask(self.inner.size_hint(), width);
                let learnt = asked.and_then(|left| Ok((left, self.account.learn(width)?)));
                let left;
                (left, is_first) = learnt.map_err(|excess| self.reading.exceeded(excess))?;
                left
            }
        };
        let element = self.inner.next_element_seed(Bounded::new(seed, self.reading, room::<S::Value>()))?;
        if is_first && element.is_some() {
            self.account.hold_first(width).map_err(|excess| self.reading.exceeded(excess))?;
        }
        Ok(element)
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        self.account.grant(self.inner.size_hint())
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Elements<'_, A> {
    type Error = A::Error;

    #[inline]
    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.left = match self.left.checked_sub(1) {
            Some(left) => left,
            None => {
                self.learning = true;
                self.key = (size_of::<S::Value>(), align_of::<S::Value>());
                let asked = self.account.ask(self.inner.size_hint(), self.key.0);
                asked.map_err(|excess| self.reading.exceeded(excess))?
            }
        };
        self.inner.next_key_seed(Bounded::new(seed, self.reading, room::<S::Value>()))
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        if self.learning {
            self.learning = false;
            let (key, align) = self.key;
            // The width of a pair of both.
            let pair = (key + size_of::<S::Value>()).next_multiple_of(align.max(align_of::<S::Value>()));
            let learnt = self.account.learn(pair);
            let held =
                learnt.and_then(|is_first| if is_first { self.account.hold_first(pair) } else { Ok(()) });
            held.map_err(|excess| self.reading.exceeded(excess))?;
        }
        self.inner.next_value_seed(Bounded::new(seed, self.reading, room::<S::Value>()))
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        self.account.grant(self.inner.size_hint())
    }
}

/// The width of the room that a `T` is read into: its size, but zero if `T` is a box, so that the value in it counts by
/// its own width.
#[inline]
fn room<T>() -> usize {
    if is_box(type_name::<T>()) { 0 } else { size_of::<T>() }
}

/// The width of the room that the content of a `T` is read into: the size of `T`, but zero if it is an optional box.
#[inline]
fn room_inside<T>() -> usize {
    let name = type_name::<T>();
    let boxed = name.strip_prefix("core::option::Option<").is_some_and(is_box);
    if boxed { 0 } else { size_of::<T>() }
}

/// Whether a type is a box, by its name: nothing else tells a box of a narrow value from that value. If a compiler has
/// other names, too little is counted for such boxes: at most their width and the counters around them is missing.
#[inline]
fn is_box(name: &str) -> bool {
    ["alloc::boxed::Box<", "alloc::rc::Rc<", "alloc::sync::Arc<"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}

// Cold, so that the code of the usual case stays small.
#[cold]
#[inline(never)]
fn refused<E: Error>(refusal: Refusal) -> E {
    E::custom(refusal)
}
