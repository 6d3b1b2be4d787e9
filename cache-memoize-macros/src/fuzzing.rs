//! What the fuzzer in `fuzz/` runs: attributes on functions, from a grammar of options, values and signatures or as raw
//! text. The test below runs the same without a fuzzer.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::quote;
use syn::File;

/// Names of options, slips of them, and what no option is called.
const NAMES: &[&str] = &[
    "ttl",
    "timeout",
    "err_ttl",
    "args_rewrite",
    "skip",
    "redact",
    "extra",
    "version",
    "prefix",
    "key",
    "key_generator_callable",
    "on_hit",
    "hit_callable",
    "on_miss",
    "store_result",
    "cache_err",
    "cache_exceptions",
    "cache_none",
    "cache_if",
    "bypass_if",
    "capacity",
    "weigher",
    "backend",
    "cache_alias",
    "codec",
    "single_flight",
    "max_wait",
    "companions",
    "crate",
    "tll",
    "ignore",
    "r#ttl",
    "self",
    "x",
    "_",
];

/// Names of options that go together, so that more than one mistake stays on the way to code.
const VALUES: &[&str] = &[
    "300",
    "\"1h 30m\"",
    "\"\"",
    "\"posts\"",
    "\"fleet\"",
    "true",
    "false",
    "unbounded",
    "|a| a",
    "|a, b| (a, b)",
    "|_| true",
    "|_key, value| value.len() as u32",
    "|a, ..| 1",
    "|(a, b): (u8, u8), [c, ..]| { return c }",
    "move |a| async move { a }",
    "async |a| a",
    "|| 1",
    "f",
    "Self::f",
    "self.cache",
    "this",
    "REDIS",
    "Codec::Json",
    "a::b::<C, D>::E",
    "<A as B>::C",
    "pub(crate)",
    "pub",
    "pub(in a::b)",
    "crate::rt",
    "::rt",
    "0",
    "-1",
    "1.5",
    "1u8",
    "0x10",
    "1_000",
    "5s",
    "'c'",
    "b\"x\"",
    "\"a\\u{0}:b\"",
    "id",
    "a",
    "(id)",
    "__none(|a| a)",
    "__none(60)",
    "__none(id)",
    "{ let x = 1; x }",
    "if id == 1 { 2 } else { 3 }",
    "match a { _ => 1 }",
    "format!(\"{a}{id}\")",
    "a < b",
    "&*a",
    "a.b.await",
    "a?",
    "return",
    "loop {}",
    "(a, b)",
    "()",
    "[a; 3]",
    "a..=b",
    "unsafe { a }",
    "#[x] a",
    "",
    "=",
    "|a",
    "fn",
    "'a",
    "$",
];

/// Options that are right by themselves, so that some attributes become code.
const SOUND: &[&str] = &[
    "ttl = |value| lifetime(value)",
    "timeout = \"1h 30m\"",
    "skip(id)",
    "redact(id)",
    "extra = id.len()",
    "version = \"spring\"",
    "prefix = \"posts\"",
    "args_rewrite = |id, ..| id",
    "key = make_key",
    "on_hit = |..| log()",
    "on_miss = |id, ..| log(id)",
    "store_result = true",
    "cache_none = false",
    "cache_if = |value| value.is_fine()",
    "bypass_if = if id == 1 { true } else { false }",
    "capacity = 5 * 5",
    "capacity = unbounded",
    "backend = self::REDIS",
    "backend = \"sessions\"",
    "codec = Codec::Json",
    "single_flight = false",
    "companions = pub(crate)",
    "crate = crate::rt",
];

/// And signatures.
const SIGNATURES: &[&str] = &[
    "fn f(id: u64) -> u64",
    "pub async fn f(id: &str) -> Result<T, E>",
    "pub(crate) fn f<'a, T: Clone + 'a, const N: usize>(&self, id: [T; N], (a, b): (u8, &'a str)) -> Option<T>",
    "#[must_use] unsafe fn r#type(id: Option<&str>, _: u8) -> Vec<u8>",
    "default async fn f(self: &Arc<Self>, mut id: u8) -> io::Result<()> where Self: Sized",
    "/// Words.\n fn f_(id: impl Key, Point { x, .. }: Point) -> ()",
];

