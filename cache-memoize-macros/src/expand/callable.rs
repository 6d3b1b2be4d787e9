//! Calling what the user gave: a closure or the path of a function.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::hidden;
use crate::args::Callable;
use crate::item::Argument;

/// `|user, _| user.id` with `&a` and `b` becomes `(|| { let user = &a; let _ = b; user.id })()`, so that its
/// parameters need no types and its result may borrow from the arguments. A path is simply called.
pub(super) fn call(callable: &Callable, arguments: &[TokenStream]) -> TokenStream {
    match callable {
        Callable::Path(path) => quote!(#path(#(#arguments),*)),
        Callable::Closure(closure) => {
            let (patterns, output, body) = (closure.inputs.iter(), &closure.output, &closure.body);
            quote_spanned!(hidden()=> (|| #output { #(let #patterns = #arguments;)* #body })())
        }
    }
}

/// An argument as callables receive it: a reference as it is, anything else by reference.
pub(super) fn lent(argument: &Argument) -> TokenStream {
    let name = &argument.name;
    match argument.is_ref() {
        true => quote!(#name),
        false => quote!(&#name),
    }
}
