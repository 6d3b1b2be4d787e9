//! Code from the model. Nothing is decided or checked here any more, and the generated code decides nothing
//! either: it finds its function, builds a key, and calls the runtime.
//!
//! ```text
//! fn f(a: A, b: &B) -> R {
//!     let mut found = None;
//!     let look = || { static SITE: …; SITE.instance(&|| {}).own().lookup(key of a and b, shape of R, &mut found) };
//!     let mut turn = look().join(&mut found);
//!     turn.run(&mut found, move || body);
//!     turn.end(|| policy, &mut found)
//! }
//! ```
//!
//! Everything that is generated has the hygiene of `Span::mixed_site()`, so that its variables are not the
//! user's; what the user wrote keeps its own spans, so that the compiler's complaints point there.

mod body;
mod callable;
mod companions;
mod docs;
mod function;
mod implied;
mod key;
mod place;
mod policy;
mod signature;
mod target;

pub(crate) use policy::JUDGE;
use proc_macro2::{Span, TokenStream};
use quote::quote;

use crate::model::Model;

/// The function, memoized, and its companions.
pub(crate) fn expand(model: &Model) -> TokenStream {
    let function = function::memoized(model);
    let companions = companions::all(model);
    quote!(#function #companions)
}

/// Companions that only have the right types.
pub(crate) fn stand_ins(model: &Model) -> TokenStream {
    companions::stand_ins(model)
}

/// Whether a generated function tells what is wrong with the types of the user's that it meets. All of them meet the
/// same ones, and the compiler says equal things at equal places once for each function it finds them in; so the
/// memoized function speaks, and its companions are content with the stand-ins that answers have for what cannot be.
#[derive(Clone, Copy, PartialEq)]
enum Says {
    WhatIsWrong,
    Nothing,
}

/// The path of the runtime's hidden module.
fn private(model: &Model) -> TokenStream {
    let runtime = &model.runtime;
    quote!(#runtime::__private)
}

/// Generated code uses arguments called `_x`, shadows them, copies what is `Copy`, and calls what is deprecated
/// with the function. And braces and parentheses around a closure's body are as the user likes them: where it stands now,
/// the compiler may find them unused.
fn unlinted() -> TokenStream {
    quote! {
        #[allow(
            deprecated, unused_braces, unused_parens,
            clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction
        )]
    }
}

/// Where the variables of generated code live.
fn hidden() -> Span {
    Span::mixed_site()
}
