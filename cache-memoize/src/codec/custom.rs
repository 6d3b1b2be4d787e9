//! Codecs of the user's own: the trait that they implement, and the values and slots that they are given.

use std::fmt;

use serde_core::de::{DeserializeOwned, DeserializeSeed};
use serde_core::{Deserializer, Serialize, Serializer};

use super::bounded::Seed;

/// Any error, so that a codec can pass on those of its format with `?`.
pub type CodecError = Box<dyn std::error::Error + Send + Sync>;

/// A format for stored values, used as [`Codec::Custom`](super::Codec::Custom).
///
/// Values come and go through serde, so anything with a `Serializer` and a `Deserializer` will do. The depth of
/// a value and the number of its elements are limited as for the other codecs. One duty remains yours: your
/// deserializer must not allocate a length before it has seen the bytes.
///
/// # Examples
///
/// JSON with an indentation, for people who read it in `redis-cli`:
///
/// ```
/// use cache_memoize::codec::{CodecError, CustomCodec, Slot, Value};
///
/// #[derive(Debug)]
/// struct PrettyJson;
///
/// impl CustomCodec for PrettyJson {
///     fn id(&self) -> u8 {
///         200
///     }
///
///     fn encode(&self, value: Value<'_>, out: &mut Vec<u8>) -> Result<(), CodecError> {
///         Ok(serde_json::to_writer_pretty(out, &value)?)
///     }
///
///     fn decode(&self, bytes: &[u8], slot: &mut Slot<'_>) -> Result<(), CodecError> {
///         let mut deserializer = serde_json::Deserializer::from_slice(bytes);
///         slot.fill(&mut deserializer)?;
///         Ok(deserializer.end()?)
///     }
/// }
/// ```
pub trait CustomCodec: fmt::Debug + Send + Sync {
    /// The number that names this codec in stored entries, from 128 to 255. Change it when the bytes change: an
    /// entry with another number is a miss.
    fn id(&self) -> u8;

    /// Appends the value, which is `Serialize`, to `out`.
    fn encode(&self, value: Value<'_>, out: &mut Vec<u8>) -> Result<(), CodecError>;

    /// Reads the value by giving a deserializer over `bytes` to [`Slot::fill`]. Bytes left over are an error.
    fn decode(&self, bytes: &[u8], slot: &mut Slot<'_>) -> Result<(), CodecError>;

    /// Whether the format finds fields by their place rather than by name, as bincode does.
    ///
    /// If so, a value is refused whose type writes other fields than it reads; names would have shown that. By name,
    /// `Some(None)` and `Some(())` are refused, which such formats write as a mere `null`.
    fn is_by_position(&self) -> bool {
        false
    }
}

/// A value to write. It is `Serialize`; a codec does not see its type.
#[derive(Clone, Copy)]
pub struct Value<'v>(&'v dyn erased_serde::Serialize);

impl<'v> Value<'v> {
    pub(super) fn new(value: &'v impl Serialize) -> Self {
        Self(value)
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Value(..)")
    }
}

/// The slot for the value that is read. A codec does not see its type.
pub struct Slot<'s>(&'s mut Fill<'s>);

type Fill<'s> = dyn for<'de> FnMut(&mut dyn erased_serde::Deserializer<'de>) -> erased_serde::Result<()> + 's;

impl Slot<'_> {
    /// Reads the value from `deserializer`.
    pub fn fill<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), CodecError> {
        let mut deserializer = <dyn erased_serde::Deserializer<'de>>::erase(deserializer);
        // As text, since an error of a deserializer may borrow from the payload.
        (self.0)(&mut deserializer).map_err(|error| error.to_string().into())
    }
}

impl fmt::Debug for Slot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slot(..)")
    }
}

/// Reads a value with `codec`, which fills a slot for the value's type.
pub(super) fn decode<T: DeserializeOwned>(
    codec: &dyn CustomCodec,
    mut seed: Seed<'_, T>,
    bytes: &[u8],
) -> Result<(), CodecError> {
    let mut fill =
        |deserializer: &mut dyn erased_serde::Deserializer<'_>| seed.again().deserialize(deserializer);
    codec.decode(bytes, &mut Slot(&mut fill))
}
