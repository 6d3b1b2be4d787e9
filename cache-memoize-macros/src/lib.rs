//! The attribute of `cache-memoize`. Use it through that crate, which has the runtime it expands to and the
//! documentation of every option.
//!
//! Reading order: `args` and `item` take apart what was written, `check` judges it, `model` is what
//! remains, `expand` or `fallback` makes code of it. `diag` collects the mistakes on the way.

mod args;
mod check;
mod diag;
mod duration;
mod expand;
mod fallback;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod item;
mod manifest;
mod model;
mod number;
mod returns;
mod scan;
#[cfg_attr(fuzzing, allow(dead_code, unused_imports))]
mod standing;
mod variants;

use proc_macro2::TokenStream;

use args::Args;
use diag::Errors;
use item::Item;
use model::Model;

/// Remembers the result of a function for the same arguments.
///
// The examples need the runtime, so `cache-memoize` tests them.
#[doc = include_str!("../docs/links.md")]
#[cfg_attr(not(doctest), doc = include_str!("../docs/options.md"))]
#[cfg_attr(not(doctest), doc = include_str!("../docs/options-shared.md"))]
#[cfg_attr(not(doctest), doc = include_str!("../docs/companions.md"))]
// Found by searching the documentation for any option, companion or term of the field.
#[doc(alias("ttl", "timeout", "err_ttl", "args_rewrite", "skip", "redact", "extra", "version"))]
#[doc(alias("prefix", "key", "key_generator_callable", "on_hit", "hit_callable", "on_miss"))]
#[doc(alias("miss_callable", "store_result", "cache_err", "cache_exceptions", "cache_none"))]
#[doc(alias("cache_if", "bypass_if", "capacity", "unbounded", "weigher", "backend", "cache_alias"))]
#[doc(alias("codec", "single_flight", "fleet", "max_wait", "companions", "crate", "_invalidate"))]
#[doc(alias("_invalidate_all", "_refresh", "_set", "_peek", "_cache_key", "_uncached", "_stats"))]
#[doc(alias("memoize", "memoization", "cached", "stampede", "dogpile"))]
// The fuzzer has it as a library, which cannot have macros.
#[cfg(not(fuzzing))]
#[proc_macro_attribute]
pub fn cache_memoize(
    args: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    attribute(args.into(), item.into()).into()
}

fn attribute(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let function = Item::parse(item.clone(), &mut errors);
    if let Some(variants) = function.as_ref().and_then(|function| variants::of(&args, function)) {
        return variants;
    }
    let sound = errors.is_empty();
    let args = Args::parse(args, &mut errors);
    let model = function.map(|function| Model::new(args, function, &mut errors));
    match errors.accept(model) {
        Ok(model) => expand::expand(&model),
        Err((model, errors)) => fallback::attribute(item, model.filter(|_| sound), errors),
    }
}
