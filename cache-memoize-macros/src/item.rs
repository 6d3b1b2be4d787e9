//! The item under the attribute: a function's signature taken apart, its body left as it is.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser, Result};
use syn::spanned::Spanned;
use syn::{
    AttrStyle, Attribute, Error, FnArg, Ident, Pat, PatIdent, PatType, Receiver, ReceiverKind, Signature,
    Token, Type, Visibility, parse_quote_spanned, token,
};

use crate::diag::Errors;
use crate::{returns, scan};

/// A function that may be memoized as far as its own tokens tell.
pub(crate) struct Item {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) defaultness: Option<Token![default]>,
    pub(crate) sig: Signature,
    /// The arguments in order, a receiver first.
    pub(crate) arguments: Vec<Argument>,
    /// The braces and what is in them, unparsed: an unfinished body is the compiler's to complain about.
    pub(crate) body: Group,
}

/// One argument of the function.
#[derive(Clone)]
pub(crate) struct Argument {
    /// A plain name for generated signatures: the pattern's own, `self`, or `__arg1` by position.
    pub(crate) name: Ident,
    /// The pattern that the body binds, where it is more than the name.
    pub(crate) pat: Option<Pat>,
    /// Of a receiver, its type spelled out: `&Self`.
    pub(crate) ty: Type,
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) kind: ArgumentKind,
}

/// How an argument is handed over.
#[derive(Clone)]
pub(crate) enum ArgumentKind {
    /// `self` in one of its forms, as it was written.
    Receiver(Receiver),
    Value,
    Ref,
    RefMut,
}

impl Item {
    /// Takes the item apart. `None`, with the reason reported, where there is no function to take apart.
    pub(crate) fn parse(tokens: TokenStream, errors: &mut Errors) -> Option<Self> {
        let parse = |input: ParseStream<'_>| Function::parse(input, errors);
        match parse.parse2(tokens) {
            Ok(function) => Some(Self::checked(function, errors)),
            Err(error) => {
                errors.push_error(error);
                None
            }
        }
    }

    fn checked(function: Function, errors: &mut Errors) -> Self {
        let Function { attrs, vis, defaultness, sig, body } = function;
        attrs.iter().filter(|attribute| is_this_macro(attribute)).for_each(|second| {
            let cure = "give the options of both in one";
            errors.push(
                second,
                format!("`{}` is memoized by another `#[cache_memoize]` already: {cure}", sig.ident),
            );
        });
        check_signature(&sig, errors);
        let arguments: Vec<Argument> = sig.inputs.iter().enumerate().map(Argument::new).collect();
        arguments.iter().for_each(|argument| argument.check_attributes(errors));
        Self { attrs, vis, defaultness, sig, arguments, body }
    }
}

/// Whether it goes by the name of this macro, wherever that was found.
fn is_this_macro(attribute: &Attribute) -> bool {
    attribute.path().segments.last().is_some_and(|segment| segment.ident == "cache_memoize")
}

/// A function as it stands in the source.
struct Function {
    attrs: Vec<Attribute>,
    vis: Visibility,
    defaultness: Option<Token![default]>,
    sig: Signature,
    body: Group,
}

impl Function {
    fn parse(input: ParseStream<'_>, errors: &mut Errors) -> Result<Self> {
        let mut attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        if let Some(other) = not_a_function(input) {
            // The tokens belong to an item that is emitted as it is.
            input.parse::<TokenStream>()?;
            return Err(other);
        }
        let defaultness = input.parse()?;
        let sig: Signature = input.parse()?;
        let body = match input.peek(token::Brace) {
            true => braces(input.parse()?),
            false => missing_body(&sig.ident, input, errors)?,
        };
        let (inner, body) = inner_attributes(body)?;
        attrs.extend(inner);
        Ok(Self { attrs, vis, defaultness, sig, body })
    }
}

