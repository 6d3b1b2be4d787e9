//! Where a generated function finds its cache.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{Expr, GenericParam};

use super::place::Place;
use super::{Says, hidden, private};
use crate::args::{Backend, Prefix, Version};
use crate::model::{Bound, Context, Home, KeySource, Model, Naming};
use crate::number::Number;
use crate::scan;

/// `SITE.instance(…)`, in the generated function `within`, which takes `inputs` if it is for single calls. Companions
/// do without the `static`: it takes longer to compile than the rest of them.
pub(super) fn instance(model: &Model, within: &str, inputs: Option<&[usize]>) -> TokenStream {
    let private = private(model);
    let site = site(model, within, inputs);
    let types = match inputs {
        Some(_) => types(model),
        None => quote!((), ()),
    };
    let values = witnesses(model, inputs.unwrap_or_default());
    let method = match values {
        None => quote_spanned!(hidden()=> instance::<#types, _>),
        Some(_) => quote_spanned!(hidden()=> instance_of::<#types, _, _>),
    };
    if is_companion(model, within) && !asks_the_user(model) {
        return quote_spanned!(hidden()=> #private::#method(|| #site, #values));
    }
    quote_spanned!(hidden()=> {
        static __SITE: #private::Site = #site;
        __SITE.#method(&|| {}, #values)
    })
}

fn is_companion(model: &Model, within: &str) -> bool {
    model.sig.ident != within && model.sig.ident.unraw() != within
}

/// Whether an expression of the user's is part of a site: it must see no variables, as in a `static`.
fn asks_the_user(model: &Model) -> bool {
    let naming = match &model.key {
        KeySource::Arguments { naming, .. } | KeySource::Rewrite(_, naming) => naming.prefix.as_ref(),
        KeySource::Text(_) => None,
    };
    let capacity = match &model.home {
        Home::Own(Bound::Entries(capacity) | Bound::Weight { capacity, .. }) => Some(capacity),
        Home::Own(Bound::Default | Bound::Unbounded) | Home::Backend { .. } => None,
    };
    matches!(naming, Some(Prefix::Const(_)))
        || capacity.is_some_and(|capacity| !matches!(capacity, Expr::Lit(_)))
}

/// The function's own cache, or that of its backend.
pub(super) fn target(model: &Model, within: &str, inputs: Option<&[usize]>, says: Says) -> TokenStream {
    let instance = instance(model, within, inputs);
    match &model.home {
        Home::Own(_) => quote!(#instance.own()),
        Home::Backend { codec, .. } => {
            let on = match &model.key {
                KeySource::Text(_) => quote!(verbatim_on),
                KeySource::Arguments { .. } | KeySource::Rewrite(..) => quote!(on),
            };
            let target = quote_spanned!(hidden()=> #instance.#on(&__place));
            match codec {
                None => target,
                Some(codec) => {
                    let at = Place::of(codec);
                    let question = at.call(model, |at| quote_spanned!(at=> CodecOf), at.lent(codec));
                    let answer = at.answer(2, question, "__codec");
                    let ask = match says {
                        Says::WhatIsWrong => "codec",
                        Says::Nothing => "unchecked_codec",
                    };
                    let codec = at.ask(ask, answer);
                    let private = private(model);
                    quote_spanned!(hidden()=> #private::with_codec(#target, #codec))
                }
            }
        }
    }
}

/// `match place { __place => work }`: with a backend, `work` asks `__place` what depends on where entries live. A
/// `match`, because it keeps the temporaries of the user's expression for as long as `work` takes.
pub(super) fn in_place(model: &Model, work: TokenStream, says: Says) -> TokenStream {
    let Home::Backend { backend, .. } = &model.home else {
        return work;
    };
    let place = match backend {
        Backend::Expr(expr) => {
            let at = Place::of(expr);
            let question = at.call(model, |at| quote_spanned!(at=> BackendOf), quote!(&#expr));
            let answer = at.answer(7, question, "__backend");
            match says {
                Says::WhatIsWrong => at.call(model, |at| quote_spanned!(at=> backend), answer),
                Says::Nothing => at.call(model, |at| quote_spanned!(at=> unchecked_backend), answer),
            }
        }
        Backend::Name(name) => {
            let at = Place::of(name);
            match says {
                Says::WhatIsWrong => at.call(model, |at| quote_spanned!(at=> named), quote!(#name)),
                Says::Nothing => at.call(model, |at| quote_spanned!(at=> unchecked_named), quote!(#name)),
            }
        }
    };
    quote_spanned!(hidden()=> match #place { __place => #work })
}

fn site(model: &Model, within: &str, inputs: Option<&[usize]>) -> TokenStream {
    let private = private(model);
    let ident = &model.sig.ident;
    let name = ident.to_string();
    let name = name.trim_start_matches("r#");
    let Number { digest, ordinal } = model.number;
    // The place is that of the function's name.
    let at = Span::resolved_at(&ident.span(), hidden());
    let module = quote_spanned!(hidden()=> ::core::module_path!());
    let mut site = quote_spanned!(at=> #private::Site::new(#name, #within, #module, #digest, #ordinal));
    if let KeySource::Arguments { naming, .. } | KeySource::Rewrite(_, naming) = &model.key {
        site.extend(naming_of(naming));
    }
    if model.context == Context::Method {
        site.extend(quote!(.method()));
    }
    let skipped = skipped_impls(model, inputs.unwrap_or_default());
    if skipped.contains(&true) {
        let parameters = parameters(model).count();
        site.extend(quote!(.skipped_impls(#parameters, &[#(#skipped),*])));
    }
    if inputs.is_none() {
        site.extend(quote!(.of_all()));
    }
    let says = match is_companion(model, within) {
        false => Says::WhatIsWrong,
        true => Says::Nothing,
    };
    if let Some(capacity) = capacity(model, says) {
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

fn capacity(model: &Model, says: Says) -> Option<TokenStream> {
    let private = private(model);
    match &model.home {
        Home::Own(bound @ (Bound::Entries(capacity) | Bound::Weight { capacity, .. })) => {
            let unit = match bound {
                Bound::Weight { .. } => quote!(Weight),
                _ => quote!(Entries),
            };
            let at = Place::of(capacity);
            let written = quote!(#capacity);
            let number = match says {
                Says::Nothing if !matches!(capacity, Expr::Lit(_)) => {
                    let question = at.call(model, |at| quote_spanned!(at=> CapacityOf), written);
                    at.answer(2, question, "__capacity")
                }
                _ => at.call(model, |at| quote_spanned!(at=> IntoCapacity::into_capacity), written),
            };
            Some(quote!(#private::Capacity::#unit(#number)))
        }
        Home::Own(Bound::Unbounded) => Some(quote!(#private::Capacity::Unbounded)),
        Home::Own(Bound::Default) | Home::Backend { .. } => None,
    }
}

/// The function's parameters but lifetimes.
fn parameters(model: &Model) -> impl Iterator<Item = &GenericParam> {
    let parameters = model.sig.generics.params.iter();
    parameters.filter(|parameter| !matches!(parameter, GenericParam::Lifetime(_)))
}

/// `Self` where there is one, and the function's type parameters as a tuple; of markers, for they need not be sized.
fn types(model: &Model) -> TokenStream {
    let own = parameters(model).filter_map(|parameter| match parameter {
        GenericParam::Type(parameter) => Some(&parameter.ident),
        GenericParam::Lifetime(_) | GenericParam::Const(_) => None,
    });
    let this = match model.context {
        Context::Method => quote!(::core::marker::PhantomData<Self>),
        Context::Free | Context::Ambiguous => quote!(()),
    };
    quote!(#this, (#(::core::marker::PhantomData<#own>,)*))
}

/// The types of arguments that are part of the key and have an `impl Trait` in them: they have no names, so the arguments
/// are asked.
fn witnesses(model: &Model, inputs: &[usize]) -> Option<TokenStream> {
    let private = private(model);
    let nameless = |&&index: &&usize| model.key_args.contains(&index) && impls(model, index) > 0;
    let types = inputs.iter().filter(nameless).map(|&index| {
        let name = &model.arguments[index].name;
        quote_spanned!(hidden()=> #private::type_of(&#name),)
    });
    let types: TokenStream = types.collect();
    (!types.is_empty()).then(|| quote!((#types)))
}

fn impls(model: &Model, argument: usize) -> usize {
    scan::count(model.arguments[argument].ty.to_token_stream(), "impl")
}

/// For each `impl Trait` among the types of `inputs`, whether its argument is skipped: then its type says no more
/// about a call than the argument does, and companions that are spared the argument cannot know it.
fn skipped_impls(model: &Model, inputs: &[usize]) -> Vec<bool> {
    let impls = inputs
        .iter()
        .flat_map(|index| std::iter::repeat_n(!model.key_args.contains(index), impls(model, *index)));
    impls.collect()
}
