//! Values of every kind that serde knows, made of bytes, and what their texts mean.

use serde_core::ser::{
    Serialize, SerializeMap as _, SerializeSeq as _, SerializeStruct as _, SerializeStructVariant as _,
    SerializeTuple as _, SerializeTupleStruct as _, SerializeTupleVariant as _, Serializer,
};

/// Bytes that decide what is made. When they are used up, zeros follow, which stand for whatever is simplest.
pub(super) struct Tape<'i>(&'i [u8]);

/// Characters that could be taken for something else.
const CHARS: [char; 40] = [
    'a', 'b', 'Z', '_', '-', '0', '1', 'x', 'e', ':', '@', ';', ',', '=', '.', '"', '\'', '\\', '(', ')',
    '[', ']', '{', '}', '<', '>', '~', '#', '!', '+', '/', ' ', '\n', '\0', '\u{1b}', '\u{7f}', '\u{9f}',
    'é', '…', '🦀',
];

/// And words that could.
const WORDS: [&str; 16] = [
    "a", "a::b", "true", "false", "none", "some", "inf", "NaN", "map", "-1", "1.0", "0x00", "()", "some(a)",
    "map{", "u{a}",
];

/// Of fields, enums and variants, which serde wants to live as long as the program.
const NAMES: [&str; 16] = [
    "a", "b", "A", "", "true", "none", "some", "map", "NaN", "a b", "a:b", "a::b", "a=1", "a,b", "\"",
    "é{(['",
];

/// How deep values go.
const DEPTH: usize = 6;

impl<'i> Tape<'i> {
    pub(super) fn new(bytes: &'i [u8]) -> Self {
        Self(bytes)
    }

    fn byte(&mut self) -> u8 {
        let Some((&byte, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        byte
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.byte())
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        usize::from(self.byte()) % limit
    }

    pub(super) fn flag(&mut self) -> bool {
        self.below(2) == 1
    }

    pub(super) fn text(&mut self) -> String {
        match self.below(8) {
            0..5 => (0..self.below(7)).map(|_| CHARS[self.below(CHARS.len())]).collect(),
            5 | 6 => WORDS[self.below(WORDS.len())].to_owned(),
            // Too long to be a key as it is.
            _ => (0..self.below(256)).map(|at| CHARS[at * 7 % CHARS.len()]).collect(),
        }
    }

    fn char(&mut self) -> char {
        match self.flag() {
            false => CHARS[self.below(CHARS.len())],
            true => char::from_u32(u32::from_le_bytes(self.bytes()) & 0x1f_ffff).unwrap_or('\u{fffd}'),
        }
    }

    fn name(&mut self) -> &'static str {
        NAMES[self.below(NAMES.len())]
    }

    fn values(&mut self, depth: usize) -> Vec<Value> {
        (0..self.below(4)).map(|_| Value::within(self, depth)).collect()
    }

    fn fields(&mut self, depth: usize) -> Vec<(&'static str, Value)> {
        (0..self.below(4)).map(|_| (self.name(), Value::within(self, depth))).collect()
    }
}