const SEPARATORS: &[&str] = &[", ", ", ", ", ", ", ", ", ", ",", ",, ", " ", "; ", " => "];

const BEFORE: &[&str] = &[
    "",
    "pub ",
    "pub(crate) ",
    "/// Words.\n",
    "#[must_use] ",
    "#[deny(warnings)] pub ",
    "#[cfg(any())] ",
    "#[allow(dead_code)] #[inline] ",
    "#![inner] ",
    "default ",
    "const ",
    "extern \"C\" ",
    "unsafe ",
    "async ",
    "async ",
    "pub async unsafe ",
    "__none(pub) ",
];

const KINDS: &[&str] = &["fn ", "fn ", "fn ", "fn ", "fn ", "fn ", "struct ", "mod ", "impl ", "let ", ""];

const FUNCTIONS: &[&str] =
    &["f", "f_", "r#type", "_", "F", "f_invalidate", "ключ", "r#async", "__f", "self", "1"];

const GENERICS: &[&str] = &[
    "",
    "",
    "",
    "<T>",
    "<'a>",
    "<'a, T: Clone + 'a, const N: usize>",
    "<T: ?Sized = u8>",
    "<const N: usize = 3>",
    "<#[x] T>",
    "<>",
    "<T",
];

const ARGUMENTS: &[&str] = &[
    "id: u64",
    "a: &str",
    "b: &'a [T; N]",
    "&self",
    "self",
    "mut self",
    "&'a mut self",
    "self: Arc<Self>",
    "self: &Self",
    "mut c: Vec<u8>",
    "d: &mut Db",
    "_: u8",
    "(x, y): (u8, Option<&str>)",
    "Point { x, .. }: Point",
    "whole @ [first, ..]: [u8; 3]",
    "ref r: u8",
    "e: impl Fn(u8) -> u8 + 'static",
    "g: &dyn Any",
    "h: fn(u8)",
    "i: <T as Tr>::Out",
    "j: (u8,)",
    "k: !",
    "#[x] l: u8",
    "r#type: u8",
    "id: __none(u64)",
    "m: Option<&'static str>",
    "n: Cow<'_, str>",
    "o: [u8; { 1 + 1 }]",
    "self: Self",
    "p",
    "...",
    "q: m!()",
    "value: u8",
    "key: u8",
];

const RETURNS: &[&str] = &[
    "",
    " -> u64",
    " -> u64",
    " -> String",
    " -> Result<T, E>",
    " -> io::Result<()>",
    " -> Option<Arc<V>>",
    " -> &'static str",
    " -> &str",
    " -> impl Iterator<Item = u8>",
    " -> Box<dyn Fn(&u8) -> u8>",
    " -> Self",
    " -> ()",
    " -> !",
    " -> (u8, Result<u8, String>)",
    " -> __none(u64)",
    " -> m!(a)",
    " ->",
];

const BOUNDS: &[&str] =
    &["", "", "", " where T: 'static,", " where Self: Sized", " where for<'b> &'b T: Into<u8>", " where"];

const BODIES: &[&str] = &[
    "{ id }",
    "{}",
    "{ { 1 } }",
    "{ static N: u8 = 1; N }",
    "{ impl T for U {} 1 }",
    "{ a.await?; Ok(()) }",
    "{ return self.x; }",
    "{ Self::g() }",
    "{ #![inner] m! { a => b } }",
    "{ fn f() { self } let Self = 1; }",
    "{ let broken = ; }",
    "{ |x| async move { x } }",
    ";",
    "",
    "{ 1 } { 2 }",
];

