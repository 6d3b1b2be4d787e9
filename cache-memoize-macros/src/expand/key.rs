//! The key of a call: borrowed, for looking up; and as text.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Block, Expr, Index, Stmt, Type};

use super::place::Place;
use super::{Says, callable, hidden, private};
use crate::args::Callable;
use crate::model::{Home, KeySource, Model, Naming};
use crate::returns;

/// A component: an expression, and where the user would look for it.
struct Part {
    value: TokenStream,
    at: Place,
    /// Those of a tuple, so that each is part of a key in its own way, a borrow beside a type of the user's.
    elements: Vec<Part>,
    /// Whether its text is nobody's business.
    redacted: bool,
    /// Whether its type borrows, as its tokens say. Method lookup does not see lifetimes, and would take it for a type
    /// that can be kept.
    borrows: bool,
}

/// A key: statements that must come before it, and what it is.
struct Parts {
    before: TokenStream,
    key: Key,
}

enum Key {
    /// The parts, and the one that the user added.
    Parts(Vec<Part>, Option<Part>),
    /// The whole text, and the part that it is in memory.
    Text(Part),
}

/// Statements that must come first, and the key as the runtime takes it.
pub(super) fn borrowed(model: &Model, says: Says) -> (TokenStream, TokenStream) {
    let Parts { before, key } = parts(model);
    let key = match (&model.home, &key) {
        (Home::Own(_), Key::Parts(parts, extra)) => {
            let leaves: Vec<_> = parts.iter().chain(extra).flat_map(Part::leaves).collect();
            list(model, leaves.into_iter().map(|leaf| leaf.typed(model, says)))
        }
        (Home::Own(_), Key::Text(text)) => list(model, [text.typed(model, says)].into_iter()),
        (Home::Backend { .. }, Key::Parts(parts, extra)) => {
            let private = private(model);
            let parts = parts.iter().map(|part| part.placed(model, says));
            let extra = extra.iter().map(|extra| {
                let extra = extra.placed(model, says);
                quote!(#private::Extra(#extra))
            });
            let list = list(model, parts.chain(extra).collect::<Vec<_>>().into_iter());
            quote_spanned!(hidden()=> __place.key(#list))
        }
        (Home::Backend { .. }, Key::Text(Part { value, .. })) => {
            quote_spanned!(hidden()=> __place.verbatim(&#value))
        }
    };
    (before, key)
}

/// `Cons(part, Cons(part, Nil))`
fn list(model: &Model, parts: impl DoubleEndedIterator<Item = TokenStream>) -> TokenStream {
    let private = private(model);
    parts.rfold(quote!(#private::Nil), |rest, part| quote!(#private::Cons(#part, #rest)))
}

impl Part {
    /// Itself, or the parts that it is made of: in memory of the function's own, where nobody else has the same key.
    fn leaves(&self) -> Vec<&Self> {
        match self.elements.is_empty() {
            true => vec![self],
            false => self.elements.iter().flat_map(Self::leaves).collect(),
        }
    }

    /// In memory. The part has the place of the user's type, so that a missing bound is reported there.
    fn typed(&self, model: &Model, says: Says) -> TokenStream {
        let Self { value, at, .. } = self;
        let question = match self.borrows {
            false => at.call(model, |at| quote_spanned!(at=> KeyOf), quote!(&#value)),
            true => at.call(model, |at| quote_spanned!(at=> BorrowingKeyOf), quote!(&#value)),
        };
        let answer = at.answer(5, question, "__part");
        match says {
            Says::WhatIsWrong => at.call(model, |at| quote_spanned!(at=> part), answer),
            Says::Nothing => at.call(model, |at| quote_spanned!(at=> unchecked_part), answer),
        }
    }

    /// On the backend. What it must be there, the backend says, at the place of the user's type.
    fn placed(&self, model: &Model, says: Says) -> TokenStream {
        let private = private(model);
        let Self { value, at, .. } = self;
        let part = match self.elements.is_empty() {
            true => {
                let part = match says {
                    Says::WhatIsWrong => "part",
                    Says::Nothing => "unchecked_part",
                };
                let of = match self.borrows {
                    false => "of",
                    true => "of_borrowing",
                };
                at.ask(part, at.answer(5, at.ask(of, quote!(&#value)), "__part"))
            }
            false => {
                let elements = list(model, self.elements.iter().map(|element| element.placed(model, says)));
                quote!(#private::Group(#elements))
            }
        };
        match self.redacted {
            true => quote!(#private::Redacted(#part)),
            false => part,
        }
    }

    /// As text, where a tuple is shown as what it is.
    fn text(&self, model: &Model) -> TokenStream {
        let private = private(model);
        let Self { value, at, .. } = self;
        let question = at.call(model, |at| quote_spanned!(at=> TextOf), quote!(&#value));
        let text = at.answer(4, question, "__text");
        match self.redacted {
            true => quote!(#private::Redacted(#text)),
            false => text,
        }
    }
}

/// Statements that must come first, and the arguments of `Instance::key_text`.
pub(super) fn text(model: &Model) -> (TokenStream, TokenStream) {
    let Parts { before, key } = parts(model);
    let (parts, extra) = match key {
        Key::Parts(parts, extra) => (parts, extra),
        Key::Text(text) => (vec![text], None),
    };
    let texts = parts.iter().map(|part| part.text(model));
    let extra = match &extra {
        None => quote!(::core::option::Option::None),
        Some(extra) => {
            let extra = extra.text(model);
            quote!(::core::option::Option::Some(&#extra))
        }
    };
    (before, quote!(&[#(&#texts),*], #extra))
}

/// How many parts the key has, for a weigher's view of it.
pub(super) fn len(model: &Model) -> usize {
    match parts(model).key {
        Key::Parts(parts, extra) => parts.iter().chain(&extra).map(|part| part.leaves().len()).sum(),
        Key::Text(_) => 1,
    }
}

fn parts(model: &Model) -> Parts {
    let names = bindings(model, model.extra().into_iter().chain(model.backend()));
    match &model.key {
        KeySource::Arguments { naming, redacted } => {
            Parts { before: names, key: Key::Parts(arguments(model, redacted), extra(naming)) }
        }
        KeySource::Rewrite(rewrite, naming) => {
            let (before, value) = evaluated(model, rewrite);
            let at = callable_place(rewrite);
            let element = |i: Index| Part {
                elements: Vec::new(),
                value: quote!(#value.#i),
                at,
                redacted: false,
                borrows: false,
            };
            let elements = (0..tuple_arity(rewrite)).map(Index::from).map(element).collect();
            let part = Part { value, at, elements, redacted: false, borrows: false };
            Parts { before: quote!(#names #before), key: Key::Parts(vec![part], extra(naming)) }
        }
        KeySource::Text(text) => {
            let (before, value) = evaluated(model, text);
            let written = key_text(model, text, value);
            let into = quote_spanned!(hidden()=> let __text = #written;);
            let value = quote_spanned!(hidden()=> __text);
            let at = callable_place(text);
            let part = Part { value, at, elements: Vec::new(), redacted: false, borrows: false };
            Parts { before: quote!(#names #before #into), key: Key::Text(part) }
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

pub(super) fn callable_place(callable: &Callable) -> Place {
    match callable {
        Callable::Closure(closure) => Place::of(&closure.body),
        Callable::Path(path) => Place::of(path),
    }
}

/// `|a, b| (a.id, b.name)` makes a pair; zero for what is no tuple.
fn tuple_arity(callable: &Callable) -> usize {
    fn arity(expr: &Expr) -> usize {
        match expr {
            Expr::Tuple(tuple) => tuple.elems.len(),
            Expr::Paren(paren) => arity(&paren.expr),
            Expr::Group(group) => arity(&group.expr),
            Expr::Block(block) => last(&block.block),
            _ => 0,
        }
    }
    fn last(block: &Block) -> usize {
        match block.stmts.last() {
            Some(Stmt::Expr(expr, None)) => arity(expr),
            _ => 0,
        }
    }
    match callable {
        Callable::Closure(closure) => arity(&closure.body),
        Callable::Path(_) => 0,
    }
}

fn arguments(model: &Model, redacted: &[usize]) -> Vec<Part> {
    let part = |&index: &usize| {
        let argument = &model.arguments[index];
        let name = &argument.name;
        Part { redacted: redacted.contains(&index), ..part(quote!(#name), &argument.ty) }
    };
    model.key_args.iter().map(part).collect()
}

/// `pair: (&str, UserId)` has two elements, `pair.0` and `pair.1`; `text: &&str` is `**text`.
fn part(value: TokenStream, ty: &Type) -> Part {
    let elements = match ty {
        Type::Reference(reference) => return part(quote!((*#value)), &reference.elem),
        Type::Paren(paren) => return part(value, &paren.elem),
        Type::Group(group) => return part(value, &group.elem),
        Type::Tuple(tuple) => {
            let element = |(i, ty)| {
                let i = Index::from(i);
                part(quote!(#value.#i), ty)
            };
            tuple.elems.iter().enumerate().map(element).collect()
        }
        _ => Vec::new(),
    };
    Part { value, at: Place::of(ty), elements, redacted: false, borrows: returns::borrows(ty) }
}

fn extra(naming: &Naming) -> Option<Part> {
    let extra = naming.extra.as_ref()?;
    let at = Place::of(extra);
    Some(Part { value: quote!((#extra)), at, elements: Vec::new(), redacted: false, borrows: false })
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
