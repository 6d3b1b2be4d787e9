//! Tests of damage: a whole entry (envelope and codec) with any bit flipped, any byte replaced, cut anywhere or
//! continued is a miss. With a right checksum, which any writer to the backend can make, a damaged entry may be a
//! *wrong value* of the right type, which no check can notice, but no panic and no large allocation.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::envelope::{Expected, Header, NO_TTL, open, seal};
use super::super::*;
use super::roundtrip::all;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Sample {
    id: u64,
    name: String,
    score: f64,
    ratio: Option<f32>,
    place: (i32, char, bool),
    kind: Kind,
    children: Vec<Child>,
    words: BTreeMap<String, Option<Vec<u8>>>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Kind {
    Nothing,
    Code(u16),
    Pair(i8, Box<Kind>),
    Named { text: String, inner: Option<Box<Kind>> },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Child(u32, Result<String, Kind>);

fn sample() -> Sample {
    let inner = Some(Box::new(Kind::Pair(-1, Box::new(Kind::Nothing))));
    Sample {
        id: 70_000,
        name: "Zoë \"Z\"".into(),
        score: -0.1,
        ratio: Some(1.5),
        place: (-300, 'ß', true),
        kind: Kind::Named { text: "a\nb".into(), inner },
        children: vec![Child(1, Ok(String::new())), Child(1 << 20, Err(Kind::Code(300)))],
        words: BTreeMap::from([("x".into(), None), ("yy".into(), Some(vec![0, 200, 3]))]),
    }
}

const KEY: [u8; 16] = [0x5a; 16];
const HEADER_LEN: usize = 66;
const RANDOM_LEN: usize = 8;
const CHECKSUM_LEN: usize = 8;

fn fingerprint() -> Fingerprint {
    Fingerprint::of::<Sample>()
}

fn entry(codec: &Codec) -> Vec<u8> {
    let header = Header {
        is_error: false,
        fingerprint: fingerprint().hash,
        key: KEY,
        created_at: 1_700_000_000_000,
        ttl: NO_TTL,
        compute_micros: 7,
        random: [0xa5; RANDOM_LEN],
        ..Header::default()
    };
    seal(header, codec.id(), &[], |_, out| codec.encode(&sample(), out)).unwrap()
}

/// The result of reading an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Read {
    Miss,
    Value,
    WrongValue,
}

/// Reads an entry as a call does, and checks that reading neither panics nor takes more memory than `allowed`.
fn read(codec: &Codec, fingerprint: Fingerprint, entry: &[u8], allowed: u64) -> Read {
    let expected = Expected { codec: codec.id(), value: fingerprint.hash, error: None, key: KEY };
    let mut value = None;
    let memory = allocation_counter::measure(|| {
        if let Ok(opened) = open(entry, &expected) {
            value = Some(codec.decode::<Sample>(opened.payload, fingerprint));
        }
    });
    assert!(memory.bytes_max <= allowed, "{codec:?}: {memory:?} for {} bytes: {entry:02x?}", entry.len());
    match value {
        None => Read::Miss,
        Some(Err(error)) => {
            // The codec catches panics, but there should be none.
            assert!(!error.to_string().contains("panicked"), "{codec:?}: {error}: {entry:02x?}");
            Read::Miss
        }
        Some(Ok(value)) if value == sample() => Read::Value,
        Some(Ok(_)) => Read::WrongValue,
    }
}

/// The bytes with each single bit flipped, and with each two neighbouring bits flipped.
fn flipped(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..bytes.len() * 8).flat_map(|bit| [vec![bit], vec![bit, bit + 1]]).filter_map(|bits| {
        let mut flipped = bytes.to_vec();
        bits.iter().try_for_each(|bit| flipped.get_mut(bit / 8).map(|byte| *byte ^= 1 << (bit % 8)))?;
        Some(flipped)
    })
}

