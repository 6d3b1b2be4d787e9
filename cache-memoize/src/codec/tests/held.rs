//! Tests of memory: while a value of any type is read, it holds at most twice the memory that was counted, plus a
//! constant.

use std::any::type_name;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_core::de::DeserializeOwned;

use super::super::*;
use super::roundtrip::all;

/// The memory that is reserved on the word of a payload, by a hash map, which takes 2.3 times the room it is asked for.
const CONSTANT: u64 = 64 * 1024 + (5 << 20) / 2;

/// The result of a reading: the memory that was counted, whether there is a value, and the most memory that was held.
struct Read {
    counted: usize,
    worked: bool,
    held: u64,
}

fn read<T: DeserializeOwned>(codec: &Codec, payload: &[u8], most: usize) -> Read {
    let fingerprint = Fingerprint::of::<T>();
    let (bytes, outline) = codec.split_outline(payload).unwrap();
    let reading = Reading::new(Limits::new(bytes.len(), fingerprint.widest, most), codec.lends_strings());
    let mut worked = false;
    // The counter of the allocator counts a growing buffer as two, which it is while it is copied.
    let memory = allocation_counter::measure(|| {
        worked = codec.read::<T>(bytes, outline, &reading).is_ok();
    });
    let (counted, held) = (reading.held(), memory.bytes_max);
    assert!(
        held <= 2 * counted.min(most) as u64 + CONSTANT,
        "{codec:?} {}: {held} bytes held, {counted} counted for {}",
        type_name::<T>(),
        payload.len()
    );
    Read { counted, worked, held }
}

/// Writes and reads the value by each codec, and checks the memory. The payload may be larger than the bound, since
/// only the memory that the value holds counts.
#[track_caller]
fn holds<T: Serialize + DeserializeOwned>(value: &T) {
    for codec in all() {
        let mut payload = Vec::new();
        if let Err(refused) = codec.encode(value, &mut payload) {
            // In JSON, keys of maps are texts.
            assert!(refused.to_string().contains("key must be a string"), "{refused}");
            continue;
        }
        let whole = read::<T>(&codec, &payload, usize::MAX);
        assert!(whole.worked, "{codec:?} {}", type_name::<T>());
        // Not much more is counted than is held, so that an honest value that fits is read.
        let allowance = 64 * 1024 + 2 * payload.len();
        assert!(
            whole.counted <= 4 * whole.held as usize + allowance,
            "{codec:?} {}: {} bytes held, {} counted",
            type_name::<T>(),
            whole.held,
            whole.counted
        );
        // With a smaller bound, reading stops: at the end if the bound is little smaller, and early if it is much
        // smaller.
        if whole.counted > 0 {
            assert!(!read::<T>(&codec, &payload, whole.counted - 1).worked);
            assert!(!read::<T>(&codec, &payload, whole.counted / 10).worked);
        }
        assert!(read::<T>(&codec, &payload, whole.counted).worked);
    }
}

/// Numbers of elements around those at which tables double.
const SIZES: [u32; 7] = [0, 1, 2, 14, 29, 1_793, 15_000];

#[test]
fn elements_of_every_collection() {
    fn collections<T>(sizes: &[u32], element: impl Fn(u32) -> T)
    where
        T: Serialize + DeserializeOwned + Ord + std::hash::Hash,
    {
        for &size in sizes {
            let all = || (0..size).map(&element);
            holds(&all().collect::<Vec<T>>());
            holds(&all().collect::<VecDeque<T>>());
            holds(&all().collect::<LinkedList<T>>());
            holds(&all().collect::<BinaryHeap<T>>());
            holds(&all().collect::<HashSet<T>>());
            holds(&all().collect::<BTreeSet<T>>());
            holds(&all().map(|key| (key, 1_u8)).collect::<HashMap<T, u8>>());
            holds(&all().map(|key| (key, 1_u8)).collect::<BTreeMap<T, u8>>());
            holds(&(0_u8..=255).zip(all()).collect::<HashMap<u8, T>>());
            holds(&(0_u8..200).zip(all()).collect::<BTreeMap<u8, T>>());
        }
    }
    collections(&SIZES, |n| n);
    collections(&SIZES[..6], |n| (n, Some([u64::from(n); 16])));
}

