//! The names of types as `type_name` writes them: brackets, lists, and what they can say.

/// The characters that are structure: those within the literal of a `char`, which may be a bracket and stands for a
/// constant, are left out, and so is the arrow of a function type.
fn structure(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut skipped_to = 0;
    text.char_indices().filter(move |&(at, c)| {
        if at < skipped_to {
            return false;
        }
        match c {
            '\'' => skipped_to = at + literal(&text[at..]).unwrap_or(0),
            '>' if text[..at].ends_with('-') => return false,
            _ => {}
        }
        at >= skipped_to
    })
}

/// The length of the `char` that the text begins with, if it is one and not a lifetime.
fn literal(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('\'')?;
    let first = inside.chars().next()?.len_utf8();
    let length = match inside.starts_with('\\') {
        // What is escaped may be a quote.
        true => first + 1 + inside.get(first + 1..)?.find('\'')?,
        false => first,
    };
    inside[length..].starts_with('\'').then_some(length + 2)
}

/// Splits `load<u8, fn() -> u8>` into `load` and its brackets.
pub(super) fn split_generics(path: &str) -> (&str, &str) {
    let (mut depth, mut last) = (0_usize, (0, 0));
    for (at, c) in structure(path) {
        match c {
            '<' => {
                if depth == 0 {
                    last.0 = at;
                }
                depth += 1;
            }
            '>' => {
                depth = depth.saturating_sub(1);
                last.1 = at + 1;
            }
            _ => {}
        }
    }
    match depth == 0 && last.1 == path.len() {
        true => path.split_at(last.0),
        false => (path, ""),
    }
}

/// The types in brackets: of `<u8, fn(u8) -> Vec<u8>>` two.
pub(super) fn elements(generics: &str) -> Vec<&str> {
    let inside = generics.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or_default();
    let (mut depth, mut start) = (0_usize, 0);
    let mut found = Vec::new();
    for (at, c) in structure(inside) {
        match c {
            '<' | '(' | '[' | '{' => depth += 1,
            '>' | ')' | ']' | '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                found.push(inside[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    if !inside.is_empty() {
        found.push(inside[start..].trim());
    }
    found
}

/// `<app::Store as app::Load>` of `<app::Store<u8> as app::Load<u16>>`: a bracket at the beginning of a path, or after a
/// `::`, is no list of types.
pub(super) fn without_generics(path: &str) -> String {
    // Of the brackets that are open, whether they are kept.
    let mut open = Vec::new();
    let mut plain = String::with_capacity(path.len() + 16);
    let mut from = 0;
    for (at, c) in structure(path).filter(|(_, c)| matches!(c, '<' | '>')) {
        let is_kept = open.iter().all(|kept| *kept);
        if is_kept {
            plain.push_str(&path[from..at]);
        }
        from = at + 1;
        match c {
            '<' => open.push(is_kept && (at == 0 || path[..at].ends_with("::"))),
            _ => {
                if open.pop() == Some(true) {
                    plain.push('>');
                }
                continue;
            }
        }
        if open.last() == Some(&true) {
            plain.push('<');
        }
    }
    plain.push_str(&path[from..]);
    plain
}

/// Whether no two types are written so: it says nothing but words of the language, and types of the standard library.
/// Any other path may be that of a type in a block, of which there may be two; and of lifetimes it is not written where
/// they are bound.
pub(super) fn says_it_all(text: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let names = text.split(|c: char| !is_word(c) && c != ':').filter(|name| !name.is_empty());
    !text.contains(['\'', '{']) && names.into_iter().all(is_known)
}

fn is_known(name: &str) -> bool {
    const WORDS: [&str; 29] = [
        "bool", "char", "str", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128",
        "isize", "f16", "f32", "f64", "f128", "fn", "dyn", "mut", "const", "unsafe", "extern", "as", "true",
        "false", "C",
    ];
    let root = name.split("::").next().unwrap_or_default();
    match name.contains("::") {
        true => ["core", "alloc", "std"].contains(&root),
        false => WORDS.contains(&root) || root.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

/// Whether it says the type of a closure, or of what an `async` block makes: of those there may be many in one function,
/// and all are written alike. (A closure that something else is in is part of a path.)
#[cfg(any(test, feature = "shared"))]
pub(super) fn says_a_closure(text: &str) -> bool {
    text.split("{{closure}}").skip(1).any(|rest| !rest.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_the_standard_library_have_names_of_their_own() {
        for known in [
            "",
            "<u8>",
            "<&str, [char; 3], fn(u8) -> alloc::vec::Vec<i16>, *const (), !>",
            "<std::collections::hash::map::HashMap<alloc::string::String, 3>>",
            "<dyn core::ops::function::Fn(u8) + core::marker::Send, unsafe extern \"C\" fn(u8, ...)>",
            "<-7, true>",
        ] {
            assert!(says_it_all(known), "{known}");
        }
        for unknown in [
            "<app::Row>",
            "<core::option::Option<app::Row>>",
            "<&'_ str>",
            "<core::slice::iter::Iter<'_, u8>>",
            "<core::main::{{closure}}>",
            "<Row>",
            "<'x'>",
            "<cored::Row>",
        ] {
            assert!(!says_it_all(unknown), "{unknown}");
        }
    }

    #[test]
    fn what_is_in_brackets_is_left_out_of_a_path() {
        for (path, plain) in [
            ("app::Store<fn(u8) -> u8>", "app::Store"),
            ("<fn(app::A<u8>) -> u8 as app::T<'>'>>", "<fn(app::A) -> u8 as app::T>"),
            ("app::<impl app::T<u8> for app::S<u8>>", "app::<impl app::T for app::S>"),
            ("app::C<'\\'', '<', 'a'>::X", "app::C::X"),
        ] {
            assert_eq!(without_generics(path), plain);
        }
    }

    #[test]
    fn closures_are_told_from_what_is_in_them() {
        assert!(says_a_closure("app::total<app::main::{{closure}}>"));
        assert!(says_a_closure("<app::main::{{closure}} as app::Total>::total"));
        assert!(!says_a_closure("app::main::{{closure}}::total<u8>"));
        assert!(!says_a_closure("app::total<app::main::{{closure}}::Row>"));
        assert!(says_a_closure(
            "app::total<app::main::{{closure}}::Row, app::main::{{closure}}::{{closure}}>"
        ));
    }
}
