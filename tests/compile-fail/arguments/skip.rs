//! `skip` of what is no argument.

use cache_memoize::cache_memoize;

#[cache_memoize(skip(dbb))]
fn misspelt(db: &str, id: u64) -> u64 {
    id + db.len() as u64
}

#[cache_memoize(skip(self))]
fn no_self(id: u64) -> u64 {
    id
}

#[cache_memoize(skip(a))]
fn part_of_a_pattern((a, b): (u64, u64)) -> u64 {
    a + b
}

#[cache_memoize(skip(id, id))]
fn twice(id: u64) -> u64 {
    id
}

#[cache_memoize(skip(db))]
fn nothing_to_skip() -> u64 {
    1
}

#[cache_memoize(skip(&db, user.name))]
fn more_than_names(db: &str, user: &str) -> usize {
    db.len() + user.len()
}

fn main() {}
