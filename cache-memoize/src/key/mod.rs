//! What identifies a call: [`part`] borrows each argument and compares it with the owned form that an entry
//! keeps, [`via`] finds the right way for a type, [`parts`] strings them together, [`text`] writes them readably.
//! On a shared backend the text is the key: `shared_via` finds the way there, `texts` writes the whole, and `witness` notices when two
//! calls have one.

pub(crate) mod hash;
pub(crate) mod part;
pub(crate) mod parts;
#[cfg(feature = "shared")]
pub(crate) mod shared_via;
pub(crate) mod text;
pub(crate) mod text_via;
#[cfg(feature = "shared")]
pub(crate) mod texts;
pub(crate) mod via;
#[cfg(feature = "shared")]
pub(crate) mod witness;
pub(crate) mod wrap;
