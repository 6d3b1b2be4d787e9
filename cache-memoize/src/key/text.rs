//! The text of a cache key: one canonical, typed, readable text per argument.
//!
//! A key is `prefix:part:part`, such as `app::show:7:alice`: the path of the function, then one part per
//! argument. Keys live on shared backends, where other versions of a program read them, so **the grammar
//! below is a stability promise**: a value that has a text keeps it for ever.
//!
//! # Parts
//!
//! | Value                  | Text                                                                  |
//! |------------------------|-----------------------------------------------------------------------|
//! | `bool`                 | `true`, `false`                                                       |
//! | integer                | decimal: `7`, `-7`                                                    |
//! | float                  | shortest that reads back, with `.` or `e`: `1.0`, `-0.0`, `1e16`      |
//! | infinity               | `inf`, `-inf`                                                         |
//! | not a number           | `NaN`, or `NaN(fff8000000000000)` if its bits are not the usual ones  |
//! | `char`                 | `'c'`, escaped as a string is, and `\'`                               |
//! | string                 | bare: `alice`, or quoted: `"Alice B."` (see below)                    |
//! | bytes                  | `0x00ff`                                                              |
//! | unit, unit struct      | `()`                                                                  |
//! | newtype struct         | the text of what it wraps                                             |
//! | tuple, tuple struct    | `(1,2)`, `(1,)`                                                       |
//! | sequence               | `[1,2]`                                                               |
//! | struct                 | `{id=1,name=alice}`, in the order of the fields                       |
//! | map                    | `map{a=1,b=2}`, sorted by the text of the keys, then of the values    |
//! | option                 | `none`, `some(1)`                                                     |
//! | unit variant           | `Enum::Variant`                                                       |
//! | newtype, tuple variant | `Enum::Variant(1)`, `Enum::Variant(1,2)`                              |
//! | struct variant         | `Enum::Variant{a=1}`                                                  |
//!
//! A string is bare when it matches `[A-Za-z_][A-Za-z0-9_-]*` and is none of the reserved words `true`,
//! `false`, `none`, `some`, `inf`, `NaN` and `map`. Any other is quoted, with the escapes `\"`, `\\`, `\n`,
//! `\r`, `\t`, and `\u{1b}` for the other control characters; everything else stands for itself. Names of
//! fields, enums and variants are written by the same rule, since `#[serde(rename)]` can put any text there.
//!
//! A value nested more than 128 levels deep has no text.
//!
//! # Prefix
//!
//! A path is written plainly, or quoted as a string is when that would be ambiguous: when a `:` in it is not
//! part of a `::` between two names, when it is empty, or when it has a `"`, `\`, `@`, `;` or control
//! character.
//!
//! # What follows from it
//!
//! - A part is never empty, never begins or ends with `:`, and outside quotes has `:` only as the `::` of an
//!   enum. A prefix neither begins nor ends with `:` either, and has no single `:` outside quotes. So parts
//!   joined by a single `:` come apart in one way only, and keys are the same only if all their parts are.
//! - A prefix that does not begin with `"` ends at the first single `:`. A `'` in it is the beginning of a
//!   lifetime, not a quote.
//! - `@` and `;` never stand outside quotes, so that they are free to delimit whole keys: `@` a version, and `;` what
//!   `extra` adds.
//! - No part begins with `~`, `#` or `!`, so that they are free to mark what is no text of a value: `~` and 32 digits
//!   what `redact` replaced, `#` a digest of an argument that is not `Serialize`, `!` why there is no text.
//! - Integers of all widths are written alike, and so are newtypes and what they wrap: texts tell apart the
//!   values of one type, as far as serde does, not every pair of types.
//! - Maps are canonical, sets are not: to serde, a `HashSet` is a sequence in no particular order.

use core::fmt::{self, Display, Write as _};

use serde_core::ser::{self, Serialize, Serializer};

type Result<T = (), E = KeyTextError> = core::result::Result<T, E>;

/// How many values may be nested in each other: a deeper value is an error, not an overflow of the stack.
const MAX_DEPTH: usize = 128;

/// Words that are not written bare as strings, since they are the text, or begin the text, of something else.
const RESERVED: [&str; 7] = ["true", "false", "none", "some", "inf", "NaN", "map"];

// The bits of the usual NaN, written out because Rust does not promise those of `f32::NAN` and `f64::NAN`.
const NAN_BITS_32: u32 = 0x7fc0_0000;
const NAN_BITS_64: u64 = 0x7ff8_0000_0000_0000;

/// Appends the text of a part to `out`. On error, `out` is left as it was.
pub(crate) fn write_part<T: Serialize + ?Sized>(value: &T, out: &mut String) -> Result<(), KeyTextError> {
    let start = out.len();
    let written = value.serialize(PartWriter { out, depth: 0 });
    if written.is_err() {
        out.truncate(start);
    }
    written
}

/// Appends a string to `out`: bare if it can be, quoted if not.
pub(crate) fn write_str(text: &str, out: &mut String) {
    if is_bare(text) {
        out.push_str(text);
    } else {
        write_quoted(text, out);
    }
}

