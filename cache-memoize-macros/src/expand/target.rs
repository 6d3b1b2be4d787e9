//! Where a generated function finds its cache.

use std::hash::{DefaultHasher, Hash, Hasher};

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::GenericParam;
use syn::spanned::Spanned;

use super::{hidden, private};
use crate::args::{Backend, Prefix, Version};
use crate::model::{Bound, Context, Home, KeySource, Model, Naming};

/// `SITE.instance(…)`, in the generated function `within`.
pub(super) fn instance(model: &Model, within: &str, generic: bool) -> TokenStream {
    let private = private(model);
    let site = site(model, within);
    let types = match generic {
        true => types(model),
        false => quote!(()),
    };
    quote_spanned!(hidden()=> {
        static __SITE: #private::Site = #site;
        __SITE.instance::<#types, _>(&|| {})
    })
}

/// The function's own cache, or that of its backend.
pub(super) fn target(model: &Model, within: &str, generic: bool) -> TokenStream {
    let instance = instance(model, within, generic);
    match &model.home {
        Home::Own(_) => quote!(#instance.own()),
        Home::Backend(Backend::Expr(backend)) => {
            let private = private(model);
            let on = match &model.key {
                KeySource::Text(_) => quote!(verbatim_on),
                KeySource::Arguments(_) | KeySource::Rewrite(..) => quote!(on),
            };
            let backend = quote_spanned!(backend.span()=> (&&#private::BackendOf(&#backend)).__backend());
            quote!(#instance.#on(#backend))
        }
        // Refused by the checks.
        Home::Backend(Backend::Name(_)) => quote!(#instance.own()),
    }
}

fn site(model: &Model, within: &str) -> TokenStream {
    let private = private(model);
    let ident = &model.sig.ident;
    let name = ident.to_string();
    let name = name.trim_start_matches("r#");
    let fingerprint = fingerprint(model);
    // The place is that of the function's name.
    let at = Span::resolved_at(&ident.span(), hidden());
    let place = quote_spanned!(at=> (::core::file!(), ::core::line!(), ::core::column!()));
    let mut site = quote! {
        #private::Site::new(#name, #within, ::core::module_path!(), #place, #fingerprint)
    };
    if let KeySource::Arguments(naming) | KeySource::Rewrite(_, naming) = &model.key {
        site.extend(naming_of(naming));
    }
    if let Some(capacity) = capacity(model) {
        site.extend(quote!(.capacity(|| #capacity)));
    }
    site
}

fn naming_of(naming: &Naming) -> TokenStream {
    let prefix = naming.prefix.as_ref().map(|prefix| {
        let prefix = match prefix {
            Prefix::Text(text) => text.to_token_stream(),
            Prefix::Const(path) => path.to_token_stream(),
        };
        quote!(.prefix(#prefix))
    });
    let version = naming.version.as_ref().map(|version| {
        let version = match version {
            Version::Number(number) => number.base10_digits().to_owned(),
            Version::Text(text) => text.value(),
        };
        quote!(.version(#version))
    });
    quote!(#prefix #version)
}

fn capacity(model: &Model) -> Option<TokenStream> {
    let private = private(model);
    match &model.home {
        Home::Own(Bound::Entries(capacity) | Bound::Weight { capacity, .. }) => {
            let number = quote_spanned!(capacity.span()=> #private::IntoCapacity::into_capacity(#capacity));
            Some(quote!(#private::Capacity::Bounded(#number)))
        }
        Home::Own(Bound::Unbounded) => Some(quote!(#private::Capacity::Unbounded)),
        Home::Own(Bound::Default) | Home::Backend(_) => None,
    }
}

/// The function's type parameters, and `Self` where there is one, as a tuple of markers.
fn types(model: &Model) -> TokenStream {
    let own = model.sig.generics.params.iter().filter_map(|parameter| match parameter {
        GenericParam::Type(parameter) => Some(&parameter.ident),
        GenericParam::Lifetime(_) | GenericParam::Const(_) => None,
    });
    let this = (model.context == Context::Method).then(|| quote!(::core::marker::PhantomData<Self>,));
    quote!((#this #(::core::marker::PhantomData<#own>,)*))
}

/// Tells functions apart that a macro made at one place. The same in the function and all its companions.
fn fingerprint(model: &Model) -> u64 {
    let mut state = DefaultHasher::new();
    model.sig.to_token_stream().to_string().hash(&mut state);
    model.body.to_string().hash(&mut state);
    let place = model.sig.ident.span().unwrap();
    (place.line(), place.column()).hash(&mut state);
    state.finish()
}
