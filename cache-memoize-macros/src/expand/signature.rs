//! Signatures of generated functions.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::{
    Attribute, FnArg, GenericParam, Meta, Receiver, ReceiverKind, ReturnType, Safety, Signature, Type,
};

use crate::item::{Argument, ArgumentKind};
use crate::model::Model;

/// What the function returns.
pub(super) fn returned(model: &Model) -> Type {
    match &model.sig.output {
        // What is wrong with it is shown under the function's name.
        ReturnType::Default => syn::parse_quote_spanned!(model.sig.ident.span()=> ()),
        ReturnType::Type(_, ty) => Type::clone(ty),
    }
}

/// Whether calling the body needs `unsafe`.
pub(super) fn is_unsafe(model: &Model) -> bool {
    matches!(model.sig.safety, Safety::Unsafe(_))
}

/// `f_invalidate`. A raw name loses its `r#`: `r#match` has `match_invalidate`.
pub(super) fn companion_name(model: &Model, suffix: &str) -> Ident {
    format_ident!("{}_{suffix}", model.sig.ident)
}

/// The arguments with plain names. What the body destructures, it destructures itself.
pub(super) fn inputs(model: &Model, which: &[usize]) -> TokenStream {
    let inputs = which.iter().map(|&index| input(&model.arguments[index]));
    quote!(#(#inputs),*)
}

fn input(argument: &Argument) -> TokenStream {
    match &argument.kind {
        ArgumentKind::Receiver(receiver) => immutable(receiver).into_token_stream(),
        ArgumentKind::Value | ArgumentKind::Ref | ArgumentKind::RefMut => {
            let (attrs, name, ty) = (attributes(argument), &argument.name, &argument.ty);
            quote!(#(#attrs)* #name: #ty)
        }
    }
}

/// The function's own signature, for a body that runs another: its arguments have plain names. `receiver_stays`
/// when the body is within.
pub(super) fn plain(model: &Model, receiver_stays: bool) -> Signature {
    let mut sig = model.sig.clone();
    for (input, argument) in sig.inputs.iter_mut().zip(&model.arguments) {
        match input {
            FnArg::Receiver(receiver) if !receiver_stays => *receiver = immutable(receiver),
            FnArg::Receiver(_) => {}
            FnArg::Typed(typed) => {
                let name = &argument.name;
                *typed.pat = syn::parse_quote!(#name);
                typed.attrs = attributes(argument);
            }
        }
    }
    sig
}

/// The function's own signature as it was written. What only the options use is not unused.
pub(super) fn written(model: &Model) -> Signature {
    let mut sig = model.sig.clone();
    let options: Vec<_> = model.expressions().map(ToTokens::to_token_stream).collect();
    for (input, argument) in sig.inputs.iter_mut().zip(&model.arguments) {
        if let FnArg::Typed(typed) = input
            && options.iter().any(|option| argument.is_named_in(option))
        {
            typed.attrs.push(syn::parse_quote!(#[allow(unused_variables)]));
        }
    }
    sig
}

/// The attributes of an argument with a plain name; those of a pattern are where it is matched.
fn attributes(argument: &Argument) -> Vec<Attribute> {
    let plain = argument.attrs.iter().filter(|_| argument.pat.is_none());
    plain.map(tolerant).collect()
}

/// `mut self` is the business of the body.
fn immutable(receiver: &Receiver) -> Receiver {
    let mut receiver = receiver.clone();
    if !matches!(receiver.kind, ReceiverKind::Reference(..)) {
        receiver.mutability = None;
    }
    receiver
}

/// `#[expect(dead_code)]`, with a reason or without: the one expectation that is about the function and not its body.
pub(super) fn expects_no_use(attribute: &Attribute) -> bool {
    let Meta::List(list) = &attribute.meta else { return false };
    let mut words = list.tokens.clone().into_iter().filter_map(|token| match token {
        TokenTree::Ident(word) => Some(word),
        _ => None,
    });
    list.path.is_ident("expect")
        && words.next().is_some_and(|lint| lint == "dead_code")
        && words.next().is_none_or(|next| next == "reason")
}

/// The attribute, without expectations about a body.
pub(super) fn tolerant(attribute: &Attribute) -> Attribute {
    match &attribute.meta {
        Meta::List(list) if list.path.is_ident("expect") && !expects_no_use(attribute) => {
            let lints = &list.tokens;
            syn::parse_quote!(#[allow(#lints)])
        }
        _ => attribute.clone(),
    }
}

/// `::<T, N>`, for a function with the same type parameters. Lifetimes cannot always be named and need not be.
pub(super) fn turbofish(model: &Model) -> Option<TokenStream> {
    let parameters: Vec<_> = model
        .sig
        .generics
        .params
        .iter()
        .filter_map(|parameter| match parameter {
            GenericParam::Type(parameter) => Some(&parameter.ident),
            GenericParam::Const(parameter) => Some(&parameter.ident),
            GenericParam::Lifetime(_) => None,
        })
        .collect();
    (!parameters.is_empty()).then(|| quote!(::<#(#parameters),*>))
}
