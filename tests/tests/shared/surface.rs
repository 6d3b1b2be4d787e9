//! Small things that users of `Shared` rely on: settings that can be printed and cloned, values that may cross a
//! `catch_unwind`, errors that know their source.

use std::error::Error as _;
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

use cache_memoize::codec::CustomCodec;
use cache_memoize::{Codec, Error, ErrorKind, Memory, Redis, Shared};

#[test]
fn a_backend_may_cross_a_catch_unwind() {
    fn may<T: UnwindSafe + RefUnwindSafe + Send + Sync>() {}
    may::<Memory>();
    may::<Shared>();
    may::<Redis>();
    may::<Error>();
}

#[test]
fn settings_can_be_printed_and_cloned() {
    let settings =
        Shared::builder(std::sync::Arc::new(cache_memoize::testing::Faulty::new(Memory::new(10), 1)))
            .namespace("shop")
            .codec(Codec::Json)
            .lease(Duration::from_secs(3));
    let printed = format!("{settings:?}");
    for part in ["memory", "shop", "Json", "3s"] {
        assert!(printed.contains(part), "{printed}");
    }
    let (one, other) = (settings.clone().build(), settings.max_wait(Duration::from_secs(1)).build());
    assert_eq!(one.backend().name(), other.backend().name());
}

#[test]
fn an_error_knows_its_source() {
    let plain = Error::new(ErrorKind::Backend, "writing to pages.cache");
    assert!(plain.source().is_none());
    let error = plain.with_source(io::Error::other("no space left"));
    assert_eq!(error.kind(), ErrorKind::Backend);
    assert_eq!(error.to_string(), "writing to pages.cache");
    assert_eq!(error.clone().source().unwrap().to_string(), "no space left");
    assert!(error.source().unwrap().is::<io::Error>());
}

/// The names that stood at the root are in the module.
#[test]
fn a_codec_of_ones_own_is_made_of_the_module() {
    use cache_memoize::codec::{CodecError, Slot, Value};

    #[derive(Debug)]
    struct Plain;
    impl CustomCodec for Plain {
        fn id(&self) -> u8 {
            201
        }
        fn encode(&self, value: Value<'_>, out: &mut Vec<u8>) -> Result<(), CodecError> {
            Ok(serde_json::to_writer(out, &value)?)
        }
        fn decode(&self, bytes: &[u8], slot: &mut Slot<'_>) -> Result<(), CodecError> {
            slot.fill(&mut serde_json::Deserializer::from_slice(bytes))?;
            Ok(())
        }
    }
    let codec = Codec::Custom(std::sync::Arc::new(Plain));
    assert!(matches!(codec, Codec::Custom(_)));
}
