//! The bytes around a stored value: what it is, whose it is, and whether it is still whole.
//!
//! Numbers are little endian.
//!
//! | at       | bytes | what                                                                                  |
//! |----------|-------|---------------------------------------------------------------------------------------|
//! | 0        | 2     | magic: `CA 4D`                                                                        |
//! | 2        | 1     | version of this layout: `02`                                                          |
//! | 3        | 1     | codec of the payload: 1 bincode, 2 postcard, 3 MessagePack, 4 JSON, from 128 the user's |
//! | 4        | 1     | flags; bit 0: the payload is an error that was cached; the others are zero            |
//! | 5        | 1     | compression of the payload: 0 none                                                    |
//! | 6        | 1     | sealing (encryption) of the payload: 0 none                                           |
//! | 7        | 1     | length `m` of the names                                                               |
//! | 8        | 8     | fingerprint of the type of the payload: of the error if it is one, else of the value  |
//! | 16       | 16    | hash of the full key                                                                  |
//! | 32       | 8     | when it was stored, in milliseconds since 1970 by the writer's clock; advisory        |
//! | 40       | 8     | its time to live then, in milliseconds; all ones: none                                |
//! | 48       | 8     | stale window, in milliseconds: how long the backend keeps it after its time to live   |
//! | 56       | 4     | how long its computation took, in microseconds; all ones: that or longer              |
//! | 60       | 4     | length `n` of the payload                                                             |
//! | 64       | 2     | length `t` of the tags                                                                |
//! | 66       | `n`   | payload                                                                               |
//! | …        | `m`   | names that the value writes (`written`), for types that were not seen whole           |
//! | …        | `t`   | tags                                                                                  |
//! | …        | 8     | random bytes, new for each entry                                                      |
//! | …        | 8     | XXH3-64 of everything before                                                          |
//!
//! Why in this order:
//!
//! - The stale window has a fixed place, so that a script on the server finds it: `expire` must go by the window that
//!   the entry was stored with, not by that of the process that asks.
//! - Names and tags follow the payload. Both are known after it: the names when the value has been written, the tags of a
//!   value when the backend has been asked for their marks.
//! - The random bytes are covered by the checksum, so two entries have different checksums even if they hold the same
//!   value, stored in the same millisecond. So the end of an entry stands for the whole of it,
//!   where a backend compares (`unchanged`, `expect`).
//!
//! Two things are not here because they are elsewhere. The `version` that a user gives a function is part of the text
//! of its keys, and so of the hash of the full key: entries of two versions live side by side. And what a fence needs
//! is the backend's, which keeps it beside these bytes: on Redis 16 bytes behind the checksum, the generation (its
//! *stamp*). So there the last 24 bytes of a string tell two stores apart.
//!
//! The checksum is against accidents. Whoever can write to the backend can write a value with a right checksum; what
//! protects the process from those is how the payload is decoded. XXH3 by `twox-hash`: 30 ns for a kilobyte in plain
//! Rust, no dependencies, no build script, and a licence (MIT) that the crate already allows. A CRC would be slower
//! without special instructions and finds no more that matters here.
//!
//! Everything that is not as expected is a [`Mismatch`], which the caller counts and takes for a miss. So is an entry
//! of layout 1, which had neither window, sections nor random bytes.

use twox_hash::XxHash3_64;

use crate::{Error, ErrorKind};

const MAGIC: [u8; 2] = [0xCA, 0x4D];
const VERSION: u8 = 2;
const FLAG_ERROR: u8 = 1;

/// The only value of the byte for compression, and of that for sealing, that this release reads.
const NONE: u8 = 0;

/// What every entry of this layout begins with.
#[cfg(any(test, feature = "redis"))]
pub(crate) const BEGINNING: [u8; 3] = [MAGIC[0], MAGIC[1], VERSION];

/// Where the stale window is: eight bytes.
#[cfg(any(test, feature = "redis"))]
pub(crate) const STALE_AT: usize = 48;

const HEADER_LEN: usize = 66;
const RANDOM_LEN: usize = 8;
const CHECKSUM_LEN: usize = size_of::<u64>();

/// The size of an entry is not known before. Few are larger than this, and those grow once or twice.
const FIRST_CAPACITY: usize = 512;

/// The `ttl` of a value that does not expire.
pub(crate) const NO_TTL: u64 = u64::MAX;

