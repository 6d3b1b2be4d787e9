//! The memoized function itself.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};

use super::place::Place;
use super::{Says, body, callable, hidden, key, policy, private, signature, target, unlinted};
use crate::args::{Callable, SingleFlight};
use crate::item::Argument;
use crate::model::{Callbacks, Model, Store};

/// ```text
/// fn f(a: A, b: &B) -> R {
///     let mut found = nothing();
///     let mut turn = (|| { use …; target.lookup(key, shape, &mut found).join(&mut found) })();
///     let copies = turn.on_miss(|| (a.clone(), b));
///     let body = move || body;
///     if turn.is_direct() { put(&mut found, body()) } else { turn.run(&mut found, body) }
///     let returned = turn.end(|| policy, &mut found);
///     after_miss(copies, |(a, b)| on_miss(&a, b));
///     returned
/// }
/// ```
///
/// What is not needed while the body runs is in functions of its own, and there is one place for the value: a recursion
/// has this function on the stack once for each step, and values may be large.
///
/// An `async fn` has no such place, for a future keeps what was ever borrowed. It keeps the body where a miss awaits it:
///
/// ```text
///     let lookup = { let mut found = None; let lookup = …; match found { Some(value) => return value, None => lookup } };
///     let turn = match lookup.join_async().await { Ok(found) => return found.value(), Err(turn) => turn };
///     let body = pin!(Some(async move { body }));
///     turn.run_async(|| policy, Body::new(body)).await
/// ```
pub(super) fn memoized(model: &Model) -> TokenStream {
    // What is expected of the function as it was written comes true in `f_uncached`.
    let attrs = model.attrs.iter().map(signature::tolerant);
    let (vis, defaultness) = (&model.vis, &model.defaultness);
    let sig = signature::plain(model, !body::stands_alone(model));
    let name = model.sig.ident.to_string();
    let lookup = lookup(model, name.trim_start_matches("r#"));
    let turn = match model.sig.asyncness {
        None => turn(model, &lookup),
        Some(_) => turn_async(model, &lookup),
    };
    let run = run(model, &model.callbacks, Says::WhatIsWrong);
    let mut braces = Group::new(Delimiter::Brace, quote!(#turn #run));
    // The function stays the user's, so that the compiler says when nobody calls it.
    braces.set_span(model.body.span());
    quote!(#(#attrs)* #vis #defaultness #sig #braces)
}

/// `let mut found = None; let mut turn = …;`
fn turn(model: &Model, lookup: &TokenStream) -> TokenStream {
    let (unlinted, join, on_hit) = (unlinted(), join(model), on_hit(model));
    let private = private(model);
    let told =
        on_hit.map(|on_hit| quote_spanned!(hidden()=> #private::after_hit(&mut __found, || { #on_hit });));
    let max_wait = max_wait(model);
    let look = quote_spanned!(hidden()=> #lookup #max_wait.#join(&mut __found));
    // A function of its own, unless the user's expressions may leave this one.
    let look = match may_leave(model) {
        false => quote_spanned!(hidden()=> (|| #look)()),
        true => look,
    };
    let found = found(model);
    quote_spanned! {hidden()=>
        #found
        #unlinted let mut __turn = #look;
        #told
    }
}

/// `let mut found = …;`, the place for the value.
pub(super) fn found(model: &Model) -> TokenStream {
    let private = private(model);
    quote_spanned!(hidden()=> let mut __found = #private::nothing();)
}

/// Whether an expression of the user's may leave the function that it is in.
fn may_leave(model: &Model) -> bool {
    fn leaves(tokens: TokenStream) -> bool {
        tokens.into_iter().any(|token| match token {
            TokenTree::Group(group) => leaves(group.stream()),
            TokenTree::Punct(punct) => punct.as_char() == '?',
            TokenTree::Ident(word) => word == "return",
            TokenTree::Literal(_) => false,
        })
    }
    let expressions = model.extra().into_iter().chain(model.backend()).chain(&model.bypass_if);
    expressions.map(ToTokens::to_token_stream).any(leaves)
}

/// `let lookup = …; let turn = …;`, statements of their own: nothing that the first one borrows may live across an
/// `await`.
fn turn_async(model: &Model, lookup: &TokenStream) -> TokenStream {
    let (private, max_wait) = (private(model), max_wait(model));
    let (unlinted, join, on_hit) = (unlinted(), join(model), on_hit(model));
    quote_spanned! {hidden()=>
        #unlinted let __lookup = {
            let mut __found = #private::nothing();
            let __lookup = #lookup;
            match #private::take(&mut __found) {
                ::core::option::Option::Some(__value) => { #on_hit return __value }
                ::core::option::Option::None => __lookup,
            }
        };
        let __turn = match __lookup #max_wait.#join().await {
            ::core::result::Result::Ok(__found) => { #on_hit return __found.value() }
            ::core::result::Result::Err(__turn) => __turn,
        };
    }
}

/// `.max_wait(|| …)`
fn max_wait(model: &Model) -> Option<TokenStream> {
    model.max_wait.as_ref().map(|max_wait| {
        let max_wait = policy::max_wait(model, max_wait);
        quote_spanned!(hidden()=> .max_wait(#max_wait))
    })
}

/// How a call that misses meets others that compute the same.
fn join(model: &Model) -> Ident {
    let name = match (&model.store, model.single_flight) {
        (Store::Mark, _) => "claim",
        (Store::Value(_), SingleFlight::Off) => "alone",
        (Store::Value(_), SingleFlight::On) => "join",
        (Store::Value(_), SingleFlight::Fleet) => "join_fleet",
    };
    match model.sig.asyncness {
        None => Ident::new(name, hidden()),
        Some(_) => format_ident!("{name}_async", span = hidden()),
    }
}

/// `{ use …; target.lookup(key, shape, &mut found) }`
fn lookup(model: &Model, within: &str) -> TokenStream {
    let private = private(model);
    let target = target::target(model, within, Some(&model.all_args), Says::WhatIsWrong);
    let (before, key) = key::borrowed(model, Says::WhatIsWrong);
    let shape = policy::shape(model, Says::WhatIsWrong);
    let found = quote_spanned!(hidden()=> &mut __found);
    // Whether there is a fleet where entries live.
    let fleet = model.fleet.as_ref().map(|fleet| {
        let at = Place::of(fleet);
        let asked = at.ask("fleet", at.lent(fleet));
        quote_spanned!(hidden()=> #asked;)
    });
    let lookup = quote!(#target.lookup(#key, #shape, #found));
    let lookup = match fleet {
        None => lookup,
        Some(fleet) => quote_spanned!(hidden()=> { #fleet #lookup }),
    };
    let lookup = target::in_place(model, lookup, Says::WhatIsWrong);
    let lookup = quote_spanned!(hidden()=> { use #private::ways::*; #before #lookup });
    match &model.bypass_if {
        None => lookup,
        Some(bypass) => {
            let bindings = key::bindings(model, [bypass]);
            let bypass = quote_spanned!(hidden()=> { #bindings #bypass });
            quote!(#private::unless(#bypass, || #lookup))
        }
    }
}

/// `on_hit(&a, b);`
fn on_hit(model: &Model) -> Option<TokenStream> {
    let lent: Vec<_> = callback_arguments(model).map(callable::lent).collect();
    model.callbacks.on_hit.as_ref().map(|on_hit| {
        let (unlinted, told) = (unlinted(), told(model, on_hit, &lent, Says::WhatIsWrong));
        quote!(#unlinted { #told })
    })
}

fn callback_arguments(model: &Model) -> impl Iterator<Item = &Argument> {
    model.callback_args.iter().map(|&i| &model.arguments[i])
}

/// Computes what `turn` has to, with the callback around it.
pub(super) fn run(model: &Model, callbacks: &Callbacks, says: Says) -> TokenStream {
    let (private, unlinted) = (private(model), unlinted());
    let policy = policy::policy(model);
    let (allowed, body) = body::runnable(model);
    let (run, returned) = match model.sig.asyncness {
        None => (
            quote_spanned! {hidden()=>
                // A method of the user's may have the same name: by the type that it takes, ours is tried first.
                #allowed #[allow(unused_mut)] let mut __body = #body;
                if (&__turn).is_direct() {
                    #private::put(&mut __found, __body());
                } else {
                    (&mut __turn).run(&mut __found, __body);
                }
            },
            quote_spanned!(hidden()=> (&mut __turn).end(|| #policy, &mut __found)),
        ),
        Some(_) => (
            quote_spanned!(hidden()=> let __body = ::core::pin::pin!(::core::option::Option::Some(#allowed #body));),
            quote_spanned!(hidden()=> __turn.run_async(|| #policy, #private::Body::new(__body)).await),
        ),
    };
    let Some(on_miss) = &callbacks.on_miss else {
        return quote!(#run #returned);
    };
    let arguments: Vec<_> = callback_arguments(model).collect();
    let copies = arguments.iter().map(|argument| {
        let name = &argument.name;
        match argument.is_ref() {
            true => quote!(#name),
            false => {
                let place = Place::of(&argument.ty);
                match says {
                    Says::WhatIsWrong => {
                        place.call(model, |at| quote_spanned!(at=> copy_for_callback), place.lent(name))
                    }
                    Says::Nothing => {
                        let question = place.call(model, |at| quote_spanned!(at=> CopyFor), place.lent(name));
                        let copy = place.answer(2, question, "__copy");
                        quote!({ use #private::ways::*; #copy })
                    }
                }
            }
        }
    });
    let names: Vec<_> = (0..arguments.len()).map(|i| Ident::new(&format!("__copy{i}"), hidden())).collect();
    let lent: Vec<_> = arguments
        .iter()
        .zip(&names)
        .map(|(argument, name)| match argument.is_ref() {
            true => quote!(#name),
            false => quote!(&#name),
        })
        .collect();
    let told = told(model, on_miss, &lent, says);
    quote_spanned! {hidden()=>
        #unlinted
        let __copies = (&__turn).on_miss(|| (#(#copies,)*));
        #run
        let __returned = #returned;
        #unlinted
        #private::after_miss(__copies, |(#(#names,)*)| { #told });
        __returned
    }
}

/// `callback(arguments);`, and the complaint that a future which it gives is awaited by nobody.
fn told(model: &Model, callback: &Callable, lent: &[TokenStream], says: Says) -> TokenStream {
    let call = callable::call(callback, lent);
    match says {
        Says::WhatIsWrong => {
            let (private, place) = (private(model), key::callable_place(callback));
            let question =
                place.call(model, |at| quote_spanned!(at=> Told), quote_spanned!(hidden()=> &__told));
            let answer = place.answer(3, question, "__told");
            let check = place.call(model, |at| quote_spanned!(at=> awaited), answer);
            quote_spanned! {hidden()=>
                #[allow(unreachable_code, unused_variables, clippy::let_unit_value)]
                {
                    use #private::ways::*;
                    let __told = #call;
                    #check;
                }
            }
        }
        Says::Nothing => quote!(let _ = #call;),
    }
}
