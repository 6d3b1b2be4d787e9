//! Reads one option after the other and finds the way back after one that cannot be read.
//!
//! Options cannot be cut apart at commas beforehand: `|a, b|` and `Map::<K, V>::new()` have commas of their
//! own. So each value is parsed as Rust, and only after a mistake do we look for the next thing that can
//! hardly be anything but an option: a comma, then `name =`, `skip(` or the bare word of an option.

use proc_macro2::{TokenStream, TokenTree};
use syn::buffer::Cursor;
use syn::ext::IdentExt;
use syn::parse::discouraged::Speculative;
use syn::parse::{ParseStream, Result};
use syn::{Error, Ident, Token, parenthesized, token};

use super::foreign;
use super::options::{self, Opt};
use super::value::{Raw, Value};
use super::{Args, Errors};

/// Reads all of `input`.
pub(super) fn read(input: ParseStream<'_>, errors: &mut Errors) -> Args {
    let mut args = Args::default();
    let mut first = true;
    while !input.is_empty() {
        match option(input, first, &mut args, errors) {
            Ok(()) => separator(input, errors),
            Err(error) => {
                errors.push_error(error);
                resume(input);
            }
        }
        first = false;
    }
    args
}

/// What the next tokens look like.
enum Start {
    /// `name =`
    Assignment,
    /// `skip(…)`, `redact(…)`
    List,
    /// The name of an option without `=` after it.
    BareOption,
    /// An option of another cache, alone, with parentheses or a colon.
    Foreign,
    /// `name:`, or a lone word; in the first place, and only there, a lone word may be the TTL.
    Word,
    Expression,
}

impl Start {
    fn of(input: ParseStream<'_>) -> Self {
        let ahead = input.fork();
        let Ok(name) = ahead.call(Ident::parse_any) else {
            return Self::Expression;
        };
        let name = name.to_string();
        let parens = ahead.peek(token::Paren);
        let alone = ahead.is_empty() || ahead.peek(Token![,]);
        let colon = ahead.peek(Token![:]) && !ahead.peek(Token![::]);
        if ahead.peek(Token![=]) && !ahead.peek(Token![==]) && !ahead.peek(Token![=>]) {
            return Self::Assignment;
        }
        if parens && options::resembles_list(&name) {
            return Self::List;
        }
        match Opt::called(&name) {
            Some(_) if parens || alone || colon => Self::BareOption,
            None if (parens || alone || colon) && foreign::told(&name).is_some() => Self::Foreign,
            None if alone || colon => Self::Word,
            _ => Self::Expression,
        }
    }
}

fn option(input: ParseStream<'_>, first: bool, args: &mut Args, errors: &mut Errors) -> Result<()> {
    match Start::of(input) {
        Start::Assignment => assignment(input, args, errors),
        Start::List => list(input, args, errors),
        Start::BareOption => {
            let name = input.call(Ident::parse_any)?;
            Err(without_value(&name))
        }
        Start::Foreign => {
            let name = input.call(Ident::parse_any)?;
            Err(Error::new_spanned(&name, options::unknown(&name.to_string())))
        }
        Start::Word if first && !input.peek2(Token![:]) => bare_ttl(input, args, errors),
        Start::Word => {
            let name = input.call(Ident::parse_any)?;
            Err(Error::new_spanned(&name, options::unknown(&name.to_string())))
        }
        Start::Expression if first => bare_ttl(input, args, errors),
        Start::Expression => {
            Err(input.error("every option but a first, bare `ttl` needs a name, as in `capacity = 1_000`"))
        }
    }
}

/// `name = value`
fn assignment(input: ParseStream<'_>, args: &mut Args, errors: &mut Errors) -> Result<()> {
    let name = input.call(Ident::parse_any)?;
    let Some(option) = Opt::called(&name.to_string()) else {
        return Err(Error::new_spanned(&name, options::unknown(&name.to_string())));
    };
    let claimed = args.claim(option, &name, errors);
    input.parse::<Token![=]>()?;
    if input.is_empty() || input.peek(Token![,]) {
        return Err(without_value(&name));
    }
    let (value, tokens) = parsed(input, &name)?;
    if claimed {
        (option.store)(args, Raw { option, name, value, tokens }, errors);
    }
    Ok(())
}

