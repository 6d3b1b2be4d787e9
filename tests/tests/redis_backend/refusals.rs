//! Servers that answer with errors, and keys that hold something else.

use cache_memoize::backend::{Begun, Commit};
use cache_memoize::{ErrorKind, Redis};
use cache_memoize_tests::servers::{RedisServer, wait_until};
use std::time::Duration;

use crate::store::{begin, both_ways, found, key, open, patient};

#[test]
fn scripts_that_the_server_forgot_are_sent_again() {
    let server = RedisServer::start();
    for store in both_ways(&patient(server.url())) {
        let key = key("one");
        let flush = || server.command(&["SCRIPT", "FLUSH"]).expect("SCRIPT FLUSH");
        flush();
        let fence = store.fence(&key);
        flush();
        assert!(store.renew(&key, &fence, Duration::from_secs(1)));
        flush();
        assert!(store.commit(&key, &fence, b"value"));
        flush();
        let fence = store.fence(&key);
        flush();
        store.release(&key, &fence);
        flush();
        assert!(store.remove(&key));
    }
}

#[test]
fn what_has_another_type_is_a_miss_and_is_overwritten() {
    let server = RedisServer::start();
    for store in both_ways(&patient(server.url())) {
        let key = key("one");
        let spoil = |name: &str| {
            server.command(&["DEL", name]).expect("DEL");
            server.command(&["LPUSH", name, "x"]).expect("LPUSH");
        };
        let is = |value: &[u8]| assert_eq!(store.read(&key).as_deref(), Some(value));

        // The value.
        spoil("one");
        assert_eq!(store.read(&key), None);
        let Begun::Fence(fence) = store.begin(&key, begin()) else { panic!("no value") };
        assert!(store.commit(&key, &fence, b"committed"));
        is(b"committed");
        spoil("one");
        assert!(!store.remove(&key), "that was none");
        assert_eq!(server.command(&["EXISTS", "one"]).int(), 0);
        spoil("one");
        store.set(&key, b"set");
        is(b"set");

        // The fence, before and while something is computed.
        spoil("{one}:fence");
        let fence = store.fence(&key);
        assert!(store.commit(&key, &fence, b"committed"));
        is(b"committed");
        let fence = store.fence(&key);
        spoil("{one}:fence");
        assert!(!store.commit(&key, &fence, b"not known to be new"));
        is(b"committed");
        assert!(!store.renew(&key, &fence, Duration::from_secs(1)));
        store.release(&key, &fence);
        assert!(store.remove(&key));
        spoil("{one}:fence");
        store.set(&key, b"set");
        is(b"set");
        spoil("{one}:fence");
        assert!(store.remove(&key));

        // The generation.
        store.set(&key, b"set");
        let fence = store.fence(&key);
        spoil("\u{1f}{tests::group}");
        assert_eq!(store.read(&key), None);
        assert!(!store.commit(&key, &fence, b"of no generation"));
        assert!(!store.remove(&key));
        let fence = store.fence(&key);
        assert!(store.commit(&key, &fence, b"committed"));
        is(b"committed");
        spoil("\u{1f}{tests::group}");
        store.remove_all();
        store.set(&key, b"set");
        is(b"set");
    }
}

#[test]
fn out_of_memory_reads_and_removes() {
    let server = RedisServer::start();
    for store in both_ways(&patient(server.url())) {
        let (one, two) = (key("one"), key("two"));
        server.command(&["CONFIG", "SET", "maxmemory", "0"]).expect("CONFIG SET");
        store.set(&one, b"value");
        store.set(&two, b"value");
        let (fence, refresh, removed) = (store.fence(&one), store.fence(&one), store.fence(&two));
        server.command(&["CONFIG", "SET", "maxmemory", "1"]).expect("CONFIG SET");

        assert_eq!(store.read(&one).as_deref(), Some(&b"value"[..]));
        assert_eq!(store.begin(&one, begin()), found(b"value"));
        let refused = |error: cache_memoize::Error| {
            assert_eq!(error.kind(), ErrorKind::Backend);
            let words = "OOM command not allowed when used memory > 'maxmemory'.";
            assert!(error.to_string().ends_with(words), "{error}");
            assert!(error.to_string().starts_with("redis at 127.0.0.1:"), "{error}");
        };
        refused(store.try_begin(&one, begin().over(true)).expect_err("it writes"));
        refused(store.try_commit(&one, Commit::new(&fence, Some(b"new"))).expect_err("it writes"));
        refused(
            store.try_commit(&one, Commit::new(&refresh, Some(b"new")).refresh(true)).expect_err("it writes"),
        );
        assert_eq!(store.read(&one).as_deref(), Some(&b"value"[..]));

        assert!(store.remove(&two));
        assert_eq!(store.read(&two), None);
        assert!(store.remove(&one));
        store.remove_all();
        server.command(&["CONFIG", "SET", "maxmemory", "0"]).expect("CONFIG SET");
        assert!(!store.commit(&two, &removed, b"old"), "removing fenced it off");
        assert_eq!(store.read(&two), None);
    }
}

