//! The accesses that a visitor gets while a type is asked: each gives it one part.

use serde_core::de::value::StrDeserializer;
use serde_core::de::{
    DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::Stop;
use super::recorder::{At, Recorder};
use super::visitors::Wanted;

/// The first element of a collection, whose elements are all of one type.
pub(super) struct Element<'r> {
    pub(super) recorder: &'r mut Recorder,
    pub(super) at: At,
    /// Whether the payload says how many there are, rather than the type.
    pub(super) is_open: bool,
}

impl<'de> SeqAccess<'de> for Element<'_> {
    type Error = Stop;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Stop> {
        if self.is_open {
            self.recorder.see(size_of::<S::Value>());
        }
        Err(self.recorder.ask(self.at, seed))
    }
}

/// A position in a tuple, and the positions before it, which are given values.
pub(super) struct Position<'r> {
    pub(super) recorder: &'r mut Recorder,
    pub(super) at: At,
    pub(super) passed: usize,
    /// Whether the visitor is known to pass on what it is given, and nothing else.
    pub(super) is_steady: bool,
}

impl<'de> SeqAccess<'de> for Position<'_> {
    type Error = Stop;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Stop> {
        if self.passed == self.at.part {
            self.passed += 1;
            return Err(self.recorder.ask(self.at, seed));
        }
        // A visitor that goes on after an error is not a known one.
        if self.passed > self.at.part {
            return Err(Stop);
        }
        self.passed += 1;
        let given = if self.is_steady { self.recorder.give(seed) } else { Err(Stop) };
        if given.is_err() {
            self.recorder.give_up(self.at);
            self.passed = usize::MAX;
        }
        given.map(Some)
    }
}

/// The key or the value of a map.
pub(super) struct MapEntry<'r> {
    pub(super) recorder: &'r mut Recorder,
    pub(super) at: At,
}

impl<'de> MapAccess<'de> for MapEntry<'_> {
    type Error = Stop;

    /// Used by a visitor that looks at the key first. Its values are not seen.
    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Stop> {
        if self.at.part == 0 {
            return Err(self.recorder.ask(self.at, seed));
        }
        Err(Stop)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, _: S) -> Result<S::Value, Stop> {
        Err(Stop)
    }

    fn next_entry_seed<K: DeserializeSeed<'de>, S: DeserializeSeed<'de>>(
        &mut self,
        key: K,
        value: S,
    ) -> Result<Option<(K::Value, S::Value)>, Stop> {
        self.recorder.see(size_of::<K::Value>() + size_of::<S::Value>());
        Err(match self.at.part {
            0 => self.recorder.ask(self.at, key),
            _ => self.recorder.ask(self.at, value),
        })
    }
}

/// One field of a struct, given as if it came first.
pub(super) struct Field<'r> {
    pub(super) recorder: &'r mut Recorder,
    pub(super) at: At,
    pub(super) name: &'static str,
    pub(super) is_named: bool,
}

impl<'de> MapAccess<'de> for Field<'_> {
    type Error = Stop;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Stop> {
        if std::mem::replace(&mut self.is_named, true) {
            return Err(Stop);
        }
        let name: StrDeserializer<'_, Stop> = self.name.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Stop> {
        Err(self.recorder.ask(self.at, seed))
    }
}

/// One variant of an enum.
pub(super) struct Variant<'r> {
    pub(super) recorder: &'r mut Recorder,
    pub(super) at: At,
    pub(super) name: &'static str,
}

impl<'de> EnumAccess<'de> for Variant<'_> {
    type Error = Stop;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Stop> {
        let name: StrDeserializer<'_, Stop> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_> {
    type Error = Stop;

    fn unit_variant(self) -> Result<(), Stop> {
        self.recorder.reach(self.at, Wanted::Unknown);
        Err(self.recorder.nothing())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Stop> {
        Err(self.recorder.ask(self.at, seed))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Stop> {
        self.recorder.reach(self.at, Wanted::Unknown);
        Err(self.recorder.positions("tuple variant", self.name, len, visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.recorder.reach(self.at, Wanted::Unknown);
        Err(self.recorder.fields("struct variant", self.name, fields, visitor))
    }
}
