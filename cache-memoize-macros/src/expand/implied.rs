//! What the compiler concludes from arguments, for companions that do not take them.
//!
//! A `&'a T` among the arguments is only where `T: 'a`, so a function may rely on that without saying it. A companion
//! that is spared the argument has to say it where a bound does: in `where &'a T: Plain`.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    GenericArgument, GenericParam, Lifetime, PathArguments, Type, TypePath, WhereClause, WherePredicate,
    parse_quote,
};

use crate::model::Model;

/// The function's `where` with what it does not say, for a companion that takes `inputs`.
pub(super) fn bounds(model: &Model, inputs: &[usize]) -> Option<WhereClause> {
    let generics = &model.sig.generics;
    let written = generics.where_clause.as_ref()?;
    let mut bounds = written.clone();
    let spared = (0..model.arguments.len()).filter(|index| !inputs.contains(index));
    let mut found = Vec::new();
    spared.for_each(|index| references(&model.arguments[index].ty, &mut found));
    for (lifetime, target) in found {
        if !says(written.to_token_stream(), &lifetime) {
            continue;
        }
        let named = generics.params.iter().filter_map(|parameter| match parameter {
            GenericParam::Type(parameter) if mentions(target.to_token_stream(), &parameter.ident) => {
                Some(parameter.ident.to_token_stream())
            }
            GenericParam::Lifetime(parameter) if says(target.to_token_stream(), &parameter.lifetime) => {
                Some(parameter.lifetime.to_token_stream())
            }
            _ => None,
        });
        bounds.predicates.extend(named.map(|named| -> WherePredicate { parse_quote!(#named: #lifetime) }));
    }
    Some(bounds)
}

/// The references in a type, each with its lifetime, where that has a name.
fn references(ty: &Type, found: &mut Vec<(Lifetime, Type)>) {
    match ty {
        Type::Reference(reference) => {
            if let Some(lifetime) = &reference.lifetime {
                found.push((lifetime.clone(), Type::clone(&reference.elem)));
            }
            references(&reference.elem, found);
        }
        Type::Array(array) => references(&array.elem, found),
        Type::Group(group) => references(&group.elem, found),
        Type::Paren(paren) => references(&paren.elem, found),
        Type::Ptr(pointer) => references(&pointer.elem, found),
        Type::Slice(slice) => references(&slice.elem, found),
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|element| references(element, found)),
        Type::Path(TypePath { path, .. }) => {
            let lists = path.segments.iter().filter_map(|segment| match &segment.arguments {
                PathArguments::AngleBracketed(list) => Some(&list.args),
                PathArguments::None | PathArguments::Parenthesized(_) => None,
            });
            for argument in lists.flatten() {
                if let GenericArgument::Type(argument) = argument {
                    references(argument, found);
                }
            }
        }
        _ => {}
    }
}

fn mentions(tokens: TokenStream, name: &syn::Ident) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == *name,
        TokenTree::Group(group) => mentions(group.stream(), name),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

/// The same for a lifetime. (`'_` and `'static` are nobody's parameters.)
fn says(tokens: TokenStream, lifetime: &Lifetime) -> bool {
    let mut quoted = false;
    tokens.into_iter().any(|token| {
        let before = std::mem::take(&mut quoted);
        match token {
            TokenTree::Punct(punct) => {
                quoted = punct.as_char() == '\'';
                false
            }
            TokenTree::Ident(ident) => before && ident == lifetime.ident,
            TokenTree::Group(group) => says(group.stream(), lifetime),
            TokenTree::Literal(_) => false,
        }
    })
}
