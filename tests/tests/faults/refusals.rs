//! A server that answers, but not as it should.

use cache_memoize::{ErrorKind, EventKind, Redis};
use cache_memoize_tests::servers::{Port, RedisServer, wait_until};
use cache_memoize_tests::stored;

use crate::outage::{Outage, survive};
use crate::report::{Row, thousand, timed};
use crate::subject::{Functions, Subject, patient};

both!(
    wrong_type,
    foreign_fence,
    unencodable_while_down,
    out_of_memory,
    read_only,
    master_down,
    busy,
    no_script,
    not_a_redis
);

fn world(functions: Functions) -> (RedisServer, Subject) {
    let server = RedisServer::start();
    let subject = Subject::new(functions, patient(server.url()));
    (server, subject)
}

/// The three keys of an entry.
fn keys(subject: &Subject, x: u64) -> [String; 3] {
    let text = subject.text(x);
    let (group, _) = text.rsplit_once(':').expect("a prefix");
    [stored::value(&text), stored::fence(&text), stored::generation(group)]
}

/// Somebody else uses our keys: a miss, and overwritten.
fn wrong_type(functions: Functions) {
    let (server, subject) = world(functions);
    spoil_keys(
        &server,
        &subject,
        &[&["LPUSH", "", "x"], &["SADD", "", "x"], &["SET", "", "x"], &["HSET", "", "x", "x"]],
    );
}

/// A hash where we have one, with other contents in our fields.
fn foreign_fence(functions: Functions) {
    let (server, subject) = world(functions);
    spoil_keys(
        &server,
        &subject,
        &[&["HSET", "", "e", "x", "t", "x", "f", "x", "n", "x", "o", "x", "u", "x"]],
    );
}

fn spoil_keys(server: &RedisServer, subject: &Subject, begin: &[&[&str]]) {
    for words in begin {
        for (at, key) in keys(subject, 1).iter().enumerate() {
            let spoil = || {
                server.command(&["DEL", key]);
                let words: Vec<_> =
                    words.iter().map(|word| if word.is_empty() { key } else { *word }).collect();
                server.command(&words).expect("a command that spoils");
            };
            subject.warm(1);
            spoil();
            if at != 1 {
                assert!(!subject.hits(1), "{words:?} {key}");
            }
            assert!(subject.hits(1), "overwritten: {words:?} {key}");
            spoil();
            subject.invalidate(1).unwrap();
            assert_eq!(subject.peek(1).unwrap(), None, "{words:?} {key}");
            subject.warm(1);
            spoil();
            subject.set(1, 2).unwrap();
            assert!(subject.hits(1), "set: {words:?} {key}");
            spoil();
            subject.refresh(1).unwrap();
            assert!(subject.hits(1), "refreshed: {words:?} {key}");
            spoil();
            subject.invalidate_all().unwrap();
            assert!(!subject.hits(1), "{words:?} {key}");
        }
    }
    assert_eq!(subject.stats().errors, 0, "{:#}", subject.stats());
}

/// Full, and told to evict nothing: what is there is served and can be invalidated; nothing is added.
fn out_of_memory(functions: Functions) {
    let (server, subject) = world(functions);
    let limit =
        |bytes: &str| drop(server.command(&["CONFIG", "SET", "maxmemory", bytes]).expect("CONFIG SET"));
    (1..10).for_each(|x| subject.warm(x));
    limit("1");
    assert!(subject.hits(1), "reads need no memory");
    let refused = refuses(&subject, "OOM", 11);
    let invalidated = subject.invalidate(1);
    assert!(*invalidated.as_ref().expect("invalidation needs no memory"));
    assert_eq!(subject.peek(1).unwrap(), None);
    assert!(!subject.hits(1) && !subject.hits(1));
    assert!(subject.hits(2));
    subject.invalidate_all().expect("invalidation needs no memory");
    assert_eq!(subject.peek(2).unwrap(), None);
    limit("0");
    let (_, recovered) = timed(|| subject.warm(1));
    (1..10).for_each(|x| subject.warm(x));
    assert!(subject.invalidate(1).unwrap());
    let fault = format!("`OOM`, nothing evicted, {}", functions.way);
    Row { fault, first: refused.0, open: Some(refused.1), invalidated, recovered }.print();
}

/// Demoted: what is there is served; nothing is added, and an invalidation does not claim success.
fn read_only(functions: Functions) {
    let (server, subject) = world(functions);
    let nobody = Port::free();
    (1..10).for_each(|x| subject.warm(x));
    server.command(&["REPLICAOF", "127.0.0.1", &nobody.number().to_string()]).expect("REPLICAOF");
    assert!(subject.hits(1), "a replica serves reads");
    let refused = refuses(&subject, "READONLY", 11);
    let invalidated = subject.invalidate(1);
    let error = invalidated.as_ref().expect_err("the entry is still there");
    assert!(error.kind() == ErrorKind::Backend && error.to_string().contains("READONLY"), "{error}");
    assert!(subject.invalidate_all().is_err());
    assert!(subject.hits(1), "nothing was invalidated, and nothing claimed to be");
    server.command(&["REPLICAOF", "NO", "ONE"]).expect("REPLICAOF");
    let (_, recovered) = timed(|| subject.warm(11));
    assert!(subject.invalidate(1).unwrap());
    assert!(!subject.hits(1) && subject.hits(1));
    let fault = format!("`READONLY`, {}", functions.way);
    Row { fault, first: refused.0, open: Some(refused.1), invalidated, recovered }.print();
}

