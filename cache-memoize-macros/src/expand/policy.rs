//! The options that decide about a result, as a value of the runtime's `Policy`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, Index};

use super::place::Place;
use super::signature::{companion_name, returned};
use super::{Says, body, hidden, key, private, unlinted};
use crate::args::{CacheErr, Callable, MaxWait, Ttl};
use crate::model::{Bound, Home, Model, Store, StoredErr, Worth};

/// What the name of the function with the decisions ends in; hardly that of one of the user's.
pub(crate) const JUDGE: &str = "_judge";

/// `Policy { ttl: …, ..Policy::new() }`, or with all of that in a function beside it, which is then the one place that
/// has it: `Policy { judge: f__judge, ..Policy::new() }`.
pub(super) fn policy(model: &Model) -> TokenStream {
    let private = private(model);
    let mut fields = match has_judge(model) {
        false => decisions(model),
        true => {
            let judge = body::beside(model, JUDGE);
            quote_spanned!(hidden()=> judge: ::core::option::Option::Some(#judge),)
        }
    };
    if let Home::Own(Bound::Weight { weigher, .. }) = &model.home {
        let weigher = weigher_of(model, weigher);
        fields.extend(quote!(weigher: ::core::option::Option::Some(#weigher),));
    }
    quote!(#private::Policy { #fields ..#private::Policy::new() })
}

/// What a policy decides but for weights.
fn decisions(model: &Model) -> TokenStream {
    let mut fields = TokenStream::new();
    if let Some(ttl) = &model.ttl {
        let ttl = lifetime(model, ttl);
        fields.extend(quote!(ttl: #ttl,));
    }
    if let Store::Value(worth) = &model.store {
        fields.extend(worth_of(model, worth));
    }
    fields
}

/// Whether the decisions are in a function of their own: where the user's code has a part in them, which may be wrong,
/// and others than the function need them.
fn has_judge(model: &Model) -> bool {
    let is_code = |ttl: &Ttl| match ttl {
        Ttl::Duration(_) => false,
        Ttl::Expr(expr) => !matches!(expr, Expr::Lit(_)),
        Ttl::Closure(_) => true,
    };
    let of_values = match &model.store {
        Store::Mark => false,
        Store::Value(worth) => worth.cache_if.is_some() || !worth.cache_none || worth.cache_err.is_some(),
    };
    body::can_name_others(model) && (of_values || model.ttl.as_ref().is_some_and(is_code))
}

/// `fn f__judge(returned: &R) -> Judgement`
pub(super) fn judge(model: &Model) -> Option<TokenStream> {
    if !has_judge(model) {
        return None;
    }
    let private = private(model);
    let (fields, output) = (decisions(model), returned(model));
    let shape = cacheable(model, Place::of(&output), Says::Nothing);
    let name = companion_name(model, JUDGE);
    let generics = &model.sig.generics;
    let bounds = &generics.where_clause;
    let attrs = &model.companion_attrs;
    let unlinted = unlinted();
    Some(quote_spanned! {hidden()=>
        #(#attrs)* #unlinted
        #[doc(hidden)]
        #[allow(dead_code, non_snake_case, unused_lifetimes, single_use_lifetimes, missing_docs)]
        fn #name #generics (__returned: &#output) -> #private::Judgement #bounds {
            use #private::ways::*;
            #private::judgement(#shape, #private::Policy { #fields ..#private::Policy::new() }, __returned)
        }
    })
}

fn lifetime(model: &Model, ttl: &Ttl) -> TokenStream {
    let private = private(model);
    match ttl {
        Ttl::Duration(duration) => {
            let (seconds, nanos) = (duration.as_secs(), duration.subsec_nanos());
            quote!(#private::Lifetime::Fixed(|| ::core::time::Duration::new(#seconds, #nanos)))
        }
        Ttl::Expr(expr) => {
            let duration =
                Place::of(expr).call(model, |at| quote_spanned!(at=> IntoTtl::into_ttl), quote!(#expr));
            quote!(#private::Lifetime::Fixed(|| #duration))
        }
        Ttl::Closure(closure) => quote!(#private::Lifetime::By(#closure)),
    }
}

/// `|| duration`
pub(super) fn max_wait(model: &Model, max_wait: &MaxWait) -> TokenStream {
    match max_wait {
        MaxWait::Duration(duration) => {
            let (seconds, nanos) = (duration.as_secs(), duration.subsec_nanos());
            quote!(|| ::core::time::Duration::new(#seconds, #nanos))
        }
        MaxWait::Expr(expr) => {
            let at = Place::of(expr);
            let question = |at| quote_spanned!(at=> IntoMaxWait::into_max_wait);
            let duration = at.call(model, question, quote!(#expr));
            quote!(|| #duration)
        }
    }
}

fn worth_of(model: &Model, worth: &Worth) -> TokenStream {
    let private = private(model);
    let mut fields = TokenStream::new();
    if let Some(cache_if) = &worth.cache_if {
        let cache_if = asked(model, tokens(cache_if));
        fields.extend(quote!(cache_if: #cache_if,));
    }
    if !worth.cache_none {
        let output = returned(model);
        let is_none = quote_spanned!(output.span()=> <#output as #private::MaybeNone>::is_none);
        fields.extend(quote!(is_none: ::core::option::Option::Some(#is_none),));
    }
    if let Some(stored) = &worth.cache_err {
        fields.extend(errors(model, stored));
    }
    fields
}

fn errors(model: &Model, stored: &StoredErr) -> TokenStream {
    let which = match &stored.which {
        CacheErr::All => quote!(|_| true),
        CacheErr::If(callable) => tokens(callable),
    };
    let ttl = match (&stored.ttl, &model.ttl) {
        (Some(ttl), _) => Some(lifetime(model, ttl)),
        // A closure over values says nothing about errors; the checks ask for an `err_ttl` then.
        (None, Some(Ttl::Closure(_))) | (None, None) => None,
        (None, Some(ttl)) => Some(lifetime(model, ttl)),
    };
    let ttl = ttl.map(|ttl| quote!(err_ttl: #ttl,));
    let which = asked(model, which);
    quote!(cache_err: #which, #ttl)
}

/// A condition as the policy has it, or the complaint that it captures something or takes something else.
fn asked(model: &Model, condition: TokenStream) -> TokenStream {
    let place = Place::of(&condition);
    place.call(model, |at| quote_spanned!(at=> asked_without_arguments), condition)
}

/// A weigher sees a key of one part as that part, a longer one as a tuple of references.
fn weigher_of(model: &Model, weigher: &Callable) -> TokenStream {
    let private = private(model);
    let weigher = tokens(weigher);
    let nth = |n: usize| {
        let tails = (0..n).map(|_| Index::from(1));
        quote_spanned!(hidden()=> &__key #(.#tails)* .0)
    };
    let view = match key::len(model) {
        1 => nth(0),
        len => {
            let parts = (0..len).map(nth);
            quote!((#(#parts,)*))
        }
    };
    quote_spanned!(hidden()=> |__key, __value| #private::weigh(#weigher, #view, __value))
}

fn tokens(callable: &Callable) -> TokenStream {
    match callable {
        Callable::Closure(closure) => closure.to_token_stream(),
        Callable::Path(path) => path.to_token_stream(),
    }
}

/// The shape of the return type, with what the options and the backend ask of it checked under the user's own tokens.
pub(super) fn shape(model: &Model, says: Says) -> TokenStream {
    let place = Place::of(returned(model));
    let shape = cacheable(model, place, says);
    if let Home::Own(_) = &model.home {
        return shape;
    }
    let (storing, given) = match &model.store {
        Store::Mark => ("storing", "mark"),
        Store::Value(worth) if worth.cache_err.is_some() => ("storing_errors", "shape"),
        Store::Value(_) => ("storing", "shape"),
    };
    let given = match says {
        Says::WhatIsWrong => given,
        Says::Nothing => "mark",
    };
    let answer = place.answer(6, place.ask(storing, shape), "__stored");
    place.ask(given, answer)
}

fn cacheable(model: &Model, place: Place, says: Says) -> TokenStream {
    let output = returned(model);
    let question = place.call(model, |at| quote_spanned!(at=> ShapeOf::<#output>::new), quote!());
    let answer = place.answer(8, question, "__shape");
    let cacheable = |answer| place.call(model, |at| quote_spanned!(at=> require_cacheable), answer);
    match &model.store {
        _ if says == Says::Nothing => place.call(model, |at| quote_spanned!(at=> unchecked_shape), answer),
        Store::Mark => {
            let check = |at| quote_spanned!(at=> require_nothing_to_store::<#output, _, _>);
            place.call(model, check, answer)
        }
        Store::Value(worth) if worth.cache_err.is_some() => {
            let check = |at| quote_spanned!(at=> require_cacheable_error);
            place.call(model, check, cacheable(answer))
        }
        Store::Value(_) => cacheable(answer),
    }
}
