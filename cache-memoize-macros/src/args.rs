//! The options between the attribute's parentheses, each with the tokens that the user wrote for it.
//!
//! This is what was *written*: every value has a sensible form of its own, but how options go together is
//! judged in [`check`](crate::check) and settled in [`model`](crate::model).

mod foreign;
mod options;
mod reader;
mod value;

use core::time::Duration;

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::Parser;
use syn::{Expr, ExprClosure, ExprPath, Ident, LitInt, LitStr, Path, Visibility};

use crate::diag::Errors;
use options::Opt;

/// Everything that was given, and nothing that was not.
#[derive(Default)]
pub(crate) struct Args {
    pub(crate) ttl: Option<Given<Ttl>>,
    pub(crate) err_ttl: Option<Given<Ttl>>,
    pub(crate) args_rewrite: Option<Given<Callable>>,
    pub(crate) skip: Option<Given<Vec<Ident>>>,
    pub(crate) redact: Option<Given<Vec<Ident>>>,
    pub(crate) extra: Option<Given<Expr>>,
    pub(crate) version: Option<Given<Version>>,
    pub(crate) prefix: Option<Given<Prefix>>,
    pub(crate) key: Option<Given<Callable>>,
    pub(crate) on_hit: Option<Given<Callable>>,
    pub(crate) on_miss: Option<Given<Callable>>,
    pub(crate) store_result: Option<Given<bool>>,
    pub(crate) cache_err: Option<Given<CacheErr>>,
    pub(crate) cache_none: Option<Given<bool>>,
    pub(crate) cache_if: Option<Given<Callable>>,
    pub(crate) bypass_if: Option<Given<Expr>>,
    pub(crate) capacity: Option<Given<Capacity>>,
    pub(crate) weigher: Option<Given<Callable>>,
    pub(crate) backend: Option<Given<Backend>>,
    pub(crate) codec: Option<Given<Codec>>,
    pub(crate) single_flight: Option<Given<SingleFlight>>,
    pub(crate) max_wait: Option<Given<MaxWait>>,
    pub(crate) companions: Option<Given<CompanionsOption>>,
    pub(crate) krate: Option<Given<Path>>,
    /// All of the attribute's tokens, for questions such as "does it say `Self`?".
    pub(crate) tokens: TokenStream,
    /// Which options were named, readable value or not: a malformed value must not make other options look
    /// alone.
    named: Vec<(&'static str, Ident)>,
}

/// One option: its name in the user's spelling, what it means, and the tokens of the value.
pub(crate) struct Given<T> {
    pub(crate) name: Ident,
    pub(crate) value: T,
    pub(crate) tokens: TokenStream,
}

/// How long an entry lives.
pub(crate) enum Ttl {
    /// A string, read at compile time.
    Duration(Duration),
    /// Seconds or a `Duration`; its type tells.
    Expr(Expr),
    /// Decided for each stored value.
    Closure(ExprClosure),
}

/// How long a call waits for another's computation before one more may begin.
pub(crate) enum MaxWait {
    /// A string, read at compile time.
    Duration(Duration),
    /// Seconds or a `Duration`; its type tells.
    Expr(Expr),
}

/// Something to be called with arguments that the expansion chooses.
pub(crate) enum Callable {
    Closure(ExprClosure),
    Path(ExprPath),
}

/// Which errors are stored beside the `Ok`s.
pub(crate) enum CacheErr {
    All,
    If(Callable),
}

/// What to bump in order to orphan older entries.
pub(crate) enum Version {
    Number(LitInt),
    Text(LitStr),
}

/// The function's name in keys.
pub(crate) enum Prefix {
    Text(LitStr),
    Const(ExprPath),
}

/// The bound of a function's own memory.
pub(crate) enum Capacity {
    Expr(Expr),
    Unbounded,
}

/// Where entries live.
pub(crate) enum Backend {
    Expr(Expr),
    /// Registered under this name when the program starts.
    Name(LitStr),
}

/// How values become bytes.
pub(crate) struct Codec(pub(crate) Expr);

/// How many computations of one key may run at a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SingleFlight {
    Off,
    On,
    Fleet,
}

/// Which companions are wanted.
pub(crate) enum CompanionsOption {
    Off,
    /// As visible as the function itself.
    On,
    Visibility(Visibility),
}

impl<T> Given<T> {
    /// The option as it was written, for complaints about name and value together.
    pub(crate) fn written(&self) -> TokenStream {
        let Self { name, tokens, .. } = self;
        quote!(#name = #tokens)
    }
}

impl Given<SingleFlight> {
    /// The `"fleet"`, if it is that.
    pub(crate) fn fleet(&self) -> Option<TokenStream> {
        (self.value == SingleFlight::Fleet).then(|| self.tokens.clone())
    }
}

impl Args {
    /// Reads every option that can be read and reports each one that cannot.
    pub(crate) fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let read = |input: syn::parse::ParseStream<'_>| Ok(reader::read(input, errors));
        // The reader consumes all of its input and reports to `errors` itself, so this cannot fail.
        let args = read.parse2(tokens.clone()).unwrap_or_default();
        Self { tokens, ..args }
    }

    /// The name under which `option` was given, if it was.
    pub(crate) fn named(&self, option: &str) -> Option<&Ident> {
        self.named.iter().find(|(name, _)| *name == option).map(|(_, spelling)| spelling)
    }

    /// Notes that `option` is given; a second time is a mistake.
    fn claim(&mut self, option: &'static Opt, name: &Ident, errors: &mut Errors) -> bool {
        let Some(earlier) = self.named(option.name) else {
            self.named.push((option.name, name.clone()));
            return true;
        };
        errors.push(
            name,
            match earlier == name {
                true => format!("`{name}` is given twice: keep one"),
                false => format!("`{name}` and `{earlier}` are two names of one option: keep one"),
            },
        );
        false
    }
}

#[cfg(test)]
mod tests;
