//! A hit on Redis beside what one would write by hand with the same client and codec, in one run: a `GET`, and an `MGET`
//! of two keys, which is what it costs to read the generation as well. Then what a call costs while the server is down.
//!
//! Starts a server of its own: `cargo run --release --manifest-path benches/Cargo.toml --bin redis`. Rounds of ours and
//! of theirs alternate; what is printed is the median of the rounds, and of their ratios. Words after `--` choose lines:
//! `-- tasks unix` prints those that have both. `-- alone ours 64 10000` makes so many calls at a time on one thread and
//! nothing else, for those who count instructions; instead of `ours`, also `get`, `mget`, `sync`, `body`
//! or `down`.
#![allow(missing_docs)]

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use cache_memoize::{Redis, cache_memoize};
use cache_memoize_benches::measure::server::Server;
use cache_memoize_benches::themes::redis::post::Post;
use redis::{AsyncCommands as _, Commands as _};

const KEYS: u64 = 100;

#[cache_memoize(ttl = 3600, skip(redis), backend = redis)]
fn ours(redis: &Redis, id: u64) -> Post {
    Post::new(id)
}

#[cache_memoize(ttl = 3600, skip(redis), backend = redis)]
async fn ours_async(redis: &Redis, id: u64) -> Post {
    Post::new(id)
}

/// Rounds of each, and how long one takes.
const ROUNDS: usize = 15;
const ROUND: Duration = Duration::from_millis(250);

/// One call in so many has its time taken, for the clock costs as much as some calls' share of the work.
const SAMPLE: u64 = 8;

/// What happened in a round.
struct Round {
    operations_per_second: f64,
    p50: f64,
    p99: f64,
}

impl Round {
    fn new(done: u64, took: Duration, mut samples: Vec<Duration>) -> Self {
        samples.sort_unstable();
        let at = |share: f64| match samples.get((samples.len() as f64 * share) as usize) {
            Some(sample) => sample.as_secs_f64() * 1e6,
            None => f64::NAN,
        };
        Self { operations_per_second: done as f64 / took.as_secs_f64(), p50: at(0.5), p99: at(0.99) }
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Rounds of ours, of a `GET` and of an `MGET` by hand, that alternate; prints a line.
fn compare(name: &str, contestants: [&mut dyn FnMut() -> Round; 3]) {
    if !std::env::args().skip(1).all(|word| name.contains(&word)) {
        return;
    }
    let mut rounds: Vec<[Round; 3]> = Vec::new();
    for round in 0..=ROUNDS {
        // Whoever comes second may find a warmer machine.
        let mut results = [const { None }; 3];
        for place in 0..3 {
            let who = (place + round) % 3;
            results[who] = Some(contestants[who]());
        }
        // The first warms up.
        if round > 0 {
            rounds.push(results.map(|result| result.expect("all had their turn")));
        }
    }
    let of =
        |what: fn(&Round) -> f64| [0, 1, 2].map(|who| median(rounds.iter().map(|round| what(&round[who]))));
    let ratio_to = |other: usize| {
        median(rounds.iter().map(|round| round[0].operations_per_second / round[other].operations_per_second))
    };
    let [ours, get, mget] = of(|round| round.operations_per_second / 1e3);
    let (p50, p99) = (of(|round| round.p50), of(|round| round.p99));
    println!(
        "| {name} | {ours:.0} | {get:.0} | {mget:.0} | **{:.2}** | {:.2} | {:.0} / {:.0} / {:.0} | {:.0} / {:.0} / {:.0} |",
        ratio_to(1),
        ratio_to(2),
        p50[0],
        p50[1],
        p50[2],
        p99[0],
        p99[1],
        p99[2],
    );
}

/// So many threads that do nothing else. Each makes what it works with.
fn threads<W: FnMut(u64)>(count: usize, worker: impl Fn(usize) -> W + Sync) -> Round {
    let stop = AtomicBool::new(false);
    let began = Instant::now();
    let (done, samples) = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..count)
            .map(|number| {
                let (worker, stop) = (&worker, &stop);
                scope.spawn(move || {
                    let mut work = worker(number);
                    let (mut done, mut samples) = (0, Vec::new());
                    while !stop.load(Relaxed) {
                        let since = (done % SAMPLE == 0).then(Instant::now);
                        work((number as u64 * 31 + done) % KEYS);
                        samples.extend(since.map(|since| since.elapsed()));
                        done += 1;
                    }
                    (done, samples)
                })
            })
            .collect();
        std::thread::sleep(ROUND);
        stop.store(true, Relaxed);
        sum(workers.into_iter().map(|worker| worker.join().unwrap()))
    });
    Round::new(done, began.elapsed(), samples)
}

