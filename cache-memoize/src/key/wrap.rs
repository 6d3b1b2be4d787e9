//! Parts with a mark on them, which matters where keys are text and changes nothing in memory: what the user added
//! with `extra`, and what `redact(…)` keeps secret. And the part that is made of parts: a tuple.

use std::hash::Hasher;

use super::part::CopyOf;
use super::parts::Key;
use super::text_via::WritePart;
use super::via::Part;

/// A tuple, each element of which is a part in its own way.
pub struct Group<L>(pub L);

/// The part that `extra` gives.
pub struct Extra<P>(pub P);

/// A part whose text is replaced by a digest of it.
pub struct Redacted<P>(pub P);

impl<L: Key> Part for Group<L> {
    type Owned = L::Owned;
    const IS_PLAIN: bool = L::IS_PLAIN;
    const COPY: Option<CopyOf<L::Owned>> = L::COPY;
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
    #[inline]
    fn is_same(&self, owned: &L::Owned) -> bool {
        self.0.is_same(owned)
    }
    fn into_owned(self) -> L::Owned {
        self.0.into_owned()
    }
}

macro_rules! transparent {
    ($($mark:ident)*) => {$(
        impl<P: Part> Part for $mark<P> {
            type Owned = P::Owned;
            const IS_PLAIN: bool = P::IS_PLAIN;
            const COPY: Option<CopyOf<P::Owned>> = P::COPY;
            #[inline]
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.0.hash(state);
            }
            #[inline]
            fn is_same(&self, owned: &P::Owned) -> bool {
                self.0.is_same(owned)
            }
            fn into_owned(self) -> P::Owned {
                self.0.into_owned()
            }
        }
    )*};
}
transparent!(Extra Redacted);

impl<P: WritePart> WritePart for Redacted<P> {
    fn write(&self, out: &mut String) {
        let mut text = String::new();
        self.0.write(&mut text);
        write_redacted(&text, out);
    }
}

/// `~` and 128 bits of the SHA-256 of the text, so that equal arguments still have equal keys.
#[cfg(feature = "shared")]
pub(crate) fn write_redacted(text: &str, out: &mut String) {
    use sha2::{Digest, Sha256};

    let digest: [u8; 32] = Sha256::digest(text).into();
    out.push('~');
    for byte in &digest[..16] {
        super::text::write_hex(*byte, out);
    }
}

/// `~` and 128 bits: without shared backends the text is only looked at, so that the hasher of the standard library
/// will do.
#[cfg(not(feature = "shared"))]
pub(crate) fn write_redacted(text: &str, out: &mut String) {
    super::text_via::write_digest('~', out, |state| std::hash::Hash::hash(text, state));
}
