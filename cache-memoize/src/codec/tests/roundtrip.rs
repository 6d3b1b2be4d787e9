//! Tests of round trips: a value that is written comes back, and a value that would come back changed is not written.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Debug;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use serde_core::de::{DeserializeOwned, VariantAccess as _};

use super::super::*;

/// JSON as a codec of the user's, by name.
#[derive(Debug)]
pub(super) struct ByName;

impl CustomCodec for ByName {
    fn id(&self) -> u8 {
        200
    }

    fn encode(&self, value: Value<'_>, out: &mut Vec<u8>) -> Result<(), CodecError> {
        Ok(serde_json::to_writer_pretty(out, &value)?)
    }

    fn decode(&self, bytes: &[u8], slot: &mut Slot<'_>) -> Result<(), CodecError> {
        let mut deserializer = serde_json::Deserializer::from_slice(bytes);
        slot.fill(&mut deserializer)?;
        Ok(deserializer.end()?)
    }
}

/// postcard as a codec of the user's, by position.
#[derive(Debug)]
pub(super) struct ByPosition;

impl CustomCodec for ByPosition {
    fn id(&self) -> u8 {
        201
    }

    fn encode(&self, value: Value<'_>, out: &mut Vec<u8>) -> Result<(), CodecError> {
        out.extend(postcard::to_allocvec(&value)?);
        Ok(())
    }

    fn decode(&self, bytes: &[u8], slot: &mut Slot<'_>) -> Result<(), CodecError> {
        let mut deserializer = postcard::Deserializer::from_bytes(bytes);
        slot.fill(&mut deserializer)?;
        if deserializer.finalize()?.is_empty() { Ok(()) } else { Err("bytes are left over".into()) }
    }

    fn is_by_position(&self) -> bool {
        true
    }
}

pub(super) fn all() -> Vec<Codec> {
    vec![
        Codec::Bincode,
        Codec::Postcard,
        Codec::MessagePack,
        Codec::Json,
        Codec::Custom(Arc::new(ByName)),
        Codec::Custom(Arc::new(ByPosition)),
    ]
}

fn write<T: Serialize>(codec: &Codec, value: &T) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    codec.encode(value, &mut out).map(|()| out)
}

fn read<T: DeserializeOwned>(codec: &Codec, bytes: &[u8]) -> Result<T, Error> {
    codec.decode(bytes, Fingerprint::of::<T>())
}

#[track_caller]
fn returns<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T) {
    let fingerprint = Fingerprint::of::<T>();
    for codec in all() {
        let read = |bytes: &[u8]| codec.decode::<T>(bytes, fingerprint);
        let bytes = write(&codec, &value).unwrap();
        assert_eq!(read(&bytes).unwrap(), value, "{codec:?}");
        for end in (0..bytes.len()).step_by(1 + bytes.len() / 40) {
            read(&bytes[..end]).expect_err("cut short");
        }
        read(&[&bytes[..], b"0"].concat()).expect_err("left over");
        // By position, the outline comes last.
        let end = bytes.len() - if codec.is_by_position() { OUTLINE_LEN } else { 0 };
        read(&[&bytes[..end], b"0", &bytes[end..]].concat()).expect_err("left over");
    }
}

#[derive(Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Wrapped(u8);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Pair(i64, String);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Nothing;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Point,
    Circle(f64),
    Line(i8, Option<Wrapped>),
    Text { content: String, nothing: Nothing },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Everything {
    flag: bool,
    letter: char,
    numbers: (i8, i16, i32, i64, i128, u8, u16, u32, u64, u128),
    floats: [f32; 2],
    text: String,
    maybe: Vec<Option<Pair>>,
    shapes: Vec<Shape>,
    map: HashMap<String, BTreeMap<u32, Wrapped>>,
    #[serde(alias = "older_name")]
    set: HashSet<Wrapped>,
    #[serde(skip)]
    skipped: u64,
    result: Result<(), String>,
}

#[test]
fn everything_returns() {
    let numbers = (i8::MIN, -1, 1 << 20, i64::MIN, i128::MIN, 255, 65535, u32::MAX, u64::MAX, u128::MAX);
    let line = || Shape::Line(-1, Some(Wrapped(9)));
    let text = || Shape::Text { content: "\u{0}\"\\\n🦀".into(), nothing: Nothing };
    returns(Everything {
        flag: true,
        letter: 'ß',
        numbers,
        floats: [0.1, -0.0],
        text: "x".repeat(300),
        maybe: vec![None, Some(Pair(-5, String::new()))],
        shapes: vec![Shape::Point, Shape::Circle(0.1 + 0.2), line(), text()],
        map: HashMap::from([
            ("a".into(), BTreeMap::from([(7, Wrapped(1))])),
            (String::new(), BTreeMap::new()),
        ]),
        set: (0..100).map(Wrapped).collect(),
        skipped: 0,
        result: Err("no".into()),
    });
}