/// The bytes with each byte replaced by every other.
fn replaced(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..bytes.len()).flat_map(|at| (1..=255).map(move |change| (at, change))).map(|(at, change)| {
        let mut replaced = bytes.to_vec();
        replaced[at] ^= change;
        replaced
    })
}

/// The bytes cut at each length, and continued by each byte.
fn resized(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let cut = (0..bytes.len()).map(|end| bytes[..end].to_vec());
    cut.chain((0..=255).map(move |byte| [bytes, &[byte]].concat()))
}

/// An entry of this payload, with a right length and a right checksum.
fn resealed(codec: &Codec, payload: &[u8]) -> Vec<u8> {
    let header = Header { fingerprint: fingerprint().hash, key: KEY, ttl: NO_TTL, ..Header::default() };
    let append = |_: &mut Header, out: &mut Vec<u8>| {
        out.extend_from_slice(payload);
        Ok(())
    };
    seal(header, codec.id(), &[], append).unwrap()
}

/// An entry with its checksum made right again.
fn with_checksum(mut entry: Vec<u8>) -> Vec<u8> {
    entry.truncate(entry.len() - CHECKSUM_LEN);
    let checksum = twox_hash::XxHash3_64::oneshot(&entry);
    entry.extend(checksum.to_le_bytes());
    entry
}

#[test]
fn damage_is_a_miss() {
    let fingerprint = fingerprint();
    for codec in all() {
        let entry = entry(&codec);
        assert_eq!(read(&codec, fingerprint, &entry, u64::MAX), Read::Value, "{codec:?}");
        let mut tried = 0;
        for damaged in flipped(&entry).chain(replaced(&entry)).chain(resized(&entry)) {
            // No byte is allocated before the checks have passed.
            assert_eq!(read(&codec, fingerprint, &damaged, 0), Read::Miss, "{codec:?}: {damaged:02x?}");
            tried += 1;
        }
        println!("{codec:?}: an entry of {} bytes, {tried} ways to damage it: misses", entry.len());
    }
}

#[test]
fn a_wrong_payload_with_a_right_checksum_does_no_harm() {
    let fingerprint = fingerprint();
    for codec in all() {
        let entry = entry(&codec);
        let payload = &entry[HEADER_LEN..entry.len() - RANDOM_LEN - CHECKSUM_LEN];
        // One element for each byte, in a collection that grows; and the room that may be reserved on a mere claim.
        let allowed = |len: usize| (len * (16 + 4 * fingerprint.widest) + 64 * 1024) as u64;
        let mut counts = [0; 3];
        for wrong in flipped(payload).chain(resized(payload)) {
            counts[read(&codec, fingerprint, &resealed(&codec, &wrong), allowed(wrong.len())) as usize] += 1;
        }
        let [misses, values, wrong_values] = counts;
        println!(
            "{codec:?}: a payload of {} bytes with a right checksum: {misses} misses, {values} times the value, \
             {wrong_values} wrong values",
            payload.len()
        );
        // Wrong values are the reason for the checksum.
        assert!(misses > 0 && wrong_values > 0, "{codec:?}: {counts:?}");
    }
}

/// Every field of the header is checked, but for the advisory ones: when the value was stored, for how long, how long it
/// may be stale, and how long it took to compute.
#[test]
fn a_wrong_header_with_a_right_checksum_is_a_miss() {
    const ADVISORY: std::ops::Range<usize> = 32..60;
    let fingerprint = fingerprint();
    for codec in all() {
        let entry = entry(&codec);
        for bit in 0..HEADER_LEN * 8 {
            let mut wrong = entry.clone();
            wrong[bit / 8] ^= 1 << (bit % 8);
            let (wrong, advisory) = (with_checksum(wrong), ADVISORY.contains(&(bit / 8)));
            let read = read(&codec, fingerprint, &wrong, if advisory { u64::MAX } else { 0 });
            assert_eq!(read, if advisory { Read::Value } else { Read::Miss }, "{codec:?}, bit {bit}");
        }
    }
}
