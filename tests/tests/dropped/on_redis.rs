//! On a real server, whose answers come when they come: dropped after so many polls, or after some time.

use std::time::{Duration, Instant};

use cache_memoize::{Redis, Shared};
use cache_memoize_tests::polled_at_most;
use cache_memoize_tests::servers::{RedisServer, Value, wait_until};

use crate::forms::{Form, Functions, SHARED, World};

/// Far less than the ten seconds of a lease: what is gone after it was given back, and has not lapsed.
const SOON: Duration = Duration::from_secs(6);

/// A process, and the server that it shares with others.
struct Place<'s> {
    server: &'s RedisServer,
    world: World,
    drops: usize,
}

impl<'s> Place<'s> {
    fn new(server: &'s RedisServer) -> Self {
        let redis = Redis::builder().url(server.url()).timeout(Duration::from_secs(20)).build().unwrap();
        Self { server, world: World::new(Shared::from(redis)), drops: 0 }
    }

    /// The next call works, and soon; the next but one hits; and nobody is taken for a leader.
    async fn is_well(&self, functions: &Functions, key: u64, what: &str) {
        let (world, name, began) = (&self.world, functions.name, Instant::now());
        let value = (functions.call)(world, key).await;
        let computed = world.now();
        assert_eq!((functions.call)(world, key).await, value, "{name}, {what}");
        assert_eq!(world.now(), computed, "{name}, {what}: the next call but one does not hit");
        assert_eq!((world.running(), (functions.in_flight)(world)), (0, 0), "{name}, {what}");
        wait_until("a leader that is dropped leads no more", || self.leaders().is_empty());
        assert!(began.elapsed() < SOON, "{name}, {what}: {:?}", began.elapsed());
    }

    /// The fences of which one leads.
    fn leaders(&self) -> Vec<String> {
        let keys = self.server.command(&["KEYS", "*:fence"]);
        let leads = |key: &String| self.server.command(&["HEXISTS", key, "o"]).int() == 1;
        keys.items().iter().map(Value::text).filter(leads).collect()
    }

    async fn after_so_many_polls(&mut self, functions: &Functions, what: &str, form: Form) {
        for polls in 0.. {
            let key = self.world.fresh_key();
            if polled_at_most(polls, form(&self.world, key)).await.is_some() {
                break;
            }
            self.drops += 1;
            self.is_well(functions, key, &format!("{what} after {polls} polls")).await;
        }
    }

    async fn after_some_time(&mut self, functions: &Functions, what: &str, form: Form) {
        for step in 0..20 {
            let (key, time) = (self.world.fresh_key(), Duration::from_micros(60 * step));
            if tokio::time::timeout(time, form(&self.world, key)).await.is_err() {
                self.drops += 1;
                self.is_well(functions, key, &format!("{what} after {time:?}")).await;
            }
        }
    }
}

#[tokio::test]
async fn alone() {
    let server = RedisServer::start();
    let mut place = Place::new(&server);
    for functions in SHARED {
        for (what, form) in functions.all() {
            place.after_so_many_polls(functions, what, form).await;
            place.after_some_time(functions, what, form).await;
        }
    }
    println!("{} drops", place.drops);
    assert!(place.drops > 50, "{} drops", place.drops);
}

/// One process waits for what another one computes, and that is dropped.
#[tokio::test]
async fn while_another_process_waits() {
    let server = RedisServer::start();
    let (place, other) = (Place::new(&server), Place::new(&server));
    let mut drops = 0;
    for functions in SHARED {
        for polls in 0.. {
            let key = place.world.fresh_key();
            let began = Instant::now();
            let (dropped, waited) = tokio::join!(
                polled_at_most(polls, (functions.call)(&place.world, key)),
                (functions.call)(&other.world, key)
            );
            assert_eq!(waited.is_some(), !functions.is_mark);
            assert!(began.elapsed() < SOON, "{} after {polls} polls: {:?}", functions.name, began.elapsed());
            if dropped.is_some() {
                break;
            }
            drops += 1;
            place.is_well(functions, key, "while another process waits").await;
        }
    }
    println!("{drops} drops");
    assert!(drops > 10, "{drops} drops");
}
