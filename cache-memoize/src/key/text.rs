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
//! - `@` and `;` never stand outside quotes, so that they are free to delimit whole keys.
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
#[derive(Debug)]
pub(crate) struct KeyTextError(Box<str>);

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
            append(self.out, format_args!("{byte:02x}"));
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
mod tests {
    use std::collections::{BTreeMap, HashMap};

    use serde::Serialize;
    use serde::ser::{SerializeMap as _, SerializeTuple as _};

    use super::*;

    fn text<T: Serialize + ?Sized>(value: &T) -> String {
        let mut out = String::new();
        write_part(value, &mut out).unwrap();
        out
    }

    fn prefix(path: &str) -> String {
        let mut out = String::new();
        write_prefix(path, &mut out);
        out
    }

    /// A `Serialize` written by hand, for what derive and the standard library do not do.
    macro_rules! by_hand {
        (|$serializer:ident| $body:expr) => {{
            struct Value;
            impl Serialize for Value {
                fn serialize<S: Serializer>(&self, $serializer: S) -> Result<S::Ok, S::Error> {
                    $body
                }
            }
            Value
        }};
    }

    #[test]
    fn booleans_and_integers() {
        assert_eq!(text(&true), "true");
        assert_eq!(text(&false), "false");
        assert_eq!(text(&0u8), "0");
        assert_eq!(text(&-1i8), "-1");
        assert_eq!(text(&i16::MIN), "-32768");
        assert_eq!(text(&u16::MAX), "65535");
        assert_eq!(text(&i32::MIN), "-2147483648");
        assert_eq!(text(&u32::MAX), "4294967295");
        assert_eq!(text(&i64::MIN), "-9223372036854775808");
        assert_eq!(text(&u64::MAX), "18446744073709551615");
        assert_eq!(text(&i128::MIN), "-170141183460469231731687303715884105728");
        assert_eq!(text(&u128::MAX), "340282366920938463463374607431768211455");
    }

    #[test]
    fn floats() {
        assert_eq!(text(&0.0f64), "0.0");
        assert_eq!(text(&-0.0f64), "-0.0");
        assert_eq!(text(&1.0f64), "1.0");
        assert_eq!(text(&-1.5f32), "-1.5");
        assert_eq!(text(&0.1f32), "0.1");
        assert_eq!(text(&0.1f64), "0.1");
        assert_eq!(text(&f64::from(0.1f32)), "0.10000000149011612");
        assert_eq!(text(&9007199254740993.0f64), "9007199254740992.0");
        assert_eq!(text(&1e15f64), "1000000000000000.0");
        assert_eq!(text(&1e16f64), "1e16");
        assert_eq!(text(&1.5e300f64), "1.5e300");
        assert_eq!(text(&1e16f32), "1e16");
        assert_eq!(text(&0.0001f64), "0.0001");
        assert_eq!(text(&0.00001f64), "1e-5");
        assert_eq!(text(&f64::MAX), "1.7976931348623157e308");
        assert_eq!(text(&f64::from_bits(1)), "5e-324");
        assert_eq!(text(&f32::MAX), "3.4028235e38");
        assert_eq!(text(&f32::from_bits(1)), "1e-45");
        assert_eq!(text(&f64::INFINITY), "inf");
        assert_eq!(text(&f32::NEG_INFINITY), "-inf");
    }

    #[test]
    fn not_a_number() {
        assert_eq!(text(&f64::from_bits(0x7ff8_0000_0000_0000)), "NaN");
        assert_eq!(text(&f64::from_bits(0xfff8_0000_0000_0000)), "NaN(fff8000000000000)");
        assert_eq!(text(&f64::from_bits(0x7ff8_0000_0000_0001)), "NaN(7ff8000000000001)");
        assert_eq!(text(&f32::from_bits(0x7fc0_0000)), "NaN");
        assert_eq!(text(&f32::from_bits(0xffc0_0000)), "NaN(ffc00000)");
    }