/// What is stored beside a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Header {
    /// Whether the value is an error that was cached.
    pub(crate) is_error: bool,
    /// The fingerprint of the value's type, or of the error's.
    pub(crate) fingerprint: u64,
    /// The hash of the full key.
    pub(crate) key: [u8; 16],
    /// Now, in milliseconds since 1970.
    pub(crate) created_at: u64,
    /// The time to live in milliseconds, or [`NO_TTL`].
    pub(crate) ttl: u64,
    /// How long the backend keeps the value after that, in milliseconds.
    pub(crate) stale: u64,
    /// What the computation took, in microseconds; the largest number if it was longer.
    pub(crate) compute_micros: u32,
    /// How many bytes at the end of what is appended to the header are names.
    pub(crate) names: u8,
    /// Random bytes, new for each entry.
    pub(crate) random: [u8; RANDOM_LEN],
}

/// What a reader can make sense of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected {
    /// The id of the codec.
    pub(crate) codec: u8,
    /// The fingerprint of the type of values.
    pub(crate) value: u64,
    /// The fingerprint of the type of errors, if errors are cached.
    pub(crate) error: Option<u64>,
    /// The hash of the full key that was looked up.
    pub(crate) key: [u8; 16],
}

/// An entry that is whole and of the expected kind. Its payload is not decoded yet, and need not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Opened<'b> {
    /// What is stored beside the value.
    pub(crate) header: Header,
    /// What to decode.
    pub(crate) payload: &'b [u8],
    /// The names that the value writes.
    pub(crate) names: &'b [u8],
    /// Payload and names, which lie side by side.
    pub(crate) written: &'b [u8],
    /// The tags of the entry.
    pub(crate) tags: &'b [u8],
}

/// Why an entry is not served. [`open`] finds all of these down to [`Key`](Self::Key); the others are for whoever decodes
/// the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Mismatch {
    /// It ends too early.
    Truncated,
    /// It is not an entry of this crate.
    Magic,
    /// Its layout is of another version.
    Version,
    /// It goes on after its end.
    Length,
    /// It was damaged.
    Checksum,
    /// It has flags of a later version.
    Flags,
    /// Its payload is compressed in a way that this release does not know.
    Compression,
    /// Its payload is sealed in a way that this release does not know.
    Sealing,
    /// It was written by another codec.
    Codec,
    /// It is of a type with another shape, or an error where none are cached.
    Fingerprint,
    /// It belongs to another key.
    Key,
    /// Its codec refuses the payload.
    Decode,
    /// Its value writes other names than the one that was stored.
    Names,
    /// It has tags, and this reader did not ask whether they are valid.
    Tags,
    /// It has a stale window, and this reader did not ask whether its lifetime is over.
    Stale,
    /// It is larger than the reader allows.
    TooLarge,
}

impl Mismatch {
    /// What its counter is called. It never changes.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::Magic => "magic",
            Self::Version => "version",
            Self::Length => "length",
            Self::Checksum => "checksum",
            Self::Flags => "flags",
            Self::Compression => "compression",
            Self::Sealing => "sealing",
            Self::Codec => "codec",
            Self::Fingerprint => "fingerprint",
            Self::Key => "key",
            Self::Decode => "decode",
            Self::Names => "names",
            Self::Tags => "tags",
            Self::Stale => "stale",
            Self::TooLarge => "too_large",
        }
    }
}

/// The bytes to store: the header around what `append` writes to the end of its buffer, the payload and then the
/// names. Only then is all known of the header, so `append` may complete it.
pub(crate) fn seal(
    mut header: Header,
    codec: u8,
    tags: &[u8],
    append: impl FnOnce(&mut Header, &mut Vec<u8>) -> Result<(), Error>,
) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::with_capacity(FIRST_CAPACITY);
    bytes.extend_from_slice(&[0; HEADER_LEN]);
    append(&mut header, &mut bytes)?;
    let payload = (bytes.len() - HEADER_LEN).saturating_sub(header.names.into());
    let (Ok(payload), Ok(tags_len)) = (u32::try_from(payload), u16::try_from(tags.len())) else {
        return Err(Error::new(
            ErrorKind::Codec,
            "writing a value: it is larger than 4 GiB, or its tags than 64 KiB",
        ));
    };
    let mut fields = Blanks(&mut bytes);
    fields.put(MAGIC);
    fields.put([VERSION, codec, if header.is_error { FLAG_ERROR } else { 0 }]);
    fields.put([NONE, NONE, header.names]);
    fields.put(header.fingerprint.to_le_bytes());
    fields.put(header.key);
    fields.put(header.created_at.to_le_bytes());
    fields.put(header.ttl.to_le_bytes());
    fields.put(header.stale.to_le_bytes());
    fields.put(header.compute_micros.to_le_bytes());
    fields.put(payload.to_le_bytes());
    fields.put(tags_len.to_le_bytes());
    bytes.extend_from_slice(tags);
    bytes.extend_from_slice(&header.random);
    let checksum = XxHash3_64::oneshot(&bytes);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    Ok(bytes)
}

