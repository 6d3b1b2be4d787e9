//! A name that is no option's.

use cache_memoize::cache_memoize;

#[cache_memoize(tll = 5)]
fn slip_of_the_finger(id: u64) -> u64 {
    id
}

#[cache_memoize(ttl = 5, max_size = 100)]
fn word_of_another_cache(id: u64) -> u64 {
    id
}

#[cache_memoize(ttl = 5, nonsense = 1)]
fn nobodys_word(id: u64) -> u64 {
    id
}

#[cache_memoize(ttl = 5, ignore(id))]
fn word_of_another_list(id: u64) -> u64 {
    id
}

fn main() {}
