//! How values become bytes on a shared backend, and a codec of your own.
//!
//! [`Codec`] names the formats; [`CustomCodec`] is a format of your own. The guide compares them and names the values that each
//! refuses: [codecs](crate::guide::entries#codecs).
//!
//! Whatever a format checks by itself, every codec is wrapped on both sides. Writing refuses values that could not be read
//! back as they were. Reading bounds depth, number of elements and memory, and does not reserve a length that the bytes
//! merely claim. Three things cannot be bounded:
//!
//! - A value that serde puts together from a buffer of its own, behind `untagged`, `flatten` and an internal `tag`: the
//!   buffer is counted as it is filled, the value is not.
//! - A `Deserialize` written by hand that allocates, loops or recurses by itself.
//! - The stack: 127 levels of a type whose values are huge. An overflow cannot be caught; a panic is.
//
// Inside: [`checked`] is the writing side: too deep, `Some(None)` where a format has only `null`, a skipped field where
// fields have no names. [`bounded`] is the reading side: payloads that nest too deep, hold too many elements, become more
// memory than is allowed or have bytes left over. So more may be written than may be read. A value of more than a few
// parts is therefore read back before it is stored: only the `Deserialize` of its elements tells their size in memory
// ([`Parts`]).
//
// Bytes: bincode: `config::standard()`. postcard: its only form. MessagePack: structs as maps with names. JSON: compact.
// Formats that write fields by position are followed by the value's *outline*, 4 bytes, little endian. See [`walk`].

mod bounded;
mod checked;
mod custom;
pub(crate) mod envelope;
pub(crate) mod fingerprint;
mod formats;
mod limits;
mod missing;
mod refusal;
pub(crate) mod stored;
#[cfg(test)]
mod tests;
mod walk;
mod written;

use std::fmt::{self, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use serde_core::Serialize;
use serde_core::de::DeserializeOwned;

pub use custom::{CodecError, CustomCodec, Slot, Value};

use crate::{Error, ErrorKind};
use bounded::{Reading, Seed};
use checked::{Checked, Losses, Writing};
use fingerprint::Fingerprint;
use limits::Limits;
use missing::Missing;
use walk::Walk;

/// The codec of a shared backend: how values become bytes there.
///
/// | | size | fields | for |
/// |---|---|---|---|
/// | `Bincode`, `Postcard` | smallest | by position | Rust on both sides |
/// | `MessagePack` | small | by name | other languages, types with skipped, flattened or untagged parts |
/// | `Json` | large | by name | reading entries with the eye |
///
/// An entry of another codec, or of a type whose shape has changed, is a miss, never a wrong value. By position, a
/// value with `#[serde(skip_serializing_if)]` fields that are left out, and types that need `deserialize_any`
/// (`untagged`, `flatten`, an internal `tag`), cannot be stored; choose a codec that writes names for those. A value
/// that its codec would not give back as it was is refused, and an [`Event`](crate::Event) says which codec would do.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Codec {
    /// [bincode](https://docs.rs/bincode/2.0.1) 2 in its standard configuration.
    #[cfg(feature = "bincode")]
    Bincode,
    /// [postcard](https://docs.rs/postcard).
    #[cfg(feature = "postcard")]
    Postcard,
    /// [MessagePack](https://msgpack.org), structs as maps.
    #[cfg(feature = "messagepack")]
    MessagePack,
    /// JSON. Cannot store `NaN` or an infinity.
    #[cfg(feature = "json")]
    Json,
    /// A format of your own.
    Custom(Arc<dyn CustomCodec>),
}

/// The codecs that are compiled in, the best default first.
pub(crate) const COMPILED_IN: &[Codec] = &[
    #[cfg(feature = "bincode")]
    Codec::Bincode,
    #[cfg(feature = "postcard")]
    Codec::Postcard,
    #[cfg(feature = "messagepack")]
    Codec::MessagePack,
    #[cfg(feature = "json")]
    Codec::Json,
];

/// The default codec: the first of bincode, postcard, MessagePack and JSON whose feature is on. Without any of them, a
/// codec that answers with an error which names the features.
impl Default for Codec {
    fn default() -> Self {
        COMPILED_IN.first().cloned().unwrap_or_else(|| Self::Custom(Arc::new(Missing)))
    }
}

/// The first id for codecs of the user's. The lower ones are ours.
const FIRST_CUSTOM_ID: u8 = 128;

/// The longest message of an error, in bytes. Errors quote the payload: this much of it is enough to understand, and
/// little enough for a log.
const LONGEST_MESSAGE: usize = 256;

/// The least memory that a value may take when it is read, unless there is a setting.
const MAX_DECODED_SIZE: usize = 256 << 20;

