//! Items that carry the attribute: signatures that are taken, and those that are refused.

use quote::{ToTokens, quote};

use super::*;

fn read(tokens: TokenStream) -> (Option<Item>, Vec<String>) {
    let mut errors = Errors::default();
    let item = Item::parse(tokens, &mut errors);
    (item, errors.messages())
}

fn fine(tokens: TokenStream) -> Item {
    let (item, messages) = read(tokens);
    assert_eq!(messages, Vec::<String>::new());
    item.unwrap()
}

#[test]
fn a_function_is_taken_apart_and_its_body_left_alone() {
    let item = fine(quote! {
        /// Words.
        #[must_use]
        pub(crate) async unsafe fn f<'a, T: Copy>(&self, (a, b): (u8, u8), mut c: &'a str, d: &mut D, _: u8)
            -> Vec<T> where T: 'static { let broken = ; }
    });
    assert_eq!(item.attrs.len(), 2);
    let names: Vec<String> = item.arguments.iter().map(|argument| argument.name.to_string()).collect();
    assert_eq!(names, ["self", "__arg1", "c", "d", "__arg4"]);
    assert_eq!(item.arguments[0].ty.to_token_stream().to_string(), "& Self");
    assert!(item.arguments[0].is_ref() && item.arguments[2].is_ref());
    assert!(matches!(item.arguments[1].kind, ArgumentKind::Value));
    assert!(matches!(item.arguments[3].kind, ArgumentKind::RefMut));
    assert!(
        item.arguments[1].pat.is_some() && item.arguments[2].pat.is_some() && item.arguments[3].pat.is_none()
    );
    assert!(item.arguments[2].has_own_name() && !item.arguments[1].has_own_name());
    assert_eq!(item.body.to_string(), "{ let broken = ; }");
}

#[test]
fn a_pattern_is_named_by_what_it_binds() {
    let item = fine(quote!(
        fn f(Point { x, y: [first, ..] }: Point, whole @ (a, _): (u8, u8)) {}
    ));
    let [point, pair] = &item.arguments[..] else { panic!() };
    assert!(point.is_named_in(&quote!(x + 1)) && point.is_named_in(&quote!(first)));
    assert!(!point.is_named_in(&quote!(Point + y)));
    assert!(pair.is_named_in(&quote!(whole.0)) && pair.is_named_in(&quote!(a)));
    assert!(pair.destructures_to(&syn::parse_quote!(a)));
}

#[test]
fn receivers_in_every_form() {
    for (receiver, ty) in [
        (quote!(self), "Self"),
        (quote!(mut self), "Self"),
        (quote!(&'a self), "& 'a Self"),
        (quote!(self: &Arc<Self>), "& Arc < Self >"),
        (quote!(self: Arc<Self>), "Arc < Self >"),
    ] {
        let item = fine(quote!(fn f(#receiver) {}));
        assert_eq!(item.arguments[0].ty.to_token_stream().to_string(), ty);
        assert!(item.arguments[0].is_receiver());
    }
    for receiver in [quote!(&mut self), quote!(&'a mut self), quote!(self: &mut Self)] {
        let (_, messages) = read(quote!(fn f(#receiver) {}));
        assert_eq!(messages.len(), 1, "{receiver}");
        assert!(messages[0].contains("cannot take `&mut self`"));
    }
}

#[test]
fn other_items_are_named_and_told_where_to_go() {
    for (item, says) in [
        (
            quote!(
                pub struct S;
            ),
            "this is a struct",
        ),
        (
            quote!(
                unsafe impl A for B {}
            ),
            "on each method",
        ),
        (
            quote!(
                trait T {
                    fn f();
                }
            ),
            "this is a trait",
        ),
        (
            quote!(
                const X: fn() = f;
            ),
            "this is a constant",
        ),
        (
            quote!(
                unsafe extern "C" {
                    fn f();
                }
            ),
            "`extern` item",
        ),
        (
            quote!(
                macro_rules! m {
                    () => {};
                }
            ),
            "this is a macro",
        ),
        (
            quote!(
                mod m {
                    fn f() {}
                }
            ),
            "on each function",
        ),
        (quote!(union U { x: u8 }), "this is a union"),
        (quote!(x + 1), "goes on a function"),
    ] {
        let (parsed, messages) = read(item.clone());
        assert!(parsed.is_none());
        assert_eq!(messages.len(), 1, "{item}");
        assert!(messages[0].contains(says), "{item}: {messages:?}");
    }
}

#[test]
fn signatures_that_no_option_can_make_right() {
    for (item, says) in [
        (
            quote!(
                const fn f() {}
            ),
            "which a `const fn` cannot",
        ),
        (
            quote!(
                extern "C" fn f() {}
            ),
            "foreign ABI",
        ),
        (
            quote!(
                fn f() -> &str {}
            ),
            "cannot return a borrow",
        ),
        (
            quote!(
                fn f() -> impl Copy {}
            ),
            "a type with a name",
        ),
        (
            quote!(
                fn f();
            ),
            "needs a body",
        ),
    ] {
        let (parsed, messages) = read(item.clone());
        assert!(parsed.is_some());
        assert_eq!(messages.len(), 1, "{item}: {messages:?}");
        assert!(messages[0].contains(says), "{item}: {messages:?}");
    }
    let (_, messages) = read(quote!(
        const unsafe extern "C" fn f(&mut self, mut a: ...) -> &u8;
    ));
    assert_eq!(messages.len(), 6, "{messages:#?}");
}

#[test]
fn default_methods_keep_the_word() {
    assert!(
        fine(quote!(
            pub default fn f() {}
        ))
        .defaultness
        .is_some()
    );
}

#[test]
fn a_body_from_macro_rules_is_a_body() {
    let body = Group::new(Delimiter::None, quote!({ 1 }));
    assert_eq!(fine(quote!(fn f() -> u8 #body)).body.to_string(), "{ 1 }");
}
