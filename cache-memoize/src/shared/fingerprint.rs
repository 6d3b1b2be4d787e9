//! A number for the shape of a type, so that an entry which another version of a program stored is recognised.
//!
//! Formats without names read a reordered or changed struct without an error, into wrong values. The shape is found
//! without a derive of ours: `T::deserialize` is driven by a deserializer that notes each question, such as *a struct
//! `Post` with the fields `id` and `title`* or *a `u64`*, and answers with something small. Several passes try every
//! variant of every enum, and go around fields whose types reject the answer (a date, say). The notes are hashed
//! together with [`type_name`].
//!
//! The hash is FNV-1a with 64 bits: ten lines, the same on every platform and for ever, which `DefaultHasher` does
//! not promise. Nobody attacks it: types are not input.
//!
//! # What it cannot see
//!
//! - What lies behind `deserialize_any`: the variants of an `untagged` enum, the fields of a flattened struct.
//! - What comes after a place in a tuple whose type rejects the answers, except by the names in [`type_name`].
//! - A change of meaning alone: seconds that became milliseconds.
//!
//! `type_name` may change with the compiler. That costs a miss.

use std::any::type_name;
use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_core::de::value::StrDeserializer;
use serde_core::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess,
    SeqAccess, VariantAccess, Visitor,
};

/// Questions that one type may ask in all passes; a type is never this large, but a tree of arrays may be.
const MOST_QUESTIONS: u32 = 20_000;

/// How often a type may occur inside itself before a pass gives up: once to see that it does, once to end.
const DEEPEST_RECURSION: usize = 3;

/// What an element is taken for that was not seen. Few are wider.
const UNKNOWN_WIDTH: usize = 1024;

/// Questions inside questions, for recursion that shows no type twice.
const DEEPEST: usize = 128;

/// What is known of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    /// Tells it from types that are written otherwise.
    pub(crate) hash: u64,
    /// How wide in memory the widest element of a collection in it is, as far as that can be found out. With this,
    /// what a payload claims to hold can be reserved without reserving too much.
    pub(crate) widest: usize,
}

impl Fingerprint {
    /// That of `T`. Finding it out takes microseconds; keep it.
    pub(crate) fn of<T: DeserializeOwned>() -> Self {
        let mut hash = Fnv::new();
        hash.text(type_name::<T>());
        let record = || {
            // Some types have one shape for people and one for machines. Which one counts, the codec decides.
            [false, true].map(|readable| {
                let mut recorder = Recorder::new(readable);
                while recorder.pass::<T>() {}
                (recorder.notes.0, recorder.widest())
            })
        };
        let mut widest = 0;
        // The user's `Deserialize` runs here, on answers that its author may not have thought of. If it panics, the
        // name must do.
        for (notes, wide) in catch_unwind(AssertUnwindSafe(record)).unwrap_or([(0, UNKNOWN_WIDTH); 2]) {
            hash.bytes(&notes.to_le_bytes());
            widest = widest.max(wide);
        }
        Self { hash: hash.0, widest }
    }
}

struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn bytes(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn number(&mut self, number: usize) {
        self.bytes(&(number as u64).to_le_bytes());
    }

    /// With its length, so that texts do not run into each other.
    fn text(&mut self, text: &str) {
        self.number(text.len());
        self.bytes(text.as_bytes());
    }
}

/// A pass ends here. Nothing is said, for nobody reads it.
#[derive(Debug)]
struct Stop;

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the shape is known")
    }
}

impl std::error::Error for Stop {}

impl de::Error for Stop {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// Notes what a type asks for, over several passes through it.
struct Recorder {
    notes: Fnv,
    readable: bool,
    questions: u32,
    /// The types that are being answered, outermost first. A type is known by the name of its visitor, which holds
    /// its parameters.
    within: Vec<&'static str>,
    enums: HashMap<&'static str, Variants>,
    structs: HashMap<&'static str, Fields>,
    /// The widest element of a collection that was seen, and whether the last pass went through to the end.
    widest: usize,
    completed: bool,
    /// Whether this pass tried something for the first time, so that the next may see more.
    progressed: bool,
    /// Whether this pass already knows which field made it fail.
    blamed: bool,
}

/// Which variants of an enum were tried.
#[derive(Clone, Copy, Default)]
struct Variants {
    next: usize,
    /// One that could be answered to the end.
    ending: Option<usize>,
}

/// Which fields of a struct cannot be answered.
#[derive(Default)]
struct Fields {
    rejecting: Vec<usize>,
    /// It only reads fields in order.
    in_order: bool,
}

impl Recorder {
    fn new(readable: bool) -> Self {
        Self {
            notes: Fnv::new(),
            readable,
            questions: 0,
            within: Vec::new(),
            enums: HashMap::new(),
            structs: HashMap::new(),
            widest: 0,
            completed: false,
            progressed: false,
            blamed: false,
        }
    }