/// Appends the path of a function to `out`: as it is if it can be, quoted if not.
///
/// More is plain here than in a string, because a prefix only has to end at the first single `:`. Paths of
/// generic functions hold the names of types: `app::show<&str>`, `<app::P as app::Tr>::f`.
pub(crate) fn write_prefix(path: &str, out: &mut String) {
    if is_plain_path(path) {
        out.push_str(path);
    } else {
        write_quoted(path, out);
    }
}

/// Appends a byte as two digits.
pub(crate) fn write_hex(byte: u8, out: &mut String) {
    append(out, format_args!("{byte:02x}"));
}

fn is_bare(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
        && !RESERVED.contains(&text)
}

fn is_plain_path(path: &str) -> bool {
    // An empty name is a `::` at an end or next to another, or an empty path; a `:` in a name has no pair.
    path.split("::").all(|name| !name.is_empty() && !name.contains(':'))
        && !path.contains(|c: char| matches!(c, '"' | '\\' | '@' | ';') || c.is_control())
}

fn write_quoted(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        write_escaped(c, out);
    }
    out.push('"');
}

fn write_escaped(c: char, out: &mut String) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        _ if c.is_control() => append(out, format_args!("\\u{{{:x}}}", u32::from(c))),
        _ => out.push(c),
    }
}

fn append(out: &mut String, text: fmt::Arguments<'_>) {
    out.write_fmt(text).expect("numbers can be formatted, and a String can be written to");
}

/// Why a value has no text: what its `Serialize` implementation said, or that it is nested too deeply.
#[derive(Clone, Debug)]
pub struct KeyTextError(Box<str>);

impl Display for KeyTextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for KeyTextError {}

impl ser::Error for KeyTextError {
    fn custom<T: Display>(message: T) -> Self {
        Self(message.to_string().into())
    }
}

/// Writes one value, which is itself inside `depth` others.
struct PartWriter<'a> {
    out: &'a mut String,
    depth: usize,
}

impl<'a> PartWriter<'a> {
    /// The writer of what is inside this value.
    ///
    /// Everything that has an inside comes here, even newtypes, which write nothing of their own: a recursive
    /// type can be made of any of them.
    fn inside(mut self) -> Result<Self> {
        if self.depth == MAX_DEPTH {
            let message = format_args!("nested more than {MAX_DEPTH} levels deep");
            return Err(ser::Error::custom(message));
        }
        self.depth += 1;
        Ok(self)
    }

    fn open(self, opening: &str) -> Result<Compound<'a>> {
        let writer = self.inside()?;
        writer.out.push_str(opening);
        Ok(Compound { writer, items: 0 })
    }

    fn wrap<T: Serialize + ?Sized>(self, opening: &str, value: &T) -> Result {
        let mut compound = self.open(opening)?;
        compound.item(value)?;
        compound.close(")")
    }

    fn variant(&mut self, name: &str, variant: &str) {
        write_str(name, self.out);
        self.out.push_str("::");
        write_str(variant, self.out);
    }

    fn literal(self, text: &str) -> Result {
        self.out.push_str(text);
        Ok(())
    }

    fn format(self, text: fmt::Arguments<'_>) -> Result {
        append(self.out, text);
        Ok(())
    }
}

macro_rules! integers {
    ($($method:ident($int:ty))*) => {
        $(
            fn $method(self, value: $int) -> Result {
                self.format(format_args!("{value}"))
            }
        )*
    };
}

impl<'a> Serializer for PartWriter<'a> {
    type Ok = ();
    type Error = KeyTextError;
    type SerializeSeq = Compound<'a>;
    type SerializeTuple = Compound<'a>;
    type SerializeTupleStruct = Compound<'a>;
    type SerializeTupleVariant = Compound<'a>;
    type SerializeMap = MapEntries<'a>;
    type SerializeStruct = Compound<'a>;
    type SerializeStructVariant = Compound<'a>;

    fn serialize_bool(self, value: bool) -> Result {
        self.literal(if value { "true" } else { "false" })
    }