/// The memory that a value may take for each byte that its entry may have. A number that takes one byte of an entry
/// takes eight in memory, and as much again where a collection has room to grow.
const DECODED_FOR_STORED: usize = 16;

/// The memory that a value may take where entries may have `max_value_size` bytes and there is no setting.
pub(crate) fn max_decoded_size(max_value_size: usize) -> usize {
    max_value_size.saturating_mul(DECODED_FOR_STORED).max(MAX_DECODED_SIZE)
}

/// The most parts of a value that is not read back for its size.
const FEW_PARTS: u64 = 64;

/// The width that no part exceeds: it is returned by value, on the stack of a thread.
const WIDEST_PART: usize = 1 << 20;

/// The length of the outline that follows a payload written by position.
const OUTLINE_LEN: usize = size_of::<u32>();

/// The size of a written value: its number of parts, leaves and levels, and its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    number: u64,
    bytes: usize,
}

impl Parts {
    /// Whether reading may refuse the value where one may take `max_decoded_size` bytes of memory: for its memory, or
    /// for its elements without bytes.
    pub(crate) fn may_exceed(self, max_decoded_size: usize) -> bool {
        let few = FEW_PARTS.min((max_decoded_size / WIDEST_PART) as u64);
        self.number > few || self.number > (self.bytes + limits::UNPAID_OF_ANY_WIDTH) as u64
    }
}

impl Codec {
    /// The number that names this codec in stored entries. It never changes.
    pub(crate) fn id(&self) -> u8 {
        match self {
            #[cfg(feature = "bincode")]
            Self::Bincode => 1,
            #[cfg(feature = "postcard")]
            Self::Postcard => 2,
            #[cfg(feature = "messagepack")]
            Self::MessagePack => 3,
            #[cfg(feature = "json")]
            Self::Json => 4,
            Self::Custom(codec) => codec.id(),
        }
    }

    /// Appends `value` to `out`. After an error, `out` may hold a part of it.
    pub(crate) fn encode_parts<T: Serialize + ?Sized>(
        &self,
        value: &T,
        out: &mut Vec<u8>,
    ) -> Result<Parts, Error> {
        let before = out.len();
        let writing = Writing::new(self.losses());
        let checked = Checked::new(value, &writing);
        self.guard("writing", &writing.walk, || match self {
            #[cfg(feature = "bincode")]
            Self::Bincode => formats::bincode::encode(&checked, out),
            #[cfg(feature = "postcard")]
            Self::Postcard => formats::postcard::encode(&checked, out),
            #[cfg(feature = "messagepack")]
            Self::MessagePack => formats::messagepack::encode(&checked, out),
            #[cfg(feature = "json")]
            Self::Json => formats::json::encode(&checked, out),
            Self::Custom(codec) => codec.encode(Value::new(&checked), out),
        })?;
        let parts = Parts { number: writing.walk.parts(), bytes: out.len() - before };
        if self.is_by_position() {
            out.extend_from_slice(&writing.walk.outline().to_le_bytes());
        }
        Ok(parts)
    }