    /// Goes through the type once; whether to do so again.
    fn pass<T: DeserializeOwned>(&mut self) -> bool {
        self.progressed = false;
        self.blamed = false;
        self.completed = T::deserialize(&mut *self).is_ok();
        self.notes.number(usize::from(self.completed));
        self.progressed && self.questions < MOST_QUESTIONS
    }

    fn widest(&self) -> usize {
        if self.completed { self.widest } else { self.widest.max(UNKNOWN_WIDTH) }
    }

    fn note(&mut self, question: &str) -> Result<(), Stop> {
        self.notes.text(question);
        self.questions += 1;
        if self.questions < MOST_QUESTIONS { Ok(()) } else { Err(Stop) }
    }

    /// Answers a question whose answer asks more.
    fn inside<V, R>(&mut self, answer: impl FnOnce(&mut Self) -> Result<R, Stop>) -> Result<R, Stop> {
        let name = type_name::<V>();
        let recursion = self.within.iter().filter(|within| **within == name).count();
        if recursion >= DEEPEST_RECURSION || self.within.len() >= DEEPEST {
            return Err(Stop);
        }
        self.within.push(name);
        let result = answer(self);
        self.within.pop();
        result
    }

    /// Whether some type occurs inside itself here: time to end.
    fn recurs(&self) -> bool {
        let Some((last, before)) = self.within.split_last() else { return false };
        before.contains(last) || before.iter().enumerate().any(|(at, name)| before[..at].contains(name))
    }

    /// A field whose answer was rejected is left out from now on, so that the next pass sees the others.
    fn blame(&mut self, of: &'static str, field: usize) {
        if !self.blamed {
            self.blamed = true;
            self.progressed = true;
            self.structs.entry(of).or_default().rejecting.push(field);
        }
    }