/// Misses compute, are refused with the server's own words, and are told of once. How long the first took, and others.
fn refuses(
    subject: &Subject,
    word: &str,
    x: u64,
) -> (std::time::Duration, (std::time::Duration, std::time::Duration)) {
    let errors = subject.stats().errors;
    let (hit, first) = timed(|| subject.hits(x));
    assert!(!hit);
    let others = thousand(|| assert!(!subject.hits(x)));
    assert!(subject.stats().errors >= errors + 1001, "{:#}", subject.stats());
    let events = subject.events();
    assert!(events.iter().all(|event| event.kind == EventKind::Refused), "it is up: {events:#?}");
    let [event] = &events[..] else { panic!("{} events: {events:#?}", events.len()) };
    assert!(event.message.contains(word), "{event}");
    assert!(!event.message.contains("script"), "our script means nothing to a reader: {event}");
    for refused in [subject.set(x, 1), subject.refresh(x).map(drop)] {
        let error = refused.expect_err("it could not be stored");
        assert!(error.kind() == ErrorKind::Backend && error.to_string().contains(word), "{error}");
    }
    (first, others)
}

/// A replica that has lost its master and was told not to serve then.
fn master_down(functions: Functions) {
    let server = RedisServer::start_with(&["--replica-serve-stale-data", "no"]);
    let nobody = Port::free();
    let subject = Subject::new(functions, Redis::open(server.url()).unwrap());
    let outage = Outage {
        fault: "`MASTERDOWN`",
        warm: true,
        begin: || {
            drop(
                server.command(&["REPLICAOF", "127.0.0.1", &nobody.number().to_string()]).expect("REPLICAOF"),
            );
        },
        end: || drop(server.command(&["REPLICAOF", "NO", "ONE"]).expect("REPLICAOF")),
        words: &["MASTERDOWN"],
    };
    survive(&subject, outage);
}

/// Somebody's script does not end.
fn busy(functions: Functions) {
    let server = RedisServer::start_with(&["--busy-reply-threshold", "50"]);
    let subject = Subject::new(functions, Redis::open(server.url()).unwrap());
    let mut other = server.connect().unwrap();
    let outage = Outage {
        fault: "`BUSY` with a script",
        warm: true,
        begin: || {
            other.send(&["EVAL", "while true do end", "0"]).unwrap();
            wait_until("a busy server", || {
                server.command(&["PING"]).error().is_some_and(|error| error.starts_with("BUSY"))
            });
        },
        end: || drop(server.command(&["SCRIPT", "KILL"]).expect("SCRIPT KILL")),
        words: &["BUSY", "no answer in time"],
    };
    survive(&subject, outage);
}

/// The server has forgotten our scripts: nobody notices.
fn no_script(functions: Functions) {
    let (server, subject) = world(functions);
    let forget = || drop(server.command(&["SCRIPT", "FLUSH"]).expect("SCRIPT FLUSH"));
    for x in 0..20 {
        forget();
        assert!(!subject.hits(x));
        forget();
        assert!(subject.hits(x), "it was stored");
        forget();
        assert_eq!(subject.refresh(x).unwrap(), 2 * x);
        forget();
        subject.set(x, 2 * x).unwrap();
        forget();
        assert!(subject.invalidate(x).unwrap());
        assert!(!subject.hits(x));
        forget();
        subject.invalidate_all().unwrap();
    }
    assert_eq!(subject.stats().errors, 0, "{:#}", subject.stats());
    assert!(subject.events().is_empty());
}

/// Somebody else answers at the port.
fn not_a_redis(functions: Functions) {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        while let Ok((mut client, _)) = listener.accept() {
            std::thread::spawn(move || {
                while let Ok(1..) = client.read(&mut [0; 1024]) {
                    let _ = client.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
                }
            });
        }
    });
    let subject = Subject::new(functions, patient(url));
    let (_, time) = timed(|| (0..100).for_each(|x| assert!(!subject.hits(x))));
    assert!(time < std::time::Duration::from_secs(10), "{time:?}");
    assert!(subject.invalidate(1).is_err() && subject.peek(1).is_err() && subject.set(1, 2).is_err());
    assert!(subject.events().len() <= 2, "{:#?}", subject.events());
}

/// A value that cannot be stored says nothing about the server: it stays given up, and nobody pays for it again.
fn unencodable_while_down(functions: Functions) {
    let server = RedisServer::start();
    let redis = Redis::builder().url(server.url()).max_value_size(10).build().unwrap();
    let subject = Subject::new(functions, redis);
    server.stop();
    subject.wait_until_down(1);
    let (_, time) = timed(|| (0..20).for_each(|x| assert!(!subject.hits(x))));
    assert!(time < std::time::Duration::from_secs(1), "20 calls took {time:?}: {:#?}", subject.events());
    let kinds: Vec<_> = subject.events().iter().map(|event| event.kind).collect();
    assert!(!kinds.contains(&EventKind::Up), "{:#?}", subject.events());
}