/// Bytes that decide what is written. When they are used up, zeros follow.
struct Tape<'i>(&'i [u8]);

impl Tape<'_> {
    fn below(&mut self, limit: usize) -> usize {
        let Some((&byte, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(byte) % limit
    }

    fn pick(&mut self, choices: &'static [&'static str]) -> &'static str {
        choices[self.below(choices.len())]
    }

    fn list(&mut self, most: usize, separator: &str, item: impl Fn(&mut Self) -> String) -> String {
        let items: Vec<String> = (0..self.below(most + 1)).map(|_| item(self)).collect();
        items.join(separator)
    }

    fn options(&mut self) -> String {
        (0..self.below(6))
            .map(|_| self.option() + if self.below(8) == 0 { self.pick(SEPARATORS) } else { ", " })
            .collect()
    }

    fn option(&mut self) -> String {
        if self.below(4) > 0 {
            return self.pick(SOUND).to_owned();
        }
        let name = self.pick(NAMES);
        match self.below(12) {
            0 => self.pick(VALUES).to_owned(),
            1 => name.to_owned(),
            2 => format!("{name}: {}", self.pick(VALUES)),
            3 => format!("{name} == {}", self.pick(VALUES)),
            4..7 => format!("{name}({})", self.list(3, ", ", |tape| tape.pick(VALUES).to_owned())),
            _ => format!("{name} = {}", self.pick(VALUES)),
        }
    }

    fn item(&mut self) -> String {
        if self.below(4) > 0 {
            return format!("{} {}", self.pick(SIGNATURES), self.pick(BODIES));
        }
        let before = self.list(2, "", |tape| tape.pick(BEFORE).to_owned());
        let (kind, name, generics) = (self.pick(KINDS), self.pick(FUNCTIONS), self.pick(GENERICS));
        let arguments = self.list(4, ", ", |tape| tape.pick(ARGUMENTS).to_owned());
        let (returned, bounds, body) = (self.pick(RETURNS), self.pick(BOUNDS), self.pick(BODIES));
        format!("{before}{kind}{name}{generics}({arguments}){returned}{bounds} {body}")
    }
}

/// The arguments of an attribute and its item: written by the grammar, or what the input says, with a zero between
/// the two.
fn written(input: &[u8]) -> Option<(TokenStream, TokenStream)> {
    let (&how, tape) = input.split_first()?;
    let (args, item) = match how % 8 {
        0 => {
            let (args, item) = std::str::from_utf8(tape).ok()?.split_once('\0')?;
            (args.to_owned(), item.to_owned())
        }
        1 => (String::from_utf8_lossy(tape).into_owned(), "fn f(id: u64) -> u64 { id }".to_owned()),
        2 => ("ttl = 60".to_owned(), String::from_utf8_lossy(tape).into_owned()),
        _ => {
            let mut tape = Tape(tape);
            (tape.options(), tape.item())
        }
    };
    Some((regrouped(args.parse().ok()?), regrouped(item.parse().ok()?)))
}

/// `__none(…)` becomes a group without delimiters, as the variables of `macro_rules!` do.
fn regrouped(tokens: TokenStream) -> TokenStream {
    let mut regrouped: Vec<TokenTree> = Vec::new();
    for token in tokens {
        let TokenTree::Group(group) = token else {
            regrouped.push(token);
            continue;
        };
        let marked = regrouped.pop_if(|last| matches!(last, TokenTree::Ident(ident) if ident == "__none"));
        let delimiter = if marked.is_some() { Delimiter::None } else { group.delimiter() };
        regrouped.push(Group::new(delimiter, self::regrouped(group.stream())).into());
    }
    regrouped.into_iter().collect()
}

fn mistakes(tokens: &TokenStream) -> usize {
    let count = |token: TokenTree| match token {
        TokenTree::Ident(ident) => usize::from(ident == "compile_error"),
        TokenTree::Group(group) => mistakes(&group.stream()),
        TokenTree::Punct(_) | TokenTree::Literal(_) => 0,
    };
    tokens.clone().into_iter().map(count).sum()
}

