//! Tests of hostile payloads: bytes that this crate has not written cost little memory and time, whatever they claim.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Debug;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_core::de::DeserializeOwned;

use super::super::*;
use super::roundtrip::all;

/// The memory that a payload may have allocated by its claims.
fn bound(payload: usize) -> u64 {
    16 * payload as u64 + 64 * 1024
}

/// Decodes, and checks that it stays within the bounds of memory and time; whether it worked.
#[track_caller]
fn decode<T: DeserializeOwned>(codec: &Codec, payload: &[u8]) -> bool {
    // Any outline will do: it is checked last.
    let outline: &[u8] = if codec.is_by_position() { &[0; OUTLINE_LEN] } else { &[] };
    let payload = [payload, outline].concat();
    let fingerprint = Fingerprint::of::<T>();
    let mut worked = false;
    let begun = Instant::now();
    let memory = allocation_counter::measure(|| worked = codec.decode::<T>(&payload, fingerprint).is_ok());
    let took = begun.elapsed();
    let name = std::any::type_name::<T>();
    assert!(memory.bytes_max <= bound(payload.len()), "{codec:?} {name} {}: {memory:?}", payload.len());
    assert!(took < Duration::from_secs(5), "{codec:?} {name}: {took:?}");
    worked
}

#[track_caller]
fn refuses<T: DeserializeOwned>(codec: &Codec, payload: &[u8]) {
    assert!(!decode::<T>(codec, payload));
}

/// A codec's ways to claim that a text, a sequence or a map of some length follows.
struct Claims {
    codec: Codec,
    text: fn(u64) -> Vec<u8>,
    sequence: fn(u64) -> Vec<u8>,
    map: fn(u64) -> Vec<u8>,
}

fn bincode(len: u64) -> Vec<u8> {
    [&[253], &len.to_le_bytes()[..]].concat()
}

fn postcard(len: u64) -> Vec<u8> {
    ::postcard::to_allocvec(&len).unwrap()
}

fn messagepack(marker: u8, len: u64) -> Vec<u8> {
    [&[marker], &u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes()[..]].concat()
}

fn claims() -> Vec<Claims> {
    all()
        .into_iter()
        .filter_map(|codec| {
            let [text, sequence, map]: [fn(u64) -> Vec<u8>; 3] = match codec.id() {
                1 => [bincode; 3],
                2 | 201 => [postcard; 3],
                3 => [|n| messagepack(0xdb, n), |n| messagepack(0xdd, n), |n| messagepack(0xdf, n)],
                // JSON has no lengths to claim.
                _ => return None,
            };
            Some(Claims { codec, text, sequence, map })
        })
        .collect()
}

const LENGTHS: [u64; 9] = [30, 1000, 1 << 16, 1 << 20, 1 << 31, (1 << 32) - 1, 1 << 40, 1 << 63, u64::MAX];

/// The number of bytes after the claim, from none to many.
const FILLINGS: [usize; 5] = [0, 1, 20, 5_000, 500_000];

#[test]
fn claimed_lengths_reserve_little() {
    for Claims { codec, text, sequence, map } in claims() {
        for (len, filling) in LENGTHS.iter().flat_map(|len| FILLINGS.map(|filling| (*len, filling))) {
            if len <= filling as u64 {
                continue;
            }
            let fill = |claim: Vec<u8>| [claim, vec![0; filling]].concat();
            refuses::<String>(&codec, &fill(text(len)));
            refuses::<Vec<String>>(&codec, &[sequence(2), fill(text(len))].concat());
            refuses::<std::ffi::CString>(&codec, &fill(text(len)));
            if filling < 5_000 {
                refuses::<Vec<u8>>(&codec, &fill(sequence(len)));
                refuses::<Vec<u64>>(&codec, &fill(sequence(len)));
                refuses::<Vec<[u64; 32]>>(&codec, &fill(sequence(len)));
                refuses::<Vec<Vec<Vec<u64>>>>(
                    &codec,
                    &fill([sequence(len), sequence(len), sequence(len)].concat()),
                );
                refuses::<HashMap<u64, u64>>(&codec, &fill(map(len)));
                refuses::<HashMap<String, [String; 8]>>(&codec, &fill(map(len)));
                refuses::<HashMap<u8, [[u64; 32]; 4]>>(&codec, &fill(map(len)));
                refuses::<Vec<[[u64; 32]; 4]>>(&codec, &fill(sequence(len)));
                refuses::<BTreeMap<u8, ()>>(&codec, &fill(map(len)));
                refuses::<HashSet<String>>(&codec, &fill(sequence(len)));
            }
        }
    }
}