/// The fields that are still to be written.
struct Blanks<'b>(&'b mut [u8]);

impl Blanks<'_> {
    #[inline]
    fn put<const N: usize>(&mut self, field: [u8; N]) {
        if let Some((blank, rest)) = std::mem::take(&mut self.0).split_first_chunk_mut() {
            *blank = field;
            self.0 = rest;
        }
    }
}

/// What [`seal`] made, if it is all there and what the reader expects.
pub(crate) fn open<'b>(bytes: &'b [u8], expected: &Expected) -> Result<Opened<'b>, Mismatch> {
    // Magic and version come first: an entry of another layout is not a damaged one of this.
    let mut fields = Fields(bytes);
    check(fields.take()? == MAGIC, Mismatch::Magic)?;
    check(fields.take()? == [VERSION], Mismatch::Version)?;
    let [codec, flags, compression, sealing, names] = fields.take()?;
    let mut header = Header {
        is_error: flags & FLAG_ERROR != 0,
        fingerprint: u64::from_le_bytes(fields.take()?),
        key: fields.take()?,
        created_at: u64::from_le_bytes(fields.take()?),
        ttl: u64::from_le_bytes(fields.take()?),
        stale: u64::from_le_bytes(fields.take()?),
        compute_micros: u32::from_le_bytes(fields.take()?),
        names,
        random: [0; RANDOM_LEN],
    };
    let payload_len = u32::from_le_bytes(fields.take()?) as usize;
    let tags_len = u16::from_le_bytes(fields.take()?).into();
    let written = fields.split(payload_len.checked_add(names.into()).ok_or(Mismatch::Truncated)?)?;
    let (payload, names) = written.split_at(payload_len);
    let tags = fields.split(tags_len)?;
    header.random = fields.take()?;
    let checksum = u64::from_le_bytes(fields.take()?);
    check(fields.0.is_empty(), Mismatch::Length)?;
    // Before anything in it is believed.
    let whole = XxHash3_64::oneshot(&bytes[..bytes.len() - CHECKSUM_LEN]) == checksum;
    check(whole, Mismatch::Checksum)?;
    check(flags & !FLAG_ERROR == 0, Mismatch::Flags)?;
    check(compression == NONE, Mismatch::Compression)?;
    check(sealing == NONE, Mismatch::Sealing)?;
    check(codec == expected.codec, Mismatch::Codec)?;
    let fingerprint = if header.is_error { expected.error } else { Some(expected.value) };
    check(Some(header.fingerprint) == fingerprint, Mismatch::Fingerprint)?;
    check(header.key == expected.key, Mismatch::Key)?;
    Ok(Opened { header, payload, names, written, tags })
}

#[inline]
fn check(holds: bool, otherwise: Mismatch) -> Result<(), Mismatch> {
    if holds { Ok(()) } else { Err(otherwise) }
}

/// The fields that are still to be read.
struct Fields<'b>(&'b [u8]);

