//! What is generated beside the function.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};

use super::{Says, body, docs, function, hidden, implied, key, policy, private, signature, target, unlinted};
use crate::model::{Companions, Home, KeySource, Model};
use crate::scan;

/// All of them, or nothing.
pub(super) fn all(model: &Model) -> TokenStream {
    make(model, false)
}

/// The same without bodies, for a function that could not be memoized.
pub(super) fn stand_ins(model: &Model) -> TokenStream {
    make(model, true)
}

fn make(model: &Model, hollow: bool) -> TokenStream {
    let Companions::Visibility(vis) = &model.companions else {
        return TokenStream::new();
    };
    let companion = Companion { model, vis, hollow };
    let all = [
        companion.invalidate(),
        companion.invalidate_all(),
        companion.refresh(),
        companion.set(),
        companion.peek(),
        companion.cache_key(),
        companion.uncached(),
        companion.stats(),
    ];
    let judge = policy::judge(model).filter(|_| !hollow);
    all.into_iter().chain(judge).collect()
}

struct Companion<'m> {
    model: &'m Model,
    vis: &'m syn::Visibility,
    hollow: bool,
}

/// The parts in which companions differ.
struct Parts {
    suffix: &'static str,
    inputs: TokenStream,
    output: TokenStream,
    body: TokenStream,
    /// Whether it has the function's type parameters.
    generic: bool,
    /// Whether it is `async` beside an `async fn`.
    waits: bool,
    /// Whether it runs the body, and so is as unsafe as the function.
    runs: bool,
}

impl Parts {
    fn new(suffix: &'static str, inputs: TokenStream, output: TokenStream, body: TokenStream) -> Self {
        Self { suffix, inputs, output, body, generic: true, waits: true, runs: false }
    }
}

