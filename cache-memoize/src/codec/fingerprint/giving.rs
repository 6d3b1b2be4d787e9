//! Made-up values, for the only use that there is: the positions in a tuple before the one that is asked about. They
//! are made by serde's own code and by its derive, of numbers, texts and empty collections, and no user code sees them.

use std::mem::needs_drop;

use serde_core::de::value::StrDeserializer;
use serde_core::de::{
    DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::Stop;
use super::recorder::Recorder;
use super::visitors;

/// Whether visitor `V` makes values `T` without user code, which may also be in their `Drop`.
pub(super) fn may_make<V, T>() -> bool {
    visitors::is_serdes::<V>() || (visitors::is_derived::<V>() && !needs_drop::<T>())
}

/// An empty collection.
pub(super) struct Empty;

impl<'de> SeqAccess<'de> for Empty {
    type Error = Stop;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, _: S) -> Result<Option<S::Value>, Stop> {
        Ok(None)
    }
}

impl<'de> MapAccess<'de> for Empty {
    type Error = Stop;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, _: S) -> Result<Option<S::Value>, Stop> {
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, _: S) -> Result<S::Value, Stop> {
        Err(Stop)
    }
}

/// A made-up value, each part of which is made up as well.
pub(super) struct Given<'r> {
    recorder: &'r mut Recorder,
    left: usize,
    name: &'static str,
}

impl<'r> Given<'r> {
    /// A value of `left` parts.
    pub(super) fn parts<'de, V: Visitor<'de>>(
        recorder: &'r mut Recorder,
        left: usize,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        if !may_make::<V, V::Value>() {
            return Err(Stop);
        }
        visitor.visit_seq(Given { recorder, left, name: "" })
    }

    /// A value that is the first of its variants.
    pub(super) fn variant<'de, V: Visitor<'de>>(
        recorder: &'r mut Recorder,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        match variants.first() {
            Some(name) if may_make::<V, V::Value>() => visitor.visit_enum(Given { recorder, left: 0, name }),
            _ => Err(Stop),
        }
    }
}

impl<'de> SeqAccess<'de> for Given<'_> {
    type Error = Stop;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Stop> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        self.recorder.give(seed).map(Some)
    }
}

impl<'de> EnumAccess<'de> for Given<'_> {
    type Error = Stop;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Stop> {
        let name: StrDeserializer<'_, Stop> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Given<'_> {
    type Error = Stop;

    fn unit_variant(self) -> Result<(), Stop> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Stop> {
        self.recorder.give(seed)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Stop> {
        Given::parts(self.recorder, len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        Given::parts(self.recorder, fields.len(), visitor)
    }
}
