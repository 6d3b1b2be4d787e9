//! Stored values: the bytes of a codec, proven to be readable before they are stored.
//!
//! Many a type can be written by a codec and not read, or not as it was: `deserialize_any` where formats have no names,
//! a `Deserialize` that refuses the output of its `Serialize`, fields that are written and not read. To store such a
//! value would be for nothing, or worse. No look at the type finds all such cases, so a value that was written is read
//! back before it is stored. Only values of types that serde's own code writes and reads, whole, are known to come
//! back.
//!
//! Values of types that [were not seen whole](super::fingerprint) are stored with the names that they
//! [write](super::written), in 8 bytes after the payload: the section for names of an entry.

use serde_core::Serialize;
use serde_core::de::DeserializeOwned;

use super::fingerprint::Fingerprint;
use super::written::Written;
use super::{COMPILED_IN, Codec};
use crate::{Error, ErrorKind};

/// The reason why a stored payload is no value of the function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// The codec, or the type, refuses the payload.
    Payload,
    /// The value that was read writes other names than the one that was stored.
    Names,
}

/// The bounds of a value's size, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The most bytes in an entry.
    pub(crate) stored: usize,
    /// The most memory when it is read.
    pub(crate) decoded: usize,
}

#[cfg(test)]
impl Default for Bounds {
    fn default() -> Self {
        Self { stored: 16 << 20, decoded: 256 << 20 }
    }
}

/// A problem for which a value is not stored.
struct Problem {
    message: String,
    /// Whether another codec might do.
    of_the_codec: bool,
}

impl Problem {
    fn of_the_codec(message: impl ToString) -> Self {
        Self { message: message.to_string(), of_the_codec: true }
    }
}

const NAMES_LEN: usize = size_of::<u64>();

/// How many bytes at the end of the output of [`write`] are names.
pub(crate) fn names_len(fingerprint: Fingerprint) -> u8 {
    if fingerprint.is_whole { 0 } else { NAMES_LEN as u8 }
}

/// Appends `value`, whose type has this `fingerprint`. After an error, `out` may hold a part of it.
pub(crate) fn write<T: Serialize + DeserializeOwned>(
    value: &T,
    codec: &Codec,
    fingerprint: Fingerprint,
    bounds: Bounds,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    append(value, codec, fingerprint, bounds, out)
        .map_err(|problem| refused(value, codec, fingerprint, bounds, problem))
}

/// Appends a value and reads it back. Not inlined, so that the value that was read is on the stack only while it is
/// compared.
#[inline(never)]
fn append<T: Serialize + DeserializeOwned>(
    value: &T,
    codec: &Codec,
    fingerprint: Fingerprint,
    bounds: Bounds,
    out: &mut Vec<u8>,
) -> Result<(), Problem> {
    let begin = out.len();
    let parts = codec.encode_parts(value, out).map_err(Problem::of_the_codec)?;
    let payload = &out[begin..];
    // A payload that is too large for an entry is refused for that, later.
    let may_exceed = payload.len() <= bounds.stored && parts.may_exceed(bounds.decoded);
    if fingerprint.is_plain && !may_exceed {
        return Ok(());
    }
    let read = codec.decode_within::<T>(payload, fingerprint, bounds.decoded);
    let read = read.map_err(|error| Problem {
        message: format!("it could not be read back: {error}"),
        of_the_codec: !fingerprint.is_plain,
    })?;
    if fingerprint.is_plain {
        return Ok(());
    }
    let is_readable = codec.is_readable();
    let (written, again) = (Written::of(value, is_readable), Written::of(&read, is_readable));
    match written {
        None => {
            let message = format!("writing a value as {codec:?}: it does not write itself a second time");
            Err(Problem::of_the_codec(message))
        }
        Some(_) if written != again => {
            let message = format!("reading a value as {codec:?}: what was read back is not what was written");
            Err(Problem::of_the_codec(message))
        }
        Some(written) => {
            if !fingerprint.is_whole {
                out.extend_from_slice(&written.names.to_le_bytes());
            }
            Ok(())
        }
    }
}

/// The error for a value that is not stored. It names the codec with which it could be.
#[cold]
fn refused<T: Serialize + DeserializeOwned>(
    value: &T,
    codec: &Codec,
    fingerprint: Fingerprint,
    bounds: Bounds,
    problem: Problem,
) -> Error {
    let Problem { message: problem, of_the_codec } = problem;
    if !of_the_codec {
        return Error::new(ErrorKind::Codec, problem);
    }
    let others = COMPILED_IN.iter().filter(|other| other.id() != codec.id());
    let mut able = others.filter(|other| append(value, other, fingerprint, bounds, &mut Vec::new()).is_ok());
    let has_named = COMPILED_IN.iter().any(|other| !other.is_by_position());
    let cure = match able.next() {
        Some(other) => format!("; `codec = Codec::{other:?}` would do"),
        None if codec.is_by_position() && !has_named => {
            "; a codec with names may do, from the feature `messagepack` or `json`".to_owned()
        }
        None => String::new(),
    };
    Error::new(ErrorKind::Codec, format!("{problem}{cure}"))
}

/// Reads a value that [`write()`] appended: from all of `bytes`, or it is an error.
pub(crate) fn read<T: Serialize + DeserializeOwned>(
    bytes: &[u8],
    codec: &Codec,
    fingerprint: Fingerprint,
    bounds: Bounds,
) -> Result<T, Unread> {
    if fingerprint.is_whole {
        return codec.decode_within(bytes, fingerprint, bounds.decoded).map_err(|_| Unread::Payload);
    }
    let (bytes, names) = bytes.split_last_chunk::<NAMES_LEN>().ok_or(Unread::Payload)?;
    let value: T = codec.decode_within(bytes, fingerprint, bounds.decoded).map_err(|_| Unread::Payload)?;
    let written = Written::of(&value, codec.is_readable()).map(|written| written.names);
    if written == Some(u64::from_le_bytes(*names)) { Ok(value) } else { Err(Unread::Names) }
}

#[cfg(all(test, feature = "bincode", feature = "postcard", feature = "messagepack", feature = "json"))]
#[expect(clippy::type_complexity, reason = "types of any shape are what is tried there")]
mod drift;
#[cfg(all(test, feature = "bincode", feature = "postcard", feature = "messagepack", feature = "json"))]
mod tests;
