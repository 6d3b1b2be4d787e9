//! What the fuzzers in `fuzz/` run: hostile bytes through everything that reads stored entries, and calls through
//! everything that makes keys of them. The tests run the same without a fuzzer.
//!
//! Not part of the public interface: it changes without notice.

mod keys;

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::OnceLock;
use std::time::Duration;

use serde_core::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_core::{Serialize, Serializer};

use crate::codec::envelope::{Expected, Header, NO_TTL, open, seal};
use crate::codec::fingerprint::Fingerprint;
use crate::codec::{COMPILED_IN, Codec};
pub use keys::keys;

/// Runs the second, and panics if that holds more bytes of memory at once than the first says.
pub type Watch<'w> = &'w dyn Fn(u64, &mut dyn FnMut());

/// A type without end, so that a payload determines the depth.
#[derive(Debug)]
struct Tree(Vec<Tree>);

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.0)
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self)
    }
}

/// A type to decode into.
struct Kind {
    fingerprint: fn() -> Fingerprint,
    read: fn(&Codec, &[u8], Fingerprint, Watch<'_>) -> bool,
    write: fn(&Codec) -> Vec<u8>,
}

macro_rules! kinds {
    ($($type:ty = $value:expr;)*) => {
        const KINDS: &[Kind] = &[$(Kind {
            fingerprint: || {
                static FINGERPRINT: OnceLock<Fingerprint> = OnceLock::new();
                *FINGERPRINT.get_or_init(Fingerprint::of::<$type>)
            },
            read: read::<$type>,
            write: |codec| {
                let mut bytes = Vec::new();
                codec.encode::<$type>(&$value, &mut bytes).expect("every codec can write it");
                bytes
            },
        }),*];
    };
}

kinds! {
    u64 = 70_000;
    String = "Zoë".into();
    Vec<u8> = vec![1; 40];
    Vec<[u64; 32]> = vec![[7; 32]; 3];
    Vec<()> = vec![(); 300];
    Vec<Vec<Vec<u16>>> = vec![vec![vec![1, 2], vec![]], vec![vec![]; 9]];
    (i128, char, Option<f64>, bool, [i8; 3]) = (-5, 'ß', Some(0.1), true, [1, 2, 3]);
    BTreeMap<String, Vec<Option<f32>>> = BTreeMap::from([("a".into(), vec![None, Some(1.5)])]);
    HashMap<u32, (String, u8)> = (0..5).map(|n| (n, ("x".into(), 1))).collect();
    Option<Result<Vec<IpAddr>, String>> = Some(Ok(vec![[127, 0, 0, 1].into(), [0_u16; 8].into()]));
    (Duration, Option<Option<Box<str>>>) = (Duration::from_micros(5), Some(Some("b".into())));
    Tree = Tree(vec![Tree(vec![]), Tree(vec![Tree(vec![])])]);
}

/// What a payload may make us allocate: for each of its bytes an element, in a collection that grows; and what it may
/// merely claim.
fn bound(payload: usize, widest: usize) -> u64 {
    (payload * (16 + 4 * widest) + 64 * 1024) as u64
}

/// Whether there is a value in the payload. What can be read can be written, unless the codec says that it cannot, and
/// what was written can be read.
fn read<T: Serialize + DeserializeOwned>(
    codec: &Codec,
    payload: &[u8],
    fingerprint: Fingerprint,
    watch: Watch<'_>,
) -> bool {
    let mut value = None;
    watch(bound(payload.len(), fingerprint.widest), &mut || {
        value = codec.decode::<T>(payload, fingerprint).ok();
    });
    let Some(value) = value else { return false };
    let mut bytes = Vec::new();
    if codec.encode(&value, &mut bytes).is_ok() {
        codec.decode::<T>(&bytes, fingerprint).expect("a codec reads what it wrote");
    }
    true
}

/// The first two bytes choose a codec and a type; the others are the payload.
fn choose(input: &[u8]) -> Option<(Codec, &'static Kind, &[u8])> {
    let (&[codec, kind], payload) = input.split_first_chunk()?;
    let codec = COMPILED_IN.get(usize::from(codec) % COMPILED_IN.len().max(1)).cloned();
    Some((codec.unwrap_or_default(), &KINDS[usize::from(kind) % KINDS.len()], payload))
}

/// Decodes a payload.
///
/// # Panics
///
/// If a promise is broken.
pub fn codecs(input: &[u8], watch: Watch<'_>) {
    if let Some((codec, kind, payload)) = choose(input) {
        (kind.read)(&codec, payload, (kind.fingerprint)(), watch);
    }
}

/// Opens entries: the input as one, the input in one, and that with a byte changed.
///
/// # Panics
///
/// If a promise is broken.
pub fn envelope(input: &[u8], watch: Watch<'_>) {
    let Some((codec, kind, payload)) = choose(input) else { return };
    let fingerprint = (kind.fingerprint)();
    let (id, key) = (codec.id(), [7; 16]);
    let header = Header {
        is_error: false,
        fingerprint: fingerprint.hash,
        key,
        created_at: 1,
        ttl: NO_TTL,
        compute_micros: 2,
        random: [8; 8],
        ..Header::default()
    };
    let expected = Expected { codec: id, value: fingerprint.hash, error: None, key };

    watch(0, &mut || {
        let _ = open(input, &expected);
    });
    let append = |_: &mut Header, bytes: &mut Vec<u8>| {
        bytes.extend_from_slice(payload);
        Ok(())
    };
    let mut entry = seal(header, id, &[], append).expect("it is small");
    watch(0, &mut || {
        let opened = open(&entry, &expected).expect("it was just sealed");
        assert!(opened.header == header && opened.payload == payload);
    });
    (kind.read)(&codec, open(&entry, &expected).expect("it was just sealed").payload, fingerprint, watch);

    if let Some((&[low, high, change], _)) = payload.split_first_chunk() {
        let at = usize::from(u16::from_le_bytes([low, high])) % entry.len();
        entry[at] ^= change;
        watch(0, &mut || match open(&entry, &expected) {
            Ok(_) => assert!(change == 0, "a change was not noticed"),
            Err(mismatch) => assert!(change != 0, "{}", mismatch.name()),
        });
    }
}

/// Inputs of both to begin with: what the codecs write themselves.
pub fn seeds() -> Vec<Vec<u8>> {
    let numbered = |number| u8::try_from(number).expect("there are few");
    let mut seeds = Vec::new();
    for (codec, place) in COMPILED_IN.iter().zip(0_usize..) {
        for (kind, number) in KINDS.iter().zip(0_usize..) {
            seeds.push([&[numbered(place), numbered(number)], &(kind.write)(codec)[..]].concat());
        }
    }
    seeds
}

#[cfg(test)]
mod tests {
    use super::*;