    #[test]
    fn characters() {
        assert_eq!(text(&'c'), "'c'");
        assert_eq!(text(&':'), "':'");
        assert_eq!(text(&'é'), "'é'");
        assert_eq!(text(&'\''), r"'\''");
        assert_eq!(text(&'"'), r#"'\"'"#);
        assert_eq!(text(&'\\'), r"'\\'");
        assert_eq!(text(&'\n'), r"'\n'");
        assert_eq!(text(&'\0'), r"'\u{0}'");
    }

    #[test]
    fn bare_strings() {
        for bare in ["a", "alice", "_", "_1", "Az09_-", "a-", "True", "nan", "Some", "maps", "infinity"] {
            assert_eq!(text(bare), bare);
        }
    }

    #[test]
    fn quoted_strings() {
        for reserved in ["true", "false", "none", "some", "inf", "NaN", "map"] {
            assert_eq!(text(reserved), format!("\"{reserved}\""));
        }
        for raw in
            ["", "7", "-1", "-inf", "0x", "a b", "a.b", "a:b", "a::b", "a;b@c", "()", "it's", "é", "🦀"]
        {
            assert_eq!(text(raw), format!("\"{raw}\""));
        }
        assert_eq!(text("say \"hi\""), r#""say \"hi\"""#);
        assert_eq!(text("a\\b"), r#""a\\b""#);
        assert_eq!(text("\n\r\t"), r#""\n\r\t""#);
        assert_eq!(text("\0\u{1b}\u{7f}\u{9f}"), r#""\u{0}\u{1b}\u{7f}\u{9f}""#);
        assert_eq!(text("\u{2028}\u{202e}\u{feff}"), "\"\u{2028}\u{202e}\u{feff}\"");
    }

    #[test]
    fn bytes() {
        assert_eq!(text(&by_hand!(|s| s.serialize_bytes(&[]))), "0x");
        assert_eq!(text(&by_hand!(|s| s.serialize_bytes(&[0, 10, 255]))), "0x000aff");
        // Without `serde_bytes`, serde knows no bytes, only sequences of integers.
        assert_eq!(text(&[0u8, 10][..]), "[0,10]");
    }

    #[test]
    fn tuples_and_sequences() {
        #[derive(Serialize)]
        struct Pair(u8, &'static str);

        assert_eq!(text(&()), "()");
        assert_eq!(text(&(1,)), "(1,)");
        assert_eq!(text(&((1,),)), "((1,),)");
        assert_eq!(text(&(1, "a")), "(1,a)");
        assert_eq!(text(&[1, 2]), "(1,2)");
        assert_eq!(text(&[0u8; 0]), "()");
        assert_eq!(text(&Pair(1, "a b")), "(1,\"a b\")");
        assert_eq!(text(&Vec::<u8>::new()), "[]");
        assert_eq!(text(&vec![1]), "[1]");
        assert_eq!(text(&vec![vec![1, 2], vec![]]), "[[1,2],[]]");
    }

    #[test]
    fn a_tuple_shorter_than_announced() {
        let value = by_hand!(|s| {
            let mut tuple = s.serialize_tuple(2)?;
            tuple.serialize_element(&1)?;
            tuple.end()
        });
        assert_eq!(text(&value), "(1,)");
    }

    #[test]
    fn structs() {
        #[derive(Serialize)]
        struct Unit;
        #[derive(Serialize)]
        struct Newtype(&'static str);
        #[derive(Serialize)]
        struct Empty {}
        #[derive(Serialize)]
        struct User {
            name: &'static str,
            #[serde(rename = "user id")]
            id: u64,
            #[serde(rename = "is-admin")]
            admin: Option<bool>,
            map: (),
            #[serde(skip_serializing_if = "Option::is_none")]
            skipped: Option<u8>,
        }

        let user = User { name: "alice", id: 7, admin: Some(true), map: (), skipped: None };
        assert_eq!(text(&Unit), "()");
        assert_eq!(text(&Newtype("a")), "a");
        assert_eq!(text(&Empty {}), "{}");
        assert_eq!(text(&user), r#"{name=alice,"user id"=7,is-admin=some(true),"map"=()}"#);
    }

    #[test]
    fn maps() {
        let numbers: HashMap<u32, &str> = [(1, "a"), (2, "b"), (10, "c"), (3, "")].into();
        assert_eq!(text(&HashMap::<u8, u8>::new()), "map{}");
        // Sorted by text, not by value.
        assert_eq!(text(&numbers), r#"map{1=a,10=c,2=b,3=""}"#);
        assert_eq!(text(&BTreeMap::from([((1, "="), [2])])), r#"map{(1,"=")=(2,)}"#);
        assert_eq!(text(&BTreeMap::from([("k", BTreeMap::from([(1, 2)]))])), "map{k=map{1=2}}");

        let duplicates = by_hand!(|s| s.collect_map([("a", 2), ("b", 0), ("a", 1), ("a", 2)]));
        let reordered = by_hand!(|s| s.collect_map([("b", 0), ("a", 2), ("a", 2), ("a", 1)]));
        assert_eq!(text(&duplicates), "map{a=1,a=2,a=2,b=0}");
        assert_eq!(text(&reordered), text(&duplicates));
    }

    #[test]
    fn flattened_structs() {
        #[derive(Serialize)]
        struct Outer {
            z: u8,
            #[serde(flatten)]
            inner: Inner,
        }
        #[derive(Serialize)]
        struct Inner {
            a: u8,
        }

        assert_eq!(text(&Outer { z: 1, inner: Inner { a: 2 } }), "map{a=2,z=1}");
    }

    #[test]
    fn options() {
        assert_eq!(text(&None::<u8>), "none");
        assert_eq!(text(&Some(1)), "some(1)");
        assert_eq!(text(&Some("none")), "some(\"none\")");
        assert_eq!(text(&Some(None::<u8>)), "some(none)");
        assert_eq!(text(&Some(())), "some(())");
    }

    #[test]
    fn enums() {
        #[derive(Serialize)]
        enum Shape {
            Unit,
            Empty(),
            Newtype(u8),
            OfUnit(()),
            OfTuple((u8, u8)),
            OfOne((u8,)),
            Tuple(u8, u8),
            Struct {
                a: u8,
                b: Option<&'static str>,
            },
            Braces {},
            #[serde(rename = "two words")]
            Renamed,
            #[serde(rename = "none")]
            Reserved(u8),
        }
        #[derive(Serialize)]
        #[serde(rename = "a:b")]
        enum Odd {
            V,
        }

        assert_eq!(text(&Shape::Unit), "Shape::Unit");
        assert_eq!(text(&Shape::Empty()), "Shape::Empty()");
        assert_eq!(text(&Shape::Newtype(1)), "Shape::Newtype(1)");
        assert_eq!(text(&Shape::OfUnit(())), "Shape::OfUnit(())");
        assert_eq!(text(&Shape::OfTuple((1, 2))), "Shape::OfTuple((1,2))");
        assert_eq!(text(&Shape::OfOne((1,))), "Shape::OfOne((1,))");
        assert_eq!(text(&Shape::Tuple(1, 2)), "Shape::Tuple(1,2)");
        assert_eq!(text(&Shape::Struct { a: 1, b: Some("x") }), "Shape::Struct{a=1,b=some(x)}");
        assert_eq!(text(&Shape::Braces {}), "Shape::Braces{}");
        assert_eq!(text(&Shape::Renamed), "Shape::\"two words\"");
        assert_eq!(text(&Shape::Reserved(1)), "Shape::\"none\"(1)");
        assert_eq!(text(&Odd::V), "\"a:b\"::V");
        assert_eq!(text(&Ok::<u8, u8>(1)), "Result::Ok(1)");
    }

    #[test]
    fn human_readable() {
        assert_eq!(text(&std::net::Ipv4Addr::LOCALHOST), "\"127.0.0.1\"");
        assert_eq!(text(&core::time::Duration::from_millis(1500)), "{secs=1,nanos=500000000}");
        assert_eq!(text(&by_hand!(|s| s.collect_str(&format_args!("{}-{}", "a", 1)))), "a-1");
    }

    #[test]
    fn prefixes() {
        for plain in [
            "f",
            "none",
            "app::show",
            "app::show<alloc::string::String>",
            "<app::P as app::Tr>::f",
            "app::show<&str, (u8, &[u8])>",
            "app::show<alloc::borrow::Cow<'_, str>>",
            "app::é",
        ] {
            assert_eq!(prefix(plain), plain);
        }
        for quoted in
            ["", ":", "::", "a:b", "a:", "a::", ":a", "::a", "a:::b", "a::::b", "a: :b", "a;b", "a@b"]
        {
            assert_eq!(prefix(quoted), format!("\"{quoted}\""));
        }
        assert_eq!(prefix("app::show<[u8; 4]>"), "\"app::show<[u8; 4]>\"");
        assert_eq!(prefix("a\"b"), r#""a\"b""#);
        assert_eq!(prefix("a\\b"), r#""a\\b""#);
        assert_eq!(prefix("a\nb"), r#""a\nb""#);
    }

    #[test]
    fn nesting() {
        #[derive(Serialize)]
        struct Through(Option<Box<Through>>);
        #[derive(Serialize)]
        struct Seq(Vec<Seq>);
        #[derive(Serialize)]
        struct Map(BTreeMap<u8, Map>);
        #[derive(Serialize)]
        enum Expr {
            Leaf,
            Not(Box<Expr>),
            And { a: Box<Expr> },
        }

        let not = |depth| (0..depth).fold(Expr::Leaf, |inner, _| Expr::Not(inner.into()));
        let and = |depth| (0..depth).fold(Expr::Leaf, |inner, _| Expr::And { a: inner.into() });
        assert_eq!(text(&not(128)), format!("{}Expr::Leaf{}", "Expr::Not(".repeat(128), ")".repeat(128)));
        assert_eq!(text(&and(2)), "Expr::And{a=Expr::And{a=Expr::Leaf}}");

        let mut out = "f:".to_owned();
        let error = write_part(&not(129), &mut out).unwrap_err();
        assert_eq!(error.to_string(), "nested more than 128 levels deep");
        assert!(write_part(&and(129), &mut out).is_err());
        let through = (0..65).fold(Through(None), |inner, _| Through(Some(inner.into())));
        assert!(write_part(&through, &mut out).is_err());
        let seq = (0..65).fold(Seq(vec![]), |inner, _| Seq(vec![inner]));
        assert!(write_part(&seq, &mut out).is_err());
        let map = (0..65).fold(Map([].into()), |inner, _| Map([(1, inner)].into()));
        assert!(write_part(&map, &mut out).is_err());
        assert_eq!(out, "f:");
    }

    #[test]
    fn endless_recursion_is_an_error() {
        struct Endless;
        impl Serialize for Endless {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_newtype_struct("Endless", self)
            }
        }

        assert!(write_part(&Endless, &mut String::new()).is_err());
    }

    #[test]
    fn errors() {
        let mut out = "f:".to_owned();
        let fails = by_hand!(|_s| Err(ser::Error::custom("no such thing")));
        let error = write_part(&("a", fails), &mut out).unwrap_err();
        assert_eq!(error.to_string(), "no such thing");

        let no_value = by_hand!(|s| {
            let mut map = s.serialize_map(None)?;
            map.serialize_key("k")?;
            map.end()
        });
        let two_keys = by_hand!(|s| {
            let mut map = s.serialize_map(None)?;
            map.serialize_key("k")?;
            map.serialize_key("l")?;
            map.end()
        });
        let no_key = by_hand!(|s| {
            let mut map = s.serialize_map(None)?;
            map.serialize_value("v")?;
            map.end()
        });
        assert!(write_part(&no_value, &mut out).is_err());
        assert!(write_part(&two_keys, &mut out).is_err());
        assert!(write_part(&no_key, &mut out).is_err());
        assert_eq!(out, "f:");
    }
}
