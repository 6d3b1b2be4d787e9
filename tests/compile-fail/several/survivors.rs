//! A typo in the attribute leaves the function and its companions to their callers.

use cache_memoize::cache_memoize;

#[cache_memoize(tll = 5)]
fn f(id: u64) -> u64 {
    id
}

#[cache_memoize(skip(dbb))]
async fn g<T: Clone>(db: &str, id: T) -> Result<T, String> {
    let _ = db;
    Ok(id)
}

struct Users;

impl Users {
    #[cache_memoize(capcity = 5)]
    fn name(&self, id: u64) -> String {
        id.to_string()
    }
}

async fn callers() {
    let _: u64 = f(1);
    let _: bool = f_invalidate(1);
    let () = f_invalidate_all();
    let _: u64 = f_refresh(1);
    let () = f_set(1, 2);
    let _: Option<u64> = f_peek(1);
    let _: String = f_cache_key(1);
    let _: u64 = f_uncached(1);
    let _: cache_memoize::Stats = f_stats();
    let _: Result<u8, String> = g("", 1_u8).await;
    let _: bool = g_invalidate("", 1_u8).await;
    let _: String = Users.name(1);
    let _: bool = Users.name_invalidate(1);
}

fn main() {}
