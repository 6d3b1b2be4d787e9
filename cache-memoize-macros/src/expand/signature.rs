//! Signatures of generated functions.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::{FnArg, GenericParam, ReceiverKind, ReturnType, Safety, Signature, Type};

use crate::item::{Argument, ArgumentKind};
use crate::model::Model;

/// What the function returns.
pub(super) fn returned(model: &Model) -> Type {
    match &model.sig.output {
        ReturnType::Default => syn::parse_quote!(()),
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
        ArgumentKind::Receiver(receiver) => {
            let mut receiver = receiver.clone();
            // `mut self` is the body's business.
            if !matches!(receiver.kind, ReceiverKind::Reference(..)) {
                receiver.mutability = None;
            }
            receiver.into_token_stream()
        }
        ArgumentKind::Value | ArgumentKind::Ref | ArgumentKind::RefMut => {
            let (name, ty) = (&argument.name, &argument.ty);
            quote!(#name: #ty)
        }
    }
}

/// The function's own signature. `plain` gives its arguments plain names.
pub(super) fn own(model: &Model, plain: bool) -> Signature {
    let mut sig = model.sig.clone();
    if plain {
        for (input, argument) in sig.inputs.iter_mut().zip(&model.arguments) {
            if let FnArg::Typed(typed) = input {
                let name = &argument.name;
                *typed.pat = syn::parse_quote!(#name);
            }
        }
    }
    sig
}

/// `::<T, N>`, for a function with the same type parameters. Lifetimes cannot always be named and need not be.
pub(super) fn turbofish(model: &Model) -> Option<TokenStream> {
    let parameters: Vec<_> = model.sig.generics.params.iter().filter_map(|parameter| match parameter {
        GenericParam::Type(parameter) => Some(&parameter.ident),
        GenericParam::Const(parameter) => Some(&parameter.ident),
        GenericParam::Lifetime(_) => None,
    })
    .collect();
    (!parameters.is_empty()).then(|| quote!(::<#(#parameters),*>))
}
