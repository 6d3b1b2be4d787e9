//! What is decided about results is decided without the arguments: they are gone when a callee has consumed
//! them, and an entry may be judged for callers who gave others.
//!
//! Only what is certain is reported here. A closure that binds names of its own, or calls a macro that might, is
//! left to the compiler, which says that it must not capture.

use proc_macro2::{Ident, Spacing, TokenStream, TokenTree};
use quote::ToTokens;

use crate::args::{Args, CacheErr, Callable, Capacity, Codec, Given, MaxWait, Ttl};
use crate::diag::Errors;
use crate::item::Argument;

/// Looks for arguments in every option that cannot see them.
pub(super) fn check(args: &Args, arguments: &[Argument], errors: &mut Errors) {
    const VALUE: &str = "is asked about the value alone";
    const ERROR: &str = "is asked about the error alone";
    const ALL: &str = "is the same for all calls";
    let mut look = |name: &Ident, code: Option<Code>, sees: &str, cure: &str| {
        let Some(code) = code else { return };
        if let Some(argument) = code.mentioned(arguments) {
            errors
                .push(&argument, format!("`{name}` {sees} and cannot see the argument `{argument}`: {cure}"));
        }
    };
    if let Some(Given { name, value, .. }) = &args.cache_if {
        look(name, Code::of(value), VALUE, "for a condition over the arguments there is `bypass_if`");
    }
    if let Some(Given { name, value: CacheErr::If(value), .. }) = &args.cache_err {
        look(name, Code::of(value), ERROR, "let the error tell, or use `bypass_if`");
    }
    if let Some(Given { name, value, .. }) = &args.weigher {
        let cure = "take what it needs from its parameters, `|key, value|`";
        look(name, Code::of(value), "is given the key and the value", cure);
    }
    if let Some(Given { name, value: Capacity::Expr(expr), .. }) = &args.capacity {
        look(name, Some(Code::plain(expr)), ALL, "give a number or a `const`");
    }
    if let Some(Given { name, value: Codec(expr), .. }) = &args.codec {
        look(name, Some(Code::plain(expr)), ALL, "give one for all calls, such as `Codec::Json`");
    }
    if let Some(Given { name, value: MaxWait::Expr(expr), .. }) = &args.max_wait {
        look(name, Some(Code::plain(expr)), ALL, "give one time for all calls");
    }
    for (given, sees, parameter) in [(&args.ttl, VALUE, "value"), (&args.err_ttl, ERROR, "error")] {
        let Some(Given { name, value, .. }) = given else {
            continue;
        };
        match value {
            Ttl::Duration(_) => {}
            Ttl::Closure(closure) => {
                look(name, Some(Code::closure(closure)), sees, &format!("let the {parameter} tell"));
            }
            Ttl::Expr(expr) => {
                let cure = format!("make it a closure over the {parameter}, `{name} = |{parameter}| ..`");
                look(name, Some(Code::plain(expr)), ALL, &cure);
            }
        }
    }
}

/// An expression, and the names that are its own.
struct Code {
    parameters: TokenStream,
    body: TokenStream,
}

impl Code {
    fn plain(expr: &syn::Expr) -> Self {
        Self { parameters: TokenStream::new(), body: expr.to_token_stream() }
    }

    fn closure(closure: &syn::ExprClosure) -> Self {
        Self { parameters: closure.inputs.to_token_stream(), body: closure.body.to_token_stream() }
    }

    fn of(callable: &Callable) -> Option<Self> {
        match callable {
            Callable::Closure(closure) => Some(Self::closure(closure)),
            Callable::Path(_) => None,
        }
    }

    /// The first use of an argument, where the code says.
    fn mentioned(self, arguments: &[Argument]) -> Option<Ident> {
        if binds(self.body.clone()) {
            return None;
        }
        let own = words(self.parameters);
        let is_argument =
            |word: &Ident| arguments.iter().any(|argument| argument.has_own_name() && argument.name == *word);
        variables(self.body).into_iter().find(|word| is_argument(word) && !own.contains(word))
    }
}

/// Whether there may be names in the code that it brings into scope itself.
fn binds(tokens: TokenStream) -> bool {
    const BINDERS: &[&str] = &["let", "for", "match", "fn", "const", "static", "use"];
    let mut after_word = false;
    tokens.into_iter().any(|token| {
        let may_be_macro = std::mem::replace(&mut after_word, matches!(token, TokenTree::Ident(_)));
        match token {
            TokenTree::Ident(word) => BINDERS.iter().any(|binder| word == binder),
            TokenTree::Punct(punct) if punct.as_char() == '!' => {
                may_be_macro && punct.spacing() == Spacing::Alone
            }
            TokenTree::Punct(punct) => punct.as_char() == '|',
            TokenTree::Group(group) => binds(group.stream()),
            TokenTree::Literal(_) => false,
        }
    })
}

/// Every word, whatever it is.
fn words(tokens: TokenStream) -> Vec<Ident> {
    tokens
        .into_iter()
        .flat_map(|token| match token {
            TokenTree::Ident(word) => vec![word],
            TokenTree::Group(group) => words(group.stream()),
            TokenTree::Punct(_) | TokenTree::Literal(_) => Vec::new(),
        })
        .collect()
}

/// The words that are neither fields nor parts of longer paths.
fn variables(tokens: TokenStream) -> Vec<Ident> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let is = |at: Option<usize>, punct: char| {
        let token = at.and_then(|at| tokens.get(at));
        matches!(token, Some(TokenTree::Punct(found)) if found.as_char() == punct)
    };
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => found.extend(variables(group.stream())),
            TokenTree::Ident(word) => {
                let field = is(at.checked_sub(1), '.') && !is(at.checked_sub(2), '.');
                let path = is(at.checked_sub(1), ':') || is(Some(at + 1), ':');
                let lifetime = is(at.checked_sub(1), '\'');
                if !field && !path && !lifetime {
                    found.push(word.clone());
                }
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
    found
}
