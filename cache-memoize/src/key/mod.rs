//! What identifies a call: [`part`] borrows each argument and compares it with the owned form that an entry
//! keeps, [`via`] finds the right way for a type, [`parts`] strings them together, [`text`] writes them readably.

pub(crate) mod part;
pub(crate) mod parts;
pub(crate) mod text;
pub(crate) mod text_via;
pub(crate) mod via;
