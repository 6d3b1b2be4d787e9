//! `#[cfg]` on an argument makes two functions of one. Each of them gets the attribute again, so that nothing else has to
//! know of arguments that come and go.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::quote;
use syn::{Attribute, FnArg, Meta};

use crate::args::Args;
use crate::diag::Errors;
use crate::item::Item;
use crate::manifest;

/// `fn f(#[cfg(x)] a: A)` becomes `#[cfg(x)] fn f(a: A)` and `#[cfg(not(x))] fn f()`; `None` if no argument has a
/// condition.
pub(crate) fn of(args: &TokenStream, item: &Item) -> Option<TokenStream> {
    let place = item.sig.inputs.iter().position(|input| attributes(input).iter().any(is_cfg))?;
    let conditions: Vec<TokenStream> = attributes(&item.sig.inputs[place])
        .iter()
        .filter(|attribute| is_cfg(attribute))
        .map(condition)
        .collect();
    let condition = quote!(all(#(#conditions),*));

    let (mut with, mut without) = (item.sig.clone(), item.sig.clone());
    let inputs = without.inputs.into_iter().enumerate();
    without.inputs = inputs.filter(|(at, _)| *at != place).map(|(_, input)| input).collect();
    if let Some(FnArg::Receiver(receiver)) = with.inputs.get_mut(place) {
        receiver.attrs.retain(|attribute| !is_cfg(attribute));
    } else if let Some(FnArg::Typed(typed)) = with.inputs.get_mut(place) {
        typed.attrs.retain(|attribute| !is_cfg(attribute));
    }

    let others = without_name(args.clone(), &item.arguments[place].name);
    // Its mistakes are told where the attribute is used again.
    let runtime = Args::parse(args.clone(), &mut Errors::default()).krate;
    let runtime = runtime.map_or_else(manifest::runtime, |given| given.value);
    let Item { attrs, vis, defaultness, body, .. } = item;
    Some(quote! {
        #[cfg(#condition)] #[#runtime::cache_memoize(#args)] #(#attrs)* #vis #defaultness #with #body
        #[cfg(not(#condition))] #[#runtime::cache_memoize(#others)] #(#attrs)* #vis #defaultness #without #body
    })
}

fn attributes(input: &FnArg) -> &[Attribute] {
    match input {
        FnArg::Receiver(receiver) => &receiver.attrs,
        FnArg::Typed(typed) => &typed.attrs,
    }
}

fn is_cfg(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg")
}

fn condition(attribute: &Attribute) -> TokenStream {
    match &attribute.meta {
        Meta::List(list) => list.tokens.clone(),
        _ => TokenStream::new(),
    }
}

/// The options without `name` in `skip(…)` and `redact(…)`.
fn without_name(args: TokenStream, name: &Ident) -> TokenStream {
    let mut in_list = false;
    let tokens = args.into_iter().map(|token| match token {
        TokenTree::Group(group) if std::mem::take(&mut in_list) => {
            let mut names = group.stream().into_iter().peekable();
            let mut left = Vec::new();
            while let Some(token) = names.next() {
                match &token {
                    TokenTree::Ident(word) if word == name => _ = names.next(),
                    _ => left.push(token),
                }
            }
            TokenTree::Group(proc_macro2::Group::new(group.delimiter(), left.into_iter().collect()))
        }
        token => {
            in_list = matches!(&token, TokenTree::Ident(word) if word == "skip" || word == "redact");
            token
        }
    });
    tokens.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_with_a_condition_makes_two_functions() {
        let item = quote!(
            pub fn f(
                &self,
                #[cfg(x)]
                #[cfg(y)]
                a: u8,
                #[cfg(z)] b: u8,
            ) {
            }
        );
        let item = Item::parse(item, &mut Errors::default()).expect("a function");
        // A comma behind the last argument is of no account.
        let made =
            of(&quote!(skip(self, a, b)), &item).expect("two functions").to_string().replace(" ,)", ")");
        let expected = quote! {
            #[cfg(all(x, y))] #[::cache_memoize::cache_memoize(skip(self, a, b))]
            pub fn f(&self, a: u8, #[cfg(z)] b: u8) {}
            #[cfg(not(all(x, y)))] #[::cache_memoize::cache_memoize(skip(self, b))]
            pub fn f(&self, #[cfg(z)] b: u8) {}
        };
        assert_eq!(made, expected.to_string());
        let plain = Item::parse(
            quote!(
                fn f(#[allow(x)] a: u8) {}
            ),
            &mut Errors::default(),
        )
        .expect("a function");
        assert!(of(&quote!(), &plain).is_none());
    }
}
