//! The deserializer that notes the questions that it is asked.

use serde_core::de::{Deserializer, Visitor};

use super::Stop;
use super::access::{Element, Field, MapEntry, Position, Variant};
use super::giving::{Empty, Given, may_make};
use super::recorder::Recorder;
use super::visitors::{self, Wanted};

// Notes a question. Where a value is wanted and nothing but serde's own code gets it, answers with a value of the kind
// that was asked for. Numbers are 1, since some types cannot be zero.
macro_rules! leaves {
    ($($method:ident => $visit:ident($($value:expr)?);)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
            if self.gives::<V>()? {
                return if visitors::is_serdes::<V>() { visitor.$visit($($value)?) } else { Err(Stop) };
            }
            Err(self.leaf::<V>(stringify!($method), ""))
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Recorder {
    type Error = Stop;

    leaves! {
        deserialize_bool => visit_bool(false);
        deserialize_i8 => visit_i8(1);
        deserialize_i16 => visit_i16(1);
        deserialize_i32 => visit_i32(1);
        deserialize_i64 => visit_i64(1);
        deserialize_i128 => visit_i128(1);
        deserialize_u8 => visit_u8(1);
        deserialize_u16 => visit_u16(1);
        deserialize_u32 => visit_u32(1);
        deserialize_u64 => visit_u64(1);
        deserialize_u128 => visit_u128(1);
        deserialize_f32 => visit_f32(1.0);
        deserialize_f64 => visit_f64(1.0);
        deserialize_char => visit_char('a');
        deserialize_str => visit_str("a");
        deserialize_string => visit_str("a");
        deserialize_identifier => visit_str("a");
        deserialize_bytes => visit_bytes(&[]);
        deserialize_byte_buf => visit_bytes(&[]);
        deserialize_unit => visit_unit();
        deserialize_ignored_any => visit_unit();
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        if self.gives::<V>()? {
            return if may_make::<V, V::Value>() { visitor.visit_unit() } else { Err(Stop) };
        }
        Err(self.leaf::<V>("unit struct", name))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        if self.gives::<V>()? {
            // As a sequence, since then the visitor says of which type its part is.
            return Given::parts(self, 1, visitor);
        }
        Err(self.explore::<V>("newtype struct", &[&[name]], 1, |recorder, at| {
            recorder.reach(at, Wanted::Unknown);
            visitor.visit_newtype_struct(recorder)
        }))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        if self.gives::<V>()? {
            return if visitors::is_serdes::<V>() { visitor.visit_none() } else { Err(Stop) };
        }
        Err(self.explore::<V>("option", &[], 1, |recorder, at| {
            recorder.reach(at, Wanted::Within(std::any::type_name::<V::Value>()));
            visitor.visit_some(recorder)
        }))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        if self.gives::<V>()? {
            return if visitors::is_serdes::<V>() { visitor.visit_seq(Empty) } else { Err(Stop) };
        }
        Err(self.explore::<V>("sequence", &[], 1, |recorder, at| {
            visitor.visit_seq(Element { recorder, at, is_open: true })
        }))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Stop> {
        if self.gives::<V>()? {
            return Given::parts(self, len, visitor);
        }
        Err(self.positions("tuple", "", len, visitor))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        if self.gives::<V>()? {
            return Given::parts(self, len, visitor);
        }
        Err(self.positions("tuple struct", name, len, visitor))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        if self.gives::<V>()? {
            return if visitors::is_serdes::<V>() { visitor.visit_map(Empty) } else { Err(Stop) };
        }
        // Two parts: the keys, and the values.
        Err(self.explore::<V>("map", &[], 2, |recorder, at| visitor.visit_map(MapEntry { recorder, at })))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        if self.gives::<V>()? {
            return Given::parts(self, fields.len(), visitor);
        }
        Err(self.fields("struct", name, fields, visitor))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        if self.gives::<V>()? {
            return Given::variant(self, variants, visitor);
        }
        Err(self.explore::<V>("enum", &[&[name], variants], variants.len(), |recorder, at| {
            visitor.visit_enum(Variant { recorder, at, name: variants[at.part] })
        }))
    }

    /// The type wants to see the value before it says of which kind it is. There is no value to show.
    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Stop> {
        if self.gives::<V>()? {
            return Err(Stop);
        }
        self.overlook();
        Err(self.leaf::<V>("any", ""))
    }

    fn is_human_readable(&self) -> bool {
        self.is_readable
    }
}

impl Recorder {
    /// Asks about the positions of a tuple of any kind.
    pub(super) fn positions<'de, V: Visitor<'de>>(
        &mut self,
        kind: &'static str,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Stop {
        if visitors::is_array::<V>() {
            // All elements are of one type, so the first shows them all.
            let len_text = len.to_string();
            return self.explore::<V>("array", &[&[&len_text]], len.min(1), |recorder, at| {
                visitor.visit_seq(Element { recorder, at, is_open: false })
            });
        }
        let is_steady = visitors::is_steady::<V>();
        self.explore::<V>(kind, &[&[name]], len, |recorder, at| {
            visitor.visit_seq(Position { recorder, at, passed: 0, is_steady })
        })
    }

    /// Asks about the fields of a struct, or of a variant.
    pub(super) fn fields<'de, V: Visitor<'de>>(
        &mut self,
        kind: &'static str,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Stop {
        self.explore::<V>(kind, &[&[name], fields], fields.len(), |recorder, at| {
            visitor.visit_map(Field { recorder, at, name: fields[at.part], is_named: false })
        })
    }
}