/// `fn f() { //! …` is `/// …` before it, and stays with the function wherever the body goes.
fn inner_attributes(body: Group) -> Result<(Vec<Attribute>, Group)> {
    let split = |input: ParseStream<'_>| {
        let mut attrs = input.call(Attribute::parse_inner)?;
        attrs.iter_mut().for_each(|attribute| attribute.style = AttrStyle::Outer);
        Ok((attrs, input.parse::<TokenStream>()?))
    };
    let (attrs, rest) = split.parse2(body.stream())?;
    if attrs.is_empty() {
        return Ok((attrs, body));
    }
    let mut without = Group::new(body.delimiter(), rest);
    without.set_span(body.span());
    Ok((attrs, without))
}

/// The braces themselves; a `$body:block` of `macro_rules!` comes in invisible ones.
fn braces(token: TokenTree) -> Group {
    match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
            group.stream().into_iter().next().map_or(group, braces)
        }
        TokenTree::Group(group) => group,
        other => Group::new(Delimiter::Brace, other.into()),
    }
}

/// Reports the `;` and goes on with an empty body, so that the other mistakes are found as well.
fn missing_body(function: &Ident, input: ParseStream<'_>, errors: &mut Errors) -> Result<Group> {
    let message =
        format!("`{function}` needs a body to memoize: put `#[cache_memoize]` on its implementation");
    match input.parse::<Option<Token![;]>>()? {
        Some(semicolon) => errors.push(semicolon, message),
        None => errors.push(function, message),
    }
    Ok(Group::new(Delimiter::Brace, TokenStream::new()))
}

const ITS_FUNCTION: &str = "put it on the function that computes the value";
const ONCE: &str = "it is computed once anyway";
const EXPANDED: &str = "put it on the function that the macro expands to";

/// The first keyword of each other item, what it is called, and what to do instead.
const ITEMS: &[(&str, &str, &str)] = &[
    ("struct", "a struct", ITS_FUNCTION),
    ("enum", "an enum", ITS_FUNCTION),
    ("union", "a union", ITS_FUNCTION),
    ("type", "a type alias", ITS_FUNCTION),
    ("impl", "an `impl` block", "put it on each method to be memoized"),
    ("trait", "a trait", "put it on the methods of an implementation"),
    ("mod", "a module", "put it on each function to be memoized"),
    ("const", "a constant", ONCE),
    ("static", "a static", ONCE),
    ("let", "a statement", "put it on a function"),
    ("use", "an import", "put it on the function where it is defined"),
    ("macro_rules", "a macro", EXPANDED),
    ("macro", "a macro", EXPANDED),
    ("extern", "an `extern` item", "put it on a Rust function that calls it"),
];

/// The complaint about an item that is no function, under the keyword that says so.
fn not_a_function(input: ParseStream<'_>) -> Option<Error> {
    let ahead: TokenStream = input.fork().parse().ok()?;
    // Keywords, names and the `"C"` of an ABI: whatever comes before the first punctuation.
    let head =
        ahead.into_iter().take_while(|token| matches!(token, TokenTree::Ident(_) | TokenTree::Literal(_)));
    let head: Vec<TokenTree> = head.collect();
    let is = |token: &TokenTree, keyword: &str| matches!(token, TokenTree::Ident(word) if word == keyword);
    if head.iter().any(|token| is(token, "fn")) {
        return None;
    }
    let row = |token| ITEMS.iter().find(|(keyword, ..)| is(token, keyword)).map(|row| (token, row));
    Some(match head.iter().find_map(row) {
        Some((keyword, (_, what, cure))) => Error::new_spanned(
            keyword,
            format!("`#[cache_memoize]` goes on a function; this is {what}: {cure}"),
        ),
        None => input.error("`#[cache_memoize]` goes on a function"),
    })
}

