//! A small service on tokio: many requests at once for few profiles, from a slow database. One query for all who
//! wait, invalidation that wins against a query under way, errors that are not kept, a client that hangs up.
//!
//! Run it: `cargo run --example async_service`

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cache_memoize::cache_memoize;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// A query takes this long: 20 ms to the row, 20 ms back with the answer.
const WAY: Duration = Duration::from_millis(20);

#[derive(Clone, Debug, PartialEq)]
struct Profile {
    id: u64,
    name: String,
}

#[derive(Clone, Debug, PartialEq)]
struct NoSuchProfile(u64);

/// The service's only access to profiles. The database is no part of the key.
#[cache_memoize(ttl = "5m", skip(db))]
async fn profile(db: &Database, id: u64) -> Result<Profile, NoSuchProfile> {
    db.query(id).await
}

/// A write, and then a word to the cache. In this order.
async fn rename(db: &Database, id: u64, name: &str) {
    db.names.lock().unwrap().insert(id, name.to_owned());
    profile_invalidate(id).await;
}

struct Database {
    names: Mutex<BTreeMap<u64, String>>,
    begun: AtomicU64,
    answered: AtomicU64,
}

impl Database {
    async fn query(&self, id: u64) -> Result<Profile, NoSuchProfile> {
        self.begun.fetch_add(1, SeqCst);
        sleep(WAY).await;
        let row = self.names.lock().unwrap().get(&id).cloned();
        sleep(WAY).await;
        self.answered.fetch_add(1, SeqCst);
        row.map(|name| Profile { id, name }).ok_or(NoSuchProfile(id))
    }

    /// Queries begun and answered since the last time somebody asked.
    fn queries(&self) -> (u64, u64) {
        (self.begun.swap(0, SeqCst), self.answered.swap(0, SeqCst))
    }
}

#[tokio::main]
pub(crate) async fn main() {
    let names = ["Ada", "Bob", "Cleo", "Dora", "Emil"].map(String::from);
    let db = Arc::new(Database {
        names: Mutex::new((1..).zip(names).collect()),
        begun: AtomicU64::new(0),
        answered: AtomicU64::new(0),
    });
    many_requests(&db).await;
    an_update(&db).await;
    an_update_during_a_query(&db).await;
    errors(&db).await;
    a_client_that_hangs_up(&db).await;

    println!("\nWhat the service's functions have done so far, from `cache_memoize::functions()`:");
    for function in
        cache_memoize::functions().iter().filter(|function| function.name.starts_with(module_path!()))
    {
        println!("  {}, {}\n    {}", function.name, function.location, function.stats);
        assert_eq!(function.stats.in_flight, 0);
    }
}

/// 1. A front page links to four profiles, and 200 people click at once.
async fn many_requests(db: &Arc<Database>) {
    let began = Instant::now();
    let mut requests = JoinSet::new();
    for request in 0..200 {
        let db = db.clone();
        requests.spawn(async move { profile(&db, 1 + request % 4).await });
    }
    for answer in requests.join_all().await {
        answer.expect("profiles 1 to 4 exist");
    }
    let (begun, _) = db.queries();
    println!("200 requests for 4 profiles, at once:   {begun} queries, {:.1?}", began.elapsed());
    assert_eq!(begun, 4);

    let began = Instant::now();
    assert_eq!(profile(db, 1).await.unwrap().name, "Ada");
    println!("one more:                               {} queries, {:.1?}", db.queries().0, began.elapsed());
}

/// 2. Somebody changes their name. The next request sees it.
async fn an_update(db: &Database) {
    rename(db, 2, "Bobby").await;
    let name = profile(db, 2).await.unwrap().name;
    println!("renamed profile 2:                      {} query, {name}", db.queries().0);
    assert_eq!(name, "Bobby");
}

/// 3. The race that most caches lose: a query has read the old row and is on its way back when the row changes.
async fn an_update_during_a_query(db: &Database) {
    profile_invalidate(3).await;
    let (early, ()) = tokio::join!(profile(db, 3), async {
        sleep(WAY + WAY / 2).await;
        rename(db, 3, "Cleopatra").await;
    });
    let late = profile(db, 3).await.unwrap().name;
    println!(
        "renamed profile 3 during a query:       {} queries; who came before may see {}, who comes after sees {late}",
        db.queries().0,
        early.unwrap().name
    );
    assert_eq!(late, "Cleopatra", "the early query must not leave its old row in the cache");
}

/// 4. An error goes to all who wait for it, but is not kept.
async fn errors(db: &Database) {
    let (one, two) = tokio::join!(profile(db, 9), profile(db, 9));
    assert_eq!((one, two), (Err(NoSuchProfile(9)), Err(NoSuchProfile(9))));
    let (begun, _) = db.queries();
    println!("profile 9 does not exist:               {begun} query for 2 callers, both get the error");
    assert_eq!(begun, 1);

    // Nobody has to invalidate anything for a profile that was never found.
    db.names.lock().unwrap().insert(9, "Nina".to_owned());
    let name = profile(db, 9).await.unwrap().name;
    println!("and now it does:                        {} query, {name}", db.queries().0);
    assert_eq!(name, "Nina");
}

/// 5. The request that runs the query is cancelled, while another waits for its result.
async fn a_client_that_hangs_up(db: &Database) {
    let began = Instant::now();
    let (gone, waiting) = tokio::join!(timeout(WAY / 2, profile(db, 5)), profile(db, 5));
    let (begun, answered) = db.queries();
    println!(
        "the first of two clients hangs up:      {begun} queries begun, {answered} answered; the other one took over \
         and got {} after {:.1?}",
        waiting.as_ref().unwrap().name,
        began.elapsed()
    );
    assert!(gone.is_err(), "hung up");
    assert_eq!((begun, answered), (2, 1));
}
