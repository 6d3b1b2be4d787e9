//! Where the function stands: free, in an `impl`, in a trait, in an `impl` of a trait.
//!
//! An attribute is given its item and nothing around it, but the compiler says where the item was written. So the file
//! is read, and the braces around the function tell. Whatever is not certain is [`Unknown`](Standing::Unknown): what a
//! macro made, what another attribute may have moved, a file that is not there or not (any more) as the compiler read it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::SystemTime;

use proc_macro2::{Delimiter, Group, Ident, Punct, Spacing, TokenStream, TokenTree};
use quote::ToTokens;
use syn::Signature;

use crate::scan;

/// What is around a function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Standing {
    /// A file, a module or a block.
    Free,
    /// The `impl` of a type.
    Inherent,
    /// The declaration of a trait.
    Trait,
    /// The `impl` of a trait.
    TraitImpl,
    /// What `#[async_trait]` made of a method.
    Rewritten,
    /// Nobody knows.
    Unknown,
}

/// A function in a file: the place of its name, and what is around it.
struct Found {
    line: usize,
    column: usize,
    standing: Standing,
}

/// The functions of a file by name, and what the file was like.
struct Functions {
    stamp: (u64, Option<SystemTime>),
    found: HashMap<String, Vec<Found>>,
}

impl Standing {
    /// What is around the function with this signature.
    pub(crate) fn of(sig: &Signature) -> Self {
        match scan::count(sig.output.to_token_stream(), "async_trait") {
            0 => Self::found(&sig.ident).unwrap_or(Self::Unknown),
            _ => Self::Rewritten,
        }
    }

    /// Whether there may be no companions beside the function.
    pub(crate) fn has_no_room(self) -> bool {
        matches!(self, Self::TraitImpl | Self::Rewritten)
    }

    #[cfg(not(fuzzing))]
    fn found(name: &Ident) -> Option<Self> {
        // In tests of this crate there is no compiler to ask.
        if !proc_macro::is_available() {
            return None;
        }
        let place = name.span().unwrap();
        let functions = functions_of(&place.local_file()?)?;
        let mut same = functions.found.get(&name.to_string())?.iter();
        same.find(|found| found.line == place.line() && found.column == place.column())
            .map(|found| found.standing)
    }

    #[cfg(fuzzing)]
    fn found(_: &Ident) -> Option<Self> {
        None
    }
}

/// The functions of the file, which is taken apart once for all that are memoized in it.
#[cfg(not(fuzzing))]
fn functions_of(file: &Path) -> Option<Rc<Functions>> {
    thread_local! {
        static FILES: RefCell<HashMap<PathBuf, Rc<Functions>>> = RefCell::default();
    }
    let metadata = fs::metadata(file).ok()?;
    let stamp = (metadata.len(), metadata.modified().ok());
    let known = FILES.with_borrow(|files| files.get(file).cloned());
    if let Some(known) = known.filter(|known| known.stamp == stamp) {
        return Some(known);
    }
    // The compiler's own lexer, so that places are counted as it counts them.
    let tokens: TokenStream = fs::read_to_string(file).ok()?.parse().ok()?;
    let mut functions = Functions { stamp, found: HashMap::new() };
    walk(tokens, Standing::Free, &mut |name, standing| {
        let place = name.span().unwrap();
        let found = Found { line: place.line(), column: place.column(), standing };
        functions.found.entry(name.to_string()).or_default().push(found);
    });
    let functions = Rc::new(functions);
    FILES.with_borrow_mut(|files| files.insert(file.to_owned(), functions.clone()));
    Some(functions)
}

/// Tells `found` the name of each function in `tokens`, which have `standing` around them.
fn walk(tokens: TokenStream, standing: Standing, found: &mut impl FnMut(&Ident, Standing)) {
    let mut item = Item::default();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match &token {
            TokenTree::Ident(word) if word == "fn" => {
                if let Some(TokenTree::Ident(name)) = tokens.peek() {
                    found(name, standing);
                }
            }
            TokenTree::Group(group) => {
                let within = match standing {
                    // What a macro makes of its tokens, it alone knows.
                    Standing::Unknown => Standing::Unknown,
                    _ => item.within(group),
                };
                walk(group.stream(), within, found);
            }
            _ => {}
        }
        item.step(&token);
    }
}

