//! The memoized function itself.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Meta};

use super::{body, callable, hidden, key, policy, private, signature, target};
use crate::args::SingleFlight;
use crate::model::{Callbacks, Model};

/// ```text
/// fn f(a: A, b: &B) -> R {
///     let lookup = { use …; target.lookup(key, shape) };
///     let turn = lookup.join().on_hit(|| on_hit(&a, b));
///     let copies = turn.on_miss(|| (a.clone(), b));
///     let returned = turn.run(policy, move || body);
///     after_miss(copies, |(a, b)| on_miss(&a, b));
///     returned
/// }
/// ```
pub(super) fn memoized(model: &Model) -> TokenStream {
    let attrs = attributes(model);
    let (vis, defaultness) = (&model.vis, &model.defaultness);
    let sig = signature::own(model, true);
    let name = model.sig.ident.to_string();
    let lookup = lookup(model, name.trim_start_matches("r#"));
    let join = match (model.single_flight, model.sig.asyncness) {
        (SingleFlight::Off, _) => quote!(alone()),
        (SingleFlight::On | SingleFlight::Fleet, None) => quote!(join()),
        (SingleFlight::On | SingleFlight::Fleet, Some(_)) => quote!(join_async().await),
    };
    let run = run(model, quote_spanned!(hidden()=> __lookup.#join), &model.callbacks, true);
    quote_spanned! {hidden()=>
        #(#attrs)* #vis #defaultness #sig {
            #lookup
            #run
        }
    }
}

/// `let lookup = …;`, a statement of its own: nothing that it borrows may live across an `await`.
fn lookup(model: &Model, within: &str) -> TokenStream {
    let private = private(model);
    let target = target::target(model, within, true);
    let (before, key) = key::borrowed(model);
    let shape = policy::shape(model);
    let lookup = quote_spanned!(hidden()=> { use #private::ways::*; #before #target.lookup(#key, #shape) });
    let lookup = match &model.bypass_if {
        None => lookup,
        Some(bypass) => {
            let bindings = key::bindings(model);
            let bypass = quote_spanned!(bypass.span()=> { #bindings #bypass });
            quote!(#private::Lookup::unless(#bypass, || #lookup))
        }
    };
    quote_spanned!(hidden()=> #[allow(clippy::all, clippy::pedantic, clippy::nursery)] let __lookup = #lookup;)
}

/// Runs `turn`, with the callbacks around it. A companion has no hits.
pub(super) fn run(model: &Model, turn: TokenStream, callbacks: &Callbacks, hits: bool) -> TokenStream {
    let private = private(model);
    let policy = policy::policy(model);
    let body = body::runnable(model);
    let run = match model.sig.asyncness {
        None => quote!(run(#policy, #body)),
        Some(_) => quote!(run_async(#policy, #body).await),
    };
    let arguments: Vec<_> = model.callback_args.iter().map(|&i| &model.arguments[i]).collect();
    let on_hit = callbacks.on_hit.as_ref().filter(|_| hits).map(|on_hit| {
        let lent: Vec<_> = arguments.iter().map(|argument| callable::lent(argument)).collect();
        let call = callable::call(on_hit, &lent);
        quote!(.on_hit(|| { #call; }))
    });
    let Some(on_miss) = &callbacks.on_miss else {
        return quote!(#turn #on_hit.#run);
    };
    let copies = arguments.iter().map(|argument| {
        let name = &argument.name;
        match argument.is_ref() {
            true => quote!(#name),
            false => quote_spanned!(argument.ty.span()=> #private::copy_for_callback(&#name)),
        }
    });
    let names: Vec<_> = (0..arguments.len()).map(|i| syn::Ident::new(&format!("__copy{i}"), hidden())).collect();
    let lent: Vec<_> = arguments.iter().zip(&names).map(|(argument, name)| match argument.is_ref() {
        true => quote!(#name),
        false => quote!(&#name),
    })
    .collect();
    let call = callable::call(on_miss, &lent);
    quote_spanned! {hidden()=>
        let __turn = #turn #on_hit;
        #[allow(clippy::all, clippy::pedantic)]
        let __copies = __turn.on_miss(|| (#(#copies,)*));
        let __returned = __turn.#run;
        #[allow(clippy::all, clippy::pedantic)]
        #private::after_miss(__copies, |(#(#names,)*)| { #call; });
        __returned
    }
}

/// The user's own attributes. An expectation about the body goes where the body went.
fn attributes(model: &Model) -> Vec<Attribute> {
    let moved = body::stands_alone(model);
    let own = |attribute: &Attribute| match &attribute.meta {
        Meta::List(list) if moved && list.path.is_ident("expect") => {
            let lints = &list.tokens;
            syn::parse_quote!(#[allow(#lints)])
        }
        _ => attribute.clone(),
    };
    model.attrs.iter().map(own).collect()
}
