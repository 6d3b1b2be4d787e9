//! Entries that are not what we wrote, or were written for somebody else: a miss each, counted by reason, overwritten.

use cache_memoize::{Codec, Redis, cache_memoize};
use cache_memoize_tests::servers::RedisServer;
use cache_memoize_tests::stored;
use serde::{Deserialize, Serialize};

use crate::subject::{Functions, Subject, patient};

both!(
    every_bit,
    every_length,
    garbage,
    swapped,
    hostile_lengths,
    other_releases,
    stamped_by_another_generation
);

/// What follows an entry: the generation in which it was stored.
const STAMP: usize = 16;

struct World {
    server: RedisServer,
    subject: Subject,
}

impl World {
    fn new(functions: Functions) -> Self {
        let server = RedisServer::start();
        let subject = Subject::new(functions, patient(server.url()));
        subject.warm(1);
        Self { server, subject }
    }

    /// What is stored, without its stamp, and the stamp.
    fn entry(&self, x: u64) -> (Vec<u8>, Vec<u8>) {
        let mut bytes = self.server.command(&["GET", &self.subject.key(x)]).bytes().to_vec();
        let stamp = bytes.split_off(bytes.len() - STAMP);
        (bytes, stamp)
    }

    fn plant(&self, bytes: &[u8], stamp: &[u8]) {
        let key = self.subject.key(1);
        self.server.command(&[b"SET", key.as_bytes(), &[bytes, stamp].concat()]).expect("SET");
    }

    /// Puts this in the place of the entry: whoever comes computes, once. Why it was not served.
    #[track_caller]
    fn is_a_miss(&self, bytes: &[u8], stamp: &[u8]) -> Vec<&'static str> {
        let Self { subject, .. } = self;
        let before = subject.rejected();
        self.plant(bytes, stamp);
        assert_eq!(subject.peek(1).unwrap(), None);
        assert!(!subject.hits(1), "served");
        assert!(subject.hits(1), "not overwritten");
        let after = subject.rejected();
        after.into_iter().filter(|(why, count)| before.get(why) != Some(count)).map(|(why, _)| why).collect()
    }

    fn was_calm(&self) {
        assert_eq!(self.subject.stats().errors, 0, "{:#}", self.subject.stats());
        assert!(self.subject.events().is_empty());
    }
}

fn every_bit(functions: Functions) {
    let world = World::new(functions);
    for bit in 0..8 * world.entry(1).0.len() {
        let (mut bytes, stamp) = world.entry(1);
        bytes[bit / 8] ^= 1 << (bit % 8);
        let why = world.is_a_miss(&bytes, &stamp);
        assert_eq!(why.len(), 1, "bit {bit}: {why:?}");
        let expected: &[&str] = match bit / 8 {
            0 | 1 => &["magic"],
            2 => &["version"],
            7 | 60..66 => &["length", "truncated"],
            _ => &["checksum"],
        };
        assert!(expected.contains(&why[0]), "bit {bit}: {why:?}");
    }
    world.was_calm();
}

fn every_length(functions: Functions) {
    let world = World::new(functions);
    let (whole, stamp) = world.entry(1);
    for length in 0..whole.len() {
        assert_eq!(world.is_a_miss(&whole[..length], &stamp), ["truncated"], "{length} bytes");
    }
    assert_eq!(world.is_a_miss(&[&whole[..], b"x"].concat(), &stamp), ["length"]);
    // Cut at its end, it has no stamp.
    for length in 0..whole.len() + STAMP {
        let cut = [&whole[..], &stamp].concat();
        assert!(world.is_a_miss(&cut[..length], b"").is_empty(), "{length} bytes of all");
    }
    world.was_calm();
}

fn garbage(functions: Functions) {
    let world = World::new(functions);
    let huge = vec![b'x'; 17 << 20];
    for bytes in
        [&b""[..], b"0", b"null", b"{}", b"\0", b"\xff", b"-1", b"garbage, and more than sixteen bytes"]
    {
        assert!(world.is_a_miss(bytes, b"").is_empty(), "without a stamp it is none of ours");
    }
    // Of that nobody reads the end, so it may be told as too large.
    let why = world.is_a_miss(&huge, b"");
    assert!(why.is_empty() || why == ["too_large"], "{why:?}");
    let (_, stamp) = world.entry(1);
    for (bytes, why) in [
        (vec![], "truncated"),
        (vec![b'x'; 1000], "magic"),
        (vec![0; 1000], "magic"),
        (vec![0xff; 1000], "magic"),
        (huge, "too_large"),
    ] {
        assert_eq!(world.is_a_miss(&bytes, &stamp), [why]);
    }
    world.was_calm();
}