    fn fields<'de, V: Visitor<'de>>(
        &mut self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        for name in names {
            self.note(name)?;
        }
        let of = type_name::<V>();
        if self.structs.entry(of).or_default().in_order {
            return self.inside::<V, _>(|recorder| visitor.visit_seq(Items::parts(recorder, names.len())));
        }
        let mut asked = Some(Asked::Value);
        let result = self.inside::<V, _>(|recorder| {
            asked = None;
            visitor.visit_map(NamedFields { recorder, of, names, next: 0, asked: &mut asked })
        });
        match (&result, asked) {
            (Err(Stop), None) if !names.is_empty() && !self.blamed => {
                self.blamed = true;
                self.progressed = true;
                self.structs.entry(of).or_default().in_order = true;
            }
            // The name itself was rejected: another name of a field that was given already.
            (Err(Stop), Some(Asked::Name(field))) => self.blame(of, field),
            _ => {}
        }
        result
    }
}

// Notes a question, and answers with a value of the kind that was asked for. One, for some numbers cannot be zero.
macro_rules! answers {
    ($($method:ident => $visit:ident($value:expr);)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
            self.note(stringify!($method))?;
            visitor.$visit($value)
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Recorder {
    type Error = Stop;

    answers! {
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
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.note("unit")?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.note("unit struct")?;
        self.note(name)?;
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.note("newtype struct")?;
        self.note(name)?;
        self.inside::<V, _>(|recorder| visitor.visit_newtype_struct(recorder))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.note("option")?;
        if self.recurs() {
            return visitor.visit_none();
        }
        self.inside::<V, _>(|recorder| visitor.visit_some(recorder))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.note("sequence")?;
        let left = usize::from(!self.recurs());
        self.inside::<V, _>(|recorder| visitor.visit_seq(Items::elements(recorder, left)))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Stop> {
        self.note("tuple")?;
        self.notes.number(len);
        self.inside::<V, _>(|recorder| visitor.visit_seq(Items::parts(recorder, len)))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.note("tuple struct")?;
        self.note(name)?;
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.note("map")?;
        let left = usize::from(!self.recurs());
        self.inside::<V, _>(|recorder| visitor.visit_map(Items::elements(recorder, left)))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.note("struct")?;
        self.note(name)?;
        self.fields(fields, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.note("enum")?;
        self.note(name)?;
        for variant in variants {
            self.note(variant)?;
        }
        let known = self.enums.entry(type_name::<V>()).or_default();
        let index = match known.ending {
            // All were tried, or this is inside another try: the shortest way out.
            Some(ending) if known.next >= variants.len() || self.within.contains(&type_name::<V>()) => ending,
            _ => known.next.min(variants.len().saturating_sub(1)),
        };
        self.progressed |= known.next <= index;
        known.next = known.next.max(index + 1);
        let variant = variants.get(index).ok_or(Stop)?;
        self.note(variant)?;
        let value =
            self.inside::<V, _>(|recorder| visitor.visit_enum(Variant { recorder, name: variant }))?;
        self.enums.entry(type_name::<V>()).or_default().ending.get_or_insert(index);
        Ok(value)
    }

    /// The type wants to see the value before it says what it is. There is none.
    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Stop> {
        self.note("any")?;
        Err(Stop)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.note("ignored")?;
        visitor.visit_unit()
    }

    fn is_human_readable(&self) -> bool {
        self.readable
    }
}

/// Elements of a tuple, a sequence or a map: so many of them.
struct Items<'r> {
    recorder: &'r mut Recorder,
    left: usize,
    /// Whether the payload of an entry says how many there are, rather than the type.
    open: bool,
    key_width: usize,
}

impl<'r> Items<'r> {
    /// The parts of a tuple.
    fn parts(recorder: &'r mut Recorder, left: usize) -> Self {
        Self { recorder, left, open: false, key_width: 0 }
    }

    /// The elements of a collection. One shows what they are, unless the type occurs inside itself.
    fn elements(recorder: &'r mut Recorder, left: usize) -> Self {
        Self { recorder, left, open: true, key_width: 0 }
    }

    fn take(&mut self) -> bool {
        let more = self.left > 0;
        self.left = self.left.saturating_sub(1);
        more
    }

    fn see(&mut self, width: usize) {
        if self.open {
            self.recorder.widest = self.recorder.widest.max(width);
        }
    }
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Stop;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Stop> {
        self.see(size_of::<S::Value>());
        if self.take() { seed.deserialize(&mut *self.recorder).map(Some) } else { Ok(None) }
    }
}

impl<'de> MapAccess<'de> for Items<'_> {
    type Error = Stop;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Stop> {
        self.key_width = size_of::<S::Value>();
        if self.take() { seed.deserialize(&mut *self.recorder).map(Some) } else { Ok(None) }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Stop> {
        self.see(self.key_width + size_of::<S::Value>());
        seed.deserialize(&mut *self.recorder)
    }
}

/// What a struct asked for last.
#[derive(Clone, Copy)]
enum Asked {
    Name(usize),
    Value,
}

/// The fields of a struct by name, so that some can be left out.
struct NamedFields<'r> {
    recorder: &'r mut Recorder,
    of: &'static str,
    names: &'static [&'static str],
    next: usize,
    asked: &'r mut Option<Asked>,
}

impl<'de> MapAccess<'de> for NamedFields<'_> {
    type Error = Stop;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Stop> {
        let rejecting = self.recorder.structs.get(self.of).map_or(&[][..], |fields| &fields.rejecting);
        let Some(field) = (self.next..self.names.len()).find(|field| !rejecting.contains(field)) else {
            *self.asked = Some(Asked::Value);
            return Ok(None);
        };
        self.next = field + 1;
        *self.asked = Some(Asked::Name(field));
        let name: StrDeserializer<'_, Stop> = self.names[field].into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Stop> {
        *self.asked = Some(Asked::Value);
        // Which field this is, for fields left out make the order of the questions ambiguous.
        self.recorder.notes.number(self.next);
        let result = seed.deserialize(&mut *self.recorder);
        if result.is_err() {
            self.recorder.blame(self.of, self.next - 1);
        }
        result
    }
}

struct Variant<'r> {
    recorder: &'r mut Recorder,
    name: &'static str,
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
        self.recorder.note("unit variant")
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Stop> {
        self.recorder.note("newtype variant")?;
        seed.deserialize(self.recorder)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Stop> {
        self.recorder.note("tuple variant")?;
        self.recorder.deserialize_tuple(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.recorder.note("struct variant")?;
        self.recorder.fields(fields, visitor)
    }
}

#[cfg(test)]
mod tests;