/// The item that the tokens so far belong to.
#[derive(Default)]
struct Item {
    kind: Option<Kind>,
    /// Whether an attribute is on it that may move what is within.
    changed: bool,
    before: Before,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Impl { of_trait: bool },
    Trait,
    Other,
}

/// What stands right before a token.
#[derive(Default, Clone, Copy, PartialEq)]
enum Before {
    #[default]
    Start,
    /// `#` or `#!`
    Pound,
    /// `name!`, also `macro_rules! name`
    Bang,
    Word,
    Keyword,
    /// `for` in the head of an `impl`, where a trait was named or lifetimes follow.
    For,
    /// `for <`
    ForAngle,
    /// What makes of a block an argument or an operand: `<`, `,`, `=`.
    Operator,
    Else,
}

/// Words after which a `!` negates.
const KEYWORDS: &[&str] = &["if", "while", "match", "return", "in", "impl", "else", "break"];

/// Words that may come before the one that says what an item is.
const MODIFIERS: &[&str] = &["pub", "crate", "unsafe", "default", "auto", "async", "const", "extern"];

/// Attributes that leave what they are on as it is.
const HARMLESS: &[&str] = &[
    "allow",
    "automatically_derived",
    "cfg",
    "deny",
    "deprecated",
    "diagnostic",
    "doc",
    "expect",
    "forbid",
    "must_use",
    "warn",
];

impl Item {
    fn is_body(&self, group: &Group) -> bool {
        group.delimiter() == Delimiter::Brace && self.before != Before::Operator
    }

    /// What is around the contents of `group`.
    fn within(&self, group: &Group) -> Standing {
        let standing = match self.kind.filter(|_| self.is_body(group)) {
            _ if self.before == Before::Bang => return Standing::Unknown,
            Some(Kind::Impl { of_trait: true }) => Standing::TraitImpl,
            Some(Kind::Impl { of_trait: false }) => Standing::Inherent,
            Some(Kind::Trait) => Standing::Trait,
            Some(Kind::Other) | None => return Standing::Free,
        };
        match self.changed {
            true => Standing::Unknown,
            false => standing,
        }
    }

    fn step(&mut self, token: &TokenTree) {
        let punct = match token {
            TokenTree::Punct(punct) => punct.as_char(),
            _ => ' ',
        };
        // `for T`, `for <T as Trait>::Type`, but no `for<'a>`.
        if (self.before == Before::For && punct != '<')
            || (self.before == Before::ForAngle && punct != '\'' && punct != '>')
        {
            self.kind = Some(Kind::Impl { of_trait: true });
        }
        match token {
            TokenTree::Ident(word) => self.word(&word.to_string()),
            TokenTree::Group(group) if self.before == Before::Pound => {
                self.changed |= !is_harmless(group.stream());
                self.before = Before::Start;
            }
            TokenTree::Group(group) if self.is_body(group) => *self = Self::default(),
            TokenTree::Punct(punct) => self.punct(punct),
            TokenTree::Group(_) | TokenTree::Literal(_) => self.before = Before::Else,
        }
    }

    fn word(&mut self, word: &str) {
        self.before = match (self.kind, word) {
            (Some(Kind::Impl { .. }), "for") => Before::For,
            // `macro_rules! name { … }`
            _ if self.before == Before::Bang => Before::Bang,
            _ if KEYWORDS.contains(&word) => Before::Keyword,
            _ => Before::Word,
        };
        if self.kind.is_none() && !MODIFIERS.contains(&word) {
            self.kind = Some(match word {
                "impl" => Kind::Impl { of_trait: false },
                "trait" => Kind::Trait,
                _ => Kind::Other,
            });
        }
    }