/// `skip(a, b)`, `redact(a, b)`
fn list(input: ParseStream<'_>, args: &mut Args, errors: &mut Errors) -> Result<()> {
    let name = input.call(Ident::parse_any)?;
    let Some(option) = Opt::called(&name.to_string()) else {
        return Err(Error::new_spanned(&name, options::unknown(&name.to_string())));
    };
    let content;
    parenthesized!(content in input);
    let tokens: TokenStream = content.fork().parse()?;
    let value = Value::Names(names(&content, option, errors)?);
    if args.claim(option, &name, errors) {
        (option.store)(args, Raw { option, name, value, tokens }, errors);
    }
    Ok(())
}

/// The names in parentheses; whatever stands between two commas and is no name is reported on its own.
fn names(input: ParseStream<'_>, option: &Opt, errors: &mut Errors) -> Result<Vec<Ident>> {
    let mut names = Vec::new();
    while !input.is_empty() {
        let start = input.cursor();
        let name = input.call(Ident::parse_any);
        while !input.is_empty() && !input.peek(Token![,]) {
            input.parse::<TokenTree>()?;
        }
        let element = between(start, input.cursor());
        match name {
            Ok(name) if element.clone().into_iter().count() == 1 => names.push(name),
            _ => {
                let (name, example) = (option.name, option.example(option.name));
                let message =
                    format!("`{name}` takes the plain names of arguments, for instance `{example}`");
                errors.push(element, message);
            }
        }
        input.parse::<Option<Token![,]>>()?;
    }
    Ok(names)
}

/// The first option may be an expression alone: `#[cache_memoize(60 * 5)]`.
fn bare_ttl(input: ParseStream<'_>, args: &mut Args, errors: &mut Errors) -> Result<()> {
    let name = Ident::new("ttl", input.span());
    let Some(option) = Opt::called("ttl") else {
        return Ok(());
    };
    args.claim(option, &name, errors);
    let (value, tokens) = parsed(input, &name)?;
    (option.store)(args, Raw { option, name, value, tokens }, errors);
    Ok(())
}

/// The value and its tokens. `input` moves on only if all is well, so that a value that runs into the next
/// option does not swallow it.
fn parsed(input: ParseStream<'_>, name: &Ident) -> Result<(Value, TokenStream)> {
    let start = input.cursor();
    let ahead = input.fork();
    let value = match ahead.peek(Token![pub]) {
        true => ahead.parse().map(Value::Visibility),
        false => ahead.parse().map(Value::Expr),
    };
    let value =
        value.map_err(|error| Error::new(error.span(), format!("in the value of `{name}`: {error}")))?;
    input.advance_to(&ahead);
    Ok((value, between(start, input.cursor())))
}

fn without_value(name: &Ident) -> Error {
    let spelling = name.to_string();
    let usage = Opt::called(&spelling).map(|option| option.usage(&spelling));
    Error::new_spanned(name, usage.unwrap_or_else(|| options::unknown(&spelling)))
}

/// The comma after an option.
fn separator(input: ParseStream<'_>, errors: &mut Errors) {
    if input.is_empty() || matches!(input.parse::<Option<Token![,]>>(), Ok(Some(_))) {
        return;
    }
    errors.push_error(input.error("expected a `,` between two options"));
    if !starts_option(input) {
        resume(input);
    }
}

/// Moves to the next option: past tokens, and past the comma before it.
fn resume(input: ParseStream<'_>) {
    while !input.is_empty() {
        let comma = matches!(input.parse::<Option<Token![,]>>(), Ok(Some(_)));
        if comma && starts_option(input) {
            return;
        }
        if !comma && input.parse::<TokenTree>().is_err() {
            return;
        }
    }
}

/// Whether an option must begin here; a word that is nobody's name may as well be a closure's parameter.
fn starts_option(input: ParseStream<'_>) -> bool {
    matches!(Start::of(input), Start::Assignment | Start::List | Start::BareOption | Start::Foreign)
}

fn between(start: Cursor<'_>, end: Cursor<'_>) -> TokenStream {
    let mut tokens = TokenStream::new();
    let mut at = start;
    while at != end {
        let Some((token, next)) = at.token_tree() else {
            break;
        };
        tokens.extend([token]);
        at = next;
    }
    tokens
}
