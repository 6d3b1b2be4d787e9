//! Names in `redact(…)` that cannot be hidden in the key.

use cache_memoize::cache_memoize;

#[cache_memoize(redact(tokn))]
fn no_such_argument(token: &str, id: u64) -> u64 {
    token.len() as u64 + id
}

#[cache_memoize(redact(token), skip(token))]
fn skipped(token: &str, id: u64) -> u64 {
    token.len() as u64 + id
}

#[cache_memoize(redact(token, token))]
fn twice(token: &str) -> usize {
    token.len()
}

#[cache_memoize(redact(token), key = |token| format!("token:{token}"))]
fn with_a_key(token: &str) -> usize {
    token.len()
}

#[cache_memoize(redact(token), args_rewrite = |token| token.len())]
fn with_a_rewrite(token: &str) -> usize {
    token.len()
}

#[cache_memoize(redact(self))]
fn no_self(token: &str) -> usize {
    token.len()
}

#[cache_memoize(redact(user), ttl = 5)]
fn part_of_a_pattern((user, id): (&str, u64)) -> usize {
    user.len() + id as usize
}

#[cache_memoize(redact = token)]
fn like_a_value(token: &str) -> usize {
    token.len()
}

#[cache_memoize(redact(token.secret, "token"))]
fn no_names(token: &str) -> usize {
    token.len()
}

#[cache_memoize(secret(token))]
fn another_word(token: &str) -> usize {
    token.len()
}

#[cache_memoize(redcat(token))]
fn a_slip(token: &str) -> usize {
    token.len()
}

fn main() {}
