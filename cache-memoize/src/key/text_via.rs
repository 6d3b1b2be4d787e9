//! How an argument is written in the readable key: through serde where it can, else as a marked digest.

use std::fmt::Write as _;
use std::hash::{Hash, Hasher};

use serde_core::Serialize;

use super::part::KeyPart;
use super::text;

/// An argument that can be written into a readable key.
pub trait WritePart {
    /// Appends the text.
    fn write(&self, out: &mut String);
}

/// The question *how is this argument written?*
pub struct TextOf<'a, T: ?Sized>(pub &'a T);

/// Written by its serde form.
pub struct BySerde<'a, T: ?Sized>(pub(crate) &'a T);

/// Written as a digest of what it feeds to a hasher.
pub struct ByHash<'a, T: ?Sized>(&'a T);

/// Written as a digest of what it feeds to a hasher as a [`KeyPart`].
pub struct ByKeyPart<'a, T: ?Sized>(&'a T);

macro_rules! answer {
    ($(#[$doc:meta])* $via:ident, $bound:ident, [$($refs:tt)*], $part:ident) => {
        $(#[$doc])*
        pub trait $via<'a> {
            /// The writer.
            type Text;
            /// Answers.
            fn __text(&self) -> Self::Text;
        }

        impl<'a, T: $bound + ?Sized> $via<'a> for $($refs)* TextOf<'a, T> {
            type Text = $part<'a, T>;
            fn __text(&self) -> $part<'a, T> {
                $part(self.0)
            }
        }
    };
}
answer!(
    /// First answer: through serde.
    ViaSerde, Serialize, [&&&], BySerde
);
answer!(
    /// Second answer: a digest.
    ViaHash, Hash, [&&], ByHash
);
answer!(
    /// Third answer: a digest of a [`KeyPart`].
    ViaKeyPartText, KeyPart, [&], ByKeyPart
);

/// No answer. That the argument cannot be a key is said where the key is made.
pub trait ViaNoText {
    /// Answers.
    fn __text(&self) -> Unwritten;
}

/// What stands in for the text that is not there.
pub struct Unwritten;

impl<T: ?Sized> ViaNoText for TextOf<'_, T> {
    fn __text(&self) -> Unwritten {
        Unwritten
    }
}

impl WritePart for Unwritten {
    fn write(&self, _: &mut String) {}
}

impl<T: Serialize + ?Sized> WritePart for BySerde<'_, T> {
    fn write(&self, out: &mut String) {
        if let Err(error) = text::write_part(self.0, out) {
            // Its own `Serialize` refuses this value (a path that is no UTF-8, say): show why, in a form that no
            // other part has.
            out.push('!');
            text::write_str(&error.to_string(), out);
        }
    }
}

impl<T: Hash + ?Sized> WritePart for ByHash<'_, T> {
    fn write(&self, out: &mut String) {
        write_digest('#', out, |state| self.0.hash(state));
    }
}

impl<T: KeyPart + ?Sized> WritePart for ByKeyPart<'_, T> {
    fn write(&self, out: &mut String) {
        write_digest('#', out, |state| self.0.hash_part(state));
    }
}

/// 128 bits from two runs of the standard library's default hasher, told apart by what they begin with.
pub(crate) fn write_digest(mark: char, out: &mut String, feed: impl Fn(&mut std::hash::DefaultHasher)) {
    let half = |start: u8| {
        let mut state = std::hash::DefaultHasher::new();
        state.write_u8(start);
        feed(&mut state);
        state.finish()
    };
    let _ = write!(out, "{mark}{:016x}{:016x}", half(0), half(1));
}