    fn punct(&mut self, punct: &Punct) {
        self.before = match punct.as_char() {
            ';' => return *self = Self::default(),
            '#' => Before::Pound,
            '!' if self.before == Before::Pound => Before::Pound,
            '!' if self.before == Before::Word && punct.spacing() == Spacing::Alone => Before::Bang,
            '<' if self.before == Before::For => Before::ForAngle,
            '<' | ',' | '=' => Before::Operator,
            _ => Before::Else,
        }
    }
}

fn is_harmless(attribute: TokenStream) -> bool {
    match attribute.into_iter().next() {
        Some(TokenTree::Ident(name)) => HARMLESS.iter().any(|harmless| name == harmless),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(String, Standing)> {
        let mut all = Vec::new();
        let tokens = text.parse().expect("tokens");
        walk(tokens, Standing::Free, &mut |name, standing| all.push((name.to_string(), standing)));
        all
    }

    #[track_caller]
    fn assert_standing(text: &str, standing: Standing) {
        let target = found(text).into_iter().find(|(name, _)| name == "target");
        assert_eq!(target, Some(("target".into(), standing)), "{text}");
    }

    #[test]
    fn functions_of_modules_and_blocks_are_free() {
        for text in [
            "fn target() {}",
            "#![allow(x)] use a::{b, c}; pub(crate) const fn target() {}",
            "mod m { pub mod n { async unsafe fn target() {} } }",
            "impl A { fn other() { fn target() {} } }",
            "impl A for B { fn other() { if !x { fn target() {} } } }",
            "trait T { fn other() { let x = { fn target() {} target() }; } }",
            "const _: () = { fn target() {} };",
            "impl A {} fn target() {}",
            "struct S { a: fn(u8), b: u8 } fn target() {}",
            "fn other() -> impl Sized { fn target() {} }",
            "#[tokio::main] async fn main() { fn target() {} }",
            "fn main() { let all = vec![1]; match x { A => { fn target() {} } } }",
            "static X: fn() = target; fn target(x: impl Fn()) {}",
        ] {
            assert_standing(text, Standing::Free);
        }
    }

    #[test]
    fn methods_are_told_by_what_is_around_them() {
        for text in [
            "impl A { fn target() {} }",
            "unsafe impl<T: B, const N: usize> A<T, { N }> where T: C<{ 1 + 1 }> { fn target() {} }",
            "impl<F> A<F> where for<'a> F: Fn(&'a u8) { pub(crate) async fn target() {} }",
            "impl dyn A + '_ { const X: u8 = { 1 }; fn other() {} fn target() {} }",
            "const _: () = { impl A { fn target() {} } };",
            "#[allow(x)] #[cfg(y)] impl A { #[z] fn target() {} }",
        ] {
            assert_standing(text, Standing::Inherent);
        }
        for text in [
            "impl A for B { fn target() {} }",
            "unsafe impl<T> A<{ N }> for <T as C>::D where for<'a> T: E<'a> { fn target() {} }",
            "impl A for &B { fn target() {} }",
            "impl A for [u8; { 3 }] { fn target() {} }",
            "impl<T> A for for<'a> fn(&'a T) { fn target() {} }",
        ] {
            assert_standing(text, Standing::TraitImpl);
        }
        for text in [
            "trait A { fn target() {} }",
            "pub unsafe trait A<T>: B<{ 1 }> where T: C { fn other(); fn target() {} }",
        ] {
            assert_standing(text, Standing::Trait);
        }
    }

    #[test]
    fn what_macros_make_is_unknown() {
        for text in [
            "items! { fn target() {} }",
            "impl A { items!(fn target() {}); }",
            "macro_rules! m { () => { impl A { fn target() {} } } }",
            "cfg_if::cfg_if! { if #[cfg(x)] { mod m { fn target() {} } } }",
            "#[async_trait] impl A for B { fn target() {} }",
            "#[py::methods] impl A { fn target() {} }",
        ] {
            assert_standing(text, Standing::Unknown);
        }
    }
}
