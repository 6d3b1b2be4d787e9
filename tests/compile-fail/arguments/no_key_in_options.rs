//! Parts of a key that options give.

use cache_memoize::cache_memoize;

struct User {
    id: u64,
}

#[cache_memoize(args_rewrite = |user| user)]
fn args_rewrite(user: &'static User) -> u64 {
    user.id
}

#[cache_memoize(skip(user), extra = user)]
fn extra(user: &'static User) -> u64 {
    user.id
}

#[cache_memoize(args_rewrite = |user| (user.id, user))]
fn part_of_a_tuple(user: &'static User) -> u64 {
    user.id
}

fn whole(user: &'static User) -> &'static User {
    user
}

#[cache_memoize(args_rewrite = whole)]
fn by_path(user: &'static User) -> u64 {
    user.id
}

fn main() {}