#[test]
fn elements_without_bytes_are_limited() {
    #[derive(Deserialize)]
    struct Wide {
        #[serde(skip)]
        _filler: [u64; 32],
    }

    for Claims { codec, sequence, map, .. } in claims() {
        for len in [100_000, (1 << 32) - 1, 1 << 40, u64::MAX] {
            refuses::<Vec<()>>(&codec, &sequence(len));
            refuses::<Vec<Wide>>(&codec, &sequence(len));
            refuses::<HashMap<(), ()>>(&codec, &map(len));
            refuses::<Vec<Vec<()>>>(&codec, &[sequence(3), sequence(len)].concat());
        }
    }
    // Within limits they are allowed, since honest values of this kind exist.
    let honest = encoded(&Codec::Postcard, &vec![(); 1000]);
    assert!(Codec::Postcard.decode::<Vec<()>>(&honest, Fingerprint::of::<Vec<()>>()).is_ok());
}

fn encoded<T: Serialize>(codec: &Codec, value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    codec.encode(value, &mut out).unwrap();
    out
}

#[derive(Debug, Deserialize)]
struct List {
    _next: Option<Box<List>>,
}

#[derive(Debug, Deserialize)]
struct Newtype(#[expect(dead_code, reason = "only decoded")] Option<Box<Newtype>>);

#[derive(Debug, Deserialize)]
enum Chain {
    Link(#[expect(dead_code, reason = "only decoded")] Box<Chain>),
}

#[derive(Debug, Deserialize)]
struct Tree {
    _children: Vec<Tree>,
}

#[derive(Debug, Deserialize)]
struct Maps {
    _maps: HashMap<u8, Maps>,
}

/// A type without end, which no payload can satisfy, and which formats without names read from no bytes at all.
#[derive(Debug, Deserialize)]
struct Endless(#[expect(dead_code, reason = "only decoded")] Box<Endless>);

fn refuses_all_recursive(codec: &Codec, payload: &[u8]) {
    refuses::<List>(codec, payload);
    refuses::<Newtype>(codec, payload);
    refuses::<Chain>(codec, payload);
    refuses::<Tree>(codec, payload);
    refuses::<Maps>(codec, payload);
    refuses::<Endless>(codec, payload);
}

#[test]
fn depth_is_limited() {
    let deep = [
        vec![0; 200_000],
        vec![1; 200_000],
        vec![0x91; 200_000],
        [0x81, 0xa5, b'_', b'n', b'e', b'x', b't'].repeat(200_000),
        [0x81, 0xa4, b'L', b'i', b'n', b'k'].repeat(200_000),
        b"[".repeat(200_000),
        br#"{"_next":"#.repeat(200_000),
        br#"{"Link":"#.repeat(200_000),
        br#"{"_children":["#.repeat(200_000),
        br#"{"_maps":{"1":"#.repeat(200_000),
    ];
    for codec in all() {
        for payload in &deep {
            // Bytes that the type does not descend into are read to the end, without recursion.
            refuses_all_recursive(&codec, payload);
        }
    }
    for Claims { codec, sequence, .. } in claims() {
        // At each level the payload claims a length that its remaining bytes could just hold.
        for len in [100, 10_000, 1_000_000] {
            let payload = sequence(len).repeat(20_000);
            refuses::<Tree>(&codec, &payload);
            refuses::<Tree>(&codec, &payload[..200]);
        }
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Sample {
    names: Vec<String>,
    numbers: HashMap<u32, Option<i64>>,
    kind: Kind,
    more: Option<Box<Sample>>,
    float: f64,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Kind {
    Unit,
    Many(Vec<u16>, char),
    Named { bytes: Vec<u8>, result: Result<(), String> },
}

fn sample(depth: u32) -> Sample {
    Sample {
        names: (0..depth).map(|n| "n".repeat(n as usize)).collect(),
        numbers: (0..depth).map(|n| (n, n.checked_sub(2).map(i64::from))).collect(),
        kind: match depth % 3 {
            0 => Kind::Unit,
            1 => Kind::Many(vec![1, 500], 'ß'),
            _ => Kind::Named { bytes: vec![9; 40], result: Err("e".into()) },
        },
        more: depth.checked_sub(1).map(|depth| Box::new(sample(depth))),
        float: 0.1,
    }
}

/// A small random generator with a seed, so that a failure can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (self.0 >> 33) as usize % below.max(1)
    }
}

#[test]
fn noise_and_damage_are_cheap() {
    let mut dice = Dice(7);
    for codec in all() {
        let honest = encoded(&codec, &sample(6));
        for _ in 0..1_000 {
            let mut bytes = honest.clone();
            for _ in 0..=dice.roll(4) {
                let at = dice.roll(bytes.len());
                match dice.roll(4) {
                    0 => bytes[at] = dice.roll(256) as u8,
                    1 => bytes[at] = [0xff, 0xfd, 0xdd, 0xdf, 0xdb, b'[', b'{'][dice.roll(7)],
                    2 => bytes.truncate(at.max(1)),
                    _ => bytes.extend_from_within(at..),
                }
            }
            decode::<Sample>(&codec, &bytes);
            let noise: Vec<u8> = (0..dice.roll(60)).map(|_| dice.roll(256) as u8).collect();
            decode::<Sample>(&codec, &noise);
            decode::<Vec<Kind>>(&codec, &noise);
            decode::<serde_json::Value>(&codec, &noise);
        }
    }
}
