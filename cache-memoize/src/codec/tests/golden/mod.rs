//! Tests: entries outlive programs, so the bytes of one are kept here, for each codec.
//!
//! They are sealed anew and compared, and they are opened and decoded: an entry that an earlier release stored must be
//! found by this one.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::super::envelope::{Expected, Header, open, seal};
use super::super::fingerprint::Fingerprint;
use super::super::{COMPILED_IN, Codec};

const REGENERATE: &str = "CACHE_MEMOIZE_REGENERATE_GOLDEN";

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Sample {
    flag: bool,
    letter: char,
    unsigned: (u8, u16, u32, u64, u128),
    signed: (i8, i16, i32, i64, i128),
    floats: [f64; 3],
    single: f32,
    name: String,
    raw_bytes: Vec<u8>,
    nothing: Option<u32>,
    something: Option<Box<Sample>>,
    unit: (),
    kinds: Vec<Kind>,
    nested: BTreeMap<String, BTreeMap<i16, Vec<Option<bool>>>>,
    outcome: Result<Meters, String>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Meters(f64);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Kind {
    Unit,
    Newtype(u64),
    Tuple(i8, String),
    Struct { at: [u8; 4], inner: Option<Meters> },
}

fn sample(something: Option<Sample>) -> Sample {
    let level = u64::from(something.is_some());
    Sample {
        flag: true,
        letter: 'ß',
        unsigned: (u8::MAX, 251, 70_000, u64::MAX, u128::MAX),
        signed: (i8::MIN, -1, 1_000_000, i64::MIN, i128::MIN),
        floats: [0.1, -0.0, 1e300],
        single: 1.5,
        name: "Zoë \"quoted\"\n\u{0} 🦀 日本語".into(),
        raw_bytes: vec![0, 127, 128, 255],
        nothing: None,
        something: something.map(Box::new),
        unit: (),
        kinds: vec![
            Kind::Unit,
            Kind::Newtype(level),
            Kind::Tuple(-7, String::new()),
            Kind::Struct { at: [127, 0, 0, 1], inner: Some(Meters(2.5)) },
        ],
        nested: BTreeMap::from([
            (String::new(), BTreeMap::new()),
            ("a".into(), BTreeMap::from([(-300, vec![]), (7, vec![None, Some(true)])])),
        ]),
        outcome: if level == 0 { Err("no".into()) } else { Ok(Meters(-1.0)) },
    }
}

fn header() -> Header {
    Header {
        is_error: false,
        fingerprint: 0x0102_0304_0506_0708,
        key: *b"hash of the key.",
        created_at: 1_700_000_000_000,
        ttl: 60_000,
        stale: 30_000,
        compute_micros: 1_500,
        names: 8,
        random: *b"8 random",
    }
}

const NAMES: &[u8] = b"8 names.";
const TAGS: &[u8] = b"what is kept of tags";

fn file(codec: &Codec) -> (&'static str, &'static str) {
    match codec.id() {
        1 => ("bincode.hex", include_str!("bincode.hex")),
        2 => ("postcard.hex", include_str!("postcard.hex")),
        3 => ("messagepack.hex", include_str!("messagepack.hex")),
        4 => ("json.hex", include_str!("json.hex")),
        id => panic!("no golden file for codec {id}: add one"),
    }
}

fn to_hex(bytes: &[u8]) -> String {
    let line = |bytes: &[u8]| {
        bytes.iter().map(|byte| format!("{byte:02x}")).chain(["\n".into()]).collect::<String>()
    };
    bytes.chunks(32).map(line).collect()
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

#[test]
fn the_bytes_never_change() {
    let sample = || sample(Some(sample(None)));
    for codec in COMPILED_IN {
        let (name, golden) = file(codec);
        let append = |_: &mut Header, out: &mut Vec<u8>| {
            codec.encode(&sample(), out)?;
            out.extend_from_slice(NAMES);
            Ok(())
        };
        let hex = to_hex(&seal(header(), codec.id(), TAGS, append).unwrap());
        if std::env::var_os(REGENERATE).is_some() {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/codec/tests/golden").join(name);
            std::fs::write(path, hex).unwrap();
            continue;
        }
        assert!(
            hex == golden,
            "the bytes of an entry are not those of `golden/{name}` any more, so what is stored by other releases \
             would be misread or missed. If that is meant, raise `VERSION` in `envelope.rs` for the layout, or give \
             the codec a new id in `codec/mod.rs` for its bytes; then write new files with \
             `{REGENERATE}=1 cargo test -p cache-memoize --all-features golden`. They are now:\n{hex}",
        );

        let bytes = from_hex(golden);
        let Header { fingerprint, key, .. } = header();
        let expected = Expected { codec: codec.id(), value: fingerprint, error: None, key };
        let opened = open(&bytes, &expected).unwrap();
        assert_eq!((opened.header, opened.names, opened.tags), (header(), NAMES, TAGS));
        let value: Sample = codec.decode(opened.payload, Fingerprint::of::<Sample>()).unwrap();
        assert_eq!(value, sample(), "{codec:?}");
    }
}
