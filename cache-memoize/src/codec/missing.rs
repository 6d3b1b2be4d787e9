//! The codec of a program that has compiled in none and names none.

use super::{CodecError, CustomCodec, Slot, Value};

/// A codec that neither writes nor reads. Its errors name the cure.
#[derive(Debug)]
pub(super) struct Missing;

impl Missing {
    const CURE: &str = "no codec is compiled in; turn on one of the features `bincode`, `postcard`, `messagepack` \
                        and `json` of `cache-memoize`, or give the backend a codec of your own";
}

impl CustomCodec for Missing {
    fn id(&self) -> u8 {
        u8::MAX
    }

    fn encode(&self, _: Value<'_>, _: &mut Vec<u8>) -> Result<(), CodecError> {
        Err(Self::CURE.into())
    }

    fn decode(&self, _: &[u8], _: &mut Slot<'_>) -> Result<(), CodecError> {
        Err(Self::CURE.into())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::{COMPILED_IN, Codec};
    use super::*;
    use crate::codec::fingerprint::Fingerprint;

    #[test]
    fn the_missing_codec_names_the_cure_both_ways() {
        let codec = Codec::Custom(Arc::new(Missing));
        let errors = [
            codec.encode(&1_u8, &mut Vec::new()).unwrap_err(),
            codec.decode::<u8>(&[1], Fingerprint::of::<u8>()).unwrap_err(),
        ];
        for error in errors.map(|error| error.to_string()) {
            assert!(error.contains("`messagepack`") && error.contains("`cache-memoize`"), "{error}");
        }
    }

    #[test]
    fn the_missing_codec_is_the_default_only_without_another() {
        let default = Codec::default();
        match COMPILED_IN {
            [] => assert_eq!(format!("{default:?}"), "Custom(Missing)"),
            [first, ..] => assert_eq!(default.id(), first.id()),
        }
        #[cfg(feature = "bincode")]
        assert_eq!(default.id(), Codec::Bincode.id());
        assert!(COMPILED_IN.is_sorted_by_key(Codec::id));
    }
}
