//! A module whose file is not where its path says.

#[cache_memoize::cache_memoize]
pub(super) fn of_its_own(x: u8) -> u8 {
    crate::ran();
    x
}
