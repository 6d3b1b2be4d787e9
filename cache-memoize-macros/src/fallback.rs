//! What a misused attribute becomes: the function as it was written, companions that only have the right types,
//! so that its callers still compile, and every mistake as an error of its own.

use proc_macro2::TokenStream;

use crate::diag::Errors;
use crate::expand;
use crate::model::Model;

/// `item` becomes `item`, stand-ins for its companions, and one `compile_error!` for each mistake.
pub(crate) fn attribute(item: TokenStream, model: Option<Model>, errors: Errors) -> TokenStream {
    let companions = model.as_ref().map(expand::stand_ins).unwrap_or_default();
    let mistakes = errors.into_compile_errors();
    TokenStream::from_iter([item, companions, mistakes])
}