/// What no option can make right.
fn check_signature(sig: &Signature, errors: &mut Errors) {
    let function = &sig.ident;
    if let Some(constness) = sig.constness {
        let cure = "take `const` away, or leave it unmemoized";
        errors.push(constness, format!("`{function}` looks into a cache, which a `const fn` cannot: {cure}"));
    }
    if let Some(abi) = &sig.abi {
        let cure = "memoize a Rust function and call it from here";
        errors.push(abi, format!("`{function}` cannot be memoized with a foreign ABI: {cure}"));
    }
    if let Some(variadic) = &sig.variadic {
        errors.push(variadic, "variadic arguments cannot be part of a key: take a slice instead");
    }
    if let Some(receiver) = sig.receiver().filter(|receiver| is_mutable(receiver)) {
        let cure = "take `&self`, or memoize a function of the inputs";
        errors.push(
            receiver,
            format!("`{function}` cannot take `&mut self`, a hit would not change it: {cure}"),
        );
    }
    returns::check(function, &sig.output, errors);
}

/// `&mut self` and `self: &mut Self`, but not `mut self`, which is an owned value.
fn is_mutable(receiver: &Receiver) -> bool {
    match &receiver.kind {
        ReceiverKind::Reference(_, _, mutability) => mutability.is_some(),
        ReceiverKind::Typed(_, ty) => is_ref_mut(ty),
        _ => false,
    }
}

fn is_ref_mut(ty: &Type) -> bool {
    matches!(returns::peeled(ty), Type::Reference(reference) if reference.mutability.is_some())
}

impl Argument {
    fn new((position, input): (usize, &FnArg)) -> Self {
        match input {
            FnArg::Receiver(receiver) => Self::receiver(receiver),
            FnArg::Typed(typed) => Self::typed(position, typed),
        }
    }