#[test]
fn the_standard_library_returns() {
    returns((IpAddr::from([127, 0, 0, 1]), SocketAddr::from(([1, 2, 3, 4, 5, 6, 7, 8], 80))));
    returns((Duration::new(1, 5), SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 33)));
    returns((NonZeroU32::MIN, PathBuf::from("/a b"), Box::<[u8]>::from([1, 2, 3]), 1..=5_u8));
    returns((std::ops::Bound::Included(1), std::cmp::Reverse("x".to_string()), [[0_u8; 3]; 2], [0_u8; 0]));
    returns((Some(Some(1)), Some(vec![None::<()>]), ()));
    returns(std::ffi::CString::new("c").unwrap().into_bytes());
    returns(vec![(); 1000]);
    returns(vec![String::new(); 2000]);
    returns(vec![None::<[u64; 32]>; 2000]);
    returns((0..1000).map(|n| (n, vec![n; n % 7])).collect::<BTreeMap<_, _>>());
}

/// Fields and positions in a tuple are the type's doing: however many take no byte, they are no attack.
#[test]
fn parts_of_no_bytes_return() {
    type Units = ((), (), (), (), (), (), (), (), (), (), (), ());
    returns(vec![(Units::default(), [(); 20], 7_u8); 1000]);
    returns(vec![None::<Units>; 2000]);
    // Nor do these elements, which must not use up the budget of those that take bytes.
    returns((vec![(); 5000], vec![1_u64; 5000]));
}

/// Reserved room is bounded, but honest values must not notice: a collection that has to grow is read half as fast.
#[test]
fn collections_are_reserved_at_once() {
    let value = vec![vec![7_u64; 20]; 1000];
    for codec in [Codec::Bincode, Codec::Postcard, Codec::MessagePack] {
        let bytes = write(&codec, &value).unwrap();
        let fingerprint = Fingerprint::of::<Vec<Vec<u64>>>();
        let memory = allocation_counter::measure(|| {
            codec.decode::<Vec<Vec<u64>>>(&bytes, fingerprint).unwrap();
        });
        assert_eq!(memory.count_total, 1001, "{codec:?}");
    }
}

/// Floats are not rounded: the function's own number is returned.
#[test]
fn floats_return_to_the_bit() {
    let mut bits = 0x243f_6a88_85a3_08d3_u64;
    let floats: Vec<f64> = std::iter::repeat_with(|| {
        bits = bits.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        f64::from_bits(bits)
    })
    .filter(|float| float.is_finite())
    .take(20_000)
    .collect();
    for codec in all() {
        let bytes = write(&codec, &floats).unwrap();
        assert!(read::<Vec<f64>>(&codec, &bytes).unwrap() == floats, "{codec:?}");
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Node {
    next: Vec<Node>,
}

fn nested(depth: usize) -> Node {
    (1..depth).fold(Node { next: vec![] }, |node, _| Node { next: vec![node] })
}

#[test]
fn a_written_value_is_not_too_deep_to_read() {
    for codec in all() {
        let nodes = (1..200).take_while(|&nodes| match write(&codec, &nested(nodes)) {
            Ok(bytes) => read::<Node>(&codec, &bytes).unwrap() == nested(nodes),
            Err(_) => false,
        });
        // A node is a struct and a sequence.
        assert_eq!(nodes.count(), 63, "{codec:?}");
    }
}

#[track_caller]
fn refused<T: Serialize>(by_name: bool, value: T, word: &str) {
    for codec in all().into_iter().filter(|codec| codec.is_by_position() != by_name) {
        let error = write(&codec, &value).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Codec);
        assert!(error.to_string().contains(word), "{codec:?}: {error}");
    }
}

#[derive(Serialize, Deserialize)]
struct Wrapper<T>(T);

#[test]
fn a_value_that_would_come_back_changed_is_not_written() {
    #[derive(Serialize)]
    struct Skipping {
        #[serde(skip_serializing_if = "Option::is_none")]
        a: Option<u8>,
        x: u8,
        v: Vec<u8>,
    }

    refused(false, Skipping { a: None, x: 0, v: vec![0] }, "`a` is skipped");
    refused(true, Some(None::<u8>), "`Some` of nothing");
    refused(true, Some(Wrapper(None::<u8>)), "`Some` of nothing");
    refused(true, vec![Some(())], "`Some` of nothing");
    for float in [f64::NAN, f64::INFINITY] {
        write(&Codec::Json, &[float]).unwrap_err();
        write(&Codec::MessagePack, &[float]).unwrap();
    }
    returns(Some(vec![None::<u8>]));
}

#[test]
fn a_type_that_reads_other_fields_than_it_writes_is_refused_by_position() {
    #[derive(Serialize, Deserialize)]
    struct Hiding {
        #[serde(skip_serializing)]
        #[expect(dead_code, reason = "what matters is that it is read and not written")]
        secret: Option<u8>,
        x: u8,
        v: Vec<u8>,
    }

    let value = Hiding { secret: Some(1), x: 0, v: vec![0] };
    for codec in all().into_iter().filter(Codec::is_by_position) {
        let bytes = write(&codec, &value).unwrap();
        assert!(read::<Hiding>(&codec, &bytes).is_err(), "{codec:?}");
    }
    // Without the outline it would have been a wrong value.
    let bare = postcard::to_allocvec(&value).unwrap();
    let wrong: Hiding = postcard::from_bytes(&bare).unwrap();
    assert!((wrong.x, &wrong.v[..]) == (1, &[]));
}

/// A type may ask for the number of a variant where another asks for its name.
#[test]
fn variants_return_that_are_read_as_numbers() {
    #[derive(Debug, PartialEq, Serialize)]
    enum Flag {
        Off,
        On(u8),
    }

    impl<'de> Deserialize<'de> for Flag {
        fn deserialize<D: serde_core::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Flags;

            impl<'de> serde_core::de::Visitor<'de> for Flags {
                type Value = Flag;

                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("a flag")
                }

                fn visit_enum<A: serde_core::de::EnumAccess<'de>>(self, data: A) -> Result<Flag, A::Error> {
                    match data.variant::<u32>()? {
                        (0, variant) => variant.unit_variant().map(|()| Flag::Off),
                        (_, variant) => variant.newtype_variant().map(Flag::On),
                    }
                }
            }

            deserializer.deserialize_enum("Flag", &["Off", "On"], Flags)
        }
    }

    for codec in all().into_iter().filter(Codec::is_by_position) {
        let bytes = write(&codec, &[Flag::Off, Flag::On(1)]).unwrap();
        assert_eq!(read::<[Flag; 2]>(&codec, &bytes).unwrap(), [Flag::Off, Flag::On(1)]);
    }
}

