//! Settings: what is accepted without a server, and what is refused with a reason.

use std::collections::BTreeSet;
use std::time::Duration;

use cache_memoize::backend::{CallMode, Key, Read};
use cache_memoize::{ErrorKind, Redis, RedisBuilder, cache_memoize};
use cache_memoize_tests::finish;
use cache_memoize_tests::servers::RedisServer;

#[test]
fn no_server_and_no_runtime_are_needed() {
    for url in [
        "redis://127.0.0.1:1/",
        "redis://no.such.host.invalid/5",
        "redis://user:p%40ss@[::1]:7000/",
        "redis+unix:///no/such/socket",
        "unix:///no/such/socket?db=2",
    ] {
        let redis = Redis::open(url).expect(url);
        assert!(redis.as_shared().backend().name().starts_with("redis at "));
    }
    let name = |builder: RedisBuilder| builder.build().expect("valid").as_shared().backend().name();
    let cluster = Redis::builder().cluster(["redis://a:1", "redis://b:2"]);
    assert_eq!(name(cluster), "redis cluster at a:1, b:2");
    let sentinel = Redis::builder().sentinel("main", ["redis://a:1", "redis://b:2"]).database(3);
    assert_eq!(name(sentinel), "redis \"main\" of the sentinels at a:1, b:2");
}

#[test]
fn what_cannot_work_is_named() {
    let url = || Redis::builder().url("redis://127.0.0.1/");
    let none: [&str; 0] = [];
    for (builder, words) in [
        (Redis::builder(), "url: there is none"),
        (url().url("redis://127.0.0.1/"), "several places"),
        (url().cluster(["redis://a"]), "several places"),
        (url().timeout(Duration::ZERO), "timeout: 0 s"),
        (url().namespace("sh{op"), "namespace: \"sh{op\" has"),
        (url().namespace("shop}"), "a brace that is not part of a hash tag"),
        (url().namespace("sh\u{1f}op"), "a control character"),
        (url().username("app"), "username: there is no password"),
        (url().username("app").password(""), "username: there is no password"),
        (Redis::builder().url("redis://127.0.0.1?db=1"), "`db`"),
        (Redis::builder().sentinel("main", ["redis://a?db=1"]), "`db`"),
        (Redis::builder().cluster(["redis://a?x=1"]), "`x`"),
        (Redis::builder().url("127.0.0.1:6379"), "redis://127.0.0.1:6379/"),
        (Redis::builder().url("redis://127.0.0.1/x"), "database"),
        (Redis::builder().url("redis://0.0.0.0/"), "wildcard"),
        (Redis::builder().cluster(none), "no nodes"),
        (Redis::builder().cluster(["redis://a/1"]), "a cluster has only number 0"),
        (Redis::builder().cluster(["redis://a"]).database(1), "a cluster has only number 0"),
        (Redis::builder().cluster(["unix:///socket"]), "unix socket"),
        (Redis::builder().cluster(["redis://:one@a", "redis://:two@b"]), "different password"),
        (Redis::builder().sentinel("main", none), "no Sentinels"),
        (Redis::builder().sentinel("", ["redis://a"]), "no name"),
    ] {
        let error = builder.build().map(drop).expect_err(words);
        assert_eq!(error.kind(), ErrorKind::Setting);
        assert!(error.to_string().contains(words), "{error}");
    }
}

/// What a function leaves on a server, by the namespace that was set.
#[test]
fn keys_are_in_a_namespace() {
    #[cache_memoize(ttl = 60, skip(redis), backend = redis, prefix = "spaced")]
    fn spaced(redis: &Redis, id: u64) -> u64 {
        let _ = redis;
        id
    }

    let server = RedisServer::start();
    let at = || Redis::builder().url(server.url()).timeout(Duration::from_secs(10));
    for (builder, expected) in [
        (at(), ["memo:spaced:1", "memo:\u{1f}{spaced}"]),
        (at().namespace("a:b"), ["a:b:spaced:1", "a:b:\u{1f}{spaced}"]),
        (at().namespace(""), ["spaced:1", "\u{1f}{spaced}"]),
    ] {
        let redis = builder.build().unwrap();
        spaced(&redis, 1);
        let keys = server.command(&["KEYS", "*"]);
        let keys: BTreeSet<String> = keys.items().iter().map(|key| key.text()).collect();
        assert_eq!(keys, BTreeSet::from(expected.map(str::to_owned)));
        spaced_invalidate_all(&redis).unwrap();
        server.command(&["FLUSHALL"]).expect("FLUSHALL");
    }
}

/// A variable of the environment that is not set is no login.
#[test]
fn empty_credentials_are_none() {
    let server = RedisServer::start();
    for builder in [
        Redis::builder().url(server.url()).username("").password(""),
        Redis::builder().url(server.url().replace("redis://", "redis://:@")),
        Redis::builder().url(format!("{}?pass=", server.socket_url())),
    ] {
        let redis = builder.timeout(Duration::from_secs(20)).build().expect("valid");
        let key = Key::new("empty:1", "empty");
        assert_eq!(
            finish(redis.as_shared().backend().read(&key, Read::new(), CallMode::BLOCKING))
                .expect("no login is sent"),
            None
        );
    }
}

#[test]
fn secrets_are_not_shown() {
    let builder =
        Redis::builder().url("redis://user:hunter2@127.0.0.1/").password("hunter2").username("hunter2");
    assert!(!format!("{builder:?}").contains("hunter2"), "{builder:?}");
    let redis = builder.build().unwrap();
    let shown = format!("{redis:?} {:?} {}", redis.as_shared(), redis.as_shared().backend().name());
    assert!(!shown.contains("hunter2") && shown.contains("127.0.0.1:6379"), "{shown}");
}