/// The item with nothing in its body, which is the one part of it that we do not read.
fn emptied(item: &TokenStream) -> TokenStream {
    let mut tokens: Vec<TokenTree> = item.clone().into_iter().collect();
    if let Some(TokenTree::Group(body)) = tokens.last_mut() {
        *body = Group::new(body.delimiter(), TokenStream::new());
    }
    tokens.into_iter().collect()
}

/// Whether that can stand in a module, or in an `impl`.
fn is_code(tokens: &TokenStream) -> bool {
    let associated = quote!(impl T { #tokens });
    [tokens.clone(), associated].into_iter().any(|tokens| syn::parse2::<File>(tokens).is_ok())
}

/// What became of an attribute.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It is no Rust, or not even tokens.
    Nonsense,
    /// Code.
    Expanded,
    /// Mistakes were reported.
    Refused,
}

/// Expands an attribute.
///
/// # Panics
///
/// If the attribute does, or if it makes what is no code.
pub fn options(input: &[u8]) -> Outcome {
    let Some((args, item)) = written(input) else { return Outcome::Nonsense };
    let output = crate::attribute(args.clone(), item.clone());
    let told = mistakes(&output) > mistakes(&args) + mistakes(&item);
    let show = || format!("#[cache_memoize({args})] {item}\nbecomes {output}");
    if is_code(&item) {
        // With or without mistakes: one that hides what else is wrong is no help.
        assert!(is_code(&output), "no code: {}", show());
    } else if !told {
        assert!(is_code(&emptied(&item)), "nothing was said: {}", show());
    }
    if told { Outcome::Refused } else { Outcome::Expanded }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Xorshift, so that a failure happens again.
    struct Dice(u64);

    impl Dice {
        fn roll(&mut self, below: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 >> 11) as usize % below.max(1)
        }
    }

    /// Bytes for the grammar; now and then, pieces of what it knows as raw text.
    fn next_input(dice: &mut Dice) -> Vec<u8> {
        if dice.roll(4) > 0 {
            return std::iter::once(3).chain((0..40).map(|_| dice.roll(256) as u8)).collect();
        }
        let pieces: Vec<&str> = [
            NAMES, VALUES, SEPARATORS, BEFORE, KINDS, FUNCTIONS, GENERICS, ARGUMENTS, RETURNS, BOUNDS, BODIES,
        ]
        .concat();
        let mut text = vec![dice.roll(3) as u8];
        for place in 0..1 + dice.roll(12) {
            text.extend(pieces[dice.roll(pieces.len())].bytes());
            text.push(if place == 4 { 0 } else { b" =(),"[dice.roll(5)] });
        }
        text
    }

    #[test]
    fn whatever_is_written_becomes_code_or_mistakes() {
        let mut dice = Dice(0x2545_f491_4f6c_dd1d);
        let mut outcomes = [0; 3];
        for case in 0..2_000 {
            let input = next_input(&mut dice);
            match std::panic::catch_unwind(|| options(&input)) {
                Ok(outcome) => outcomes[outcome as usize] += 1,
                Err(_) => panic!("case {case}: {input:?}"),
            }
        }
        // A grammar that is refused all the time, or never, finds nothing.
        assert!(outcomes.iter().all(|&count| count > 50), "{outcomes:?}");
    }

    /// What the fuzzer found, and inputs that reach far.
    #[test]
    fn kept_inputs_become_code_or_mistakes() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/seeds/options");
        for kept in std::fs::read_dir(folder).expect("a checkout has it") {
            let kept = kept.unwrap().path();
            let input = std::fs::read(&kept).unwrap();
            match std::panic::catch_unwind(|| options(&input)) {
                Ok(outcome) => assert_ne!(outcome, Outcome::Nonsense, "{}", kept.display()),
                Err(_) => panic!("{}", kept.display()),
            }
        }
    }
}
