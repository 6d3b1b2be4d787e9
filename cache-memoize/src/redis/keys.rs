//! Which keys of Redis a key of the cache uses.
//!
//! | key                        | what is there                      | in the slot of |
//! |----------------------------|------------------------------------|----------------|
//! | `shop:app::title:7`        | a value, with the generation       |                |
//! | `shop:\u{1f}{app::title}`  | the generation of a group          | its own        |
//! | `shop:\u{1f}tags:65536`    | the marks of all tags              | its own        |
//! | `shop{shop:app::title:7}:fence` | the fence of a value          | the value      |
//!
//! What invalidates an entry begins with the namespace and a colon, values and generations alike, so that one
//! `CLIENT TRACKING … BCAST PREFIX shop:` hears of each change; each further prefix slows every write of the server. What
//! is written while somebody computes begins with the namespace and a brace instead, and is not heard: a computation
//! costs a listener one message, for its value. A control character, which no other key has, keeps generations apart from
//! values.

use std::borrow::Cow;
use std::fmt::{self, Display};

use sha2::{Digest, Sha256};

use crate::backend::{Group, Key};

/// What follows the value's key in the key of its fence.
const FENCE: &str = ":fence";

/// Marks a key that is no text of the cache's.
const MARK: char = '\u{1f}';

/// The keys of one entry. In a cluster the first two are in one slot, so that one script may use both.
pub(super) struct Keys<'a> {
    pub(super) value: Cow<'a, str>,
    pub(super) fence: String,
    pub(super) generation: String,
}

impl<'a> Keys<'a> {
    pub(super) fn of(key: &'a Key) -> Self {
        let value = value(key.text());
        let fence = fence(key.group().namespace(), &value);
        Self { fence, value, generation: Generation(key.group()).to_string() }
    }

    pub(super) fn into_owned(self) -> Keys<'static> {
        Keys { value: Cow::Owned(self.value.into_owned()), fence: self.fence, generation: self.generation }
    }
}

/// The key of the value: the text as it is, unless it could be another sort of key, or another key could not be made to
/// share its slot. That is so for a text with a closing brace and no hash tag; its stand-in keeps what is readable, and
/// differs from every text by the control character.
pub(super) fn value(text: &str) -> Cow<'_, str> {
    let can_have_a_fence = !text.contains('}') || tag(text).is_some();
    if !text.is_empty() && can_have_a_fence && !text.contains(MARK) && !text.ends_with(FENCE) {
        return Cow::Borrowed(text);
    }
    let readable: String = text.chars().map(|c| if matches!(c, '{' | '}') { '_' } else { c }).collect();
    let mut stand_in = readable;
    stand_in.push(MARK);
    for byte in &Sha256::digest(text)[..16] {
        stand_in.push_str(&format!("{byte:02x}"));
    }
    Cow::Owned(stand_in)
}

/// The key of the fence: in the same slot as the value, whose key comes from [`value`].
fn fence(namespace: &str, value: &str) -> String {
    // The first tag decides, and it must be that of the value.
    match (tag(namespace), tag(value)) {
        (Some(of_all), Some(tag)) if of_all == tag => format!("{namespace}{{{value}}}{FENCE}"),
        (_, tag) => {
            let namespace = if namespace.contains(['{', '}']) { "" } else { namespace };
            match tag {
                Some(tag) => format!("{namespace}{{{tag}}}{value}{FENCE}"),
                None => format!("{namespace}{{{value}}}{FENCE}"),
            }
        }
    }
}

/// Whether all keys of a namespace can begin with it, values with a colon behind it and fences with a brace. If it has
/// braces they must be a hash tag, which then is that of all its keys.
pub(super) fn can_be_a_namespace(text: &str) -> bool {
    !text.contains(char::is_control) && (!text.contains(['{', '}']) || tag(text).is_some())
}

/// Where the generation of a group is. Its slot has nothing to do with those of the values.
pub(super) struct Generation<'g>(pub(super) &'g Group);

impl Generation<'_> {
    /// How long it is, in bytes.
    pub(super) fn len(&self) -> usize {
        self.0.text().len() + MARK.len_utf8() + "{}".len()
    }
}

