//! Results that borrow without saying so.

use cache_memoize::cache_memoize;

struct Name<'a>(&'a str);

impl Clone for Name<'_> {
    fn clone(&self) -> Self {
        Self(self.0)
    }
}

#[cache_memoize(ttl = 5)]
fn elided(text: &str) -> Name {
    Name(text)
}

struct Parser<'a>(&'a str);

impl<'a> Parser<'a> {
    #[cache_memoize(skip(self), ttl = 5)]
    fn myself(&self, id: u64) -> Self {
        let _ = id;
        Self(self.0)
    }
}

fn main() {}