    /// [`encode_parts`](Self::encode_parts) without counting parts.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn encode<T: Serialize + ?Sized>(&self, value: &T, out: &mut Vec<u8>) -> Result<(), Error> {
        self.encode_parts(value, out).map(|_| ())
    }

    /// Reads a value that [`encode_parts`](Self::encode_parts) appended: from all of `bytes`, or it is an error.
    /// `fingerprint` is that of `T`, and the value takes at most about twice `most` bytes of memory while it is read.
    pub(crate) fn decode_within<T: DeserializeOwned>(
        &self,
        bytes: &[u8],
        fingerprint: Fingerprint,
        most: usize,
    ) -> Result<T, Error> {
        let Some((bytes, outline)) = self.split_outline(bytes) else {
            return Err(self.error("reading", &"it is too short"));
        };
        let limits = Limits::new(bytes.len(), fingerprint.widest, most);
        let reading = Reading::new(limits, self.lends_strings());
        self.read(bytes, outline, &reading)
    }

    /// [`decode_within`](Self::decode_within) the bound that applies without a setting.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn decode<T: DeserializeOwned>(
        &self,
        bytes: &[u8],
        fingerprint: Fingerprint,
    ) -> Result<T, Error> {
        self.decode_within(bytes, fingerprint, MAX_DECODED_SIZE)
    }

    #[inline]
    fn read<T: DeserializeOwned>(
        &self,
        bytes: &[u8],
        outline: Option<u32>,
        reading: &Reading,
    ) -> Result<T, Error> {
        let mut value = None;
        let seed = Seed::<T>::new(reading, &mut value);
        self.guard("reading", &reading.walk, || match self {
            #[cfg(feature = "bincode")]
            Self::Bincode => formats::bincode::decode(seed, bytes),
            #[cfg(feature = "postcard")]
            Self::Postcard => formats::postcard::decode(seed, bytes),
            #[cfg(feature = "messagepack")]
            Self::MessagePack => formats::messagepack::decode(seed, bytes),
            #[cfg(feature = "json")]
            Self::Json => formats::json::decode(seed, bytes),
            Self::Custom(codec) => custom::decode(&**codec, seed, bytes),
        })?;
        if outline.is_some_and(|written| written != reading.walk.outline()) {
            return Err(self.error("reading", &"what `Serialize` wrote is not what `Deserialize` reads"));
        }
        value.ok_or_else(|| self.error("reading", &"the codec returned without filling the slot"))
    }

    #[inline]
    fn split_outline<'b>(&self, bytes: &'b [u8]) -> Option<(&'b [u8], Option<u32>)> {
        if !self.is_by_position() {
            return Some((bytes, None));
        }
        let (bytes, outline) = bytes.split_last_chunk::<OUTLINE_LEN>()?;
        Some((bytes, Some(u32::from_le_bytes(*outline))))
    }

    /// Whether fields are found by their place alone, so that a missing one shifts all that follow.
    #[inline]
    pub(crate) fn is_by_position(&self) -> bool {
        match self {
            #[cfg(feature = "bincode")]
            Self::Bincode => true,
            #[cfg(feature = "postcard")]
            Self::Postcard => true,
            #[cfg(feature = "messagepack")]
            Self::MessagePack => false,
            #[cfg(feature = "json")]
            Self::Json => false,
            Self::Custom(codec) => codec.is_by_position(),
        }
    }

    /// Whether types write themselves for people rather than for machines. For codecs of the user's it is not known:
    /// then values are compared in the form for machines.
    pub(crate) fn is_readable(&self) -> bool {
        match self {
            #[cfg(feature = "json")]
            Self::Json => true,
            _ => false,
        }
    }

    /// Whether owned strings are read as borrowed ones. bincode allocates the length that a `String` claims before it
    /// looks whether the bytes are there; a string that it lends as `&str` it must find in the payload first.
    #[inline]
    fn lends_strings(&self) -> bool {
        match self {
            #[cfg(feature = "bincode")]
            Self::Bincode => true,
            _ => false,
        }
    }

    #[inline]
    fn losses(&self) -> Losses {
        let by_name = !self.is_by_position();
        Losses {
            skipped_fields: !by_name,
            nested_nulls: by_name,
            #[cfg(feature = "json")]
            non_finite: matches!(self, Self::Json),
            #[cfg(not(feature = "json"))]
            non_finite: false,
        }
    }

    /// Runs a format over the user's type. Its `Serialize` or `Deserialize` may panic, but the memoized function must
    /// not, so a panic is an error like any other.
    #[inline]
    fn guard(
        &self,
        doing: &str,
        walk: &Walk,
        run: impl FnOnce() -> Result<(), CodecError>,
    ) -> Result<(), Error> {
        if let Self::Custom(codec) = self
            && codec.id() < FIRST_CUSTOM_ID
        {
            let id = codec.id();
            let problem = format!("{id} is not an id for a custom codec; use {FIRST_CUSTOM_ID} to 255");
            return Err(self.error(doing, &problem));
        }
        match catch_unwind(AssertUnwindSafe(run)) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(match walk.refusal() {
                Some(refusal) => self.error(doing, &refusal),
                None => self.error(doing, &error),
            }),
            Err(_) => Err(self.error(doing, &"the type's own serde code panicked")),
        }
    }

    #[cold]
    fn error(&self, doing: &str, problem: &dyn fmt::Display) -> Error {
        let mut message = Shortened(format!("{doing} a value as {self:?}: "));
        // The only error is that of `Shortened`, which says that the message is long enough.
        let _ = write!(message, "{problem}");
        Error::new(ErrorKind::Codec, message.0)
    }
}

/// A message that stops growing. A quotation in it can be as long as the payload, and several times that when escaped.
struct Shortened(String);

impl fmt::Write for Shortened {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = LONGEST_MESSAGE.saturating_sub(self.0.len());
        if text.len() <= room {
            self.0.push_str(text);
            return Ok(());
        }
        let fitting = (0..=room).rfind(|&end| text.is_char_boundary(end)).unwrap_or(0);
        self.0.push_str(&text[..fitting]);
        self.0.push('…');
        Err(fmt::Error)
    }
}