impl Companion<'_> {
    /// `fn f_invalidate(args) -> bool`
    fn invalidate(&self) -> TokenStream {
        let operation = self.operation("invalidate");
        let body = self.with_key(
            "invalidate",
            &self.model.companion_args,
            |target, key| quote!(#target.#operation(#key)),
        );
        let body = self.done(body);
        let output = self.fallible(quote!(::core::primitive::bool));
        self.emit(Parts::new("invalidate", self.inputs(), output, body))
    }

    /// `fn f_invalidate_all()`
    fn invalidate_all(&self) -> TokenStream {
        let target = target::target(self.model, &self.name("invalidate_all"), None, Says::Nothing);
        let operation = self.operation("invalidate_all");
        let body = self.done(self.in_ways(quote!(#target.#operation())));
        let inputs = signature::inputs(self.model, &self.model.backend_args);
        let output = self.fallible(quote!(()));
        let parts = Parts::new("invalidate_all", inputs, output, body);
        self.emit(Parts { generic: self.backend_needs_generics(), ..parts })
    }

    /// `fn f_refresh(args) -> R`
    fn refresh(&self) -> TokenStream {
        let model = self.model;
        let shape = policy::shape(model, Says::Nothing);
        let refresh = match model.sig.asyncness {
            None => quote!(refresh),
            Some(_) => quote!(refresh_async),
        };
        let begun = quote_spanned!(hidden()=> __turn);
        // Assigned within: of `let begun = …`, the compiler forgets the value if something else that the statement
        // made, such as what `args_rewrite` gave, panics when it is dropped. And what has begun must end.
        let begin = self.with_key(
            "refresh",
            &model.all_args,
            |target, key| quote!(#begun = #target.#refresh(#key, #shape)),
        );
        let run = function::run(model, &model.callbacks, Says::Nothing);
        let inputs = signature::inputs(model, &model.all_args);
        let output = signature::returned(model);
        let unlinted = unlinted();
        let found = model.sig.asyncness.is_none().then(|| function::found(model));
        let mutable = found.is_some().then(|| quote!(mut));
        let body = quote!(#found #unlinted let #mutable #begun; #unlinted #begin; #run);
        self.emit(Parts { runs: true, ..Parts::new("refresh", inputs, self.fallible(quote!(#output)), body) })
    }

    /// `fn f_set(args, value: R)`
    fn set(&self) -> TokenStream {
        let model = self.model;
        let (shape, policy, ty) =
            (policy::shape(model, Says::Nothing), policy::policy(model), signature::returned(model));
        let value = self.value_name();
        let operation = self.operation("set");
        let body = self.with_key(
            "set",
            &self.model.companion_args,
            |target, key| quote!(#target.#operation(#key, #shape, &#value, #policy)),
        );
        let body = self.done(body);
        let arguments = self.inputs();
        let comma = (!arguments.is_empty()).then(|| quote!(,));
        let inputs = quote!(#arguments #comma #value: #ty);
        self.emit(Parts::new("set", inputs, self.fallible(quote!(())), body))
    }

    /// `fn f_peek(args) -> Option<R>`
    fn peek(&self) -> TokenStream {
        let (shape, ty) = (policy::shape(self.model, Says::Nothing), signature::returned(self.model));
        let operation = self.operation("peek");
        let body = self.with_key(
            "peek",
            &self.model.companion_args,
            |target, key| quote!(#target.#operation(#key, #shape)),
        );
        let body = self.done(body);
        let output = self.fallible(quote!(::core::option::Option<#ty>));
        self.emit(Parts::new("peek", self.inputs(), output, body))
    }

    /// `fn f_cache_key(args) -> String`
    fn cache_key(&self) -> TokenStream {
        let model = self.model;
        let private = private(model);
        let body = match &model.key {
            KeySource::Text(text) => key::verbatim(model, text),
            KeySource::Arguments { .. } | KeySource::Rewrite(..) => {
                let instance = target::instance(model, &self.name("cache_key"), Some(&model.companion_args));
                let (before, text) = key::text(model);
                quote!({ use #private::ways::*; #before #instance.key_text(#text) })
            }
        };
        let parts = Parts::new("cache_key", self.inputs(), quote!(#private::String), body);
        self.emit(Parts { waits: false, ..parts })
    }

    /// `fn f_uncached(args) -> R`, with the body as the user wrote it.
    fn uncached(&self) -> TokenStream {
        let model = self.model;
        let (vis, docs) = (self.vis, docs::of(model, "uncached"));
        // Its own lints stay in force, for this is the user's code.
        let is_here =
            |attribute: &&syn::Attribute| is_about_lints(attribute) && !signature::expects_no_use(attribute);
        let lints = model.attrs.iter().filter(is_here);
        let repeated = model.companion_attrs.iter().filter(|attribute| !is_about_lints(attribute));
        let mut sig = match self.hollow {
            false => signature::written(model),
            true => signature::plain(model, false),
        };
        sig.ident = signature::companion_name(model, "uncached");
        let body = match self.hollow {
            false => model.body.to_token_stream(),
            true => hollow(),
        };
        // `type_` has `type__uncached`, which is the macro's doing.
        let name = model.sig.ident.to_string();
        let unsnaked = name.ends_with('_').then(|| quote!(#[allow(non_snake_case)]));
        // A recursion has it on the stack once for each step, beside the function. With optimisation that is not our affair.
        let inline = match model.sig.asyncness {
            None if body::stands_alone(model) => quote! {
                #[cfg_attr(debug_assertions, inline(always))]
                #[cfg_attr(not(debug_assertions), inline)]
            },
            _ => quote!(#[inline]),
        };
        // Without a body, nothing uses the arguments.
        let unused = self.hollow.then(|| quote!(#[allow(unused_variables)]));
        quote! {
            #docs #(#repeated)* #(#lints)* #[allow(dead_code)] #unsnaked #unused #inline
            // Its documentation and other attributes are those of a companion.
            #[allow(
                clippy::missing_errors_doc, clippy::missing_panics_doc, clippy::missing_safety_doc,
                clippy::must_use_candidate, clippy::return_self_not_must_use, clippy::missing_const_for_fn,
                clippy::inline_always
            )]
            #vis #sig #body
        }
    }

    /// `fn f_stats() -> Stats`
    fn stats(&self) -> TokenStream {
        let private = private(self.model);
        let target = target::target(self.model, &self.name("stats"), None, Says::Nothing);
        let body = self.in_ways(quote!(#target.stats()));
        let inputs = signature::inputs(self.model, &self.model.backend_args);
        let parts = Parts::new("stats", inputs, quote!(#private::Stats), body);
        self.emit(Parts { generic: self.backend_needs_generics(), waits: false, ..parts })
    }

    fn emit(&self, parts: Parts) -> TokenStream {
        let Parts { suffix, inputs, output, body, generic, waits, runs } = parts;
        let (model, vis) = (self.model, self.vis);
        let (docs, attrs) = (docs::of(model, suffix), &model.companion_attrs);
        let name = signature::companion_name(model, suffix);
        let body = match self.hollow {
            false => quote!({ #body }),
            true => hollow(),
        };
        let asyncness = model.sig.asyncness.filter(|_| waits);
        let unsafety = (runs && signature::is_unsafe(model)).then(|| quote!(unsafe));
        let generics = generic.then_some(&model.sig.generics);
        let taken = if runs { &model.all_args } else { &model.companion_args };
        let bounds = self.bounds(generics.and_then(|_| implied::bounds(model, taken)), &inputs);
        let lints = match runs && !self.hollow {
            // It may have a copy of the user's body, which the user's lints are for; but it does not use all that
            // the function uses.
            true => quote!(#[allow(dead_code, deprecated, non_snake_case, unused_variables)]),
            false => {
                let unlinted = unlinted();
                quote! {
                    #[allow(dead_code, deprecated, non_snake_case, unused_variables)]
                    #[allow(unused_lifetimes, single_use_lifetimes)]
                    #unlinted
                }
            }
        };
        quote_spanned! {hidden()=>
            #docs #(#attrs)* #lints #[inline]
            #vis #asyncness #unsafety fn #name #generics (#inputs) -> #output #bounds #body
        }
    }

    /// The function's own bounds; of a trait that there may be a `dyn` of, also that a companion without `self` is no part
    /// of that.
    fn bounds(&self, bounds: Option<syn::WhereClause>, inputs: &TokenStream) -> Option<syn::WhereClause> {
        let is_method = self.model.arguments.first().is_some_and(crate::item::Argument::is_receiver);
        let takes_self = scan::count(inputs.clone(), "self") > 0;
        // An associated function is no part of a `dyn` only if it says so itself.
        let says_so = self.model.sig.generics.where_clause.as_ref();
        let says_so = says_so.is_some_and(|says| scan::count(says.to_token_stream(), "Sized") > 0);
        if !self.model.in_trait || !(is_method || says_so) || takes_self {
            return bounds;
        }
        let mut bounds = bounds.unwrap_or_else(|| syn::parse_quote!(where));
        bounds.predicates.push(syn::parse_quote!(Self: ::core::marker::Sized));
        Some(bounds)
    }

    fn name(&self, suffix: &str) -> String {
        signature::companion_name(self.model, suffix).to_string()
    }

    fn inputs(&self) -> TokenStream {
        signature::inputs(self.model, &self.model.companion_args)
    }

    /// `{ use …; target.operation(key) }`
    fn with_key(
        &self,
        suffix: &str,
        inputs: &[usize],
        operation: impl FnOnce(TokenStream, TokenStream) -> TokenStream,
    ) -> TokenStream {
        let private = private(self.model);
        let target = target::target(self.model, &self.name(suffix), Some(inputs), Says::Nothing);
        let (before, key) = key::borrowed(self.model, Says::Nothing);
        let operation = target::in_place(self.model, operation(target, key), Says::Nothing);
        quote!({ use #private::ways::*; #before #operation })
    }

    /// The same for an operation without a key.
    fn in_ways(&self, operation: TokenStream) -> TokenStream {
        let private = private(self.model);
        let bindings = key::bindings(self.model, self.model.backend());
        let operation = target::in_place(self.model, operation, Says::Nothing);
        quote!({ use #private::ways::*; #bindings #operation })
    }

    /// Whether operations may take time that nobody should sleep through.
    fn is_later(&self) -> bool {
        self.model.sig.asyncness.is_some() && matches!(self.model.home, Home::Backend { .. })
    }

    /// `invalidate`, `invalidate_async`
    fn operation(&self, name: &str) -> syn::Ident {
        match self.is_later() {
            false => syn::Ident::new(name, hidden()),
            true => quote::format_ident!("{name}_async", span = hidden()),
        }
    }

    /// `let operation = …; operation.await`, two statements: nothing that the first one borrows may live across the
    /// `await`.
    fn done(&self, operation: TokenStream) -> TokenStream {
        match self.is_later() {
            false => operation,
            true => quote_spanned!(hidden()=> let __operation = #operation; __operation.await),
        }
    }

    /// With a backend, a companion can fail.
    fn fallible(&self, output: TokenStream) -> TokenStream {
        let private = private(self.model);
        match &self.model.home {
            Home::Own(_) => output,
            Home::Backend { .. } => quote!(::core::result::Result<#output, #private::Error>),
        }
    }

    /// The types of the arguments that a backend names may need the function's parameters.
    fn backend_needs_generics(&self) -> bool {
        self.model.backend_args.iter().any(|&index| !self.model.arguments[index].is_receiver())
    }

    /// `value`, unless an argument is called that.
    fn value_name(&self) -> syn::Ident {
        let mut name = String::from("value");
        while self.model.arguments.iter().any(|argument| argument.name == name) {
            name.insert_str(0, "new_");
        }
        syn::Ident::new(&name, self.model.sig.ident.span())
    }
}

fn hollow() -> TokenStream {
    quote!({ ::core::unreachable!() })
}

fn is_about_lints(attribute: &syn::Attribute) -> bool {
    ["allow", "expect", "warn", "deny", "forbid"].iter().any(|name| attribute.path().is_ident(name))
}