    fn within(limit: u64, run: &mut dyn FnMut()) {
        let memory = allocation_counter::measure(run);
        assert!(memory.bytes_max <= limit, "{memory:?}, but at most {limit} bytes");
    }

    /// Xorshift, so that a failure happens again.
    struct Dice(u64);

    impl Dice {
        fn roll(&mut self, below: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 >> 11) as usize % below.max(1)
        }

        fn byte(&mut self) -> u8 {
            // Often one that means a length or a beginning to some format.
            match self.roll(4) {
                0 => [0xff, 0xfd, 0xfc, 0xdd, 0xdf, 0xdb, 0x93, 0x80, b'[', b'{', b'"', 0, 1][self.roll(13)],
                _ => self.roll(256) as u8,
            }
        }
    }

    fn next_input(dice: &mut Dice, seeds: &[Vec<u8>]) -> Vec<u8> {
        if dice.roll(1_000) == 0 {
            // Deep, if at all.
            let (head, byte) = ([dice.roll(256) as u8, dice.roll(256) as u8], dice.byte());
            return [&head[..], &[byte; 20_000]].concat();
        }
        let mut input = match dice.roll(4) {
            0 => (0..2 + dice.roll(60)).map(|_| dice.byte()).collect(),
            _ => seeds[dice.roll(seeds.len())].clone(),
        };
        for _ in 0..dice.roll(5) {
            let at = dice.roll(input.len());
            match dice.roll(5) {
                0 => input[at] = dice.byte(),
                1 => input.insert(at, dice.byte()),
                2 => input.truncate(at.max(3)),
                3 => input[at] ^= 1 << dice.roll(8),
                _ => input.extend_from_within(at..),
            }
        }
        input
    }

    #[test]
    fn hostile_bytes_do_no_harm() {
        let mut dice = Dice(0x2545_f491_4f6c_dd1d);
        let seeds: Vec<Vec<u8>> = seeds().into_iter().chain([vec![0; 20]]).collect();
        let cases = if cfg!(miri) { 200 } else { 200_000 };
        for case in 0..cases {
            let input = next_input(&mut dice, &seeds);
            let run = if case % 4 == 0 { envelope } else { codecs };
            let harm = std::panic::catch_unwind(|| run(&input, &within));
            assert!(harm.is_ok(), "case {case}: {input:?}");
        }
    }

    /// What the fuzzers found, and inputs that reach far.
    #[test]
    fn kept_inputs_do_no_harm() {
        type Run = fn(&[u8]);
        let targets: [(&str, Run); 3] = [
            ("codecs", |input| codecs(input, &within)),
            ("envelope", |input| envelope(input, &within)),
            ("keys", keys),
        ];
        for (target, run) in targets {
            let folder = format!("{}/../fuzz/seeds/{target}", env!("CARGO_MANIFEST_DIR"));
            for kept in std::fs::read_dir(folder).expect("a checkout has it") {
                let kept = kept.unwrap().path();
                let input = std::fs::read(&kept).unwrap();
                assert!(std::panic::catch_unwind(|| run(&input)).is_ok(), "{}", kept.display());
            }
        }
    }

    #[test]
    fn seeds_are_read() {
        for seed in seeds() {
            let (codec, kind, payload) = choose(&seed).unwrap();
            assert!((kind.read)(&codec, payload, (kind.fingerprint)(), &within), "{codec:?}: {seed:?}");
        }
    }
}
