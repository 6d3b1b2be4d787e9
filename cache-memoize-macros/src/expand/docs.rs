//! The documentation of companions.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;

use super::signature;
use crate::model::{Home, KeySource, Model};

const ERRORS: &str = "\n\n# Errors\nWhen the backend cannot be reached or refuses.";
const REDACTED: &str = " What is redacted appears as a digest.";
const SAFETY: &str = "\n\n# Safety\nAs for `{}`.";

/// What each companion says of itself, with `{}` for the name of the function, and whether it can fail.
const TEXTS: &[(&str, &str, bool)] = &[
    (
        "invalidate",
        "Removes what `{}` has cached for these arguments; returns whether an entry was there.\n\n\
         When this has returned, no computation that began before is ever served from the cache.",
        true,
    ),
    (
        "invalidate_all",
        "Removes everything that `{}` has cached, whatever the arguments, in constant time.",
        true,
    ),
    (
        "refresh",
        "Runs the body of `{}` now and replaces what is cached; if the body fails, the old value stays.",
        true,
    ),
    ("set", "Caches this value as the result of `{}` for these arguments, without running the body.", true),
    ("peek", "Looks for what `{}` has cached, without running the body, calling back or counting.", true),
    ("cache_key", "The key of this call of `{}` in readable form.", false),
    ("uncached", "`{}` as it was written, without the cache.", false),
    ("stats", "What the cache of `{}` has done so far.", false),
];

pub(super) fn of(model: &Model, suffix: &str) -> TokenStream {
    let Some((_, text, fails)) = TEXTS.iter().find(|(name, ..)| *name == suffix) else {
        return TokenStream::new();
    };
    let name = model.sig.ident.unraw().to_string();
    let mut text = String::from(*text);
    if *fails && matches!(model.home, Home::Backend { .. }) {
        text.push_str(ERRORS);
    }
    if signature::is_unsafe(model) && ["refresh", "uncached"].contains(&suffix) {
        text.push_str(SAFETY);
    }
    if suffix == "cache_key"
        && matches!(&model.key, KeySource::Arguments { redacted, .. } if !redacted.is_empty())
    {
        text.push_str(REDACTED);
    }
    let text = text.replace("{}", &name);
    quote!(#[doc = #text])
}
