//! What tells a function from all others that its path does not tell it from: in blocks, in closures, in what macros
//! make.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use proc_macro2::TokenStream;
use quote::ToTokens;

use crate::item::Item;

/// Of what a function is written, and which one of those that are written so.
///
/// The digest is the same wherever the same source is compiled, so that all processes of a fleet know the function by
/// it. The ordinal is needed where a macro wrote the same tokens twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number {
    pub(crate) digest: u64,
    /// How many functions of the same digest were memoized before in this crate.
    pub(crate) ordinal: u64,
}

impl Number {
    pub(crate) fn of(args: &TokenStream, item: &Item) -> Self {
        static SEEN: LazyLock<Mutex<HashMap<u64, u64>>> = LazyLock::new(Mutex::default);
        let sources = [args.to_string(), item.sig.to_token_stream().to_string(), item.body.to_string()];
        let digest = digest(sources.iter().map(String::as_str).chain(binary().as_deref()));
        let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
        let count = seen.entry(digest).or_default();
        *count += 1;
        Self { digest, ordinal: *count - 1 }
    }
}

/// A package's library and its program may have one name, and may have a file in common.
fn binary() -> Option<String> {
    std::env::var("CARGO_BIN_NAME").ok()
}

/// FNV-1a, which is the same everywhere.
fn digest<'t>(texts: impl Iterator<Item = &'t str>) -> u64 {
    // A byte that no text has ends each of them.
    let bytes = texts.flat_map(|text| text.bytes().chain([0xff]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Errors;
    use quote::quote;

    fn number(args: TokenStream, item: TokenStream) -> Number {
        let item = Item::parse(item, &mut Errors::default()).unwrap();
        Number::of(&args, &item)
    }

    #[test]
    fn equal_functions_are_counted_and_others_are_not() {
        let one = number(
            quote!(ttl = 7),
            quote!(
                fn only_here(x: u8) -> u8 {
                    x
                }
            ),
        );
        let again = number(
            quote!(ttl = 7),
            quote!(
                fn only_here(x: u8) -> u8 {
                    x
                }
            ),
        );
        assert_eq!(one.digest, again.digest);
        assert_eq!((one.ordinal, again.ordinal), (0, 1));
        for other in [
            number(
                quote!(ttl = 8),
                quote!(
                    fn only_here(x: u8) -> u8 {
                        x
                    }
                ),
            ),
            number(
                quote!(ttl = 7),
                quote!(
                    fn only_here(x: u8) -> u8 {
                        x + 1
                    }
                ),
            ),
            number(
                quote!(ttl = 7),
                quote!(
                    fn only_here(x: u16) -> u8 {
                        x
                    }
                ),
            ),
        ] {
            assert_ne!(other.digest, one.digest);
            assert_eq!(other.ordinal, 0);
        }
    }
}