/// The same with tasks of a runtime with two threads.
fn tasks<F>(
    runtime: &tokio::runtime::Runtime,
    count: usize,
    work: impl Fn(u64) -> F + Clone + Send + 'static,
) -> Round
where
    F: Future<Output = ()> + Send + 'static,
{
    let stop = std::sync::Arc::new(AtomicBool::new(false));
    let began = Instant::now();
    let workers: Vec<_> = (0..count as u64)
        .map(|number| {
            let (work, stop) = (work.clone(), stop.clone());
            runtime.spawn(async move {
                let (mut done, mut samples) = (0, Vec::new());
                while !stop.load(Relaxed) {
                    let since = (done % SAMPLE == 0).then(Instant::now);
                    work((number * 31 + done) % KEYS).await;
                    samples.extend(since.map(|since| since.elapsed()));
                    done += 1;
                }
                (done, samples)
            })
        })
        .collect();
    std::thread::sleep(ROUND);
    stop.store(true, Relaxed);
    let (done, samples) = sum(workers.into_iter().map(|worker| runtime.block_on(worker).unwrap()));
    Round::new(done, began.elapsed(), samples)
}

fn sum(workers: impl Iterator<Item = (u64, Vec<Duration>)>) -> (u64, Vec<Duration>) {
    let (mut done, mut samples) = (0, Vec::new());
    for (more, others) in workers {
        done += more;
        samples.extend(others);
    }
    (done, samples)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn hits(transport: &str, url: &str) {
    let cache = Redis::builder().url(url).timeout(Duration::from_secs(5)).build().unwrap();
    let client = redis::Client::open(url).unwrap();
    let mut connection = client.get_connection().unwrap();
    let () = connection.set("by-hand:generation", vec![7_u8; 16]).unwrap();
    for id in 0..KEYS {
        ours(&cache, id);
        let bytes = Post::new(id).encode();
        let () = connection.set(format!("by-hand:{id}"), bytes).unwrap();
    }
    hits_of_threads(transport, &cache, &client);
    hits_of_tasks(transport, &cache, &client);
}

fn hits_of_threads(transport: &str, cache: &Redis, client: &redis::Client) {
    let connect = |_| client.get_connection().unwrap();
    for count in [1, 16] {
        let connections: Vec<_> = (0..count).map(connect).map(std::sync::Mutex::new).collect();
        compare(
            &format!("threads, {transport}, {count}"),
            [
                &mut || threads(count, |_| |id| drop(ours(cache, id))),
                &mut || {
                    threads(count, |number| {
                        let mut connection = connections[number].lock().unwrap();
                        move |id| {
                            let bytes: Option<Vec<u8>> = connection.get(format!("by-hand:{id}")).unwrap();
                            drop(Post::decode(&bytes.unwrap()));
                        }
                    })
                },
                &mut || {
                    threads(count, |number| {
                        let mut connection = connections[number].lock().unwrap();
                        move |id| {
                            let keys = [format!("by-hand:{id}"), "by-hand:generation".to_owned()];
                            let [bytes, _]: [Option<Vec<u8>>; 2] = connection.mget(&keys).unwrap();
                            drop(Post::decode(&bytes.unwrap()));
                        }
                    })
                },
            ],
        );
    }
}

fn hits_of_tasks(transport: &str, cache: &Redis, client: &redis::Client) {
    let runtime = runtime();
    let by_hand = runtime.block_on(client.get_multiplexed_async_connection()).unwrap();
    runtime.block_on(async {
        for id in 0..KEYS {
            ours_async(cache, id).await;
        }
    });
    for count in [1, 16, 64, 256] {
        compare(
            &format!("tasks, {transport}, {count}"),
            [
                &mut || {
                    let cache = cache.clone();
                    tasks(&runtime, count, move |id| {
                        let cache = cache.clone();
                        async move { drop(ours_async(&cache, id).await) }
                    })
                },
                &mut || {
                    let by_hand = by_hand.clone();
                    tasks(&runtime, count, move |id| {
                        let mut connection = by_hand.clone();
                        async move {
                            let bytes: Option<Vec<u8>> =
                                connection.get(format!("by-hand:{id}")).await.unwrap();
                            drop(Post::decode(&bytes.unwrap()));
                        }
                    })
                },
                &mut || {
                    let by_hand = by_hand.clone();
                    tasks(&runtime, count, move |id| {
                        let mut connection = by_hand.clone();
                        async move {
                            let keys = [format!("by-hand:{id}"), "by-hand:generation".to_owned()];
                            let [bytes, _]: [Option<Vec<u8>>; 2] = connection.mget(&keys).await.unwrap();
                            drop(Post::decode(&bytes.unwrap()));
                        }
                    })
                },
            ],
        );
    }
}

/// A server that is not there, of which that is known.
fn nowhere() -> Redis {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let cache = Redis::builder().url(format!("redis://127.0.0.1:{port}/")).build().unwrap();
    for id in 0..10 {
        ours(&cache, id);
    }
    cache
}

/// Nanoseconds of a call while nobody listens where the server should be, and of the body.
fn down() {
    let cache = nowhere();
    let runtime = runtime();
    const CALLS: u64 = 20_000;
    let each = |work: &mut dyn FnMut()| {
        let began = Instant::now();
        work();
        began.elapsed().as_secs_f64() * 1e9 / CALLS as f64
    };
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let body = each(&mut || (0..CALLS).for_each(|id| drop(std::hint::black_box(Post::new(id)))));
        let call = each(&mut || (0..CALLS).for_each(|id| drop(ours(&cache, id))));
        let awaited = each(&mut || {
            runtime.block_on(async {
                for id in 0..CALLS {
                    drop(ours_async(&cache, id).await);
                }
            });
        });
        rounds.push([body, call, awaited]);
    }
    let [body, call, awaited] = [0, 1, 2].map(|who| median(rounds.iter().map(|round| round[who])));
    println!("\n| while the server is down | ns | over the body |");
    println!("|---|---|---|");
    println!("| the body | {body:.0} | |");
    println!("| a call | {call:.0} | {:.0} |", call - body);
    println!("| an async call | {awaited:.0} | {:.0} |", awaited - body);
}

