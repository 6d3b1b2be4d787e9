//! Round trips: one for a hit, two for a miss with its store, one for an invalidation.

use cache_memoize::backend::{Begun, CallMode};
use cache_memoize_tests::servers::Proxy;
use cache_memoize_tests::servers::RedisServer;

use crate::store::{begin, both_ways, key, patient};

#[test]
fn round_trips_are_counted() {
    let server = RedisServer::start();
    let proxy = Proxy::new(&server);
    for store in both_ways(&patient(proxy.url())) {
        let key = key("one");
        // Connected, and the scripts are known.
        store.set(&key, b"value");
        let fence = store.fence(&key);
        store.commit(&key, &fence, b"value");
        store.remove(&key);

        let count = |what: &str, expected: u64, work: &dyn Fn()| {
            let before = proxy.round_trips();
            let ((), commands) = server.commands_of(work);
            let commands: Vec<_> = commands.iter().map(|(name, count)| format!("{name} {count}")).collect();
            let trips = proxy.round_trips() - before;
            println!("{:?} {what}: {trips} ({})", store.call, commands.join(", "));
            assert_eq!(trips, expected, "{what}");
        };
        count("miss and store", 2, &|| {
            let Begun::Fence(fence) = store.begin(&key, begin()) else { panic!("no value") };
            assert!(store.commit(&key, &fence, b"value"));
        });
        count("hit", 1, &|| assert!(store.read(&key).is_some()));
        count("hit while beginning", 1, &|| assert!(matches!(store.begin(&key, begin()), Begun::Value(_))));
        count("invalidate", 1, &|| assert!(store.remove(&key)));
        count("invalidate all", 1, &|| store.remove_all());
        count("set", 2, &|| store.set(&key, b"value"));
    }
}

#[test]
fn a_hit_never_runs_a_script() {
    let server = RedisServer::start();
    for store in both_ways(&patient(server.url())) {
        store.set(&key("one"), b"value");
        let ((), commands) = server.commands_of(|| {
            for _ in 0..10 {
                store.read(&key("one"));
            }
        });
        let reads: Vec<_> = commands.iter().filter(|(name, _)| name.as_str() != "info").collect();
        assert_eq!(reads, [(&"mget".to_owned(), &10)], "{:?}", store.call == CallMode::ASYNC);
    }
}
