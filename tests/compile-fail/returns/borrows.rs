//! Results that borrow.

use cache_memoize::cache_memoize;
use std::borrow::Cow;

#[cache_memoize(ttl = 5)]
fn text(text: &str) -> &str {
    text
}

#[cache_memoize(ttl = 5)]
fn bytes<'a>(bytes: &'a [u8]) -> &'a [u8] {
    bytes
}

#[cache_memoize(ttl = 5)]
fn in_an_option<'a, T>(items: &'a [T]) -> Option<&'a T> {
    items.first()
}

#[cache_memoize(ttl = 5)]
fn maybe(text: &str) -> Cow<'_, str> {
    text.into()
}

struct Names(Vec<String>);

impl Names {
    #[cache_memoize(ttl = 5)]
    fn method(&self) -> Result<&String, String> {
        self.0.first().ok_or_else(String::new)
    }
}

fn main() {}