#[test]
fn a_replica_is_read_and_refuses_writes() {
    let (master, server) = (RedisServer::start(), RedisServer::start());
    for store in both_ways(&patient(server.url())) {
        store.set(&key("one"), b"value");
        let port = master.port().to_string();
        server.command(&["REPLICAOF", "127.0.0.1", &port]).expect("REPLICAOF");
        let error = store.try_set(&key("one"), b"new", None).expect_err("a replica");
        assert_eq!(error.kind(), ErrorKind::Backend);
        assert!(error.to_string().contains("READONLY"), "{error}");
        let error = store.try_remove(&key("one")).expect_err("a replica");
        assert!(error.to_string().contains("READONLY"), "{error}");
        server.command(&["REPLICAOF", "NO", "ONE"]).expect("REPLICAOF");
        store.set(&key("one"), b"new");
        assert_eq!(store.read(&key("one")).as_deref(), Some(&b"new"[..]));
    }
}

#[test]
fn a_loading_server_is_unavailable() {
    let server = RedisServer::start();
    for store in both_ways(&patient(server.url())) {
        for number in 0..2000 {
            server.command(&["SET", &format!("filler {number}"), &"x".repeat(100)]).expect("SET");
        }
        server.restart_loading();
        let error = store.try_read(&key("one")).expect_err("it loads");
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.to_string().contains("is loading the dataset in memory"), "{error}");
        server.finish_loading();
        assert_eq!(store.read(&key("one")), None);
    }
}

#[test]
fn a_busy_server_is_unavailable() {
    let server = RedisServer::start_with(&["--lua-time-limit", "1"]);
    for store in both_ways(&patient(server.url())) {
        store.set(&key("one"), b"value");
        std::thread::scope(|scope| {
            let endless = scope.spawn(|| server.try_command(&["EVAL", "while true do end", "0"]));
            wait_until("a busy server", || match store.try_read(&key("one")) {
                Ok(_) => false,
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
                    assert!(error.to_string().contains("BUSY"), "{error}");
                    true
                }
            });
            server.command(&["SCRIPT", "KILL"]).expect("SCRIPT KILL");
            drop(endless.join());
        });
        assert!(store.read(&key("one")).is_some());
    }
}

#[test]
fn too_many_clients_are_told_so() {
    let server = RedisServer::start_with(&["--maxclients", "3"]);
    let _held: Vec<_> = (0..2).map(|_| server.connect().expect("a connection")).collect();
    let mut last = std::net::TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    std::io::Write::write_all(&mut last, b"PING\r\n").unwrap();
    std::io::Read::read_exact(&mut last, &mut [0; 7]).unwrap();
    for store in both_ways(&open(&server)) {
        let error = store.try_read(&key("one")).expect_err("nobody may come");
        println!("{:?}: {error}", store.call);
        assert_eq!(error.kind(), ErrorKind::Unavailable);
    }
    drop(last);
    let [store, _] = both_ways(&open(&server));
    wait_until("room", || store.try_read(&key("one")).is_ok());
}