/// An argument.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Bool(bool),
    Unsigned(Width, u128),
    Signed(Width, i128),
    F32(f32),
    F64(f64),
    Char(char),
    Str(String),
    Bytes(Vec<u8>),
    Unit,
    UnitStruct,
    Newtype(Box<Value>),
    Tuple(Vec<Value>),
    TupleStruct(Vec<Value>),
    Seq(Vec<Value>),
    Struct(Vec<(&'static str, Value)>),
    Map(Vec<(Value, Value)>),
    None,
    Some(Box<Value>),
    UnitVariant(Variant),
    NewtypeVariant(Variant, Box<Value>),
    TupleVariant(Variant, Vec<Value>),
    StructVariant(Variant, Vec<(&'static str, Value)>),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Width {
    W8,
    W16,
    W32,
    W64,
    W128,
}

/// The name of an enum, and of one of its variants.
pub(super) type Variant = [&'static str; 2];

/// What the text of a value says, and all that it says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Meaning {
    Bool(bool),
    /// In decimal.
    Integer(String),
    /// The bits of the number that the digits are nearest to.
    Float(u64),
    /// The bits in hexadecimal.
    OddNaN(String),
    Char(char),
    Str(String),
    Bytes(Vec<u8>),
    Tuple(Vec<Self>),
    Seq(Vec<Self>),
    Struct(Vec<(String, Self)>),
    /// Sorted.
    Map(Vec<(Self, Self)>),
    None,
    Some(Box<Self>),
    /// With a tuple or a struct, if there is something in it.
    Variant([String; 2], Option<Box<Self>>),
    /// What is redacted.
    Digest(String),
}

impl Width {
    fn of(tape: &mut Tape<'_>) -> Self {
        [Self::W8, Self::W16, Self::W32, Self::W64, Self::W128][tape.below(5)]
    }

    fn bits(self) -> u32 {
        8 << self as u32
    }
}

impl Value {
    pub(super) fn of(tape: &mut Tape<'_>) -> Self {
        Self::within(tape, DEPTH)
    }

    fn within(tape: &mut Tape<'_>, depth: usize) -> Self {
        const LEAVES: usize = 12;
        let kind = tape.below(if depth == 0 { LEAVES } else { LEAVES + 11 });
        let depth = depth.saturating_sub(1);
        let inside = |tape: &mut Tape<'_>| Box::new(Self::within(tape, depth));
        match kind {
            0 => Self::Bool(tape.flag()),
            1 => {
                let width = Width::of(tape);
                Self::Unsigned(width, u128::from_le_bytes(tape.bytes()) >> (128 - width.bits()))
            }
            2 => {
                let width = Width::of(tape);
                Self::Signed(width, i128::from_le_bytes(tape.bytes()) >> (128 - width.bits()))
            }
            // Small ones are what would be taken for others.
            3 => Self::Unsigned(Width::of(tape), tape.below(16) as u128),
            4 => match tape.flag() {
                false => Self::F32([0.0, -0.0, 1.0, f32::INFINITY, f32::NAN, 0.1, 1e16][tape.below(7)]),
                true => Self::F32(f32::from_bits(u32::from_le_bytes(tape.bytes()))),
            },
            5 => match tape.flag() {
                false => Self::F64([0.0, -0.0, 1.0, f64::INFINITY, -f64::NAN, 0.1, 1e16][tape.below(7)]),
                true => Self::F64(f64::from_bits(u64::from_le_bytes(tape.bytes()))),
            },
            6 => Self::Char(tape.char()),
            7 => Self::Str(tape.text()),
            8 => Self::Bytes((0..tape.below(5)).map(|_| tape.byte()).collect()),
            9 if tape.flag() => Self::UnitStruct,
            9 => Self::Unit,
            10 => Self::None,
            11 => Self::UnitVariant([tape.name(), tape.name()]),
            12 => Self::Newtype(inside(tape)),
            13 => Self::Tuple(tape.values(depth)),
            14 => Self::TupleStruct(tape.values(depth)),
            15 | 16 => Self::Seq(tape.values(depth)),
            17 => Self::Struct(tape.fields(depth)),
            18 => Self::Map(tape.values(depth).into_iter().map(|key| (key, *inside(tape))).collect()),
            19 => Self::Some(inside(tape)),
            20 => Self::NewtypeVariant([tape.name(), tape.name()], inside(tape)),
            21 => Self::TupleVariant([tape.name(), tape.name()], tape.values(depth)),
            _ => Self::StructVariant([tape.name(), tape.name()], tape.fields(depth)),
        }
    }

    pub(super) fn meaning(&self) -> Meaning {
        let all = |values: &[Self]| values.iter().map(Self::meaning).collect();
        let named = |fields: &[(&str, Self)]| {
            Meaning::Struct(
                fields.iter().map(|(name, value)| ((*name).to_owned(), value.meaning())).collect(),
            )
        };
        let variant = |names: &Variant, inside| {
            Meaning::Variant(names.map(str::to_owned), Option::map(inside, Box::new))
        };
        match self {
            Self::Bool(value) => Meaning::Bool(*value),
            Self::Unsigned(_, value) => Meaning::Integer(value.to_string()),
            Self::Signed(_, value) => Meaning::Integer(value.to_string()),
            Self::F32(value) if value.is_nan() && value.to_bits() != 0x7fc0_0000 => {
                Meaning::OddNaN(format!("{:x}", value.to_bits()))
            }
            Self::F64(value) if value.is_nan() && value.to_bits() != 0x7ff8 << 48 => {
                Meaning::OddNaN(format!("{:x}", value.to_bits()))
            }
            Self::F32(value) => Meaning::float(&value.to_string()),
            Self::F64(value) => Meaning::float(&value.to_string()),
            Self::Char(value) => Meaning::Char(*value),
            Self::Str(value) => Meaning::Str(value.clone()),
            Self::Bytes(value) => Meaning::Bytes(value.clone()),
            Self::Unit | Self::UnitStruct => Meaning::Tuple(Vec::new()),
            Self::Newtype(value) => value.meaning(),
            Self::Tuple(values) | Self::TupleStruct(values) => Meaning::Tuple(all(values)),
            Self::Seq(values) => Meaning::Seq(all(values)),
            Self::Struct(fields) => named(fields),
            Self::Map(entries) => {
                Meaning::map(entries.iter().map(|(key, value)| (key.meaning(), value.meaning())).collect())
            }
            Self::None => Meaning::None,
            Self::Some(value) => Meaning::Some(value.meaning().into()),
            Self::UnitVariant(names) => variant(names, None),
            Self::NewtypeVariant(names, value) => variant(names, Some(Meaning::Tuple(vec![value.meaning()]))),
            Self::TupleVariant(names, values) => variant(names, Some(Meaning::Tuple(all(values)))),
            Self::StructVariant(names, fields) => variant(names, Some(named(fields))),
        }
    }

    /// The same, maps filled the other way round.
    pub(super) fn reordered(&self) -> Self {
        let all = |values: &[Self]| values.iter().map(Self::reordered).collect();
        let named = |fields: &[(&'static str, Self)]| {
            fields.iter().map(|(name, value)| (*name, value.reordered())).collect()
        };
        match self {
            Self::Newtype(value) => Self::Newtype(value.reordered().into()),
            Self::Tuple(values) => Self::Tuple(all(values)),
            Self::TupleStruct(values) => Self::TupleStruct(all(values)),
            Self::Seq(values) => Self::Seq(all(values)),
            Self::Struct(fields) => Self::Struct(named(fields)),
            Self::Map(entries) => {
                let reordered = entries.iter().rev().map(|(key, value)| (key.reordered(), value.reordered()));
                Self::Map(reordered.collect())
            }
            Self::Some(value) => Self::Some(value.reordered().into()),
            Self::NewtypeVariant(names, value) => Self::NewtypeVariant(*names, value.reordered().into()),
            Self::TupleVariant(names, values) => Self::TupleVariant(*names, all(values)),
            Self::StructVariant(names, fields) => Self::StructVariant(*names, named(fields)),
            flat => flat.clone(),
        }
    }
}

impl Meaning {
    /// Of digits, `inf` or `NaN`, in whatever notation.
    pub(super) fn float(digits: &str) -> Self {
        Self::Float(digits.parse::<f64>().expect("a number").to_bits())
    }

    pub(super) fn map(mut entries: Vec<(Self, Self)>) -> Self {
        entries.sort();
        Self::Map(entries)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Names of structs, and where a variant stands among the others, are not in any text.
        match self {
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Unsigned(Width::W8, value) => serializer.serialize_u8(*value as u8),
            Self::Unsigned(Width::W16, value) => serializer.serialize_u16(*value as u16),
            Self::Unsigned(Width::W32, value) => serializer.serialize_u32(*value as u32),
            Self::Unsigned(Width::W64, value) => serializer.serialize_u64(*value as u64),
            Self::Unsigned(Width::W128, value) => serializer.serialize_u128(*value),
            Self::Signed(Width::W8, value) => serializer.serialize_i8(*value as i8),
            Self::Signed(Width::W16, value) => serializer.serialize_i16(*value as i16),
            Self::Signed(Width::W32, value) => serializer.serialize_i32(*value as i32),
            Self::Signed(Width::W64, value) => serializer.serialize_i64(*value as i64),
            Self::Signed(Width::W128, value) => serializer.serialize_i128(*value),
            Self::F32(value) => serializer.serialize_f32(*value),
            Self::F64(value) => serializer.serialize_f64(*value),
            Self::Char(value) => serializer.serialize_char(*value),
            Self::Str(value) => serializer.serialize_str(value),
            Self::Bytes(value) => serializer.serialize_bytes(value),
            Self::Unit => serializer.serialize_unit(),
            Self::UnitStruct => serializer.serialize_unit_struct("Unit"),
            Self::Newtype(value) => serializer.serialize_newtype_struct("Newtype", value),
            Self::Tuple(values) => {
                let mut tuple = serializer.serialize_tuple(values.len())?;
                values.iter().try_for_each(|value| tuple.serialize_element(value))?;
                tuple.end()
            }
            Self::TupleStruct(values) => {
                let mut tuple = serializer.serialize_tuple_struct("Tuple", values.len())?;
                values.iter().try_for_each(|value| tuple.serialize_field(value))?;
                tuple.end()
            }
            Self::Seq(values) => {
                let mut seq = serializer.serialize_seq(None)?;
                values.iter().try_for_each(|value| seq.serialize_element(value))?;
                seq.end()
            }
            Self::Struct(fields) => {
                let mut fields_of = serializer.serialize_struct("Struct", fields.len())?;
                fields.iter().try_for_each(|(name, value)| fields_of.serialize_field(name, value))?;
                fields_of.end()
            }
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                entries.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))?;
                map.end()
            }
            Self::None => serializer.serialize_none(),
            Self::Some(value) => serializer.serialize_some(value),
            Self::UnitVariant([name, variant]) => serializer.serialize_unit_variant(name, 0, variant),
            Self::NewtypeVariant([name, variant], value) => {
                serializer.serialize_newtype_variant(name, 0, variant, value)
            }
            Self::TupleVariant([name, variant], values) => {
                let mut tuple = serializer.serialize_tuple_variant(name, 0, variant, values.len())?;
                values.iter().try_for_each(|value| tuple.serialize_field(value))?;
                tuple.end()
            }
            Self::StructVariant([name, variant], fields) => {
                let mut fields_of = serializer.serialize_struct_variant(name, 0, variant, fields.len())?;
                fields.iter().try_for_each(|(name, value)| fields_of.serialize_field(name, value))?;
                fields_of.end()
            }
        }
    }
}
