//! A `self` that cannot be part of a key.

use cache_memoize::cache_memoize;
use std::sync::Arc;

struct Users {
    connection: std::sync::Mutex<u64>,
}

impl Users {
    #[cache_memoize(ttl = 5)]
    fn by_reference(&self, id: u64) -> u64 {
        *self.connection.lock().unwrap() + id
    }

    #[cache_memoize(ttl = 5)]
    async fn shared(self: &Arc<Self>, id: u64) -> u64 {
        id
    }

    #[cache_memoize(ttl = 5)]
    fn by_value(self, id: u64) -> u64 {
        id
    }
}

fn main() {}