#[test]
fn elements_that_are_collections() {
    for n in [0, 1, 3, 30] {
        holds(&vec![vec![1_u8; n]; 500]);
        holds(&vec![VecDeque::from(vec![1_u64; n]); 500]);
        let strings: Vec<String> = vec!["a\n".repeat(n); 500];
        holds(&strings);
        holds(&vec![(0..n as u64).collect::<BTreeSet<u64>>(); 200]);
        holds(&vec![(0..n as u64).map(|n| [n; 16]).collect::<BTreeSet<_>>(); 100]);
        holds(&vec![(0..n as u64).map(|n| (n, [n; 16])).collect::<HashMap<_, _>>(); 100]);
        holds(&vec![(0..n as u8).map(|n| (n, ())).collect::<HashMap<_, _>>(); 500]);
        holds(&vec![(0..n as u8).collect::<LinkedList<u8>>(); 500]);
    }
}

#[derive(Clone, Serialize, Deserialize)]
#[expect(clippy::large_enum_variant, reason = "a byte that becomes much is what this is about")]
enum Big {
    Nothing,
    Something([[u64; 32]; 8]),
}

/// An `Arc`, as serde reads and writes it with its feature `rc`.
#[derive(Clone)]
struct Counted<T>(Arc<T>);

impl<T: Serialize> Serialize for Counted<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        T::serialize(&self.0, serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Counted<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Arc::new(T::deserialize(deserializer)?)))
    }
}

#[derive(Clone, Serialize, Deserialize)]
struct Newtype(Box<Big>);

#[derive(Clone, Serialize, Deserialize)]
struct Named {
    first: Option<Box<Big>>,
    second: Box<[u8; 32]>,
    third: Box<u8>,
}

#[derive(Clone, Serialize, Deserialize)]
enum Variants {
    Tuple(u8, Box<Big>),
    Struct { boxed: Box<Big> },
    Newtype(Box<Big>),
}

#[test]
fn values_in_boxes() {
    let n = 500;
    holds(&vec![Box::new(Big::Nothing); n]);
    holds(&vec![Box::new(Big::Something([[1; 32]; 8])); 50]);
    holds(&vec![Counted(Arc::new(Big::Nothing)); n]);
    holds(&vec![Some(Counted(Arc::new([1_u8; 32]))); n]);
    holds(&vec![None::<Box<Big>>; n]);
    holds(&vec![Newtype(Box::new(Big::Nothing)); n]);
    holds(&vec![Box::new(1_u8); n]);
    holds(&vec![Some(Box::new(1_u64)); n]);
    holds(&vec![Box::new(Box::new(Box::new(1_u8))); n]);
    holds(&vec![Box::<str>::from("text"); n]);
    holds(&vec![Box::<[u64]>::from([1, 2, 3]); n]);
    let named = Named { first: Some(Box::new(Big::Nothing)), second: Box::new([1; 32]), third: Box::new(1) };
    holds(&vec![named; n]);
    let boxed = || Box::new(Big::Nothing);
    let variants =
        [Variants::Tuple(1, boxed()), Variants::Struct { boxed: boxed() }, Variants::Newtype(boxed())];
    holds(&variants.iter().cycle().take(n).cloned().collect::<Vec<_>>());
    holds(&(0..n as u16).map(|n| (n, boxed())).collect::<HashMap<_, _>>());
    holds(&(0..n as u16).map(|n| (n, boxed())).collect::<BTreeMap<_, _>>());
    holds(&vec![(boxed(), boxed()); n]);
    holds(&Box::new(vec![1_u64; n]));
}

#[test]
fn texts_and_bytes() {
    holds(&"text".repeat(100_000));
    holds(&"\u{1}\n\"".repeat(100_000));
    holds(&vec![7_u8; 100_000]);
    holds(&std::ffi::CString::new(vec![7_u8; 100_000]).unwrap());
    holds(&std::path::PathBuf::from("a/".repeat(100_000)));
    holds(&serde_json::from_str::<Vec<f64>>(&format!("[{}1]", "1.5,".repeat(10_000))).unwrap());
}

