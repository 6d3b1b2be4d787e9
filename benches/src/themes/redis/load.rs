//! Callers that do nothing else, for a moment each round.

use std::fmt::Write;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use cache_memoize::{Redis, cache_memoize};
use cached::macros::concurrent_cached;
use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands, Commands};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::post::Post;

const KEYS: u64 = 100;
const TURN: Duration = Duration::from_millis(250);

static REDIS: OnceLock<Redis> = OnceLock::new();
fn redis() -> &'static Redis {
    REDIS.get().expect("set by whoever runs this")
}

/// Single flight, fence, checksum; a deadline around every request.
#[cache_memoize(ttl = 3600, backend = redis())]
async fn ours_later(id: u64) -> Post {
    Post::new(id)
}

#[cache_memoize(ttl = 3600, backend = redis())]
fn ours(id: u64) -> Post {
    Post::new(id)
}

/// By its defaults: MessagePack, one multiplexed connection.
#[concurrent_cached(redis = true, ttl_secs = 3600, map_error = |error| format!("{error:?}"))]
async fn theirs(id: u64) -> Result<Post, String> {
    Ok(Post::new(id))
}

async fn by_hand(mut connection: MultiplexedConnection, id: u64) -> Post {
    let bytes: Vec<u8> = connection.get(format!("by-hand:{id}")).await.expect("the server is there");
    Post::decode(&bytes)
}

/// Of one round: how many operations in a second, and how long each took.
struct Sample {
    rate: f64,
    took: Vec<Duration>,
}

/// The cells of all rows, a line for each.
pub fn run(url: &str, rounds: usize) -> String {
    let redis = Redis::builder().url(url).timeout(Duration::from_secs(5)).build().expect("an address");
    let _ = REDIS.set(redis);
    let client = redis::Client::open(url).expect("an address");
    let mut connection = client.get_connection().expect("the server is there");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let multiplexed =
        runtime.block_on(client.get_multiplexed_async_connection()).expect("the server is there");
    // Tasks want it for as long as there may be any.
    let multiplexed: &'static MultiplexedConnection = Box::leak(Box::new(multiplexed));
    for id in 0..KEYS {
        let () =
            connection.set(format!("by-hand:{id}"), Post::new(id).encode()).expect("the server is there");
        ours(id);
        runtime.block_on(ours_later(id));
        runtime.block_on(theirs(id)).expect("the server is there");
    }
    let mut lines = String::new();
    for callers in [1, 16, 64, 256] {
        let turns: [&dyn Fn() -> Sample; 3] = [
            &|| tasks(&runtime, callers, |id| async move { drop(ours_later(id).await) }),
            &|| {
                tasks(&runtime, callers, |id| {
                    let value = by_hand(multiplexed.clone(), id);
                    async move { drop(value.await) }
                })
            },
            &|| tasks(&runtime, callers, |id| async move { drop(theirs(id).await) }),
        ];
        line(&mut lines, &format!("{callers} task{}", if callers == 1 { "" } else { "s" }), rounds, &turns);
    }
    for callers in [1, 16] {
        let turns: [&dyn Fn() -> Sample; 2] = [&|| threads(callers, || |id| drop(ours(id))), &|| {
            threads(callers, || {
                let mut connection = client.get_connection().expect("the server is there");
                move |id| {
                    let bytes: Vec<u8> =
                        connection.get(format!("by-hand:{id}")).expect("the server is there");
                    drop(Post::decode(&bytes));
                }
            })
        }];
        line(&mut lines, &format!("{callers} thread{}", if callers == 1 { "" } else { "s" }), rounds, &turns);
    }
    lines
}

/// Ours, by hand, the ratio of the two; `cached`, its ratio to by hand; p50 and p99 of the first two.
fn line(lines: &mut String, name: &str, rounds: usize, turns: &[&dyn Fn() -> Sample]) {
    let mut samples: Vec<Vec<Sample>> = turns.iter().map(|_| Vec::new()).collect();
    for round in 0..=rounds {
        for place in 0..turns.len() {
            let index = (round + place) % turns.len();
            let sample = turns[index]();
            // The first round is for whoever has to set something up.
            if round > 0 {
                samples[index].push(sample);
            }
        }
    }
    let rate = |index: usize| match samples.get(index) {
        Some(samples) => median(samples.iter().map(|sample| sample.rate).collect()),
        None => f64::NAN,
    };
    let ratio = |index: usize| match samples.get(index) {
        Some(mine) => {
            median(mine.iter().zip(&samples[1]).map(|(one, other)| one.rate / other.rate).collect())
        }
        None => f64::NAN,
    };
    let percentile = |index: usize, share: f64| {
        let mut took: Vec<Duration> =
            samples[index].iter().flat_map(|sample| sample.took.iter().copied()).collect();
        took.sort_unstable();
        took[((took.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6
    };
    let figures = [rate(0), rate(1), ratio(0), rate(2), ratio(2)];
    let latencies = [percentile(0, 0.5), percentile(0, 0.99), percentile(1, 0.5), percentile(1, 0.99)];
    let _ = write!(lines, "{name}");
    for figure in figures.iter().chain(&latencies) {
        let _ = write!(lines, "|{figure:.3}");
    }
    lines.push('\n');
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn tasks<F>(runtime: &Runtime, callers: usize, work: impl Fn(u64) -> F + Copy + Send + 'static) -> Sample
where
    F: Future<Output = ()> + Send + 'static,
{
    runtime.block_on(async {
        let began = Instant::now();
        let mut workers = JoinSet::new();
        for worker in 0..callers as u64 {
            workers.spawn(async move {
                let mut took = Vec::with_capacity(10_000);
                while began.elapsed() < TURN {
                    let asked = Instant::now();
                    work((worker * 31 + took.len() as u64) % KEYS).await;
                    took.push(asked.elapsed());
                }
                took
            });
        }
        let took = workers.join_all().await;
        sample(began, took)
    })
}

fn threads<W: FnMut(u64)>(callers: usize, work: impl Fn() -> W + Sync) -> Sample {
    let ready = std::sync::Barrier::new(callers + 1);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..callers as u64)
            .map(|worker| {
                let (work, ready) = (&work, &ready);
                scope.spawn(move || {
                    let mut work = work();
                    ready.wait();
                    let began = Instant::now();
                    let mut took = Vec::with_capacity(10_000);
                    while began.elapsed() < TURN {
                        let asked = Instant::now();
                        work((worker * 31 + took.len() as u64) % KEYS);
                        took.push(asked.elapsed());
                    }
                    took
                })
            })
            .collect();
        ready.wait();
        let began = Instant::now();
        let took = workers.into_iter().map(|worker| worker.join().expect("no caller panics")).collect();
        sample(began, took)
    })
}

fn sample(began: Instant, took: Vec<Vec<Duration>>) -> Sample {
    let elapsed = began.elapsed().as_secs_f64();
    let took: Vec<Duration> = took.into_iter().flatten().collect();
    Sample { rate: took.len() as f64 / elapsed, took }
}
