//! What a newcomer writes, in a crate of its own: no features, no other dependency, an older edition, and
//! nothing tolerated.
#![deny(warnings, missing_docs, unreachable_pub, clippy::all, clippy::pedantic)]

use memo::cache_memoize;

/// A number of seconds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Seconds(pub u64);

/// Counts letters, slowly.
#[must_use]
#[cache_memoize(ttl = "5m")]
pub fn letters(text: &str) -> usize {
    tests_only::ran();
    text.chars().count()
}

/// Reads a number.
///
/// # Errors
/// When it is none.
#[cache_memoize(60 * 5)]
pub fn number(text: &str) -> Result<u64, std::num::ParseIntError> {
    tests_only::ran();
    let number = text.trim().parse()?;
    Ok(number)
}

/// Repeats a value.
#[must_use]
#[cache_memoize(capacity = 100)]
pub fn repeated<T>(value: T, (times, extra): (usize, usize)) -> Vec<T>
where
    T: std::hash::Hash + Eq + Clone + Send + Sync + 'static,
{
    tests_only::ran();
    vec![value; times + extra]
}

/// The size of a type.
#[must_use]
#[cache_memoize]
pub fn size<T>() -> usize {
    tests_only::ran();
    std::mem::size_of::<T>()
}

/// The first byte behind a pointer.
///
/// # Safety
/// The pointer must be valid for reads, or zero.
#[must_use]
#[cache_memoize]
pub unsafe fn first_byte(address: usize) -> u8 {
    tests_only::ran();
    if address == 0 {
        return 0;
    }
    // Without a block of its own, as this edition allows.
    *(address as *const u8)
}

/// The same in an `impl`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Address(pub usize);

impl Address {
    /// The first byte there.
    ///
    /// # Safety
    /// It must be valid for reads.
    #[must_use]
    #[cache_memoize]
    pub unsafe fn read(&self) -> u8 {
        tests_only::ran();
        *(self.0 as *const u8)
    }

    /// The address behind this one.
    #[must_use]
    #[cache_memoize]
    pub fn next(self) -> Self {
        tests_only::ran();
        Self(self.0 + 1)
    }

    /// An address, rounded down.
    #[must_use]
    #[cache_memoize]
    pub fn rounded(address: usize, _to: usize) -> usize {
        tests_only::ran();
        address & !7
    }
}

/// What can be measured.
pub trait Measure: std::hash::Hash + Eq + Clone + Send + Sync + 'static {
    /// How long it takes.
    fn measure(&self) -> Seconds;

    /// How long it takes, twice.
    #[cache_memoize]
    fn twice(&self) -> Seconds {
        tests_only::ran();
        Seconds(self.measure().0 * 2)
    }
}

impl Measure for Seconds {
    #[cache_memoize(companions = false)]
    fn measure(&self) -> Seconds {
        tests_only::ran();
        self.clone()
    }
}

/// Waits, on no runtime in particular.
///
/// # Errors
/// When the text is empty.
#[cache_memoize(ttl = 1)]
pub async fn waited(text: &str) -> Result<String, std::io::Error> {
    tests_only::ran();
    if text.is_empty() {
        Err(std::io::ErrorKind::NotFound)?;
    }
    std::future::ready(()).await;
    Ok(text.to_owned())
}

macro_rules! constants {
    ($($(#[$meta:meta])* $name:ident = $value:expr;)*) => {$(
        $(#[$meta])*
        #[must_use]
        #[memo::cache_memoize(store_result = true)]
        pub fn $name() -> u64 {
            tests_only::ran();
            $value
        }
    )*};
}
constants! {
    /// One.
    one = 1;
    /// Two.
    two = 2;
}

#[cfg(not(test))]
mod tests_only {
    pub(crate) fn ran() {}
}

#[cfg(test)]
mod tests_only {
    use std::cell::Cell;

    std::thread_local! {
        static RUNS: Cell<usize> = const { Cell::new(0) };
    }

    pub(crate) fn ran() {
        RUNS.with(|runs| runs.set(runs.get() + 1));
    }

    /// How many bodies ran in `act`.
    pub(crate) fn runs<T>(act: impl Fn() -> T) -> usize {
        let before = RUNS.with(Cell::get);
        drop(act());
        RUNS.with(Cell::get) - before
    }
}

#[cfg(test)]
mod tests {
    use super::tests_only::runs;
    use super::*;
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    #[test]
    fn functions() {
        assert_eq!(runs(|| (letters("äöü"), letters("äöü"), letters("a"))), 2);
        assert!(letters_invalidate("äöü"));
        assert_eq!(runs(|| (letters("äöü"), letters("a"))), 1);
        assert_eq!(letters_peek("a"), Some(1));
        assert_eq!(letters_refresh("a"), 1);
        letters_set("a", 100);
        assert_eq!((letters("a"), letters_uncached("a")), (100, 1));
        assert_eq!(letters_stats().entries, 2);
        letters_invalidate_all();
        assert_eq!(letters_peek("a"), None);
        assert_eq!(letters_cache_key("a"), "newcomer::letters:a");
        assert_eq!(runs(|| (one(), two(), one(), two())), 2);
        assert_eq!((one(), two()), (1, 2));
    }

    #[test]
    fn errors_are_not_kept() {
        assert_eq!(runs(|| (number("7"), number("7"))), 1);
        assert_eq!(runs(|| (number("x"), number("x"))), 2);
    }

    #[test]
    fn generics() {
        assert_eq!(runs(|| (repeated(1_u8, (1, 2)), repeated(1_u8, (1, 2)))), 1);
        assert_eq!(runs(|| (repeated(1_u16, (1, 2)), repeated(1_u8, (2, 1)))), 2);
        assert!(repeated_invalidate(1_u8, (1, 2)));
        assert_eq!((size::<u8>(), size::<u64>(), size::<u8>()), (1, 8, 1));
        assert!(size_invalidate::<u8>());
        assert!(!size_invalidate::<u16>());
    }

    #[test]
    fn unsafe_functions() {
        let byte = 7_u8;
        let address = std::ptr::from_ref(&byte) as usize;
        // SAFETY: the address is that of `byte`, or zero.
        let sum = || unsafe { first_byte(address) + first_byte(0) + Address(address).read() };
        assert_eq!((runs(sum), runs(sum), sum()), (3, 0, 14));
        assert!(first_byte_invalidate(address) && Address(address).read_invalidate());
        // SAFETY: as above.
        assert_eq!(unsafe { first_byte_refresh(address) + Address(address).read_uncached() }, 14);
    }

    #[test]
    fn methods() {
        assert_eq!(runs(|| (Address(1).next(), Address(1).next(), Address(2).next())), 2);
        assert_eq!(runs(|| (Address::rounded(9, 8), Address::rounded(9, 8))), 1);
        assert!(Address(1).next_invalidate() && Address::rounded_invalidate(9, 8));
        assert_eq!(runs(|| (Seconds(2).twice(), Seconds(2).twice(), Seconds(2).measure())), 2);
        assert!(Seconds(2).twice_invalidate());
    }

    #[test]
    fn futures() {
        fn now<F: Future + Send>(future: F) -> F::Output {
            match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(output) => output,
                Poll::Pending => panic!("nothing waits here"),
            }
        }
        assert_eq!(runs(|| (now(waited("a")).ok(), now(waited("a")).ok())), 1);
        assert_eq!(runs(|| (now(waited("")).ok(), now(waited("")).ok())), 2);
        assert!(now(waited_invalidate("a")));
    }
}
