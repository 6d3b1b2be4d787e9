//! Hashes of everything that a value writes: its *names* and its *content*.
//!
//! The names are those of structs, fields and variants, with the kinds of the values between them. Each entry of a type
//! that [was not seen whole](super::fingerprint) carries them, and a value that was read must write the same names, or
//! it was read into another shape. For formats without names that is enough: where the names and the kinds agree at
//! every place, so does the meaning of the bytes there.
//!
//! Maps and sets are written in an order of their own in each process, so the hashes of their elements are added up.
//! Keys, and the elements of sets, count with their content: else two values of a map could change places without
//! notice.
//!
//! The content tells whether a codec gives back the value that it was given. It is compared within a process and not
//! stored. In it the elements of every list are added up, since a set of an unknown library cannot be told from a list.

use std::any::type_name;
use std::fmt::{self, Display};
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_core::ser::{self, Serialize, Serializer};
use twox_hash::XxHash3_64;

/// The hashes of everything that a value wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) names: u64,
    pub(crate) content: u64,
}

impl Written {
    /// The hashes of `value`, in the form for people or in that for machines; `None` if its `Serialize` fails or
    /// panics.
    pub(crate) fn of<T: Serialize + ?Sized>(value: &T, is_readable: bool) -> Option<Self> {
        let write = || {
            let mut sums = Self::BEGUN;
            value.serialize(Writer { sums: &mut sums, is_readable, is_key: false }).map(|()| sums)
        };
        catch_unwind(AssertUnwindSafe(write)).ok()?.ok()
    }

    const BEGUN: Self = Self { names: SEED, content: SEED };
    const NONE: Self = Self { names: 0, content: 0 };

    /// Adds a kind, or a name.
    fn step(&mut self, word: u64) {
        self.names = mixed(self.names, word);
        self.content = mixed(self.content, word);
    }

    fn name(&mut self, name: &str) {
        self.step(hash(name.as_bytes()));
    }

    /// Adds content. That of a key counts among the names, too.
    fn content(&mut self, word: u64, is_key: bool) {
        self.content = mixed(self.content, word);
        if is_key {
            self.names = mixed(self.names, word);
        }
    }
}

const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

fn mixed(sum: u64, word: u64) -> u64 {
    let mixed = (sum.rotate_left(23) ^ word).wrapping_mul(0xd6e8_feb8_6659_fd93);
    mixed ^ (mixed >> 32)
}

fn hash(bytes: &[u8]) -> u64 {
    XxHash3_64::oneshot(bytes)
}

/// The error of a `Serialize`, without its text, which is not needed.
#[derive(Debug)]
struct Failed;

impl Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value does not write itself")
    }
}

impl std::error::Error for Failed {}

impl ser::Error for Failed {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

/// A serializer that hashes.
struct Writer<'s> {
    sums: &'s mut Written,
    is_readable: bool,
    /// Whether content counts among the names, too.
    is_key: bool,
}

/// The order of the parts of a collection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    /// The order counts: each part has its position.
    Positions,
    /// The order counts for names, and not for content.
    List,
    /// The order does not count.
    Set,
}

impl<'s> Writer<'s> {
    fn leaf(self, kind: u64, content: &[u64]) -> Result<(), Failed> {
        self.sums.step(kind);
        content.iter().for_each(|&word| self.sums.content(word, self.is_key));
        Ok(())
    }

    fn bytes(self, kind: u64, bytes: &[u8]) -> Result<(), Failed> {
        self.leaf(kind, &[hash(bytes)])
    }

    fn parts(self, kind: u64, names: &[&str], order: Order) -> Compound<'s> {
        self.sums.step(kind);
        names.iter().for_each(|name| self.sums.name(name));
        let Self { sums, is_readable, is_key } = self;
        Compound { sums, is_readable, is_key, order, entry: Written::NONE, total: Written::NONE, count: 0 }
    }
}

macro_rules! leaves {
    ($($method:ident($type:ty) as $kind:literal;)*) => {$(
        fn $method(self, value: $type) -> Result<(), Failed> {
            self.leaf($kind, &[value as u64])
        }
    )*};
}

impl<'s> Serializer for Writer<'s> {
    type Ok = ();
    type Error = Failed;
    type SerializeSeq = Compound<'s>;
    type SerializeTuple = Compound<'s>;
    type SerializeTupleStruct = Compound<'s>;
    type SerializeTupleVariant = Compound<'s>;
    type SerializeMap = Compound<'s>;
    type SerializeStruct = Compound<'s>;
    type SerializeStructVariant = Compound<'s>;

    leaves! {
        serialize_bool(bool) as 1;
        serialize_i8(i8) as 2;
        serialize_i16(i16) as 3;
        serialize_i32(i32) as 4;
        serialize_i64(i64) as 5;
        serialize_u8(u8) as 7;
        serialize_u16(u16) as 8;
        serialize_u32(u32) as 9;
        serialize_u64(u64) as 10;
        serialize_char(char) as 14;
    }

    fn serialize_i128(self, value: i128) -> Result<(), Failed> {
        self.leaf(6, &[value as u64, (value >> 64) as u64])
    }

    fn serialize_u128(self, value: u128) -> Result<(), Failed> {
        self.leaf(11, &[value as u64, (value >> 64) as u64])
    }

    fn serialize_f32(self, value: f32) -> Result<(), Failed> {
        self.leaf(12, &[u64::from(value.to_bits())])
    }

    fn serialize_f64(self, value: f64) -> Result<(), Failed> {
        self.leaf(13, &[value.to_bits()])
    }

