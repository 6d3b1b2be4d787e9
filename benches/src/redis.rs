//! A hit on Redis beside the same `GET` and decoding written by hand with the same client, in one run.
//!
//! Starts a server of its own: `cargo run --release --manifest-path benches/Cargo.toml --bin redis`. Rounds of ours and
//! of theirs alternate; what is printed is the median of the rounds' ratios.
#![allow(missing_docs)]

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cache_memoize::{Redis, cache_memoize};
use redis::Commands;
use serde::{Deserialize, Serialize};

#[derive(Clone, Serialize, Deserialize)]
struct Post {
    id: u64,
    author: String,
    title: String,
    text: String,
    tags: Vec<String>,
    votes: i64,
    hidden: bool,
}

fn post(id: u64) -> Post {
    Post {
        id,
        author: "Ursula K. Le Guin".into(),
        title: "The Dispossessed".into(),
        text: "There was a wall. It did not look important. ".repeat(4),
        tags: vec!["utopia".into(), "physics".into(), "walls".into()],
        votes: -7,
        hidden: false,
    }
}

const KEYS: u64 = 100;

#[cache_memoize(ttl = 3600, skip(redis), backend = redis)]
fn ours(redis: &Redis, id: u64) -> Post {
    post(id)
}

#[cache_memoize(ttl = 3600, skip(redis), backend = redis)]
async fn ours_async(redis: &Redis, id: u64) -> Post {
    post(id)
}

fn decode(bytes: &[u8]) -> Post {
    let limited = bincode::config::standard().with_limit::<{ 1 << 20 }>();
    bincode::serde::decode_from_slice(bytes, limited).unwrap().0
}

struct Server {
    process: Child,
    folder: std::path::PathBuf,
    port: u16,
}

impl Server {
    fn start() -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = std::env::temp_dir().join(format!("cache-memoize-bench-{port}"));
        std::fs::create_dir_all(&folder).unwrap();
        let process = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(["--unixsocket", "redis.sock"])
            .current_dir(&folder)
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed");
        let server = Self { process, folder, port };
        while redis::Client::open(server.tcp()).unwrap().get_connection().is_err() {
            std::thread::yield_now();
        }
        server
    }

    fn tcp(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    fn unix(&self) -> String {
        format!("redis+unix://{}", self.folder.join("redis.sock").display())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

const ROUNDS: usize = 15;
const ROUND: Duration = Duration::from_millis(300);

/// The median time of an operation of ours and of theirs, and the median ratio, of rounds that alternate.
fn compare(mut ours: impl FnMut() -> f64, mut theirs: impl FnMut() -> f64) -> (f64, f64, f64) {
    ours();
    theirs();
    let mut rounds: Vec<(f64, f64)> = Vec::new();
    for round in 0..ROUNDS {
        // Whoever comes second may find a warmer machine.
        rounds.push(match round % 2 {
            0 => {
                let one = ours();
                (one, theirs())
            }
            _ => {
                let other = theirs();
                (ours(), other)
            }
        });
    }
    let median = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    (
        median(rounds.iter().map(|round| round.0).collect()),
        median(rounds.iter().map(|round| round.1).collect()),
        median(rounds.iter().map(|round| round.0 / round.1).collect()),
    )
}

/// Microseconds for an operation, of so many threads that do nothing else.
fn threads(count: usize, work: impl Fn(u64) + Sync) -> f64 {
    let began = Instant::now();
    let done: u64 = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..count)
            .map(|worker| {
                let work = &work;
                scope.spawn(move || {
                    let mut done = 0;
                    while began.elapsed() < ROUND {
                        work((worker as u64 * 31 + done) % KEYS);
                        done += 1;
                    }
                    done
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    began.elapsed().as_secs_f64() * 1e6 / done as f64
}

/// The same of so many tasks.
fn tasks<F>(runtime: &tokio::runtime::Runtime, count: usize, work: impl Fn(u64) -> F) -> f64
where
    F: Future<Output = ()> + Send + 'static,
{
    let began = Instant::now();
    let done: u64 = runtime.block_on(async {
        let mut workers = tokio::task::JoinSet::new();
        let per_batch = 50;
        let mut done = 0;
        let mut started = 0;
        let mut batch = |workers: &mut tokio::task::JoinSet<()>| {
            let first = started;
            started += 31;
            let futures: Vec<F> = (0..per_batch).map(|n| work((first + n) % KEYS)).collect();
            workers.spawn(async move {
                for future in futures {
                    future.await;
                }
            });
        };
        (0..count).for_each(|_| batch(&mut workers));
        while workers.join_next().await.is_some() {
            done += per_batch;
            if began.elapsed() < ROUND {
                batch(&mut workers);
            }
        }
        done
    });
    began.elapsed().as_secs_f64() * 1e6 / done as f64
}

fn main() {
    let server = Server::start();
    println!("| | concurrency | ours, µs | by hand, µs | ratio |");
    println!("|---|---|---|---|---|");
    for (name, url) in [("TCP", server.tcp()), ("unix socket", server.unix())] {
        let cache = Redis::builder().url(url.clone()).timeout(Duration::from_secs(5)).build().unwrap();
        let client = redis::Client::open(url).unwrap();
        let mut connection = client.get_connection().unwrap();
        for id in 0..KEYS {
            ours(&cache, id);
            let bytes = bincode::serde::encode_to_vec(post(id), bincode::config::standard()).unwrap();
            let () = connection.set(format!("by-hand:{id}"), bytes).unwrap();
        }
        for count in [1, 16, 64] {
            let pool: Vec<_> =
                (0..count).map(|_| std::sync::Mutex::new(client.get_connection().unwrap())).collect();
            let next = std::sync::atomic::AtomicUsize::new(0);
            let row = compare(
                || threads(count, |id| drop(ours(&cache, id))),
                || {
                    next.store(0, std::sync::atomic::Ordering::Relaxed);
                    thread_local!(static MINE: std::cell::Cell<usize> = const { std::cell::Cell::new(usize::MAX) });
                    threads(count, |id| {
                        if MINE.get() == usize::MAX {
                            MINE.set(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed) % count);
                        }
                        let mut connection = pool[MINE.get()].lock().unwrap();
                        let bytes: Option<Vec<u8>> = connection.get(format!("by-hand:{id}")).unwrap();
                        drop(decode(&bytes.unwrap()));
                    })
                },
            );
            println!("| threads, {name} | {count} | {:.1} | {:.1} | {:.2} |", row.0, row.1, row.2);
        }
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let by_hand = runtime.block_on(client.get_multiplexed_async_connection()).unwrap();
        runtime.block_on(async {
            for id in 0..KEYS {
                ours_async(&cache, id).await;
            }
        });
        for count in [1, 16, 64] {
            let row = compare(
                || {
                    tasks(&runtime, count, |id| {
                        let cache = cache.clone();
                        async move { drop(ours_async(&cache, id).await) }
                    })
                },
                || {
                    tasks(&runtime, count, |id| {
                        let mut connection = by_hand.clone();
                        async move {
                            let bytes: Option<Vec<u8>> =
                                redis::AsyncCommands::get(&mut connection, format!("by-hand:{id}"))
                                    .await
                                    .unwrap();
                            drop(decode(&bytes.unwrap()));
                        }
                    })
                },
            );
            println!("| tasks, {name} | {count} | {:.1} | {:.1} | {:.2} |", row.0, row.1, row.2);
        }
    }
}
