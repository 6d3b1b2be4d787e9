//! Questions that can be answered from tokens alone, without parsing the body.

use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};
use syn::Ident;
use syn::ext::IdentExt;

/// Whether `tokens` use the variable `name`: not a field `.name`, not a path `x::name`; but `"{name}"`
/// counts, since `format!` reads variables out of its text.
pub(crate) fn mentions(tokens: TokenStream, name: &Ident) -> bool {
    let mut before = Before::default();
    tokens.into_iter().any(|token| {
        let found = match &token {
            TokenTree::Ident(ident) => ident == name && !before.selects(),
            TokenTree::Group(group) => mentions(group.stream(), name),
            TokenTree::Literal(literal) => interpolates(&literal.to_string(), &name.unraw().to_string()),
            TokenTree::Punct(_) => false,
        };
        before.step(&token);
        found
    })
}

fn interpolates(literal: &str, name: &str) -> bool {
    literal.split('{').skip(1).any(|hole| {
        let rest = hole.strip_prefix(name).map(str::trim_start);
        rest.is_some_and(|rest| rest.starts_with([':', '}']))
    })
}

/// The punctuation right before a token, as far as it changes what an identifier is.
#[derive(Default)]
struct Before {
    dots: usize,
    colons: usize,
    quote: bool,
}

impl Before {
    fn step(&mut self, token: &TokenTree) {
        let punct = match token {
            TokenTree::Punct(punct) => punct.as_char(),
            _ => ' ',
        };
        self.dots = if punct == '.' { self.dots + 1 } else { 0 };
        self.colons = if punct == ':' { self.colons + 1 } else { 0 };
        self.quote = punct == '\'';
    }

    /// `x.name` and `x::name`, but neither the range `..name` nor the typed field `x: name`.
    fn selects(&self) -> bool {
        self.dots == 1 || self.colons == 2
    }
}

/// The first `.await` that is not in an `async` block of its own.
pub(crate) fn awaits(tokens: TokenStream) -> Option<Ident> {
    let (mut before, mut is_async) = (Before::default(), false);
    for token in tokens {
        match &token {
            TokenTree::Ident(word) if word == "await" && before.dots == 1 => return Some(word.clone()),
            TokenTree::Ident(word) if word == "async" => is_async = true,
            TokenTree::Group(group) if is_async && group.delimiter() == Delimiter::Brace => is_async = false,
            TokenTree::Group(group) => {
                if let Some(found) = awaits(group.stream()) {
                    return Some(found);
                }
            }
            _ => {}
        }
        before.step(&token);
    }
    None
}

/// How often `tokens` say `word`.
pub(crate) fn count(tokens: TokenStream, word: &str) -> usize {
    let one = |token| match token {
        TokenTree::Ident(ident) => usize::from(ident == word),
        TokenTree::Group(group) => count(group.stream(), word),
        TokenTree::Punct(_) | TokenTree::Literal(_) => 0,
    };
    tokens.into_iter().map(one).sum()
}

/// Whether `Self` here is the type whose `impl` the tokens stand in. Inside an item of its own, an `impl` in
/// a function's body for instance, `Self` is another type, so such items are passed over.
pub(crate) fn mentions_self_type(tokens: TokenStream) -> bool {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(ident) if ident == "Self" => return true,
            TokenTree::Ident(ident) if opens_item(&ident, tokens.peek()) => pass_over_item(&mut tokens),
            TokenTree::Group(group) if mentions_self_type(group.stream()) => return true,
            _ => {}
        }
    }
    false
}

/// `union` is a word like any other unless a name follows: `a.union(&b)`.
fn opens_item(word: &Ident, next: Option<&TokenTree>) -> bool {
    ["impl", "trait", "struct", "enum"].iter().any(|keyword| word == keyword)
        || (word == "union" && matches!(next, Some(TokenTree::Ident(_))))
}

/// To the end of the item: its braces, or the `;` of `struct Unit;`.
fn pass_over_item(tokens: &mut impl Iterator<Item = TokenTree>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => return,
            TokenTree::Punct(punct) if punct.as_char() == ';' => return,
            _ => {}
        }
    }
}

/// Whether the body has something that the program may contain only once: a `static`, an `impl`, an exported
/// symbol, another memoized function.
pub(crate) fn has_singular_item(body: &Group) -> bool {
    let mut before = Before::default();
    let mut place = Place::start_of(body);
    body.stream().into_iter().any(|token| {
        let found = match &token {
            TokenTree::Ident(ident) => {
                (ident == "static" && !before.quote)
                    || ident == "global_asm"
                    || (ident == "impl" && place == Place::Item)
            }
            TokenTree::Group(group) => match place {
                Place::Attribute => is_singular_attribute(group),
                Place::Item | Place::Elsewhere => has_singular_item(group),
            },
            TokenTree::Punct(_) | TokenTree::Literal(_) => false,
        };
        before.step(&token);
        place = place.after(&token);
        found
    })
}