fn swapped(functions: Functions) {
    let world = World::new(functions);
    world.subject.warm(2);
    let (other, stamp) = world.entry(2);
    assert_eq!(world.is_a_miss(&other, &stamp), ["key"]);
    let copy = || world.server.command(&["COPY", &world.subject.key(2), &world.subject.key(1), "REPLACE"]);
    copy().expect("COPY");
    assert!(!world.subject.hits(1) && world.subject.hits(1));
    // The first call of a process does not look first.
    let fresh = Subject::new(world.subject.functions, patient(world.server.url()));
    copy().expect("COPY");
    assert!(!fresh.hits(1) && fresh.hits(1));
    world.was_calm();
}

/// Lengths that would be terabytes, in the header and in the payload, the checksum being right: no allocation, no panic.
fn hostile_lengths(functions: Functions) {
    let world = World::new(functions);
    let (entry, stamp) = world.entry(1);
    for length in [0, 1, 0x7fff_ffff, u32::MAX] {
        let mut bytes = entry.clone();
        bytes[60..64].copy_from_slice(&length.to_le_bytes());
        let why = world.is_a_miss(&bytes, &stamp);
        assert!(why == ["length"] || why == ["truncated"], "{length}: {why:?}");
    }
    world.was_calm();
}

/// Entries of the release before, and of later ones that store what this one does not know, whole and with a right
/// checksum: no value is served that may be compressed, sealed, stale, or void by its tags.
fn other_releases(functions: Functions) {
    let world = World::new(functions);
    let (entry, stamp) = world.entry(1);
    let body = &entry[..entry.len() - 8];
    let later = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = body.to_vec();
        change(&mut bytes);
        let checksum = twox_hash::XxHash3_64::oneshot(&bytes);
        [&bytes[..], &checksum.to_le_bytes()].concat()
    };
    let at = |at: usize, byte: u8| later(&|bytes| bytes[at] = byte);
    let tagged = later(&|bytes| {
        bytes[64..66].copy_from_slice(&4_u16.to_le_bytes());
        let end = bytes.len() - 8;
        bytes.splice(end..end, *b"tags");
    });
    for (bytes, why) in [
        (at(2, 1), "version"),
        (at(2, 3), "version"),
        (at(4, 2), "flags"),
        (at(5, 1), "compression"),
        (at(6, 1), "sealing"),
        (at(48, 1), "stale"),
        (tagged, "tags"),
    ] {
        assert_eq!(world.is_a_miss(&bytes, &stamp), [why]);
    }
    world.was_calm();
}

/// One that was stored before all entries were invalidated comes back from somewhere.
fn stamped_by_another_generation(functions: Functions) {
    let world = World::new(functions);
    let (entry, stamp) = world.entry(1);
    world.subject.invalidate_all().unwrap();
    assert!(world.is_a_miss(&entry, &stamp).is_empty(), "there is no generation");
    world.subject.invalidate_all().unwrap();
    world.subject.warm(2);
    assert!(world.is_a_miss(&entry, &stamp).is_empty(), "there is a new one");
    let (entry, stamp) = world.entry(1);
    world.server.command(&["DEL", &stored::generation(&group(&world.subject))]).int();
    assert!(world.is_a_miss(&entry, &stamp).is_empty(), "it was evicted");
    world.was_calm();
}

fn group(subject: &Subject) -> String {
    let text = subject.text(1);
    text.rsplit_once(':').expect("a prefix").0.to_owned()
}

/// Two functions of one prefix, by these options and of these types, called in turn: each must get its own value. How
/// often each found the other's, by reason, and how often their bodies ran.
macro_rules! in_turn {
    ([$($one:tt)*] $one_type:ty = $one_value:expr, [$($other:tt)*] $other_type:ty = $other_value:expr) => {{
        #[cache_memoize(ttl = 600, skip(redis), backend = redis, prefix = "shop", $($one)*)]
        fn one(redis: &Redis, x: u8) -> $one_type {
            let _ = (redis, x);
            $one_value
        }
        #[cache_memoize(ttl = 600, skip(redis), backend = redis, prefix = "shop", $($other)*)]
        fn other(redis: &Redis, x: u8) -> $other_type {
            let _ = (redis, x);
            $other_value
        }

        let server = RedisServer::start();
        let redis = patient(server.url());
        for _ in 0..3 {
            assert_eq!(one(&redis, 1), $one_value);
            assert_eq!(other(&redis, 1), $other_value);
        }
        // Not by a look either.
        assert_eq!(one_peek(&redis, 1).unwrap().unwrap_or($one_value), $one_value);
        assert_eq!(one_stats(&redis).errors + other_stats(&redis).errors, 0);
        let rejected = |end: &str| rejected_by(std::any::type_name_of_val(&one), end);
        (rejected("one"), rejected("other"), [one_stats(&redis).misses, other_stats(&redis).misses])
    }};
}

