//! Passwords and ACLs.

use std::collections::BTreeSet;

use cache_memoize::{ErrorKind, EventKind, Redis, cache_memoize};
use cache_memoize_tests::Gate;
use cache_memoize_tests::servers::{RedisServer, wait_until};

use crate::outage::{Outage, survive};
use crate::report::timed;
use crate::subject::{AMPLE, Functions, Subject};

both!(wrong_password, no_password, no_password_at_first, no_permission, the_smallest_acl);

const SECRET: &str = "correct-horse";
const WRONG: &str = "wrong-battery";

/// A server with a user `app` of these rules.
fn guarded(rules: &[&str]) -> RedisServer {
    let server = RedisServer::start();
    let password = format!(">{SECRET}");
    let words = ["ACL", "SETUSER", "app", "reset", "on", &password];
    server.command(&[&words, rules].concat()).expect("ACL SETUSER");
    server
}

fn with_password(server: &RedisServer, password: &str) -> Redis {
    Redis::builder().url(server.url()).username("app").password(password).build().unwrap()
}

fn wrong_password(functions: Functions) {
    let server = guarded(&["~*", "&*", "+@all"]);
    let subject = Subject::new(functions, with_password(&server, WRONG));
    let outage = Outage {
        fault: "wrong password",
        warm: false,
        begin: || (),
        end: || drop(server.command(&["ACL", "SETUSER", "app", &format!(">{WRONG}")]).expect("ACL SETUSER")),
        words: &["password", "WRONGPASS"],
    };
    survive(&subject, outage);
    for event in subject.events() {
        assert!(!event.to_string().contains(WRONG), "{event}");
    }
}

/// The server demands a password of whom has none.
fn no_password(functions: Functions) {
    let server = RedisServer::start();
    let mut control = server.connect().unwrap();
    let control = std::cell::RefCell::new(&mut control);
    let run = |words: &[&str]| drop(control.borrow_mut().command(words).unwrap().expect("a control command"));
    let subject = Subject::new(functions, Redis::open(server.url()).unwrap());
    let outage = Outage {
        fault: "`NOAUTH`",
        warm: true,
        begin: || {
            run(&["CONFIG", "SET", "requirepass", SECRET]);
            run(&["CLIENT", "KILL", "TYPE", "normal"]);
        },
        end: || run(&["CONFIG", "SET", "requirepass", ""]),
        words: &["NOAUTH", "Authentication required"],
    };
    survive(&subject, outage);
}

/// The same for a process that comes later, whose first request is a long one.
fn no_password_at_first(functions: Functions) {
    let server = RedisServer::start_with(&["--requirepass", SECRET]);
    let subject = Subject::new(functions, Redis::open(server.url()).unwrap());
    let outage = Outage {
        fault: "`NOAUTH` at start",
        warm: false,
        begin: || (),
        end: || drop(server.command(&["CONFIG", "SET", "requirepass", ""]).expect("CONFIG SET")),
        words: &["NOAUTH", "Authentication required", "unauthenticated"],
    };
    survive(&subject, outage);
}

/// A user who may read and not write.
fn no_permission(functions: Functions) {
    let server = guarded(&["~*", "&*", "+@all"]);
    let redis = Redis::builder().url(server.url()).username("app").password(SECRET).timeout(AMPLE);
    let subject = Subject::new(functions, redis.build().unwrap());
    subject.warm(1);
    server.command(&["ACL", "SETUSER", "app", "-evalsha", "-eval", "-del"]).expect("ACL SETUSER");
    assert!(subject.hits(1), "reading is allowed");
    let (_, time) = timed(|| (0..1000).for_each(|_| assert!(!subject.hits(2))));
    assert!(time < AMPLE, "{time:?}");
    let events = subject.events();
    let [event] = &events[..] else { panic!("{} events: {events:#?}", events.len()) };
    assert!(event.kind == EventKind::Refused && event.message.contains("NOPERM"), "{event}");
    let refused = [
        subject.invalidate(1).map(drop),
        subject.set(1, 1),
        subject.refresh(1).map(drop),
        subject.invalidate_all(),
    ];
    for refused in refused {
        let error = refused.expect_err("it is not allowed");
        assert!(error.kind() == ErrorKind::Backend && error.to_string().contains("NOPERM"), "{error}");
    }
    assert!(subject.hits(1), "nothing was invalidated");
    server.command(&["ACL", "SETUSER", "app", "+evalsha", "+eval", "+del"]).expect("ACL SETUSER");
    subject.warm(2);
    assert!(subject.invalidate(1).unwrap());
}

