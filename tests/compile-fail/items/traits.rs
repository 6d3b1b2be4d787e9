//! Methods of which there may be no more than the trait has.

use std::future::Future;
use std::pin::Pin;

use cache_memoize::cache_memoize;

trait Repo {
    fn user(&self, id: u64) -> Option<String>;
}

struct Database;

impl Repo for Database {
    #[cache_memoize(ttl = 60, skip(self))]
    fn user(&self, id: u64) -> Option<String> {
        Some(id.to_string())
    }
}

/// As `#[async_trait]` writes it.
impl Database {
    #[cache_memoize(ttl = 60, skip(self))]
    fn session<'life0, 'async_trait>(
        &'life0 self,
        id: u64,
    ) -> Pin<Box<dyn Future<Output = Result<Option<u64>, String>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move { Ok(Some(id)) })
    }
}

fn main() {}
