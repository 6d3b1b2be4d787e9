//! The key of an entry on a backend, made from its readable text.

use std::fmt::Write as _;
use std::sync::LazyLock;

use sha2::{Digest, Sha256};
use twox_hash::{XxHash3_64, XxHash3_128};

use crate::backend::{Group, Key};

/// Keys longer than this are named by their digest.
const LONGEST: usize = 250;

/// How much of a long key stays readable.
const SHOWN: usize = 120;

/// A key in all its forms.
#[derive(Debug)]
pub(crate) struct CacheKey {
    /// The key by which the backend knows the entry.
    pub(crate) wire: Key,
    /// Tells in an entry whose it is: an entry that was copied to another key, or a mixed-up reply, is refused. Not
    /// for secrecy or against forgers, who could write it as well.
    pub(crate) check: [u8; 16],
    /// For tables of this process.
    pub(crate) hash: u64,
}

impl CacheKey {
    /// `text` is the whole key, the namespace with its colon included.
    pub(crate) fn new(text: String, group: Group) -> Self {
        let check = XxHash3_128::oneshot(text.as_bytes()).to_le_bytes();
        // Of another seed in each process, so that keys cannot be chosen to collide. Never zero, which means none.
        let hash = XxHash3_64::oneshot_with_seed(*SEED, text.as_bytes()).max(1);
        let text = if text.len() <= LONGEST { text } else { shortened(&text) };
        Self { wire: Key::new(text, group), check, hash }
    }
}

static SEED: LazyLock<u64> = LazyLock::new(|| {
    let [seed, _] = halves(crate::backend::token());
    seed
});

fn halves(token: [u8; 16]) -> [u64; 2] {
    let number = u128::from_le_bytes(token);
    [number as u64, (number >> 64) as u64]
}

/// The beginning, and 128 bits of SHA-256 of the whole: no other key with the same can be made.
fn shortened(text: &str) -> String {
    let shown = (0..=SHOWN).rfind(|&at| text.is_char_boundary(at)).unwrap_or(0);
    let mut short = String::with_capacity(shown + 40);
    short.push_str(&text[..shown]);
    // No other key has `~` after a quote or a part that was cut here.
    short.push_str("…~");
    push_digest(text.as_bytes(), &mut short);
    short
}

/// 32 hexadecimal digits: the first half of SHA-256.
pub(crate) fn push_digest(bytes: &[u8], out: &mut String) {
    for byte in &Sha256::digest(bytes)[..16] {
        let _ = write!(out, "{byte:02x}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(text: &str) -> String {
        CacheKey::new(text.to_owned(), "".into()).wire.text().to_owned()
    }

    #[test]
    fn short_keys_are_what_they_say() {
        assert_eq!(wire("app::f:7:alice"), "app::f:7:alice");
        let longest = "x".repeat(LONGEST);
        assert_eq!(wire(&longest), longest);
    }

    #[test]
    fn long_keys_stay_apart_and_short() {
        let long = |end: &str| wire(&format!("app::f:\"{}{end}\"", "é😀".repeat(20_000)));
        let (one, other) = (long("a"), long("b"));
        assert_ne!(one, other);
        assert!(one.len() <= LONGEST && one.starts_with("app::f:\"é😀"), "{one}");
        assert_eq!(one, long("a"));
    }

    /// Other processes and releases must find the entries of this one.
    #[test]
    fn digests_never_change() {
        let mut digest = String::new();
        push_digest(b"abc", &mut digest);
        assert_eq!(digest, "ba7816bf8f01cfea414140de5dae2223");
        let check = CacheKey::new("abc".into(), "".into()).check;
        assert_eq!(u128::from_le_bytes(check), 0x06b0_5ab6_733a_6185_78af_5f94_892f_3950);
    }
}
