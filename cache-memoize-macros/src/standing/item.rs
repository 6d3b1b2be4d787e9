//! The item that tokens belong to, as far as they have been read: is it an `impl`, of what, or something else?

use super::Standing;
use super::lexer::Token;

/// The item that the tokens so far belong to.
#[derive(Default)]
pub(super) struct Item {
    kind: Option<Kind>,
    /// Whether an attribute is on it that may move what is within.
    changed: bool,
    before: Before,
    /// How many `<` are open in the head of an `impl` or a trait.
    angles: usize,
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
    /// The beginning of `->` and `=>`.
    Arrow,
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
    fn is_body(&self, delimiter: char) -> bool {
        delimiter == '{' && self.before != Before::Operator
    }

    /// What is around the contents of the group that opens here.
    pub(super) fn within(&self, delimiter: char) -> Standing {
        let standing = match self.kind.filter(|_| self.is_body(delimiter)) {
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

    /// Goes on past a token, or past a whole group where it opens.
    pub(super) fn step(&mut self, token: Token<'_>) {
        // `for T`, `for <T as Trait>::Type`, but no `for<'a>`.
        let names_type = match self.before {
            Before::For => !matches!(token, Token::Punct('<', _)),
            Before::ForAngle => !matches!(token, Token::Punct('\'' | '>', _)),
            _ => false,
        };
        if names_type {
            self.kind = Some(Kind::Impl { of_trait: true });
        }
        match token {
            Token::Word(word) => self.word(word),
            Token::Open(_) if self.before == Before::Pound => self.before = Before::Start,
            Token::Open(delimiter) if self.is_body(delimiter) => *self = Self::default(),
            Token::Punct(punct, next) => self.punct(punct, next),
            Token::Open(_) | Token::Close | Token::Literal => self.before = Before::Else,
        }
    }

    /// Notes the name of an attribute on the item.
    pub(super) fn attribute(&mut self, name: &str) {
        self.changed |= !HARMLESS.contains(&name);
    }

    /// Whether the group that opens here is an attribute.
    pub(super) fn takes_attribute(&self) -> bool {
        self.before == Before::Pound
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

    fn punct(&mut self, punct: char, next: char) {
        match punct {
            '<' => self.angles += 1,
            '>' if self.before != Before::Arrow => self.angles = self.angles.saturating_sub(1),
            _ => {}
        }
        self.before = match punct {
            ';' => return *self = Self::default(),
            '#' => Before::Pound,
            '!' if self.before == Before::Pound => Before::Pound,
            '!' if self.before == Before::Word && next != '=' => Before::Bang,
            '<' if self.before == Before::For => Before::ForAngle,
            '-' | '=' if next == '>' => Before::Arrow,
            ',' if self.angles == 0 => Before::Else,
            '<' | ',' | '=' => Before::Operator,
            _ => Before::Else,
        };
    }
}
