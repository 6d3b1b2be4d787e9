//! A reader of keys, written from the grammar at the top of `key/text.rs` and from nothing else. That there can be one
//! is why no two calls have the same key.

use super::Identity;
use super::value::Meaning;

/// What call the key is of; nothing if the grammar does not know such a key.
pub(super) fn read(key: &str) -> Option<Identity> {
    let mut rest = Reader(key);
    let path = rest.path()?;
    let version = match rest.takes("@") {
        true => Some(rest.version()?),
        false => None,
    };
    let mut arguments = Vec::new();
    while rest.takes(":") {
        arguments.push(rest.part()?);
    }
    let extra = match rest.takes(";") {
        true => Some(rest.part()?),
        false => None,
    };
    rest.0.is_empty().then_some(Identity { path, version, arguments, extra })
}

/// What is not read yet.
struct Reader<'t>(&'t str);

impl<'t> Reader<'t> {
    fn takes(&mut self, token: &str) -> bool {
        self.0.strip_prefix(token).map(|rest| self.0 = rest).is_some()
    }

    fn next(&mut self) -> Option<char> {
        let mut chars = self.0.chars();
        let next = chars.next()?;
        self.0 = chars.as_str();
        Some(next)
    }

    fn take(&mut self, len: usize) -> Option<&'t str> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> &'t str {
        let end = self.0.find(|c| !belongs(c)).unwrap_or(self.0.len());
        self.take(end).unwrap_or_default()
    }

    /// Ends at the first single `:`, at `@` or at `;`, unless it is quoted.
    fn path(&mut self) -> Option<String> {
        if self.0.starts_with('"') {
            return self.quoted();
        }
        let mut end = 0;
        loop {
            let rest = &self.0[end..];
            match rest.find([':', '@', ';']) {
                Some(at) if rest[at..].starts_with("::") => end += at + 2,
                Some(at) => return self.take(end + at).map(str::to_owned),
                None => return self.take(self.0.len()).map(str::to_owned),
            }
        }
    }

    fn version(&mut self) -> Option<String> {
        let digits = self.take_while(|c| c.is_ascii_digit());
        if digits.is_empty() { self.string() } else { Some(digits.to_owned()) }
    }

    /// Bare or quoted.
    fn string(&mut self) -> Option<String> {
        match self.0.chars().next()? {
            '"' => self.quoted(),
            _ => Some(self.word()).filter(|word| !word.is_empty()).map(str::to_owned),
        }
    }

    fn word(&mut self) -> &'t str {
        self.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
    }

    fn quoted(&mut self) -> Option<String> {
        let mut text = String::new();
        self.takes("\"").then_some(())?;
        while !self.takes("\"") {
            text.push(self.character()?);
        }
        Some(text)
    }

    fn character(&mut self) -> Option<char> {
        let escaped = match self.next()? {
            '\\' => self.next()?,
            other => return Some(other),
        };
        match escaped {
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            'u' => {
                self.takes("{").then_some(())?;
                let digits = self.take_while(|c| c.is_ascii_hexdigit());
                self.takes("}").then_some(())?;
                char::from_u32(u32::from_str_radix(digits, 16).ok()?)
            }
            '"' | '\'' | '\\' => Some(escaped),
            _ => None,
        }
    }

    fn part(&mut self) -> Option<Meaning> {
        match self.0.chars().next()? {
            '"' => {
                let text = self.quoted()?;
                self.string_or_variant(text)
            }
            '\'' => {
                self.next();
                let value = self.character()?;
                self.takes("'").then_some(Meaning::Char(value))
            }
            '(' => self.tuple().map(Meaning::Tuple),
            '[' => self.list("[", "]", Self::part).map(Meaning::Seq),
            '{' => self.fields(),
            '~' => self.take(33).map(|digest| Meaning::Digest(digest[1..].to_owned())),
            '0'..='9' | '-' => self.number(),
            _ => self.named(),
        }
    }

    fn number(&mut self) -> Option<Meaning> {
        if self.takes("0x") {
            let digits = self.take_while(|c| c.is_ascii_hexdigit());
            let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
            return digits.as_bytes().chunks(2).map(byte).collect::<Option<_>>().map(Meaning::Bytes);
        }
        if self.takes("-inf") {
            return Some(Meaning::float("-inf"));
        }
        let digits = self.take_while(|c| c.is_ascii_digit() || matches!(c, '-' | '.' | 'e'));
        match digits.contains(['.', 'e']) {
            true => Some(Meaning::float(digits)),
            false => Some(Meaning::Integer(digits.to_owned())),
        }
    }

    /// What begins with a word that is not quoted.
    fn named(&mut self) -> Option<Meaning> {
        match self.word() {
            "true" => Some(Meaning::Bool(true)),
            "false" => Some(Meaning::Bool(false)),
            "none" => Some(Meaning::None),
            "inf" => Some(Meaning::float("inf")),
            "NaN" => match self.takes("(") {
                true => {
                    let bits = self.take_while(|c| c.is_ascii_hexdigit());
                    self.takes(")").then(|| Meaning::OddNaN(bits.to_owned()))
                }
                false => Some(Meaning::float("NaN")),
            },
            "some" => {
                self.takes("(").then_some(())?;
                let value = self.part()?;
                self.takes(")").then(|| Meaning::Some(value.into()))
            }
            "map" => {
                let entry = |rest: &mut Self| {
                    let key = rest.part()?;
                    rest.takes("=").then_some(())?;
                    Some((key, rest.part()?))
                };
                self.list("{", "}", entry).map(Meaning::map)
            }
            "" => None,
            word => self.string_or_variant(word.to_owned()),
        }
    }

    fn string_or_variant(&mut self, text: String) -> Option<Meaning> {
        if !self.takes("::") {
            return Some(Meaning::Str(text));
        }
        let names = [text, self.string()?];
        let inside = match self.0.chars().next() {
            Some('(') => Some(Meaning::Tuple(self.list("(", ")", Self::part)?)),
            Some('{') => Some(self.fields()?),
            _ => None,
        };
        Some(Meaning::Variant(names, inside.map(Box::new)))
    }

    fn fields(&mut self) -> Option<Meaning> {
        let field = |rest: &mut Self| {
            let name = rest.string()?;
            rest.takes("=").then_some(())?;
            Some((name, rest.part()?))
        };
        self.list("{", "}", field).map(Meaning::Struct)
    }

    /// A lone element has a comma after it.
    fn tuple(&mut self) -> Option<Vec<Meaning>> {
        let lone = |mut rest: Self| {
            rest.takes("(").then_some(())?;
            let element = rest.part()?;
            rest.takes(",)").then_some((element, rest))
        };
        if let Some((element, rest)) = lone(Self(self.0)) {
            *self = rest;
            return Some(vec![element]);
        }
        self.list("(", ")", Self::part).filter(|elements| elements.len() != 1)
    }

    fn list<E>(
        &mut self,
        opening: &str,
        closing: &str,
        element: impl Fn(&mut Self) -> Option<E>,
    ) -> Option<Vec<E>> {
        self.takes(opening).then_some(())?;
        let mut elements = Vec::new();
        while !self.takes(closing) {
            if !elements.is_empty() {
                self.takes(",").then_some(())?;
            }
            elements.push(element(self)?);
        }
        Some(elements)
    }
}