    integers! {
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64) serialize_i128(i128)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64) serialize_u128(u128)
    }

    fn serialize_f32(self, value: f32) -> Result {
        if value.is_nan() && value.to_bits() != NAN_BITS_32 {
            return self.format(format_args!("NaN({:x})", value.to_bits()));
        }
        // `{:?}`, not `{}`, which would write `1.0` as the integer `1`.
        self.format(format_args!("{value:?}"))
    }

    fn serialize_f64(self, value: f64) -> Result {
        if value.is_nan() && value.to_bits() != NAN_BITS_64 {
            return self.format(format_args!("NaN({:x})", value.to_bits()));
        }
        self.format(format_args!("{value:?}"))
    }

    fn serialize_char(self, value: char) -> Result {
        self.out.push('\'');
        match value {
            '\'' => self.out.push_str("\\'"),
            _ => write_escaped(value, self.out),
        }
        self.literal("'")
    }

    fn serialize_str(self, value: &str) -> Result {
        write_str(value, self.out);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result {
        self.out.reserve(2 + 2 * value.len());
        self.out.push_str("0x");
        for byte in value {
            write_hex(*byte, self.out);
        }
        Ok(())
    }

    fn serialize_none(self) -> Result {
        self.literal("none")
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result {
        self.wrap("some(", value)
    }

    fn serialize_unit(self) -> Result {
        self.literal("()")
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result {
        self.serialize_unit()
    }

    fn serialize_unit_variant(mut self, name: &'static str, _index: u32, variant: &'static str) -> Result {
        self.variant(name, variant);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _name: &'static str, value: &T) -> Result {
        value.serialize(self.inside()?)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        mut self,
        name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result {
        self.variant(name, variant);
        self.wrap("(", value)
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Compound<'a>> {
        self.open("[")
    }

    fn serialize_tuple(self, _len: usize) -> Result<Compound<'a>> {
        self.open("(")
    }

    fn serialize_tuple_struct(self, _name: &'static str, _len: usize) -> Result<Compound<'a>> {
        self.open("(")
    }

    fn serialize_tuple_variant(
        mut self,
        name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Compound<'a>> {
        self.variant(name, variant);
        self.open("(")
    }

    fn serialize_map(self, len: Option<usize>) -> Result<MapEntries<'a>> {
        let writer = self.inside()?;
        // The length is a hint that any implementation can get wrong: not a reason to allocate gigabytes.
        let entries = Vec::with_capacity(len.unwrap_or(0).min(1024));
        let key = None;
        Ok(MapEntries { writer, key, entries })
    }

    fn serialize_struct(self, _name: &'static str, _len: usize) -> Result<Compound<'a>> {
        self.open("{")
    }

    fn serialize_struct_variant(
        mut self,
        name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Compound<'a>> {
        self.variant(name, variant);
        self.open("{")
    }
}

/// Writes what is between a pair of brackets, separated by commas.
struct Compound<'a> {
    writer: PartWriter<'a>,
    items: usize,
}

impl Compound<'_> {
    fn separate(&mut self) {
        if self.items > 0 {
            self.writer.out.push(',');
        }
        self.items += 1;
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result {
        let PartWriter { ref mut out, depth } = self.writer;
        value.serialize(PartWriter { out, depth })
    }

    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result {
        self.separate();
        self.value(value)
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result {
        self.separate();
        write_str(name, self.writer.out);
        self.writer.out.push('=');
        self.value(value)
    }

    fn close(self, closing: &str) -> Result {
        self.writer.literal(closing)
    }
}

// serde has a trait for each kind of brackets, which differ in nothing but names.
macro_rules! compounds {
    ($($trait:ident: $method:ident($($name:ident)?) by $write:ident, closed by $closing:literal
        $(or $lone:literal after one item)?;)*) => {
        $(
            impl ser::$trait for Compound<'_> {
                type Ok = ();
                type Error = KeyTextError;

                fn $method<T: Serialize + ?Sized>(&mut self, $($name: &'static str,)? value: &T) -> Result {
                    self.$write($($name,)? value)
                }

                fn end(self) -> Result {
                    // By what was written, not by what was announced, which may be wrong.
                    let closing = match self.items {
                        $(1 => $lone,)?
                        _ => $closing,
                    };
                    self.close(closing)
                }
            }
        )*
    };
}

compounds! {
    SerializeSeq: serialize_element() by item, closed by "]";
    SerializeTuple: serialize_element() by item, closed by ")" or ",)" after one item;
    SerializeTupleStruct: serialize_field() by item, closed by ")" or ",)" after one item;
    SerializeTupleVariant: serialize_field() by item, closed by ")";
    SerializeStruct: serialize_field(name) by field, closed by "}";
    SerializeStructVariant: serialize_field(name) by field, closed by "}";
}

/// Collects the entries of a map, which can be written only when all of them are there to be sorted.
struct MapEntries<'a> {
    writer: PartWriter<'a>,
    key: Option<String>,
    entries: Vec<(String, String)>,
}

impl MapEntries<'_> {
    fn text<T: Serialize + ?Sized>(&self, value: &T) -> Result<String> {
        let mut out = String::new();
        let depth = self.writer.depth;
        value.serialize(PartWriter { out: &mut out, depth })?;
        Ok(out)
    }
}

impl ser::SerializeMap for MapEntries<'_> {
    type Ok = ();
    type Error = KeyTextError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result {
        let key = self.text(key)?;
        match self.key.replace(key) {
            None => Ok(()),
            Some(_) => Err(ser::Error::custom("a map key without a value")),
        }
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result {
        let key = self.key.take().ok_or_else(|| ser::Error::custom("a map value without a key"))?;
        let value = self.text(value)?;
        self.entries.push((key, value));
        Ok(())
    }

    fn end(mut self) -> Result {
        if self.key.is_some() {
            return Err(ser::Error::custom("a map key without a value"));
        }
        self.entries.sort_unstable();
        self.writer.out.push_str("map{");
        for (index, (key, value)) in self.entries.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            self.writer.out.extend([comma, key, "=", value]);
        }
        self.writer.literal("}")
    }
}

#[cfg(test)]
mod tests;