    fn serialize_str(self, value: &str) -> Result<(), Failed> {
        self.bytes(15, value.as_bytes())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Failed> {
        self.bytes(16, value)
    }

    fn serialize_none(self) -> Result<(), Failed> {
        self.leaf(17, &[])
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Failed> {
        self.sums.step(18);
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Failed> {
        self.leaf(19, &[])
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<(), Failed> {
        self.sums.name(name);
        self.leaf(20, &[])
    }

    fn serialize_unit_variant(self, name: &'static str, _: u32, variant: &'static str) -> Result<(), Failed> {
        self.sums.name(name);
        self.sums.name(variant);
        self.leaf(21, &[])
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Failed> {
        self.sums.step(22);
        self.sums.name(name);
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Failed> {
        self.sums.step(23);
        self.sums.name(name);
        self.sums.name(variant);
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Compound<'s>, Failed> {
        Ok(self.parts(24, &[], Order::List))
    }

    fn serialize_tuple(self, _: usize) -> Result<Compound<'s>, Failed> {
        Ok(self.parts(25, &[], Order::Positions))
    }

    fn serialize_tuple_struct(self, name: &'static str, _: usize) -> Result<Compound<'s>, Failed> {
        Ok(self.parts(26, &[name], Order::Positions))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Compound<'s>, Failed> {
        Ok(self.parts(27, &[name, variant], Order::Positions))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Compound<'s>, Failed> {
        Ok(self.parts(28, &[], Order::Set))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Compound<'s>, Failed> {
        Ok(self.parts(29, &[name], Order::Positions))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Compound<'s>, Failed> {
        Ok(self.parts(30, &[name, variant], Order::Positions))
    }

    fn collect_seq<I: IntoIterator<Item: Serialize>>(self, elements: I) -> Result<(), Failed> {
        let order = if is_set(type_name::<I>()) { Order::Set } else { Order::List };
        let mut parts = self.parts(24, &[], order);
        elements.into_iter().try_for_each(|element| parts.part(&element))?;
        parts.finish()
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), Failed> {
        self.serialize_str(&value.to_string())
    }

    fn is_human_readable(&self) -> bool {
        self.is_readable
    }
}

/// Whether a collection has no order that outlives its process, by the name of its type.
fn is_set(name: &str) -> bool {
    let head = name.split('<').next().unwrap_or(name);
    let last = head.rsplit("::").next().unwrap_or(head);
    (last.ends_with("Set") && !last.starts_with("Index")) || head.contains("hash::set::")
}

/// A collection that is being written, part by part.
struct Compound<'s> {
    sums: &'s mut Written,
    is_readable: bool,
    is_key: bool,
    order: Order,
    /// The key of a map's entry whose value is still to come.
    entry: Written,
    /// The sum of the parts whose order does not count.
    total: Written,
    count: u64,
}

impl Compound<'_> {
    fn write<T: Serialize + ?Sized>(
        &self,
        mut sums: Written,
        is_key: bool,
        value: &T,
    ) -> Result<Written, Failed> {
        value.serialize(Writer { sums: &mut sums, is_readable: self.is_readable, is_key })?;
        Ok(sums)
    }

    fn part<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failed> {
        self.count += 1;
        let begun = Written::BEGUN;
        match self.order {
            Order::Positions => *self.sums = self.write(*self.sums, self.is_key, value)?,
            Order::List => {
                let begun = Written { names: self.sums.names, ..begun };
                let part = self.write(begun, self.is_key, value)?;
                self.sums.names = part.names;
                self.total.content = self.total.content.wrapping_add(part.content);
            }
            Order::Set => {
                let part = self.write(begun, true, value)?;
                self.add(part);
            }
        }
        Ok(())
    }

    fn add(&mut self, part: Written) {
        self.total.names = self.total.names.wrapping_add(part.names);
        self.total.content = self.total.content.wrapping_add(part.content);
    }

    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Failed> {
        self.count += 1;
        self.entry = self.write(Written::BEGUN, true, key)?;
        Ok(())
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failed> {
        let entry = self.write(self.entry, self.is_key, value)?;
        self.add(entry);
        Ok(())
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Failed> {
        self.sums.name(name);
        self.part(value)
    }

    fn finish(self) -> Result<(), Failed> {
        self.sums.step(self.count);
        self.sums.names = mixed(self.sums.names, self.total.names);
        self.sums.content = mixed(self.sums.content, self.total.content);
        Ok(())
    }
}

// serde has a trait for each kind of collection, which differ in the names of their methods alone.
macro_rules! compounds {
    ($($trait:ident: $($method:ident is $part:ident)+;)*) => {$(
        impl ser::$trait for Compound<'_> {
            type Ok = ();
            type Error = Failed;

            $(
                fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failed> {
                    self.$part(value)
                }
            )+

            fn end(self) -> Result<(), Failed> {
                self.finish()
            }
        }
    )*};
}

compounds! {
    SerializeSeq: serialize_element is part;
    SerializeTuple: serialize_element is part;
    SerializeTupleStruct: serialize_field is part;
    SerializeTupleVariant: serialize_field is part;
    SerializeMap: serialize_key is key serialize_value is value;
}

macro_rules! structs {
    ($($trait:ident)*) => {$(
        impl ser::$trait for Compound<'_> {
            type Ok = ();
            type Error = Failed;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Failed> {
                self.field(name, value)
            }

            fn end(self) -> Result<(), Failed> {
                self.finish()
            }
        }
    )*};
}

structs! { SerializeStruct SerializeStructVariant }

#[cfg(test)]
mod tests;