impl<'b> Fields<'b> {
    /// The next so many bytes.
    fn split(&mut self, len: usize) -> Result<&'b [u8], Mismatch> {
        let (section, rest) = self.0.split_at_checked(len).ok_or(Mismatch::Truncated)?;
        self.0 = rest;
        Ok(section)
    }

    #[inline]
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Mismatch> {
        let (field, rest) = self.0.split_first_chunk().ok_or(Mismatch::Truncated)?;
        self.0 = rest;
        Ok(*field)
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::super::fingerprint::Fingerprint;
    use super::super::{COMPILED_IN, Codec};
    use super::*;

    const NAMES_AT: usize = 7;
    const PAYLOAD_LEN_AT: usize = 60;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Post {
        id: u64,
        title: String,
        tags: Vec<Option<String>>,
        hidden: bool,
    }

    fn post() -> Post {
        Post { id: 700, title: "héllo".into(), tags: vec![None, Some("x".into())], hidden: true }
    }

    fn header() -> Header {
        Header {
            is_error: false,
            fingerprint: Fingerprint::of::<Post>().hash,
            key: [0x33; 16],
            created_at: 1_700_000_000_000,
            ttl: 60_000,
            stale: 7_000,
            compute_micros: 1_500,
            names: 0,
            random: *b"a random",
        }
    }

    fn sealed(codec: &Codec) -> Vec<u8> {
        seal(header(), codec.id(), &[], |_, out| codec.encode(&post(), out)).unwrap()
    }

    /// One with all sections.
    fn sealed_with_all(codec: &Codec) -> Vec<u8> {
        let append = |header: &mut Header, out: &mut Vec<u8>| {
            codec.encode(&post(), out)?;
            out.extend_from_slice(b"names");
            header.names = 5;
            Ok(())
        };
        seal(header(), codec.id(), b"the tags", append).unwrap()
    }

    fn expected(codec: &Codec) -> Expected {
        Expected { codec: codec.id(), value: header().fingerprint, error: None, key: header().key }
    }

    #[test]
    fn what_is_sealed_opens() {
        for codec in COMPILED_IN {
            let bytes = sealed(codec);
            let opened = open(&bytes, &expected(codec)).unwrap();
            assert_eq!(opened.header, header());
            assert_eq!(codec.decode::<Post>(opened.payload, Fingerprint::of::<Post>()).unwrap(), post());
        }
    }

    #[test]
    fn a_payload_may_be_empty() {
        let bytes = seal(header(), 7, &[], |_, _| Ok(())).unwrap();
        assert_eq!(bytes.len(), HEADER_LEN + RANDOM_LEN + CHECKSUM_LEN);
        let opened = open(&bytes, &Expected { codec: 7, ..expected(&Codec::default()) }).unwrap();
        let nothing = Opened { header: header(), payload: &[], names: &[], written: &[], tags: &[] };
        assert_eq!(opened, nothing);
    }

    #[test]
    fn sections_stay_apart() {
        for codec in COMPILED_IN {
            let (with_all, bytes) = (sealed_with_all(codec), sealed(codec));
            let opened = open(&with_all, &expected(codec)).unwrap();
            let payload = open(&bytes, &expected(codec)).unwrap().payload;
            assert_eq!(
                (opened.payload, opened.names, opened.tags),
                (payload, &b"names"[..], &b"the tags"[..])
            );
            assert_eq!(opened.written, [payload, b"names"].concat());
            assert_eq!(opened.header, Header { names: 5, ..header() });
        }
    }

    #[test]
    fn the_stale_window_is_where_scripts_look_for_it() {
        let bytes = sealed(&Codec::default());
        assert_eq!(bytes[STALE_AT..STALE_AT + 8], 7_000_u64.to_le_bytes());
        assert_eq!(bytes[..BEGINNING.len()], BEGINNING);
    }

    #[test]
    fn two_entries_of_one_value_have_different_ends() {
        let of = |random| seal(Header { random, ..header() }, 7, &[], |_, _| Ok(())).unwrap();
        let (one, other) = (of([1; 8]), of([2; 8]));
        assert_ne!(one[one.len() - CHECKSUM_LEN..], other[other.len() - CHECKSUM_LEN..]);
    }

    /// An entry of the layout before this one, as it stood in the golden files.
    #[test]
    fn an_entry_of_layout_1_is_a_miss() {
        let mut old = vec![0; 56];
        old[..3].copy_from_slice(&[0xCA, 0x4D, 1]);
        let checksum = XxHash3_64::oneshot(&old);
        old.extend(checksum.to_le_bytes());
        assert_eq!(open(&old, &expected(&Codec::default())), Err(Mismatch::Version));
    }

    #[test]
    fn a_cached_error_is_no_value() {
        let codec = &Codec::default();
        let [value, error] = [false, true].map(|is_error| {
            let complete = |header: &mut Header, _: &mut Vec<u8>| {
                *header = Header { is_error, fingerprint: 7, ..*header };
                Ok(())
            };
            seal(header(), codec.id(), &[], complete).unwrap()
        });
        let reading = |value, error| Expected { value, error, ..expected(codec) };
        // Who caches errors as well finds both, each under its own fingerprint.
        let both = reading(7, Some(8));
        assert!(open(&value, &both).is_ok());
        assert_eq!(open(&error, &both), Err(Mismatch::Fingerprint));
        let both = reading(8, Some(7));
        assert!(open(&error, &both).is_ok_and(|opened| opened.header.is_error));
        assert_eq!(open(&value, &both), Err(Mismatch::Fingerprint));
        // Who does not has no use for one, even of the same type.
        assert!(open(&value, &reading(7, None)).is_ok());
        assert_eq!(open(&error, &reading(7, None)), Err(Mismatch::Fingerprint));
    }

    #[test]
    fn every_flipped_bit_shows() {
        for codec in COMPILED_IN {
            let bytes = sealed_with_all(codec);
            for bit in 0..bytes.len() * 8 {
                let mut flipped = bytes.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                let mismatch = open(&flipped, &expected(codec)).unwrap_err();
                let reason = match bit / 8 {
                    0..2 => Mismatch::Magic,
                    2 => Mismatch::Version,
                    NAMES_AT | PAYLOAD_LEN_AT..HEADER_LEN => {
                        let is_longer = flipped[bit / 8] > bytes[bit / 8];
                        if is_longer { Mismatch::Truncated } else { Mismatch::Length }
                    }
                    _ => Mismatch::Checksum,
                };
                assert_eq!(mismatch, reason, "{codec:?}, bit {bit}");
            }
        }
    }

    #[test]
    fn every_cut_and_every_addition_shows() {
        for codec in COMPILED_IN {
            let bytes = sealed_with_all(codec);
            for end in 0..bytes.len() {
                assert_eq!(
                    open(&bytes[..end], &expected(codec)),
                    Err(Mismatch::Truncated),
                    "{codec:?} at {end}"
                );
            }
            let longer = [&bytes[..], &[0]].concat();
            assert_eq!(open(&longer, &expected(codec)), Err(Mismatch::Length));
            assert_eq!(open(&[bytes.clone(), bytes].concat(), &expected(codec)), Err(Mismatch::Length));
        }
    }

    /// The same bytes with a right checksum.
    fn resealed(bytes: &[u8], change: impl FnOnce(&mut [u8])) -> Vec<u8> {
        let mut bytes = bytes[..bytes.len() - CHECKSUM_LEN].to_vec();
        change(&mut bytes);
        let checksum = XxHash3_64::oneshot(&bytes);
        bytes.extend(checksum.to_le_bytes());
        bytes
    }

    #[test]
    fn a_right_checksum_is_not_enough() {
        for codec in COMPILED_IN {
            let bytes = sealed(codec);
            for (at, reason) in [
                (3, Mismatch::Codec),
                (4, Mismatch::Flags),
                (5, Mismatch::Compression),
                (6, Mismatch::Sealing),
                (8, Mismatch::Fingerprint),
                (15, Mismatch::Fingerprint),
                (16, Mismatch::Key),
                (31, Mismatch::Key),
            ] {
                let changed = resealed(&bytes, |bytes| bytes[at] ^= 0x80);
                assert_eq!(open(&changed, &expected(codec)), Err(reason), "{codec:?} at {at}");
            }
        }
    }

    /// Damage that no checksum shows must still not be a panic. That it may be a wrong value is why there is one.
    #[test]
    fn damage_behind_a_right_checksum_does_not_panic() {
        for codec in COMPILED_IN {
            let bytes = sealed(codec);
            for bit in HEADER_LEN * 8..(bytes.len() - RANDOM_LEN - CHECKSUM_LEN) * 8 {
                let changed = resealed(&bytes, |bytes| bytes[bit / 8] ^= 1 << (bit % 8));
                let opened = open(&changed, &expected(codec)).unwrap();
                let _ = codec.decode::<Post>(opened.payload, Fingerprint::of::<Post>());
            }
        }
    }

    #[test]
    fn a_value_is_sealed_with_one_allocation() {
        for codec in COMPILED_IN {
            let (header, post, mut bytes) = (header(), post(), Vec::new());
            let memory = allocation_counter::measure(|| {
                bytes = seal(header, codec.id(), &[], |_, out| codec.encode(&post, out)).unwrap();
            });
            assert_eq!(memory.count_total, 1, "{codec:?}: {} bytes", bytes.len());
        }
    }
}