    fn receiver(receiver: &Receiver) -> Self {
        let own = receiver.self_token.span;
        let ty = match &receiver.kind {
            ReceiverKind::Typed(_, ty) => Type::clone(ty),
            ReceiverKind::Reference(and, lifetime, mutability) => {
                parse_quote_spanned!(own=> #and #lifetime #mutability Self)
            }
            _ => parse_quote_spanned!(own=> Self),
        };
        Self {
            name: Ident::new("self", own),
            pat: None,
            ty,
            attrs: receiver.attrs.clone(),
            kind: ArgumentKind::Receiver(receiver.clone()),
        }
    }

    fn typed(position: usize, PatType { attrs, pat, ty, .. }: &PatType) -> Self {
        let (name, pat) = match &**pat {
            Pat::Ident(PatIdent { ident, subpat: None, by_ref: None, mutability: None, .. }) => {
                (ident.clone(), None)
            }
            Pat::Ident(PatIdent { ident, subpat: None, .. }) => (ident.clone(), Some(Pat::clone(pat))),
            other => {
                // Hidden from the user's own `__arg1`, should there be one.
                let place = other.span().resolved_at(Span::mixed_site());
                (Ident::new(&format!("__arg{position}"), place), Some(other.clone()))
            }
        };
        let kind = match returns::peeled(ty) {
            Type::Reference(_) if is_ref_mut(ty) => ArgumentKind::RefMut,
            Type::Reference(_) => ArgumentKind::Ref,
            _ => ArgumentKind::Value,
        };
        Self { name, pat, ty: Type::clone(ty), attrs: attrs.clone(), kind }
    }

    fn check_attributes(&self, errors: &mut Errors) {
        for attribute in &self.attrs {
            if attribute.path().is_ident("cfg_attr") {
                errors.push(
                    attribute,
                    "what this makes of an argument, the attribute cannot see: write `#[cfg]`, or two functions",
                );
            }
        }
    }

    /// Whether this is `self`.
    pub(crate) fn is_receiver(&self) -> bool {
        matches!(self.kind, ArgumentKind::Receiver(_))
    }

    /// Whether the type is written as a shared reference, so that closures receive the argument as it is.
    pub(crate) fn is_ref(&self) -> bool {
        matches!(returns::peeled(&self.ty), Type::Reference(reference) if reference.mutability.is_none())
    }

    /// Whether the type is written as a `&mut`, which nobody but the body receives.
    pub(crate) fn is_ref_mut(&self) -> bool {
        is_ref_mut(&self.ty)
    }

    /// Whether the user can name the argument in `skip(…)`.
    pub(crate) fn has_own_name(&self) -> bool {
        matches!(self.pat, None | Some(Pat::Ident(PatIdent { subpat: None, .. })))
    }

    /// Whether `tokens` use the argument, or any variable that its pattern binds.
    pub(crate) fn is_named_in(&self, tokens: &TokenStream) -> bool {
        let uses = |name: &Ident| scan::mentions(tokens.clone(), name);
        match &self.pat {
            Some(pat) if !self.has_own_name() => bindings(pat).iter().any(uses),
            _ => uses(&self.name),
        }
    }

    /// Whether `tokens` use a variable that is only there when the pattern has been matched.
    pub(crate) fn binds_any_of(&self, tokens: &TokenStream) -> bool {
        !self.has_own_name() && self.is_named_in(tokens)
    }

    /// The pattern for a reference to the argument.
    pub(crate) fn lending_pattern(&self) -> Option<Pat> {
        let mut pat = self.pat.clone()?;
        lend(&mut pat, true);
        Some(pat)
    }

    /// Whether the argument's pattern binds `name` as one of its parts.
    pub(crate) fn destructures_to(&self, name: &Ident) -> bool {
        !self.has_own_name() && self.pat.iter().flat_map(bindings).any(|binding| binding == *name)
    }
}

/// The variables that a pattern brings into scope. The patterns of arguments always match, which leaves few
/// forms.
fn bindings(pat: &Pat) -> Vec<Ident> {
    let all = |pats: &mut dyn Iterator<Item = &Pat>| pats.flat_map(bindings).collect();
    match pat {
        Pat::Ident(ident) => {
            let inner = ident.subpat.iter().flat_map(|(_, pat)| bindings(pat));
            [ident.ident.clone()].into_iter().chain(inner).collect()
        }
        Pat::Or(or) => all(&mut or.cases.iter()),
        Pat::Paren(paren) => bindings(&paren.pat),
        Pat::Reference(reference) => bindings(&reference.pat),
        Pat::Slice(slice) => all(&mut slice.elems.iter()),
        Pat::Struct(fields) => all(&mut fields.fields.iter().map(|field| &*field.pat)),
        Pat::Tuple(tuple) => all(&mut tuple.elems.iter()),
        Pat::TupleStruct(tuple) => all(&mut tuple.elems.iter()),
        Pat::Type(typed) => bindings(&typed.pat),
        _ => Vec::new(),
    }
}

/// Takes `mut`, `ref` and inner `&` out of a pattern: behind a reference, the 2024 edition refuses them.
fn lend(pat: &mut Pat, outermost: bool) {
    let all = |pats: &mut dyn Iterator<Item = &mut Pat>| pats.for_each(|pat| lend(pat, false));
    match pat {
        Pat::Ident(ident) => {
            (ident.by_ref, ident.mutability) = (None, None);
            ident.subpat.iter_mut().for_each(|(_, pat)| lend(pat, false));
        }
        Pat::Or(or) => all(&mut or.cases.iter_mut()),
        Pat::Paren(paren) => lend(&mut paren.pat, outermost),
        Pat::Reference(reference) if outermost => lend(&mut reference.pat, true),
        Pat::Reference(reference) => {
            lend(&mut reference.pat, false);
            *pat = Pat::clone(&reference.pat);
        }
        Pat::Slice(slice) => all(&mut slice.elems.iter_mut()),
        Pat::Struct(fields) => all(&mut fields.fields.iter_mut().map(|field| &mut *field.pat)),
        Pat::Tuple(tuple) => all(&mut tuple.elems.iter_mut()),
        Pat::TupleStruct(tuple) => all(&mut tuple.elems.iter_mut()),
        Pat::Type(typed) => lend(&mut typed.pat, outermost),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
