//! The memoized function itself.

use proc_macro2::{Delimiter, Group, TokenStream};
use quote::{quote, quote_spanned};

use super::place::Place;
use super::{body, callable, hidden, key, policy, private, signature, target, unlinted};
use crate::args::SingleFlight;
use crate::model::{Callbacks, Home, Model, Store};

/// ```text
/// fn f(a: A, b: &B) -> R {
///     let lookup = { use …; target.lookup(key, shape) };
///     let lookup = match lookup.now() { Ok(value) => return value, Err(lookup) => lookup };
///     let turn = lookup.join();
///     let copies = turn.on_miss(|| (a.clone(), b));
///     let returned = turn.run(policy, move || body);
///     after_miss(copies, |(a, b)| on_miss(&a, b));
///     returned
/// }
/// ```
///
/// With `on_hit`, a hit is told by `lookup.join().on_hit(|| on_hit(&a, b))` instead of `now`. An `async fn` keeps the body
/// where a miss awaits it:
///
/// ```text
///     let turn = lookup.join_async().await;
///     let body = pin!(Some(async move { body }));
///     turn.run_async(policy, Body::new(body)).await
/// ```
pub(super) fn memoized(model: &Model) -> TokenStream {
    // What is expected of the function as it was written comes true in `f_uncached`.
    let attrs = model.attrs.iter().map(signature::tolerant);
    let (vis, defaultness) = (&model.vis, &model.defaultness);
    let sig = signature::plain(model, !body::stands_alone(model));
    let name = model.sig.ident.to_string();
    let lookup = lookup(model, name.trim_start_matches("r#"));
    let hit = hit(model);
    let join = join(model);
    let run = run(model, quote_spanned!(hidden()=> __lookup.#join), &model.callbacks, true);
    let mut braces = Group::new(Delimiter::Brace, quote!(#lookup #hit #run));
    // The function stays the user's, so that the compiler says when nobody calls it.
    braces.set_span(model.body.span());
    quote!(#(#attrs)* #vis #defaultness #sig #braces)
}

/// `let lookup = match lookup.now() { … };`, where nobody is told: a hit returns before there is anything to await, and its
/// value is moved as seldom as can be.
fn hit(model: &Model) -> Option<TokenStream> {
    model.callbacks.on_hit.is_none().then(|| {
        quote_spanned! {hidden()=>
            let __lookup = match __lookup.now() {
                ::core::result::Result::Ok(__value) => return __value,
                ::core::result::Result::Err(__lookup) => __lookup,
            };
        }
    })
}

/// How a call that misses meets others that compute the same.
fn join(model: &Model) -> TokenStream {
    let waits = model.sig.asyncness.is_some();
    let max_wait = model.max_wait.as_ref().map(|max_wait| policy::max_wait(model, max_wait));
    let join = match (&model.store, model.single_flight) {
        (Store::Mark, _) if waits => quote!(claim_async().await),
        (Store::Mark, _) => quote!(claim()),
        (Store::Value(_), SingleFlight::Off) if waits && matches!(model.home, Home::Backend { .. }) => {
            quote!(alone_async().await)
        }
        (Store::Value(_), SingleFlight::Off) => quote!(alone()),
        (Store::Value(_), SingleFlight::On) if waits => quote!(join_async().await),
        (Store::Value(_), SingleFlight::On) => quote!(join()),
        (Store::Value(_), SingleFlight::Fleet) if waits => quote!(join_fleet_async().await),
        (Store::Value(_), SingleFlight::Fleet) => quote!(join_fleet()),
    };
    match max_wait {
        None => join,
        Some(max_wait) => quote!(max_wait(#max_wait).#join),
    }
}

/// `let lookup = …;`, a statement of its own: nothing that it borrows may live across an `await`.
fn lookup(model: &Model, within: &str) -> TokenStream {
    let private = private(model);
    let target = target::target(model, within, Some(&model.all_args));
    let (before, key) = key::borrowed(model);
    let shape = policy::shape(model);
    let lookup = target::in_place(model, quote!(#target.lookup(#key, #shape)));
    let lookup = quote_spanned!(hidden()=> { use #private::ways::*; #before #lookup });
    let lookup = match &model.bypass_if {
        None => lookup,
        Some(bypass) => {
            let bindings = key::bindings(model, [bypass]);
            let bypass = quote_spanned!(hidden()=> { #bindings #bypass });
            quote!(#private::unless(#bypass, || #lookup))
        }
    };
    let unlinted = unlinted();
    quote_spanned!(hidden()=> #unlinted let __lookup = #lookup;)
}

/// Runs `turn`, with the callbacks around it. A companion has no hits.
pub(super) fn run(model: &Model, turn: TokenStream, callbacks: &Callbacks, hits: bool) -> TokenStream {
    let (private, unlinted) = (private(model), unlinted());
    let policy = policy::policy(model);
    let body = body::runnable(model);
    let (place, run) = match model.sig.asyncness {
        None => (None, quote!(run(#policy, #body))),
        Some(_) => (
            Some(
                quote_spanned!(hidden()=> let __body = ::core::pin::pin!(::core::option::Option::Some(#body));),
            ),
            quote_spanned!(hidden()=> run_async(#policy, #private::Body::new(__body)).await),
        ),
    };
    let arguments: Vec<_> = model.callback_args.iter().map(|&i| &model.arguments[i]).collect();
    let on_hit = callbacks.on_hit.as_ref().filter(|_| hits).map(|on_hit| {
        let lent: Vec<_> = arguments.iter().map(|argument| callable::lent(argument)).collect();
        let call = callable::call(on_hit, &lent);
        quote!(.on_hit(#unlinted || { #call; }))
    });
    let Some(on_miss) = &callbacks.on_miss else {
        return match place {
            None => quote!(#turn #on_hit.#run),
            Some(place) => quote_spanned!(hidden()=> let __turn = #turn #on_hit; #place __turn.#run),
        };
    };
    let copies = arguments.iter().map(|argument| {
        let name = &argument.name;
        match argument.is_ref() {
            true => quote!(#name),
            false => {
                let place = Place::of(&argument.ty);
                place.call(model, |at| quote_spanned!(at=> copy_for_callback), place.lent(name))
            }
        }
    });
    let names: Vec<_> =
        (0..arguments.len()).map(|i| syn::Ident::new(&format!("__copy{i}"), hidden())).collect();
    let lent: Vec<_> = arguments
        .iter()
        .zip(&names)
        .map(|(argument, name)| match argument.is_ref() {
            true => quote!(#name),
            false => quote!(&#name),
        })
        .collect();
    let call = callable::call(on_miss, &lent);
    quote_spanned! {hidden()=>
        let __turn = #turn #on_hit;
        #unlinted
        let __copies = __turn.on_miss(|| (#(#copies,)*));
        #place
        let __returned = __turn.#run;
        #unlinted
        #private::after_miss(__copies, |(#(#names,)*)| { #call; });
        __returned
    }
}
