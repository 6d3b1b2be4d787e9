//! Fingerprints: a number for the shape of a type, by which an entry that another version of a program stored is
//! recognised.
//!
//! Formats without names read a reordered or changed struct without an error, into wrong values. The shape is found
//! without a derive of ours: `T::deserialize` is driven by a deserializer that notes each question, such as *a struct
//! `Post` with the fields `id` and `title`* or *a `u64`*. It answers with an error, and so one question is seen at a
//! time; as many passes as the type has fields, variants and positions in tuples see them all. The notes are hashed
//! together with [`type_name`].
//!
//! # No made-up values
//!
//! A `Deserialize` may panic at a value that its program never stores, such as the text `a` where all real ones are
//! addresses, and where panics abort that is the end of the process. So no value that was not stored ever reaches user
//! code:
//!
//! - A field of a struct, a variant of an enum, the key and the value of a map are asked for each by itself, in any
//!   order. That needs no answers.
//! - A position in a tuple is reached through those before it, which must be answered. They are answered where the code
//!   that asks, and the code that gets the answer, are known to be serde's own or made by its derive ([`visitors`]).
//!
//! # Blind spots
//!
//! These parts of a type are not seen:
//!
//! - those behind `deserialize_any`: the variants of an `untagged` enum, the fields of a flattened struct;
//! - those after a position in a tuple that cannot be answered: a date, or a struct that owns memory, since it may have
//!   a `Drop` of its own;
//! - those that a `Deserialize` by hand asks for beyond the first element of a sequence, or the first key of a map.
//!
//! A type with such a part is known not to be [seen whole](Fingerprint::is_whole). Then each of its entries carries
//! the names that its value [writes](super::written), and a decoded value must write the same.
//!
//! A change of meaning alone is invisible to any such scheme: seconds that became milliseconds.
//!
//! The hash is FNV-1a with 64 bits: ten lines, the same on every platform and for ever, which `DefaultHasher` does not
//! promise. It need not resist attacks, since types are no input. `type_name` may change with the compiler. That costs
//! a miss.

mod access;
mod asking;
mod giving;
mod recorder;
mod visitors;

use std::any::type_name;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_core::de::{self, DeserializeOwned};

use recorder::Recorder;

/// The width that an element is taken to have that was not seen. Few are wider.
const UNKNOWN_WIDTH: usize = 1024;

/// The fingerprint of a type, with other facts about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    /// The fingerprint: it differs for types that are written otherwise.
    pub(crate) hash: u64,
    /// The width in memory of the widest element of a collection in the type, as far as it can be found out. With it,
    /// room for the elements that a payload claims can be reserved without reserving too much.
    pub(crate) widest: usize,
    /// Whether all of it was seen, so that `hash` differs for every other shape.
    pub(crate) is_whole: bool,
    /// Whether nothing in it is read by code other than serde's own: numbers, texts, and collections of them.
    pub(crate) is_plain: bool,
}

impl Fingerprint {
    /// The fingerprint of `T`. Finding it out takes microseconds, so keep it.
    pub(crate) fn of<T: DeserializeOwned>() -> Self {
        let mut hash = Fnv::new();
        hash.text(type_name::<T>());
        let mut all = Self { hash: 0, widest: 0, is_whole: true, is_plain: true };
        // Some types have one shape for people and one for machines. The codec decides which one counts.
        for is_readable in [false, true] {
            let seen = Self::in_form::<T>(is_readable);
            hash.bytes(&seen.hash.to_le_bytes());
            all.widest = all.widest.max(seen.widest);
            all.is_whole &= seen.is_whole;
            all.is_plain &= seen.is_plain;
        }
        hash.number(usize::from(all.is_whole));
        Self { hash: hash.0, is_plain: all.is_plain && all.is_whole, ..all }
    }

    fn in_form<T: DeserializeOwned>(is_readable: bool) -> Self {
        let record = || Recorder::new(is_readable).record::<T>();
        // No answer makes the user's `Deserialize` panic. A type that panics all the same is known by its name alone.
        let unseen = Self { hash: 0, widest: UNKNOWN_WIDTH, is_whole: false, is_plain: false };
        catch_unwind(AssertUnwindSafe(record)).unwrap_or(unseen)
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

/// The answer to every question of the user's code: an error, without a text, which is not read.
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

#[cfg(test)]
mod tests;
