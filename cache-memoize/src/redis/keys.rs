//! Which keys of Redis a key of the cache uses.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use crate::backend::Key;

/// What follows the value's key, or its hash tag, in the key of the fence.
const FENCE: &str = ":fence";

/// The keys of one entry. In a cluster the first two are in one slot, so that one script may use both.
pub(super) struct Keys<'a> {
    pub(super) value: Cow<'a, str>,
    pub(super) fence: String,
    pub(super) generation: String,
}

impl<'a> Keys<'a> {
    pub(super) fn of(key: &'a Key) -> Self {
        let value = value(key.text());
        Self { fence: fence(&value), value, generation: generation(key.group()) }
    }

    pub(super) fn into_owned(self) -> Keys<'static> {
        Keys { value: Cow::Owned(self.value.into_owned()), fence: self.fence, generation: self.generation }
    }
}

/// The key of the value: the text as it is, unless no other key could be made to share its slot. That is so for a
/// text with a closing brace and no hash tag; its stand-in keeps what is readable, and differs from every text by the
/// control character.
pub(super) fn value(text: &str) -> Cow<'_, str> {
    if !text.is_empty() && (!text.contains('}') || tag(text).is_some()) {
        return Cow::Borrowed(text);
    }
    let readable: String = text.chars().map(|c| if matches!(c, '{' | '}') { '_' } else { c }).collect();
    let mut stand_in = readable;
    stand_in.push('\u{1f}');
    for byte in &Sha256::digest(text)[..16] {
        stand_in.push_str(&format!("{byte:02x}"));
    }
    Cow::Owned(stand_in)
}

/// The key of the fence: in the same slot as the value, whose key comes from [`value`].
fn fence(value: &str) -> String {
    match tag(value) {
        // The first tag decides, wherever it stands.
        Some(_) => format!("{value}{FENCE}"),
        None => format!("{{{value}}}{FENCE}"),
    }
}

/// Where the generation of a group is. Its slot has nothing to do with those of the values.
pub(super) fn generation(group: &str) -> String {
    format!("{{{group}}}:generation")
}

/// Where changes of a group's keys are told.
pub(super) fn channel(group: &str) -> String {
    format!("{{{group}}}:changed")
}

/// What a cluster hashes instead of the whole key: what stands between the first `{` and the next `}`, if anything.
fn tag(key: &str) -> Option<&str> {
    let (_, rest) = key.split_once('{')?;
    let (tag, _) = rest.split_once('}')?;
    (!tag.is_empty()).then_some(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rule of Redis Cluster, written down a second time: CRC16 (XMODEM) of the tag or of the key.
    fn slot(key: &[u8]) -> u16 {
        let hashed = key
            .iter()
            .position(|&b| b == b'{')
            .and_then(|open| {
                let rest = &key[open + 1..];
                let close = rest.iter().position(|&b| b == b'}')?;
                (close > 0).then(|| &rest[..close])
            })
            .unwrap_or(key);
        let mut crc = 0_u16;
        for &byte in hashed {
            crc ^= u16::from(byte) << 8;
            for _ in 0..8 {
                crc = if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 };
            }
        }
        crc % 16384
    }

    #[test]
    fn the_rule_is_that_of_redis() {
        assert_eq!(slot(b"123456789"), 12739);
        assert_eq!(slot(b"{user1000}.following"), slot(b"user1000"));
        assert_eq!(slot(b"foo{{bar}}zap"), slot(b"{bar"));
    }

    #[test]
    fn ordinary_texts_are_their_own_keys() {
        for text in ["shop::price:7", "a b", "é\u{1f600}", "a{b", "{", "shop:{7}:x", "x{y}{z}", "{a}"] {
            assert_eq!(value(text), text);
        }
        let key = Key::new("shop::price:7", "shop::price");
        let keys = Keys::of(&key);
        assert_eq!(keys.fence, "{shop::price:7}:fence");
        assert_eq!(keys.generation, "{shop::price}:generation");
        assert_eq!(fence("shop:{7}:x"), "shop:{7}:x:fence");
    }

    #[test]
    fn value_and_fence_share_a_slot_whatever_the_text() {
        // All texts of up to seven letters of an alphabet in which every mistake with braces can be written.
        let alphabet = ['{', '}', 'a', ':', 'é'];
        let mut texts = vec![String::new()];
        let mut begin = 0;
        for _ in 0..7 {
            let end = texts.len();
            for at in begin..end {
                for letter in alphabet {
                    let text = format!("{}{letter}", texts[at]);
                    texts.push(text);
                }
            }
            begin = end;
        }
        assert!(texts.len() > 90_000);
        let mut seen = std::collections::HashSet::new();
        for text in &texts {
            let value = value(text);
            let fence = fence(&value);
            assert_eq!(slot(value.as_bytes()), slot(fence.as_bytes()), "{text}: {value}, {fence}");
            assert!(seen.insert(value.into_owned()), "{text} shares its key");
        }
    }

    #[test]
    fn a_stand_in_is_readable_and_of_its_own() {
        let key = value("shop::price:}");
        assert!(key.starts_with("shop::price:_\u{1f}"), "{key}");
        assert_ne!(value("a}"), value("a_"));
        assert_ne!(value("a}b"), value("a_b"));
        assert_ne!(value("{}"), value("}{"));
    }
}
