//! What the server is asked, command by command.

use cache_memoize::{Redis, cache_memoize};
use cache_memoize_tests::servers::{RedisServer, wait_until};
use cache_memoize_tests::stored;

use crate::subject::{AMPLE, Functions, Subject, patient};

both!(as_few_as_promised);

/// The commands that we send during `work`, without those that a script executes.
fn sent<T>(server: &RedisServer, work: impl FnOnce() -> T) -> Vec<String> {
    let recording = server.record();
    work();
    recording.end().iter().filter(|command| !command.is_in_script()).map(|command| command.name()).collect()
}

fn as_few_as_promised(functions: Functions) {
    let server = RedisServer::start();
    let subject = Subject::new(functions, patient(server.url()));
    // So that the connection is there, and the server knows the scripts.
    subject.warm(1);
    subject.set(1, 2).unwrap();
    subject.invalidate(1).unwrap();

    assert_eq!(sent(&server, || assert!(!subject.hits(7))), ["EVALSHA", "EVALSHA"], "a miss and its store");
    assert_eq!(sent(&server, || assert!(subject.hits(7))), ["MGET"], "a hit");
    assert_eq!(sent(&server, || subject.peek(7).unwrap()), ["MGET"], "a look");
    assert_eq!(sent(&server, || subject.invalidate(7).unwrap()), ["EVALSHA"], "an invalidation");
    assert_eq!(
        sent(&server, || assert!(!subject.hits(7))),
        ["EVALSHA", "EVALSHA"],
        "a miss after an invalidation"
    );
    assert_eq!(sent(&server, || subject.set(7, 14).unwrap()), ["EVALSHA", "EVALSHA"], "a set");
    assert_eq!(sent(&server, || assert!(subject.hits(7))), ["MGET"], "a hit after a set");
    assert_eq!(sent(&server, || subject.refresh(7).unwrap()), ["EVALSHA", "EVALSHA"], "a refresh");
    assert_eq!(sent(&server, || subject.invalidate_all().unwrap()), ["DEL"], "an invalidation of all");
    assert_eq!(sent(&server, || assert!(!subject.hits(7))), ["EVALSHA", "EVALSHA"], "a miss after that");

    // A process that has not seen the entry yet asks so that it could begin at once.
    let other = Subject::new(functions, patient(server.url()));
    other.peek(1).unwrap();
    assert_eq!(sent(&server, || assert!(other.hits(7))), ["EVALSHA"], "the first hit of a process");
    assert_eq!(sent(&server, || assert!(other.hits(7))), ["MGET"], "and the next");
    // Somebody else invalidated: to have expected a hit costs one more.
    subject.invalidate(7).unwrap();
    let wrong = sent(&server, || assert!(!other.hits(7)));
    assert_eq!(wrong, ["MGET", "EVALSHA", "EVALSHA"], "a miss that was expected to be a hit");
    // Nothing is left behind but the entry and the generation.
    let mut keys: Vec<_> = server.command(&["KEYS", "*"]).items().iter().map(|key| key.text()).collect();
    keys.sort_unstable_by_key(|key| stored::is_generation(key));
    assert_eq!(keys[0], subject.key(7));
    assert!(keys.len() == 2 && stored::is_generation(&keys[1]), "{keys:?}");
}

/// What has expired is known to have: no look for it.
#[test]
fn expired_then_computed() {
    #[cache_memoize(ttl = "50ms", skip(redis), backend = redis)]
    fn double(redis: &Redis, x: u64) -> u64 {
        let _ = redis;
        2 * x
    }

    let server = RedisServer::start();
    let redis = Redis::builder().url(server.url()).timeout(AMPLE).build().unwrap();
    double(&redis, 1);
    wait_until("an expired entry", || double_peek(&redis, 1).unwrap().is_none());
    double(&redis, 7);
    // By our clock, which is a hint; by the server's, which decides.
    wait_until("an expired entry", || {
        server.command(&["EXISTS", &stored::value(&double_cache_key(&redis, 7))]).int() == 0
    });
    std::thread::sleep(std::time::Duration::from_millis(60));
    assert_eq!(sent(&server, || double(&redis, 7)), ["EVALSHA", "EVALSHA"]);
}

/// Idle connections are not asked whether they live.
#[test]
fn no_pings() {
    let server = RedisServer::start();
    let subject = Subject::new(threads!(), patient(server.url()));
    subject.warm(1);
    let commands = sent(&server, || (0..1000).for_each(|_| assert!(subject.hits(1))));
    assert_eq!(commands.len(), 1000);
    assert!(commands.iter().all(|name| name == "MGET"));
}