impl Display for Generation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{MARK}{{{}}}", self.0.prefix(), self.0.name())
    }
}

/// Where the marks of a namespace's tags are. How many buckets there are is part of the name: of another number, the same
/// tag would be in another bucket.
pub(super) fn tags(namespace: &str) -> String {
    let colon = if namespace.is_empty() { "" } else { ":" };
    format!("{namespace}{colon}{MARK}tags:65536")
}

/// Where changes of a group's keys are told.
pub(super) fn channel(group: &Group) -> String {
    format!("{}{{{}}}:changed", group.namespace(), group.name())
}

/// What a cluster hashes instead of the whole key: what stands between the first `{` and the next `}`, if anything.
fn tag(key: &str) -> Option<&str> {
    let (_, rest) = key.split_once('{')?;
    let (tag, _) = rest.split_once('}')?;
    (!tag.is_empty()).then_some(tag)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

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
    }

    #[test]
    fn what_a_listener_hears_begins_with_the_namespace_and_a_colon() {
        let group = Group::in_namespace("shop", "app::price");
        let key = Key::new("shop:app::price:7", group.clone());
        let keys = Keys::of(&key);
        assert_eq!(keys.value, "shop:app::price:7");
        assert_eq!(keys.generation, "shop:\u{1f}{app::price}");
        assert_eq!(keys.fence, "shop{shop:app::price:7}:fence");
        assert_eq!(channel(&group), "shop{app::price}:changed");
        assert_eq!((tags("shop"), tags("")), ("shop:\u{1f}tags:65536".into(), "\u{1f}tags:65536".into()));
        assert_eq!(Generation(&group).len(), keys.generation.len());
        assert_eq!(fence("shop", "shop:{7}:x"), "shop{7}shop:{7}:x:fence");

        let key = Key::new("app::price:7", "app::price");
        let keys = Keys::of(&key);
        assert_eq!(keys.value, "app::price:7");
        assert_eq!(keys.generation, "\u{1f}{app::price}");
        assert_eq!(keys.fence, "{app::price:7}:fence");
    }

    #[test]
    fn a_hash_tag_in_the_namespace_is_that_of_all_keys() {
        for (namespace, text, fence) in [
            ("{shop}", "{shop}:f:1", "{shop}{{shop}:f:1}:fence"),
            ("{shop}:x", "{shop}:x:f:{7}", "{shop}:x{{shop}:x:f:{7}}:fence"),
        ] {
            let key = Key::new(text, Group::in_namespace(namespace, "f"));
            let keys = Keys::of(&key);
            assert_eq!((&*keys.value, &*keys.fence), (text, fence));
            let slots = [&*keys.value, &*keys.fence, &*keys.generation].map(|key| slot(key.as_bytes()));
            assert_eq!(slots, [slot(b"shop"); 3]);
        }
        let are = |texts: &[&str]| texts.iter().all(|text| can_be_a_namespace(text));
        assert!(are(&["", "a", "a:b", "{a}", "a{b}c", "ü"]));
        assert!(["{", "}", "{}", "a}", "a{b", "\n"].iter().all(|text| !can_be_a_namespace(text)));
    }

    /// Whatever texts a function gives its keys by `key = …`.
    #[test]
    fn no_text_is_the_key_of_something_else() {
        for namespace in ["", "shop", "{shop}", "sh{op", "a}b"] {
            let group = Group::in_namespace(namespace, "g");
            let key = Key::new(format!("{}x", group.prefix()), group.clone());
            let Keys { fence, generation, .. } = Keys::of(&key);
            let stand_in = value("}").into_owned();
            for text in [fence, generation, stand_in, tags(namespace)] {
                assert_ne!(value(&text), text);
            }
        }
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
        let (mut seen, mut fences) = (HashSet::new(), HashSet::new());
        for text in &texts {
            let value = value(text);
            for namespace in ["", "a", "a:é", "{a}", "a}", "{"] {
                let fence = fence(namespace, &value);
                assert_eq!(slot(value.as_bytes()), slot(fence.as_bytes()), "{text}: {value}, {fence}");
                assert!(fences.insert((namespace, fence)), "{text} shares its fence");
            }
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