#[derive(Serialize, Deserialize)]
struct Flat {
    id: u8,
    #[serde(flatten)]
    more: BTreeMap<String, serde_json::Value>,
}

/// Values behind `deserialize_any`. Those that serde makes from its own buffers are not counted, so the types here are
/// not much wider than the buffers.
#[test]
fn values_that_describe_themselves() {
    let document =
        serde_json::json!({ "a": [1, null, "text", { "b": [[], {}, [1.5]] }], "c": vec![7; 5_000] });
    let flat = Flat { id: 1, more: BTreeMap::from([("x".into(), document.clone())]) };
    for codec in [Codec::MessagePack, Codec::Json] {
        let (mut one, mut other) = (Vec::new(), Vec::new());
        codec.encode(&vec![&document; 50], &mut one).unwrap();
        codec.encode(&flat, &mut other).unwrap();
        assert!(read::<Vec<serde_json::Value>>(&codec, &one, usize::MAX).worked);
        assert!(read::<serde_json::Value>(&codec, &one, usize::MAX).worked);
        assert!(!read::<serde_json::Value>(&codec, &one, 10_000).worked);
        assert!(read::<Flat>(&codec, &other, usize::MAX).worked);
        assert!(!read::<Flat>(&codec, &other, 1_000).worked);
    }
}

/// Payloads of zeros, or of `null`, of which each byte becomes one of the widest elements.
#[test]
fn forged_lists_of_nothing() {
    type Wide = Option<[u64; 16]>;

    const MOST: usize = 1 << 20;
    const MANY: u32 = 70_000;

    fn forged<T: DeserializeOwned>(codec: &Codec, payload: &[u8]) {
        let read = read::<T>(codec, payload, MOST);
        assert!(!read.worked);
        assert!(read.held <= 2 * MOST as u64 + CONSTANT);
    }
    for codec in all() {
        let outline: &[u8] = if codec.is_by_position() { &[0; OUTLINE_LEN] } else { &[] };
        // A list of as many elements as bytes, and one that claims to be longer than the payload.
        for claimed in [MANY, 1 << 31] {
            let payload = match codec.id() {
                1 => [&[252][..], &claimed.to_le_bytes(), &[0; MANY as usize], outline].concat(),
                2 | 201 => {
                    [&::postcard::to_allocvec(&claimed).unwrap(), &vec![0; MANY as usize], outline].concat()
                }
                3 => [&[0xdd], &claimed.to_be_bytes()[..], &[0xc0; MANY as usize]].concat(),
                _ => format!("[{}null]", "null,".repeat(MANY as usize - 1)).into_bytes(),
            };
            forged::<VecDeque<Wide>>(&codec, &payload);
            forged::<Vec<Wide>>(&codec, &payload);
            forged::<LinkedList<Wide>>(&codec, &payload);
            forged::<Vec<Option<Vec<Wide>>>>(&codec, &payload);
            forged::<Vec<Vec<Wide>>>(&codec, &payload);
        }
    }
}

/// A list that is cut short holds no more than the elements read so far, whatever it claims.
#[test]
fn a_claim_holds_nothing_by_itself() {
    for (codec, claim) in [(Codec::Bincode, &[252, 0, 0, 1, 0][..]), (Codec::Postcard, &[0x80, 0x80, 4])] {
        for len in [0, 10, 1_000, 50_000] {
            let payload = [claim, &vec![1; len][..], &[0; OUTLINE_LEN]].concat();
            let memory = allocation_counter::measure(|| {
                let read = codec.decode::<Vec<[u64; 16]>>(&payload, Fingerprint::of::<Vec<[u64; 16]>>());
                assert!(read.is_err());
            });
            let elements = (len / 16 * 128) as u64;
            assert!(memory.bytes_max <= 3 * elements + CONSTANT, "{codec:?} {len}: {memory:?}");
        }
    }
}