fn is_singular_attribute(attribute: &Group) -> bool {
    let mut words = attribute.stream().into_iter().flat_map(|token| match token {
        TokenTree::Group(group) => group.stream().into_iter().collect(),
        other => vec![other],
    });
    words.any(|word| match word {
        TokenTree::Ident(ident) => ident == "no_mangle" || ident == "export_name" || ident == "cache_memoize",
        _ => false,
    })
}

/// What an `impl` or a group would be at this point.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// Where a statement or an item may begin; elsewhere, `impl` is part of a type.
    Item,
    /// After `#`.
    Attribute,
    Elsewhere,
}

impl Place {
    fn start_of(group: &Group) -> Self {
        match group.delimiter() {
            Delimiter::Brace | Delimiter::None => Self::Item,
            Delimiter::Parenthesis | Delimiter::Bracket => Self::Elsewhere,
        }
    }

    fn after(self, token: &TokenTree) -> Self {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == ';' => Self::Item,
            TokenTree::Punct(punct) if punct.as_char() == '#' && punct.spacing() == Spacing::Alone => {
                Self::Attribute
            }
            TokenTree::Group(group) if self == Self::Attribute || group.delimiter() == Delimiter::Brace => {
                Self::Item
            }
            TokenTree::Ident(word) if self == Self::Item && (word == "unsafe" || word == "default") => {
                Self::Item
            }
            _ => Self::Elsewhere,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proc_macro2::Span;
    use quote::quote;

    fn uses(tokens: TokenStream, name: &str) -> bool {
        mentions(tokens, &Ident::new(name, Span::call_site()))
    }

    #[test]
    fn a_variable_is_found_wherever_it_is_used() {
        for tokens in [
            quote!(db),
            quote!(f(&db)),
            quote!(db.pool),
            quote!(a[1..db]),
            quote!(format!("x", { db })),
            quote!(S { x: db }),
            quote!(format!("{db}")),
            quote!(format!("{db:?}")),
        ] {
            assert!(uses(tokens.clone(), "db"), "{tokens}");
        }
        assert!(uses(quote!(self.cache), "self"));
    }

    #[test]
    fn a_name_alone_is_no_variable() {
        for tokens in
            [quote!(self.db), quote!(pools::db), quote!(dbb), quote!(format!("{dbb}")), quote!("db")]
        {
            assert!(!uses(tokens.clone(), "db"), "{tokens}");
        }
    }

    #[test]
    fn self_is_found_except_in_items_of_their_own() {
        assert!(mentions_self_type(quote!({ Self::new() })));
        assert!(mentions_self_type(quote!({ vec![Self] })));
        assert!(mentions_self_type(quote!({
            struct Unit;
            Self
        })));
        assert!(mentions_self_type(quote!({ a.union(&b).map(|x| Self(x)) })));
        assert!(!mentions_self_type(quote!({ self.x })));
        assert!(!mentions_self_type(quote!({
            struct Point(u8);
            impl Point {
                fn new() -> Self {
                    Self(1)
                }
            }
            enum List {
                Nil,
                Cons(Box<Self>),
            }
            union Bits {
                x: Foo<Self>,
            }
            trait T {
                fn t() -> Self;
            }
            Point::new()
        })));
    }

    fn singular(body: TokenStream) -> bool {
        has_singular_item(&Group::new(Delimiter::Brace, body))
    }

    #[test]
    fn a_static_is_found_even_in_a_macro() {
        assert!(singular(quote!(
            static N: u8 = 1;
        )));
        assert!(singular(quote!(if x {
            static N: u8 = 1;
        })));
        assert!(singular(quote!(
            thread_local!(static N: u8 = 1);
        )));
        assert!(singular(quote!(lazy_static! {
            static ref N: u8 = 1;
        })));
        assert!(!singular(quote!(let x: &'static str = f::<'static>("static");)));
    }

    #[test]
    fn impl_items_are_told_from_impl_types() {
        assert!(singular(quote!(
            impl A for B {}
        )));
        assert!(singular(quote!(
            let x = 1;
            unsafe impl A for B {}
        )));
        assert!(singular(quote!(
            #[cfg(x)]
            impl A for B {}
        )));
        assert!(!singular(quote!(
            fn f(x: impl Copy, (y): (impl A, impl B)) -> impl Copy {
                x
            }
        )));
    }

    #[test]
    fn attributes_that_export_or_memoize_are_found() {
        assert!(singular(quote!(
            #[no_mangle]
            fn f() {}
        )));
        assert!(singular(quote!(
            #[unsafe(no_mangle)]
            fn f() {}
        )));
        assert!(singular(quote!(
            #[cache_memoize::cache_memoize]
            fn f() {}
        )));
        assert!(!singular(quote!(cache_memoize::functions())));
    }
}