/// Calls of one kind, on one thread.
fn alone(url: &str, kind: &str, callers: u64, calls: u64) {
    if kind == "body" {
        return (0..calls).for_each(|call| drop(std::hint::black_box(Post::new(call))));
    }
    if kind == "down" {
        let cache = nowhere();
        return (0..calls).for_each(|call| drop(ours(&cache, call)));
    }
    let cache = Redis::builder().url(url).timeout(Duration::from_secs(60)).build().unwrap();
    let client = redis::Client::open(url).unwrap();
    let mut connection = client.get_connection().unwrap();
    let bytes = Post::new(0).encode();
    let () = connection.set("by-hand:generation", vec![7_u8; 16]).unwrap();
    for id in 0..KEYS {
        ours(&cache, id);
        let () = connection.set(format!("by-hand:{id}"), bytes.clone()).unwrap();
    }
    if kind == "sync" {
        return (0..calls).for_each(|call| drop(ours(&cache, call % KEYS)));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for id in 0..KEYS {
            ours_async(&cache, id).await;
        }
        let by_hand = client.get_multiplexed_async_connection().await.unwrap();
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..callers {
            let (cache, mut by_hand, kind) = (cache.clone(), by_hand.clone(), kind.to_owned());
            tasks.spawn(async move {
                for call in 0..calls / callers {
                    let id = call % KEYS;
                    drop(match &*kind {
                        "ours" => ours_async(&cache, id).await,
                        "get" => {
                            let bytes: Option<Vec<u8>> = by_hand.get(format!("by-hand:{id}")).await.unwrap();
                            Post::decode(&bytes.unwrap())
                        }
                        _ => {
                            let keys = [format!("by-hand:{id}"), "by-hand:generation".to_owned()];
                            let [bytes, _]: [Option<Vec<u8>>; 2] = by_hand.mget(&keys).await.unwrap();
                            Post::decode(&bytes.unwrap())
                        }
                    });
                }
            });
        }
        while tasks.join_next().await.is_some() {}
    });
}

fn main() {
    let server = Server::start();
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, kind, callers, calls] = &words[..]
        && mode == "alone"
    {
        return alone(&server.unix(), kind, callers.parse().unwrap(), calls.parse().unwrap());
    }
    println!("Thousands of operations a second, and microseconds: ours, `GET`, `MGET` of two keys.\n");
    println!("| | ours | `GET` | `MGET` | to `GET` | to `MGET` | p50 | p99 |");
    println!("|---|---|---|---|---|---|---|---|");
    hits("TCP", &server.tcp());
    hits("unix", &server.unix());
    if std::env::args().len() == 1 || std::env::args().any(|word| word == "down") {
        down();
    }
}