/// What a user of Redis must be allowed at least, with the namespace `app`; what the guide says.
const SMALLEST: [&str; 21] = [
    // What invalidates, and what is written while somebody computes.
    "~app:*",
    "~app{*",
    "+mget",
    "+evalsha",
    "+eval",
    "+del",
    // In scripts.
    "+get",
    "+getrange",
    "+set",
    "+hmget",
    "+hset",
    "+hsetnx",
    "+hdel",
    "+hincrby",
    "+pttl",
    "+pexpire",
    "+time",
    "+publish",
    // For those who wait for the computation of another process.
    "resetchannels",
    "&app{*",
    "+subscribe",
];

/// Sufficient: nothing is refused. Necessary: each command is used.
fn the_smallest_acl(functions: Functions) {
    let server = guarded(&SMALLEST);
    let redis = || {
        let builder = Redis::builder().url(server.url()).username("app").password(SECRET).timeout(AMPLE);
        builder.namespace("app").build().unwrap()
    };
    let subject = Subject::new(functions, redis());
    let ((), used) = server.commands_of(|| {
        for x in 0..3 {
            assert!(!subject.hits(x) && subject.hits(x), "{:#?}", subject.events());
            assert_eq!(subject.peek(x).unwrap(), Some(2 * x));
            subject.refresh(x).unwrap();
            subject.set(x, 2 * x).unwrap();
            assert!(subject.invalidate(x).unwrap());
            subject.invalidate_all().unwrap();
        }
        waits_for_another(&server, &redis(), &redis());
    });
    assert_eq!(subject.stats().errors, 0, "{:#}", subject.stats());
    assert!(subject.events().is_empty(), "{:#?}", subject.events());
    let refused = server.command(&["ACL", "LOG"]);
    assert!(refused.items().is_empty(), "{refused:?}");
    let allowed: BTreeSet<_> = SMALLEST.iter().filter_map(|rule| rule.strip_prefix('+')).collect();
    // Everybody may log in and introduce himself; the last two are the test's.
    let everybody = ["auth", "hello", "acl|log", "pubsub|channels"];
    let used: BTreeSet<_> =
        used.keys().map(String::as_str).filter(|name| !everybody.contains(name)).collect();
    assert_eq!(used, allowed, "what is used, and what is allowed");
}

/// One computation for two caches, as if they were two processes.
fn waits_for_another(server: &RedisServer, one: &Redis, other: &Redis) {
    #[cache_memoize(ttl = 600, skip(redis, gate), backend = redis, single_flight = "fleet")]
    fn slow(redis: &Redis, gate: &Gate, x: u64) -> u64 {
        let _ = redis;
        gate.pass();
        x
    }

    let gate = Gate::closed();
    std::thread::scope(|scope| {
        let leader = scope.spawn(|| slow(one, &gate, 7));
        gate.wait_for(1);
        let follower = scope.spawn(|| slow(other, &gate, 7));
        wait_until("a follower who listens", || !server.command(&["PUBSUB", "CHANNELS"]).items().is_empty());
        gate.open();
        assert_eq!((leader.join().unwrap(), follower.join().unwrap()), (7, 7));
    });
    assert_eq!(gate.arrivals(), 1);
}
