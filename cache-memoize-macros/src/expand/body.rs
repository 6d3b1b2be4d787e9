//! The body of the function, as what is run on a miss.
//!
//! The body stands in `f_uncached` alone and the others call it. A function of which nobody knows whether it is free or
//! associated, as in what a macro made, cannot name its companions (`f_uncached`, or `Self::f_uncached`?), so it and
//! `f_refresh` have copies of the body; of these the program runs what is called, and no state is in a copy,
//! because a body with a `static` in it is taken for that of a free function and not copied.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::Pat;

use super::signature::{self, companion_name, returned, turbofish};
use super::{hidden, unlinted};
use crate::model::{Companions, Context, Model};

/// Whether the body stands in `f_uncached` alone.
pub(super) fn stands_alone(model: &Model) -> bool {
    let has_companions = matches!(model.companions, Companions::Visibility(_));
    has_companions && model.context != Context::Ambiguous
}

/// Whether a function may be named that stands beside this one. From a default method of a trait, only one that is as
/// much part of a `dyn` as itself.
pub(super) fn can_name_others(model: &Model) -> bool {
    stands_alone(model) && !model.in_trait
}

/// `Self::f_suffix::<T>`
pub(super) fn beside(model: &Model, suffix: &str) -> TokenStream {
    let name = companion_name(model, suffix);
    let generics = turbofish(model);
    match model.context {
        Context::Method => quote!(Self::#name #generics),
        Context::Free | Context::Ambiguous => quote!(#name #generics),
    }
}

/// What is run: `move || …` or `async move { … }`, and what is to be allowed there.
pub(super) fn runnable(model: &Model) -> (TokenStream, TokenStream) {
    match stands_alone(model) {
        true => (unlinted(), call(model)),
        false => (quote!(#[allow(unused_braces)]), copy(model)),
    }
}

fn call(model: &Model) -> TokenStream {
    let names = model.arguments.iter().map(|argument| &argument.name);
    let path = beside(model, "uncached");
    // What is wrong with the value, such as a borrow that its type does not show, is shown under the function's name.
    let mut call = quote_spanned!(model.sig.ident.span()=> #path(#(#names),*));
    if signature::is_unsafe(model) {
        // As safe as the call of the function itself.
        call = quote!(unsafe { #call });
    }
    match model.sig.asyncness {
        Some(_) => call,
        None => quote_spanned!(hidden()=> move || #call),
    }
}

fn copy(model: &Model) -> TokenStream {
    let output = returned(model);
    let patterns = model.arguments.iter().filter_map(|argument| {
        // `_` binds nothing.
        let pat = argument.pat.as_ref().filter(|pat| !matches!(pat, Pat::Wild(_)))?;
        let (attrs, name) = (&argument.attrs, &argument.name);
        Some(quote!(#(#attrs)* let #pat = #name;))
    });
    let patterns: Vec<_> = patterns.collect();
    let body = match patterns.is_empty() {
        // Its contents and not its braces: a block that holds nothing but a block is a lint.
        true => model.body.stream(),
        // In braces, so that items in the body are out of the patterns' sight.
        false => model.body.to_token_stream(),
    };
    let unlinted = unlinted();
    match model.sig.asyncness {
        None => quote_spanned!(hidden()=> move || -> #output { #(#patterns)* #body }),
        // The `return` that is never run tells the compiler what the block returns, for the body's `?`.
        Some(_) => quote_spanned!(hidden()=> async move {
            #unlinted #[allow(unreachable_code)]
            if false {
                let __returned: #output = loop {};
                return __returned;
            }
            #(#patterns)* #body
        }),
    }
}
