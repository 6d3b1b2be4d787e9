//! Arguments that no other process could read.

use std::sync::LazyLock;

use cache_memoize::{Memory, Shared, cache_memoize};
use serde::Serialize;

static SHARED: LazyLock<Shared> = LazyLock::new(|| Shared::from(Memory::new(10)));

#[derive(Clone, PartialEq, Eq, Hash)]
struct User(u64);

#[cache_memoize(backend = SHARED)]
fn by_value(user: User, id: u64) -> u64 {
    user.0 + id
}

#[cache_memoize(backend = SHARED)]
async fn by_reference(user: &User) -> u64 {
    user.0
}

#[cache_memoize(backend = SHARED)]
fn inside(users: &[Option<User>]) -> usize {
    users.len()
}

#[cache_memoize(backend = SHARED)]
fn in_a_tuple(pair: (u64, &User)) -> u64 {
    pair.0
}

#[cache_memoize(backend = SHARED)]
fn generic<T: std::hash::Hash + Eq + Clone + Send + Sync + 'static>(value: T) -> bool {
    drop(value);
    true
}

#[cache_memoize(backend = SHARED, skip(user), extra = user)]
fn in_extra(id: u64, user: &'static User) -> u64 {
    id + user.0
}

#[cache_memoize(backend = SHARED, args_rewrite = |id| User(*id))]
fn rewritten(id: u64) -> u64 {
    id
}

#[cache_memoize(backend = SHARED, redact(user))]
fn redacted(user: &User) -> u64 {
    user.0
}

#[cache_memoize(backend = "users")]
fn by_name(user: &User) -> u64 {
    user.0
}

impl User {
    #[cache_memoize(backend = SHARED)]
    fn method(&self, id: u64) -> u64 {
        self.0 + id
    }
}

#[derive(Serialize)]
struct Readable<T>(T);

#[cache_memoize(backend = SHARED)]
fn fits(readable: &Readable<f64>) -> bool {
    readable.0 > 0.0
}

fn main() {}
