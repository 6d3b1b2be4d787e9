//! Step one of a call, where the user may leave it out.

/// A look into the cache that can be left out.
pub trait Look {
    /// No look.
    fn bypass() -> Self;
}

/// `lookup`, unless the user's `bypass_if` says otherwise.
#[inline]
pub fn unless<L: Look>(bypass: bool, lookup: impl FnOnce() -> L) -> L {
    if bypass { L::bypass() } else { lookup() }
}