#[test]
fn users_and_databases_are_those_that_were_set() {
    let server = RedisServer::start_with(&["--requirepass", "hunter2"]);
    let rights = "~{*}:* ~\u{1f}* ~tests:* &* +mget +get +set +del +evalsha +eval +select +publish +hmget +hset +hsetnx +hdel \
                  +hincrby +pexpire +pttl +getrange +time";
    let mut user = vec!["ACL", "SETUSER", "app", "on", ">swordfish", "resetkeys"];
    user.extend(rights.split(' ').filter(|right| !right.is_empty()));
    server.command(&user).expect("ACL SETUSER");
    let url = |login: &str| format!("redis://{login}127.0.0.1:{}/3", server.port());
    let socket = format!("{}?db=3&user=app&pass=swordfish", server.socket_url());
    let one = key("tests:one");
    for redis in [
        Redis::open(url(":hunter2@")),
        Redis::open(url("app:swordfish@")),
        Redis::builder().url(url("")).password("hunter2").build(),
        Redis::builder().url(url("app:wrong@")).password("swordfish").build(),
        Redis::builder().url(server.url()).username("app").password("swordfish").database(3).build(),
        Redis::open(socket),
    ] {
        let redis = redis.expect("valid settings");
        for store in both_ways(&redis) {
            store.set(&one, b"value");
            assert_eq!(store.read(&one).as_deref(), Some(&b"value"[..]));
            let fence = store.fence(&one);
            assert!(store.renew(&one, &fence, Duration::from_secs(100)));
            assert!(store.commit(&one, &fence, b"value"));
            assert!(matches!(store.begin(&one, begin().over(true).lead(true)), Begun::Fence(_)));
            let mut connection = server.connect().expect("a connection");
            connection.command(&["SELECT", "3"]).expect("SELECT").expect("SELECT");
            assert_eq!(connection.command(&["EXISTS", "tests:one"]).expect("EXISTS").int(), 1);
            assert!(store.remove(&one));
            store.remove_all();
        }
        assert!(!format!("{redis:?}").contains("hunter2"), "{redis:?}");
        assert!(!format!("{redis:?}").contains("swordfish"), "{redis:?}");
    }
}

#[test]
fn a_refused_login_is_unavailable_and_says_no_secrets() {
    let server = RedisServer::start_with(&["--requirepass", "hunter2"]);
    let url = |login: &str| format!("redis://{login}127.0.0.1:{}/", server.port());
    for login in ["", ":hunter3@", "nobody:hunter2@"] {
        for store in both_ways(&patient(url(login))) {
            for _ in 0..3 {
                let error = store.try_read(&key("one")).expect_err("a wrong login");
                println!("{:?} {login:?}: {error}", store.call);
                assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
                assert!(!error.to_string().contains("hunter"), "{error}");
            }
        }
    }
    let open = RedisServer::start();
    for store in both_ways(&patient(format!("redis://:hunter2@127.0.0.1:{}/", open.port()))) {
        let error = store.try_read(&key("one")).expect_err("it knows no passwords");
        println!("{:?}: {error}", store.call);
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    }
}

#[test]
fn a_user_without_rights_is_told_so() {
    let server = RedisServer::start();
    server.command(&["ACL", "SETUSER", "app", "on", ">x", "~*", "+get"]).expect("ACL SETUSER");
    for store in both_ways(&patient(format!("redis://app:x@127.0.0.1:{}/", server.port()))) {
        let error = store.try_read(&key("one")).expect_err("no right to MGET");
        assert_eq!(error.kind(), ErrorKind::Backend, "{error}");
        assert!(error.to_string().contains("NOPERM"), "{error}");
    }
}

#[test]
fn what_is_too_large_is_not_sent() {
    let server = RedisServer::start();
    let redis = Redis::builder().url(server.url()).max_value_size(10_000).build().unwrap();
    for store in both_ways(&redis) {
        let key = key("one");
        store.set(&key, &[1; 10_000]);
        let fence = store.fence(&key);
        let large = vec![1; 20_000];
        let (error, counts) = server.commands_of(|| {
            store.try_commit(&key, Commit::new(&fence, Some(&large))).expect_err("too large")
        });
        assert!(error.to_string().contains("20000 bytes, and max_value_size is 10000"), "{error}");
        assert!(!counts.contains_key("evalsha"), "{counts:?}");
    }
}