/// How many entries were not served, by reason.
type Reasons = Vec<(&'static str, u64)>;

/// Of the function of this name beside the one of that type.
fn rejected_by(beside: &str, name: &str) -> Reasons {
    let (parent, _) = beside.rsplit_once("::").expect("a path");
    let path = format!("{parent}::{name}");
    let mut named = cache_memoize::functions().into_iter().filter(|function| function.name == path);
    named.next().unwrap_or_else(|| panic!("{path} was called")).rejected.into_iter().collect()
}

/// Each looks three times, once into an empty place; a peek of the first is one more look.
fn by(reason: &'static str) -> (Reasons, Reasons, [u64; 2]) {
    (vec![(reason, 3)], vec![(reason, 3)], [3, 3])
}

#[test]
fn another_codec() {
    let found = in_turn!([] u64 = 1, [codec = Codec::Json] u64 = 2);
    assert_eq!(found, by("codec"));
    let found = in_turn!([codec = Codec::MessagePack] u64 = 1, [codec = Codec::Postcard] u64 = 2);
    assert_eq!(found, by("codec"));
}

#[test]
fn another_type() {
    assert_eq!(in_turn!([] u64 = 1, [] String = "one".to_owned()), by("fingerprint"));
    assert_eq!(in_turn!([] u64 = 1, [] i64 = 2), by("fingerprint"));
    assert_eq!(in_turn!([] Option<u8> = Some(1), [] Vec<u8> = vec![2]), by("fingerprint"));
}

/// Two releases of a program: a field was moved, renamed, added.
#[test]
fn another_struct() {
    mod old {
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        pub(super) struct Account {
            pub(super) admin: bool,
            pub(super) balance: i8,
        }
    }
    mod moved {
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        pub(super) struct Account {
            pub(super) balance: i8,
            pub(super) admin: bool,
        }
    }
    mod renamed {
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        pub(super) struct Account {
            pub(super) superuser: bool,
            pub(super) balance: i8,
        }
    }
    let found = in_turn!([] old::Account = old::Account { admin: false, balance: 1 },
        [] moved::Account = moved::Account { admin: false, balance: 2 });
    assert_eq!(found, by("fingerprint"));
    let found = in_turn!([] old::Account = old::Account { admin: false, balance: 1 },
        [] renamed::Account = renamed::Account { superuser: false, balance: 3 });
    assert_eq!(found, by("fingerprint"));
}

/// Entries of two versions live side by side: no release spoils the cache of the other.
#[test]
fn another_version() {
    let found = in_turn!([version = 1] u64 = 1, [version = 2] u64 = 2);
    assert_eq!(found, (vec![], vec![], [1, 1]));
    let found = in_turn!([] u64 = 1, [version = "two"] u64 = 2);
    assert_eq!(found, (vec![], vec![], [1, 1]));
}

/// A namespace for each program: no sharing, whatever their functions are called.
#[test]
fn another_namespace() {
    #[cache_memoize(ttl = 600, skip(redis, value), backend = redis)]
    fn get(redis: &Redis, value: u64, x: u8) -> u64 {
        let _ = (redis, x);
        value
    }

    let server = RedisServer::start();
    let redis = |namespace: &str| {
        Redis::builder()
            .url(server.url())
            .timeout(crate::subject::AMPLE)
            .namespace(namespace)
            .build()
            .unwrap()
    };
    let names = ["", "a", "b", "a:b", "{a}", "{a}b", "ü"];
    let caches: Vec<_> = names.iter().map(|name| redis(name)).collect();
    for _ in 0..2 {
        for (value, cache) in caches.iter().enumerate() {
            assert_eq!(get(cache, value as u64, 1), value as u64);
        }
    }
    get_invalidate_all(&caches[1]).unwrap();
    for (value, cache) in caches.iter().enumerate() {
        let expected = (value != 1).then_some(value as u64);
        assert_eq!(get_peek(cache, 1).unwrap(), expected, "{}", names[value]);
    }
}

/// What is larger than `max_value_size` is neither stored nor read.
#[test]
fn too_large() {
    #[cache_memoize(ttl = 600, skip(redis), backend = redis)]
    fn text(redis: &Redis, length: usize) -> String {
        let _ = redis;
        "x".repeat(length)
    }

    let server = RedisServer::start();
    let wide = patient(server.url());
    let small = Redis::builder().url(server.url()).timeout(crate::subject::AMPLE).max_value_size(1000);
    let small = small.build().unwrap();
    for length in [100, 800] {
        assert_eq!(text(&small, length).len(), length);
        assert_eq!(text_peek(&small, length).unwrap().map(|text| text.len()), Some(length));
    }
    for length in [1000, 100_000] {
        assert_eq!(text(&small, length).len(), length);
        assert_eq!(text(&small, length).len(), length);
        assert_eq!(text_peek(&wide, length).unwrap(), None, "not stored");
        let error = text_set(&small, length, "x".repeat(length)).unwrap_err().to_string();
        assert!(error.contains("max_value_size") && error.contains("1000"), "{error}");
        assert_eq!(text(&wide, length).len(), length);
        assert_eq!(text_peek(&small, length).unwrap(), None, "not read");
        assert_eq!(text(&small, length).len(), length);
        assert_eq!(
            text_peek(&wide, length).unwrap().map(|text| text.len()),
            Some(length),
            "not spoiled either"
        );
    }
    assert_eq!(text_stats(&small).misses, 2 + 2 * 3);
    assert_eq!(text_stats(&wide).errors, 0);
}

/// The largest that is taken by default goes there and back.
#[test]
fn large() {
    #[cache_memoize(ttl = 600, skip(redis), backend = redis)]
    fn bytes(redis: &Redis, length: usize) -> Vec<u8> {
        let _ = redis;
        vec![7; length]
    }

    let server = RedisServer::start();
    let redis = patient(server.url());
    let length = (16 << 20) - 200;
    for _ in 0..3 {
        assert_eq!(bytes(&redis, length).len(), length);
    }
    assert_eq!((bytes_stats(&redis).hits, bytes_stats(&redis).misses), (2, 1));
}

/// A value that its type does not read again is not stored.
#[test]
fn undecodable() {
    #[derive(Clone, Debug, PartialEq, Serialize)]
    #[serde(transparent)]
    struct Odd(u8);
    impl<'de> Deserialize<'de> for Odd {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            match u8::deserialize(deserializer)? {
                odd if odd % 2 == 1 => Ok(Self(odd)),
                _ => Err(serde::de::Error::custom("even")),
            }
        }
    }
    #[cache_memoize(ttl = 600, skip(redis), backend = redis)]
    fn odd(redis: &Redis, x: u8) -> Odd {
        let _ = redis;
        Odd(x)
    }

    let server = RedisServer::start();
    let redis = patient(server.url());
    for _ in 0..3 {
        assert_eq!((odd(&redis, 1), odd(&redis, 2)), (Odd(1), Odd(2)));
    }
    let stats = odd_stats(&redis);
    assert_eq!((stats.hits, stats.misses, stats.stores), (2, 4, 1));
    assert!(rejected_by(std::any::type_name_of_val(&odd), "odd").is_empty());
}

/// A type that is checked when it is read, as serde's documentation has it: written as a newtype, read as what is in it.
#[test]
fn checked_when_read() {
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(try_from = "u8")]
    struct Odd(u8);
    impl TryFrom<u8> for Odd {
        type Error = &'static str;
        fn try_from(odd: u8) -> Result<Self, Self::Error> {
            if odd % 2 == 1 { Ok(Self(odd)) } else { Err("even") }
        }
    }
    #[cache_memoize(ttl = 600, skip(redis), backend = redis)]
    fn odd(redis: &Redis, x: u8) -> Odd {
        let _ = redis;
        Odd(x)
    }

    let server = RedisServer::start();
    let redis = patient(server.url());
    for _ in 0..3 {
        assert_eq!(odd(&redis, 1), Odd(1));
    }
    let rejected = rejected_by(std::any::type_name_of_val(&odd), "odd");
    assert_eq!((odd_stats(&redis).hits, odd_stats(&redis).misses), (2, 1), "{rejected:?}");
}
