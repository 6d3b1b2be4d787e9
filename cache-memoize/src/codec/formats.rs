//! The formats that come with the crate: for each, a function that appends a value to bytes, and one that reads it from
//! all of them.

#[cfg(any(feature = "bincode", feature = "postcard", feature = "messagepack"))]
const LEFT_OVER: &str = "bytes are left over";

#[cfg(feature = "bincode")]
pub(super) mod bincode {
    use bincode::config::standard;
    use bincode::enc::write::Writer;
    use bincode::error::EncodeError;
    use bincode::serde::{encode_into_writer, seed_decode_from_slice};
    use serde_core::Serialize;
    use serde_core::de::DeserializeSeed;

    use super::super::CodecError;

    struct Append<'o>(&'o mut Vec<u8>);

    impl Writer for Append<'_> {
        #[inline]
        fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
            self.0.extend_from_slice(bytes);
            Ok(())
        }
    }

    pub(in super::super) fn encode(value: &impl Serialize, out: &mut Vec<u8>) -> Result<(), CodecError> {
        Ok(encode_into_writer(value, Append(out), standard())?)
    }

    // Without `with_limit`: that bounds the memory that bincode allocates for strings, and those are lent from the
    // payload here. Everything else it reads is a number.
    pub(in super::super) fn decode<'b>(
        seed: impl DeserializeSeed<'b, Value = ()>,
        bytes: &'b [u8],
    ) -> Result<(), CodecError> {
        let ((), read) = seed_decode_from_slice(seed, bytes, standard())?;
        if read == bytes.len() { Ok(()) } else { Err(super::LEFT_OVER.into()) }
    }
}

#[cfg(feature = "postcard")]
pub(super) mod postcard {
    use postcard::ser_flavors::Flavor;
    use postcard::{Deserializer, serialize_with_flavor};
    use serde_core::Serialize;
    use serde_core::de::DeserializeSeed;

    use super::super::CodecError;

    struct Append<'o>(&'o mut Vec<u8>);

    impl Flavor for Append<'_> {
        type Output = ();

        #[inline]
        fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
            self.0.push(byte);
            Ok(())
        }

        #[inline]
        fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
            self.0.extend_from_slice(bytes);
            Ok(())
        }

        fn finalize(self) -> postcard::Result<()> {
            Ok(())
        }
    }

    pub(in super::super) fn encode(value: &impl Serialize, out: &mut Vec<u8>) -> Result<(), CodecError> {
        Ok(serialize_with_flavor(value, Append(out))?)
    }

    pub(in super::super) fn decode<'b>(
        seed: impl DeserializeSeed<'b, Value = ()>,
        bytes: &'b [u8],
    ) -> Result<(), CodecError> {
        let mut deserializer = Deserializer::from_bytes(bytes);
        seed.deserialize(&mut deserializer)?;
        if deserializer.finalize()?.is_empty() { Ok(()) } else { Err(super::LEFT_OVER.into()) }
    }
}

#[cfg(feature = "messagepack")]
pub(super) mod messagepack {
    use rmp_serde::decode::Error::InvalidMarkerRead;
    use rmp_serde::{Deserializer, Serializer};
    use serde_core::Serialize;
    use serde_core::de::{DeserializeSeed, Deserializer as _, IgnoredAny};

    use super::super::CodecError;

    pub(in super::super) fn encode(value: &impl Serialize, out: &mut Vec<u8>) -> Result<(), CodecError> {
        Ok(value.serialize(&mut Serializer::new(out).with_struct_map())?)
    }

    pub(in super::super) fn decode<'b>(
        seed: impl DeserializeSeed<'b, Value = ()>,
        bytes: &'b [u8],
    ) -> Result<(), CodecError> {
        let mut deserializer = Deserializer::from_read_ref(bytes);
        seed.deserialize(&mut deserializer)?;
        // The deserializer does not say how many bytes are left. Only at the end is there no first byte of another
        // value.
        match deserializer.deserialize_u8(IgnoredAny) {
            Err(InvalidMarkerRead(_)) => Ok(()),
            _ => Err(super::LEFT_OVER.into()),
        }
    }
}

#[cfg(feature = "json")]
pub(super) mod json {
    use serde_core::Serialize;
    use serde_core::de::DeserializeSeed;
    use serde_json::Deserializer;

    use super::super::CodecError;

    pub(in super::super) fn encode(value: &impl Serialize, out: &mut Vec<u8>) -> Result<(), CodecError> {
        Ok(serde_json::to_writer(out, value)?)
    }

    pub(in super::super) fn decode<'b>(
        seed: impl DeserializeSeed<'b, Value = ()>,
        bytes: &'b [u8],
    ) -> Result<(), CodecError> {
        let mut deserializer = Deserializer::from_slice(bytes);
        seed.deserialize(&mut deserializer)?;
        Ok(deserializer.end()?)
    }
}
