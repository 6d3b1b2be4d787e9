//! A service under load for a long time, on a server that is hurt now and then: whether anything stale is served,
//! anything gets stuck, or anything grows. `soak` *seconds* *seed*; see `scripts/soak.sh`.
//!
//! Prints a line a minute and a table in the end. Ends with a failure at the first violation.
#![allow(missing_docs)]

mod gauges;
mod harm;
mod service;

use std::time::{Duration, Instant};

use cache_memoize::testing::Summary;
use cache_memoize_tests::random::Random;
use cache_memoize_tests::servers::RedisServer;

use gauges::{Gauges, Growth};
use service::Service;

/// Everything is judged after this, while nobody does anything.
const WINDOW: Duration = Duration::from_secs(5);

fn main() {
    let mut words = std::env::args().skip(1).map(|word| word.parse::<u64>().expect("numbers"));
    let seconds = Duration::from_secs(words.next().unwrap_or(3_600));
    let seed = words.next().unwrap_or(1);
    let began = Instant::now();
    let server = RedisServer::start();
    let service = Service::start(server.url());
    let mut random = Random::new(seed);
    let (mut sum, mut growth, mut harm) = (Summary::default(), Growth::default(), harm::Harm::default());
    let minute = Duration::from_secs(60).min(seconds / 5);
    let mut told = Duration::ZERO;
    println!("soak: {} s, seed {seed}", seconds.as_secs());
    println!("{}", Gauges::HEAD);
    while began.elapsed() < seconds {
        let window = WINDOW.min(seconds / 10);
        service.window(random.next(), window, |random| harm.one(&server, random));
        harm::heal(&server);
        sum += service.judge();
        let gauges = Gauges::now();
        growth.note(began.elapsed(), gauges);
        if began.elapsed() >= told + minute {
            told = began.elapsed();
            println!("{}", gauges.line(told, &sum));
        }
    }
    println!("\n{}", growth.table(began.elapsed()));
    println!("{sum}");
    println!("{harm}");
    println!("{}", service.totals());
    growth.assert_none();
    println!("soak: nothing stale, nothing stuck, nothing grew");
}