#[test]
fn skipped_and_flattened_fields_return_by_name() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Outer {
        #[serde(skip_serializing_if = "Option::is_none", default)]
        a: Option<u8>,
        #[serde(flatten)]
        inner: Inner,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "kind")]
    enum Inner {
        Named { x: u8 },
    }

    let value = || Outer { a: None, inner: Inner::Named { x: 3 } };
    for codec in [Codec::MessagePack, Codec::Json, Codec::Custom(Arc::new(ByName))] {
        assert_eq!(read::<Outer>(&codec, &write(&codec, &value()).unwrap()).unwrap(), value());
    }
    write(&Codec::Postcard, &value()).unwrap_err();
}

#[test]
fn a_panic_of_the_type_is_an_error() {
    #[derive(Debug)]
    struct Panics;

    impl Serialize for Panics {
        fn serialize<S: serde_core::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            panic!("in Serialize")
        }
    }

    impl<'de> Deserialize<'de> for Panics {
        fn deserialize<D: serde_core::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            panic!("in Deserialize")
        }
    }

    for codec in all() {
        write(&codec, &Panics).unwrap_err();
        read::<Panics>(&codec, &[0; 8]).unwrap_err();
    }
}

#[test]
fn a_custom_codec_cannot_take_an_id_of_ours() {
    #[derive(Debug)]
    struct Thief;

    impl CustomCodec for Thief {
        fn id(&self) -> u8 {
            1
        }

        fn encode(&self, _: Value<'_>, _: &mut Vec<u8>) -> Result<(), CodecError> {
            Ok(())
        }

        fn decode(&self, _: &[u8], _: &mut Slot<'_>) -> Result<(), CodecError> {
            Ok(())
        }
    }

    let codec = Codec::Custom(Arc::new(Thief));
    assert!(write(&codec, &1).unwrap_err().to_string().contains("128 to 255"));
    read::<u8>(&codec, &[1]).unwrap_err();
}

#[test]
fn a_custom_codec_must_fill_the_slot() {
    #[derive(Debug)]
    struct Lazy;

    impl CustomCodec for Lazy {
        fn id(&self) -> u8 {
            128
        }

        fn encode(&self, _: Value<'_>, _: &mut Vec<u8>) -> Result<(), CodecError> {
            Ok(())
        }

        fn decode(&self, _: &[u8], _: &mut Slot<'_>) -> Result<(), CodecError> {
            Ok(())
        }
    }

    let codec = Codec::Custom(Arc::new(Lazy));
    let bytes = write(&codec, &1_u8).unwrap();
    assert!(read::<u8>(&codec, &bytes).unwrap_err().to_string().contains("without filling the slot"));
}

#[test]
fn ids_never_change() {
    let ids: Vec<u8> = all().iter().map(Codec::id).collect();
    assert_eq!(ids, [1, 2, 3, 4, 200, 201]);
}

#[test]
fn a_message_is_cut_short() {
    let bytes = write(&Codec::MessagePack, &"ß\u{1}".repeat(10_000)).unwrap();
    let error = read::<char>(&Codec::MessagePack, &bytes).unwrap_err().to_string();
    assert!(error.starts_with("reading a value as MessagePack: invalid value"), "{error}");
    assert!(error.ends_with('…') && error.len() < 300, "{error}");
}
