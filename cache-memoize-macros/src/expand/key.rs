//! The key of a call: borrowed, for looking up; and as text.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Block, Expr, Index, Stmt, Type};

use super::place::Place;
use super::{callable, hidden, private};
use crate::args::Callable;
use crate::model::{KeySource, Model, Naming};

/// A component: an expression, and where the user would look for it.
struct Part {
    value: TokenStream,
    at: Place,
}

/// A key: statements that must come before it, the parts, and the one that the user added.
struct Parts {
    before: TokenStream,
    parts: Vec<Part>,
    extra: Option<Part>,
}

/// Statements that must come first, and the key as the runtime takes it: `Cons(part, Cons(part, Nil))`.
pub(super) fn borrowed(model: &Model) -> (TokenStream, TokenStream) {
    let private = private(model);
    let Parts { before, parts, extra } = parts(model, Detail::Split);
    // The part has the place of the user's type, so that a missing bound is reported there.
    let part = |Part { value, at }: &Part| {
        let question = at.call(model, |at| quote_spanned!(at=> KeyOf), quote!(&#value));
        let answer = at.answer(4, question, "__part");
        at.call(model, |at| quote_spanned!(at=> part), answer)
    };
    let list = parts.iter().chain(&extra).rev().fold(quote!(#private::Nil), |rest, written| {
        let part = part(written);
        quote!(#private::Cons(#part, #rest))
    });
    (before, list)
}

/// Statements that must come first, and the arguments of `Instance::key_text`.
pub(super) fn text(model: &Model) -> (TokenStream, TokenStream) {
    let Parts { before, parts, extra } = parts(model, Detail::Whole);
    let written = |Part { value, at }: &Part| {
        let question = at.call(model, |at| quote_spanned!(at=> TextOf), quote!(&#value));
        let answer = at.answer(4, question, "__text");
        quote!(&#answer)
    };
    let texts = parts.iter().map(written);
    let extra = match &extra {
        None => quote!(::core::option::Option::None),
        Some(extra) => {
            let extra = written(extra);
            quote!(::core::option::Option::Some(#extra))
        }
    };
    (before, quote!(&[#(#texts),*], #extra))
}

/// How many parts the key has, for a weigher's view of it.
pub(super) fn len(model: &Model) -> usize {
    let Parts { parts, extra, .. } = parts(model, Detail::Split);
    parts.len() + usize::from(extra.is_some())
}

/// Whether tuples are taken apart. In memory they are, so that each element is a key in its own way, a borrow
/// beside a type of the user's; as text they are shown as what they are.
#[derive(Clone, Copy, PartialEq)]
enum Detail {
    Split,
    Whole,
}

fn parts(model: &Model, detail: Detail) -> Parts {
    let names = bindings(model, model.extra().into_iter().chain(model.backend()));
    match &model.key {
        KeySource::Arguments(naming) => {
            Parts { before: names, parts: arguments(model, detail), extra: extra(naming) }
        }
        KeySource::Rewrite(rewrite, naming) => {
            let (before, value) = evaluated(model, rewrite);
            let arity = tuple_arity(rewrite).filter(|_| detail == Detail::Split);
            let at = callable_place(rewrite);
            let parts = match arity {
                None => vec![Part { value, at }],
                Some(arity) => {
                    (0..arity).map(Index::from).map(|i| Part { value: quote!(#value.#i), at }).collect()
                }
            };
            Parts { before: quote!(#names #before), parts, extra: extra(naming) }
        }
        KeySource::Text(text) => {
            let (before, value) = evaluated(model, text);
            let written = key_text(model, text, value);
            let into = quote_spanned!(hidden()=> let __text = #written;);
            let value = quote_spanned!(hidden()=> __text);
            let part = Part { value, at: callable_place(text) };
            Parts { before: quote!(#names #before #into), parts: vec![part], extra: None }
        }
    }
}

/// The whole key as the user's `key` gives it, for `f_cache_key`.
pub(super) fn verbatim(model: &Model, text: &Callable) -> TokenStream {
    let (before, value) = evaluated(model, text);
    let written = key_text(model, text, value);
    quote!({ #before #written })
}

/// A `String`, or the complaint that the value does not become one.
fn key_text(model: &Model, text: &Callable, value: TokenStream) -> TokenStream {
    let place = callable_place(text);
    let given = place.call(model, |at| quote_spanned!(at=> given), value);
    place.call(model, |at| quote_spanned!(at=> key_text), given)
}

fn evaluated(model: &Model, callable: &Callable) -> (TokenStream, TokenStream) {
    let arguments: Vec<_> = model.key_args.iter().map(|&i| callable::lent(&model.arguments[i])).collect();
    let value = callable::call(callable, &arguments);
    let before = quote_spanned!(hidden()=> let __key = #value;);
    (before, quote_spanned!(hidden()=> __key))
}

fn callable_place(callable: &Callable) -> Place {
    match callable {
        Callable::Closure(closure) => Place::of(&closure.body),
        Callable::Path(path) => Place::of(path),
    }
}

/// `|a, b| (a.id, b.name)` makes a pair.
fn tuple_arity(callable: &Callable) -> Option<usize> {
    fn arity(expr: &Expr) -> Option<usize> {
        match expr {
            Expr::Tuple(tuple) if !tuple.elems.is_empty() => Some(tuple.elems.len()),
            Expr::Paren(paren) => arity(&paren.expr),
            Expr::Group(group) => arity(&group.expr),
            Expr::Block(block) => last(&block.block),
            _ => None,
        }
    }
    fn last(block: &Block) -> Option<usize> {
        match block.stmts.last() {
            Some(Stmt::Expr(expr, None)) => arity(expr),
            _ => None,
        }
    }
    match callable {
        Callable::Closure(closure) => arity(&closure.body),
        Callable::Path(_) => None,
    }
}

fn arguments(model: &Model, detail: Detail) -> Vec<Part> {
    let mut parts = Vec::new();
    for &index in &model.key_args {
        let argument = &model.arguments[index];
        let name = &argument.name;
        push(&mut parts, quote!(#name), &argument.ty, detail);
    }
    parts
}

/// `pair: (&str, UserId)` is two parts, `pair.0` and `pair.1`; `text: &&str` is one, `**text`.
fn push(parts: &mut Vec<Part>, value: TokenStream, ty: &Type, detail: Detail) {
    match ty {
        Type::Reference(reference) => push(parts, quote!((*#value)), &reference.elem, detail),
        Type::Paren(paren) => push(parts, value, &paren.elem, detail),
        Type::Group(group) => push(parts, value, &group.elem, detail),
        Type::Tuple(tuple) if detail == Detail::Split && !tuple.elems.is_empty() => {
            for (i, element) in tuple.elems.iter().enumerate() {
                let i = Index::from(i);
                push(parts, quote!(#value.#i), element, detail);
            }
        }
        _ => parts.push(Part { value, at: Place::of(ty) }),
    }
}

fn extra(naming: &Naming) -> Option<Part> {
    let extra = naming.extra.as_ref()?;
    Some(Part { value: quote!((#extra)), at: Place::of(extra) })
}

/// The names that patterns of arguments bind, by reference, for the `expressions` that use them.
pub(super) fn bindings<'m>(model: &Model, expressions: impl IntoIterator<Item = &'m Expr>) -> TokenStream {
    // Apart, so that no two of them read as one.
    let uses: TokenStream = expressions.into_iter().map(|expr| quote!(#expr;)).collect();
    let destructured = model.arguments.iter().filter(|argument| argument.binds_any_of(&uses));
    let lets = destructured.map(|argument| {
        let (pat, name) = (argument.lending_pattern(), &argument.name);
        quote!(#[allow(unused_variables)] let #pat = &#name;)
    });
    lets.collect()
}
