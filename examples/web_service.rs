//! A web service on axum: handlers over memoized functions, a write that invalidates, metrics, and a test of the app as
//! it is served.
//!
//! Run it: `cargo run --example web_service --features axum`

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, put};
use cache_memoize::cache_memoize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The state that all handlers share. Imagine a pool of connections.
#[derive(Default)]
pub(crate) struct App {
    users: Mutex<BTreeMap<u64, String>>,
    queries: AtomicU64,
}

/// An error as services have it: not `Clone`.
#[derive(Debug)]
struct DatabaseError;

impl App {
    async fn query(&self, id: u64) -> Result<Option<String>, DatabaseError> {
        self.queries.fetch_add(1, SeqCst);
        tokio::task::yield_now().await;
        self.users.lock().map(|users| users.get(&id).cloned()).map_err(|_| DatabaseError)
    }
}

/// The memoized function behind two handlers. "No such user" is an answer, so it is stored; a failure is not.
#[cache_memoize(ttl = "5m", skip(app))]
async fn user(app: &App, id: u64) -> Result<Option<Arc<str>>, DatabaseError> {
    Ok(app.query(id).await?.map(Arc::from))
}

/// A page that shows users, so a write must invalidate it, too.
#[cache_memoize(ttl = "1m", skip(app))]
async fn front_page(app: &App) -> Result<Arc<str>, DatabaseError> {
    let mut page = String::new();
    for id in 1..=3 {
        if let Some(name) = user(app, id).await? {
            page += &format!("{name}\n");
        }
    }
    Ok(page.into())
}

/// The only way to change a name: the write, then everything that shows it, the innermost first.
async fn rename_user(app: &App, id: u64, name: String) -> Result<(), DatabaseError> {
    app.users.lock().map_err(|_| DatabaseError)?.insert(id, name);
    user_invalidate(id).await;
    front_page_invalidate().await;
    Ok(())
}

fn failed(_: DatabaseError) -> StatusCode {
    StatusCode::SERVICE_UNAVAILABLE
}

async fn show_user(State(app): State<Arc<App>>, Path(id): Path<u64>) -> Result<String, StatusCode> {
    let name = user(&app, id).await.map_err(failed)?.ok_or(StatusCode::NOT_FOUND)?;
    Ok(name.to_string())
}

async fn show_front_page(State(app): State<Arc<App>>) -> Result<String, StatusCode> {
    front_page(&app).await.map(|page| page.to_string()).map_err(failed)
}

async fn rename(
    State(app): State<Arc<App>>,
    Path((id, name)): Path<(u64, String)>,
) -> Result<(), StatusCode> {
    rename_user(&app, id, name).await.map_err(failed)
}

/// The counters of every memoized function, in the form that Prometheus reads.
async fn metrics() -> String {
    let mut text = String::new();
    for function in cache_memoize::functions() {
        let (name, stats) = (&function.name, function.stats);
        for (kind, count) in [("hits", stats.hits), ("joined", stats.joined), ("misses", stats.misses)] {
            let _ = writeln!(text, "cache_{kind}_total{{function=\"{name}\"}} {count}");
        }
    }
    text
}

fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/", get(show_front_page))
        .route("/users/{id}", get(show_user))
        .route("/users/{id}/{name}", put(rename))
        .route("/metrics", get(metrics))
        .with_state(app)
}

/// Serves it on a free port.
async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// A request by hand; status line and body of the answer.
async fn request(to: SocketAddr, line: &str) -> (String, String) {
    let mut stream = TcpStream::connect(to).await.expect("the service");
    let request = format!("{line} HTTP/1.1\r\nhost: service\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    (head.lines().next().unwrap_or_default().to_owned(), body.to_owned())
}

#[tokio::main]
pub(crate) async fn main() {
    let app = Arc::new(App::default());
    app.users.lock().unwrap().extend([(1, "Ada".to_owned()), (2, "Bob".to_owned())]);
    let service = serve(router(app.clone())).await;

    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..50 {
        requests.spawn(async move { request(service, "GET /").await });
    }
    requests.join_all().await;
    println!("50 requests for the front page:  {} queries", app.queries.load(SeqCst));
    assert_eq!(app.queries.load(SeqCst), 3, "one for each user on it");

    let (status, _) = request(service, "GET /users/3").await;
    println!("a user who does not exist:       {status}, {} queries", app.queries.load(SeqCst));
    assert_eq!(app.queries.load(SeqCst), 3, "`None` was stored");

    request(service, "PUT /users/3/Cleo").await;
    let (_, page) = request(service, "GET /").await;
    println!("after a write:                   {}", page.replace('\n', " "));
    assert!(page.contains("Cleo"));

    let (_, metrics) = request(service, "GET /metrics").await;
    println!("\n{metrics}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::middleware::{Next, from_fn};
    use cache_memoize::testing;
    use std::time::Duration;

    /// Tasks that a server spawns are outside of the test's scope. A middleware brings them in.
    fn within(scope: testing::Scope, router: Router) -> Router {
        router.layer(from_fn(move |request, next: Next| {
            let scope = scope.clone();
            async move { scope.wrap(next.run(request)).await }
        }))
    }

    #[tokio::test]
    async fn a_name_is_asked_for_once_in_five_minutes() {
        let test = testing::isolate();
        let app = Arc::new(App::default());
        let service = serve(within(test.scope().clone(), router(app.clone()))).await;
        for _ in 0..3 {
            assert_eq!(request(service, "GET /users/7").await.0, "HTTP/1.1 404 Not Found");
        }
        assert_eq!((user_stats().misses, user_stats().hits), (1, 2));
        testing::advance(Duration::from_secs(300));
        request(service, "GET /users/7").await;
        assert_eq!(app.queries.load(SeqCst), 2);
    }
}
