//! Words, punctuation and brackets of Rust's text with their places, and nothing of comments and literals. The tokens
//! that a macro can make of a text have forgotten where they were.

use std::iter::Peekable;
use std::str::CharIndices;

/// What is left of a text.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Token<'t> {
    Word(&'t str),
    /// And what comes next, without space between them.
    Punct(char, char),
    Open(char),
    Close,
    Literal,
}

/// Gives tokens, each with its line and column; both count from one, the column in characters.
pub(super) struct Lexer<'t> {
    text: &'t str,
    chars: Peekable<CharIndices<'t>>,
    line: usize,
    column: usize,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self { text, chars: text.char_indices().peekable(), line: 1, column: 1 }
    }

    fn next_char(&mut self) -> Option<char> {
        let (_, char) = self.chars.next()?;
        match char {
            '\n' => (self.line, self.column) = (self.line + 1, 1),
            _ => self.column += 1,
        }
        Some(char)
    }

    /// What has not been read.
    fn rest(&mut self) -> &'t str {
        match self.chars.peek() {
            Some((at, _)) => &self.text[*at..],
            None => "",
        }
    }

    fn skip(&mut self, count: usize) {
        (0..count).for_each(|_| _ = self.next_char());
    }

    fn skip_while(&mut self, wanted: impl Fn(char) -> bool) {
        while self.chars.peek().is_some_and(|(_, char)| wanted(*char)) {
            self.next_char();
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0;
        loop {
            let rest = self.rest();
            if rest.starts_with("/*") {
                depth += 1;
                self.skip(2);
            } else if rest.starts_with("*/") {
                depth -= 1;
                self.skip(2);
            } else if self.next_char().is_none() {
                return;
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// To the end of a literal in such quotes, the first of which is read.
    fn quoted(&mut self, quote: char) {
        while let Some(char) = self.next_char() {
            match char {
                '\\' => self.skip(1),
                _ if char == quote => return,
                _ => {}
            }
        }
    }

    /// To the end of a literal that ends in a quote and so many `#`, from its first quote.
    fn raw(&mut self, hashes: usize) {
        self.skip(1);
        while self.next_char().is_some_and(|char| char != '"') || !self.closes(hashes) {
            if self.rest().is_empty() {
                return;
            }
        }
        self.skip(hashes);
    }

    fn closes(&mut self, hashes: usize) -> bool {
        self.rest().chars().take(hashes).filter(|char| *char == '#').count() == hashes
    }

    /// A word, or the literal that it begins: `r"…"`, `br#"…"#`, `b'x'`.
    fn word(&mut self) -> Token<'t> {
        let all = self.rest();
        self.skip_while(is_within_word);
        let mut word = &all[..all.len() - self.rest().len()];
        let rest = self.rest();
        let hashes = rest.chars().take_while(|char| *char == '#').count();
        let is_raw = matches!(word, "r" | "br" | "cr");
        if is_raw && rest[hashes..].starts_with('"') {
            self.skip(hashes);
            self.raw(hashes);
            return Token::Literal;
        }
        if matches!(word, "b" | "c") && rest.starts_with(['"', '\'']) {
            let quote = self.next_char();
            self.quoted(quote.unwrap_or('"'));
            return Token::Literal;
        }
        if word == "r" && hashes == 1 && rest[1..].starts_with(is_within_word) {
            self.skip(1);
            self.skip_while(is_within_word);
            word = &all[..all.len() - self.rest().len()];
        }
        Token::Word(word)
    }

    /// `'x'`, or the quote of `'a`.
    fn quote(&mut self) -> Token<'t> {
        self.skip(1);
        let mut rest = self.rest().chars();
        let (first, second) = (rest.next(), rest.next());
        if first == Some('\\') || second == Some('\'') {
            self.quoted('\'');
            return Token::Literal;
        }
        Token::Punct('\'', ' ')
    }
}

fn is_within_word(char: char) -> bool {
    char == '_' || char.is_alphanumeric()
}

impl<'t> Iterator for Lexer<'t> {
    type Item = (Token<'t>, usize, usize);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.skip_while(char::is_whitespace);
            let rest = self.rest();
            if rest.starts_with("//") {
                self.skip_while(|char| char != '\n');
            } else if rest.starts_with("/*") {
                self.block_comment();
            } else {
                break;
            }
        }
        let (line, column) = (self.line, self.column);
        let rest = self.rest();
        let mut ahead = rest.chars();
        let token = match ahead.next()? {
            '"' => {
                self.skip(1);
                self.quoted('"');
                Token::Literal
            }
            '\'' => self.quote(),
            '0'..='9' => {
                self.skip_while(is_within_word);
                Token::Literal
            }
            char if is_within_word(char) => self.word(),
            open @ ('(' | '[' | '{') => {
                self.skip(1);
                Token::Open(open)
            }
            ')' | ']' | '}' => {
                self.skip(1);
                Token::Close
            }
            punct => {
                self.skip(1);
                Token::Punct(punct, ahead.next().unwrap_or(' '))
            }
        };
        Some((token, line, column))
    }
}
