//! Where the function stands: free, in an `impl`, in a trait, in an `impl` of a trait.
//!
//! An attribute is given its item and nothing around it, but the compiler says where the item was written. So the file
//! is read, and the braces around the function tell. Whatever is not certain is [`Unknown`](Standing::Unknown): what a
//! macro made, what another attribute may have moved, a file that is not there or not (any more) as the compiler read it.

mod item;
mod lexer;

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::SystemTime;

use proc_macro2::Ident;
use quote::ToTokens;
use syn::Signature;

use crate::scan;
use item::Item;
use lexer::{Lexer, Token};

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
    let functions = Rc::new(Functions { stamp, found: walk(&fs::read_to_string(file).ok()?) });
    FILES.with_borrow_mut(|files| files.insert(file.to_owned(), functions.clone()));
    Some(functions)
}

/// All functions of a file.
fn walk(text: &str) -> HashMap<String, Vec<Found>> {
    let mut found: HashMap<String, Vec<Found>> = HashMap::new();
    // What is around, and the item that is begun there; outermost first.
    let mut around = vec![(Standing::Free, Item::default())];
    let (mut after_fn, mut names_attribute) = (false, false);
    for (token, line, column) in Lexer::new(text) {
        if let (true, Token::Word(name), [.., (_, item), _]) = (names_attribute, token, &mut *around) {
            item.attribute(name);
        }
        names_attribute = false;
        let depth = around.len();
        let Some((standing, item)) = around.last_mut() else { break };
        match token {
            Token::Open(delimiter) => {
                let within = match standing {
                    // What a macro makes of its tokens, it alone knows.
                    Standing::Unknown => Standing::Unknown,
                    _ => item.within(delimiter),
                };
                let is_attribute = item.takes_attribute();
                item.step(token);
                around.push((within, Item::default()));
                names_attribute = is_attribute;
                continue;
            }
            // The file is not what it was.
            Token::Close if depth == 1 => return HashMap::new(),
            Token::Close => _ = around.pop(),
            Token::Word(name) if after_fn => {
                let this = Found { line, column, standing: *standing };
                found.entry(name.to_owned()).or_default().push(this);
                item.step(token);
            }
            Token::Word(_) | Token::Punct(..) | Token::Literal => item.step(token),
        }
        after_fn = token == Token::Word("fn");
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_standing(text: &str, standing: Standing) {
        let found = walk(text);
        let target = found.get("target").and_then(|all| all.first()).map(|found| found.standing);
        assert_eq!(target, Some(standing), "{text}");
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
            "impl<T> A<T> where T: Fn() -> u8 + B<u8, 3>, { fn target() {} }",
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

    #[test]
    fn places_are_counted_as_the_compiler_does() {
        let text = "// fn a\n/* fn b /* */ fn c */\n\tlet x = r#\"fn d\"#; 'f'; '\\''; b'\"'; \"\\\"fn e\"; fn \u{e4}b<'a>() {}\r\nfn r#match() {}";
        let found = walk(text);
        let mut names: Vec<_> =
            found.iter().map(|(name, all)| (&**name, all[0].line, all[0].column)).collect();
        names.sort();
        assert_eq!(names, [("r#match", 4, 4), ("\u{e4}b", 3, 51)]);
    }

    #[test]
    fn unbalanced_text_has_no_functions() {
        assert!(walk("fn a() {} } fn b() {}").is_empty());
    }
}
