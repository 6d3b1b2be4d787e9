//! Where the compiler reports what does not fit: generated code that may be wrong about the user's types gets
//! the place of what the user wrote, from its first token to its last.
//!
//! Each fault is met in several generated functions. The compiler shows equal complaints at equal places once.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};

use super::{hidden, private};
use crate::model::Model;

/// The first and the last token of something that the user wrote.
#[derive(Clone, Copy)]
pub(super) struct Place {
    start: Span,
    end: Span,
}

impl Place {
    pub(super) fn of(written: impl ToTokens) -> Self {
        let tokens: Vec<TokenTree> = written.into_token_stream().into_iter().collect();
        let (first, last) = (tokens.first(), tokens.last());
        Self { start: first.map_or_else(Span::call_site, start), end: last.map_or_else(Span::call_site, end) }
    }

    /// `private::path(arguments)`; `path` is told where.
    pub(super) fn call(
        self,
        model: &Model,
        path: impl FnOnce(Span) -> TokenStream,
        arguments: TokenStream,
    ) -> TokenStream {
        let private = located(private(model), self.start);
        let path = path(self.end);
        let arguments = quote_spanned!(self.end=> (#arguments));
        quote_spanned!(self.start=> #private::#path #arguments)
    }

    /// `__place.method(arguments)`, asked of where entries live.
    pub(super) fn ask(self, method: &str, arguments: TokenStream) -> TokenStream {
        let place = syn::Ident::new("__place", hidden().located_at(self.start));
        let method = syn::Ident::new(method, self.end);
        let arguments = quote_spanned!(self.end=> (#arguments));
        quote_spanned!(self.start=> #place.#method #arguments)
    }

    /// `&value`
    pub(super) fn lent(self, value: impl ToTokens) -> TokenStream {
        quote_spanned!(self.start=> &#value)
    }

    /// `(&&&question).method()`, which method lookup answers.
    pub(super) fn answer(self, references: usize, question: TokenStream, method: &str) -> TokenStream {
        let references = (0..references).map(|_| quote_spanned!(self.start=> &));
        let method = syn::Ident::new(method, self.end);
        let call = quote_spanned!(self.end=> .#method());
        quote_spanned!(self.start=> (#(#references)* #question) #call)
    }
}

fn start(token: &TokenTree) -> Span {
    match token {
        TokenTree::Group(group) if group.delimiter() != Delimiter::None => group.span_open(),
        TokenTree::Group(group) => {
            group.stream().into_iter().next().map_or(group.span(), |token| start(&token))
        }
        other => other.span(),
    }
}

fn end(token: &TokenTree) -> Span {
    match token {
        TokenTree::Group(group) if group.delimiter() != Delimiter::None => group.span_close(),
        TokenTree::Group(group) => {
            group.stream().into_iter().last().map_or(group.span(), |token| end(&token))
        }
        other => other.span(),
    }
}

/// The path, found at another place. `$crate` is resolved by the place that it has.
fn located(path: TokenStream, at: Span) -> TokenStream {
    let relocated = path.into_iter().map(|mut token| {
        let dollar = matches!(&token, TokenTree::Ident(ident) if ident == "$crate");
        token.set_span(if dollar { token.span().located_at(at) } else { at });
        token
    });
    relocated.collect()
}
