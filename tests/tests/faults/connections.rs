//! Faults of the network between.

use std::time::Duration;

use cache_memoize::Redis;
use cache_memoize_tests::servers::{Mode, Proxy, RedisServer, wait_until};

use crate::outage::{Outage, is_well, survive};
use crate::report::{Row, timed};
use crate::subject::{Functions, Subject, patient};

both!(
    slow,
    swallowed,
    half_open,
    half_open_while_idle,
    refused,
    cut_for_ever,
    cut_once,
    closed_while_idle,
    bytewise
);

const SILENCE: &[&str] = &["no answer in time"];

struct World {
    _server: RedisServer,
    proxy: Proxy,
    subject: Subject,
}

fn world(functions: Functions, redis: impl FnOnce(String) -> Redis) -> World {
    let server = RedisServer::start();
    let proxy = Proxy::new(&server);
    let subject = Subject::new(functions, redis(proxy.url()));
    World { _server: server, proxy, subject }
}

fn usual(url: String) -> Redis {
    Redis::open(url).unwrap()
}

fn slow(functions: Functions) {
    let World { _server, proxy, subject } = world(functions, usual);
    let begin = || proxy.set(Mode::Delay(Duration::from_millis(500)));
    let end = || proxy.set(Mode::Forward);
    survive(&subject, Outage { fault: "each answer a second late", warm: true, begin, end, words: SILENCE });
}

/// Everything is lost, on old connections and new ones, and nothing is closed. The old ones never work again.
fn swallowed(functions: Functions) {
    let World { _server, proxy, subject } = world(functions, usual);
    let (begin, end) = (|| proxy.set(Mode::BlackHole), || proxy.set(Mode::Forward));
    survive(&subject, Outage { fault: "network down", warm: true, begin, end, words: SILENCE });
}

/// As after a firewall has forgotten them: connections are dead and nobody says so. New ones work.
fn half_open(functions: Functions) {
    let World { _server, proxy, subject } = world(functions, usual);
    subject.warm(1);
    proxy.set_existing(Mode::BlackHole);
    let ((first, invalidated), recovered) = timed(|| {
        let (_, first) = timed(|| subject.hits(1));
        let invalidated = subject.invalidate(1);
        subject.warm(1);
        (first, invalidated)
    });
    Row { fault: format!("half-open, {}", functions.way), first, open: None, invalidated, recovered }.print();
    assert!(first < Duration::from_secs(5), "{first:?}");
    assert!(recovered < Duration::from_secs(20), "{recovered:?}");
    is_well(&subject, "half-open");
}

/// The same when every connection that is idle in the pool is dead: not each of them costs a call its time.
fn half_open_while_idle(functions: Functions) {
    let World { _server, proxy, subject } = world(functions, usual);
    std::thread::scope(|scope| {
        for thread in 0..16 {
            let subject = &subject;
            scope.spawn(move || {
                (0..20).for_each(|x| {
                    subject.hits(100 * thread + x);
                })
            });
        }
    });
    subject.warm(1);
    proxy.set_existing(Mode::BlackHole);
    let ((), recovered) = timed(|| subject.warm(1));
    assert!(recovered < Duration::from_secs(5), "{recovered:?}");
    is_well(&subject, "half-open while idle");
}

fn refused(functions: Functions) {
    let World { _server, proxy, subject } = world(functions, usual);
    subject.warm(1);
    (0..1000).for_each(|_| subject.warm(1));
    let begin = || {
        proxy.refuse_new();
        proxy.close_all();
    };
    let (fault, end) = ("refused after 1000 hits", || proxy.accept_new());
    survive(&subject, Outage { fault, warm: true, begin, end, words: &["refused"] });
}

/// Every connection ends within the first reply.
fn cut_for_ever(functions: Functions) {
    let World { _server, proxy, subject } = world(functions, usual);
    let (begin, end) = (|| proxy.set(Mode::CutReplies(3)), || proxy.set(Mode::Forward));
    let words =
        &["end of file", "reset", "pipe", "closed", "eof", "EOF", "terminated", "unexpected", "Parse error"];
    survive(&subject, Outage { fault: "every reply cut", warm: true, begin, end, words });
}

/// The reply to a hit is cut after any number of bytes: it is asked for again, and nobody notices.
fn cut_once(functions: Functions) {
    let World { _server, proxy, subject } = world(functions, patient);
    subject.warm(1);
    for bytes in 0..110 {
        proxy.set_existing(Mode::CutReplies(bytes));
        assert!(subject.hits(1), "cut after {bytes} bytes");
        proxy.set_existing(Mode::Forward);
    }
    // Those to a miss and its store, too; what was done on the server may be done again.
    for bytes in 0..110 {
        proxy.set_existing(Mode::CutReplies(bytes));
        subject.hits(1000 + bytes as u64);
        proxy.set_existing(Mode::CutReplies(bytes));
        subject.invalidate(1).unwrap();
        proxy.set_existing(Mode::Forward);
        subject.warm(1);
        subject.warm(1000 + bytes as u64);
    }
    assert_eq!(subject.stats().errors, 0, "{:#}", subject.stats());
    assert!(subject.events().is_empty(), "{:?}", subject.events());
}

/// As by a server's `timeout`, or a load balancer. The client for tasks now and then does not notice that a connection
/// has ended; such a call costs its deadline and no more, and three of them in a row another connection.
fn closed_while_idle(functions: Functions) {
    let way = functions.way;
    let quick = |url| Redis::builder().url(url).timeout(Duration::from_millis(500)).build().unwrap();
    let World { _server, proxy, subject } = world(functions, quick);
    subject.warm(1);
    for _ in 0..50 {
        proxy.close_all();
        subject.hits(1);
        proxy.close_all();
        wait_until("an invalidation", || subject.invalidate(1).is_ok());
        proxy.close_all();
        assert!(!subject.hits(1));
        proxy.close_all();
        wait_until("a set", || subject.set(1, 2).is_ok());
    }
    let allowed = if way == "sync" { 0 } else { 10 };
    assert!(subject.stats().errors <= allowed, "transparent: {:#}", subject.stats());
    if allowed == 0 {
        assert!(subject.events().is_empty(), "{:?}", subject.events());
    }
}

fn bytewise(functions: Functions) {
    let World { _server, proxy, subject } = world(functions, patient);
    proxy.set(Mode::Bytewise);
    for x in 0..20 {
        assert!(!subject.hits(x));
        assert!(subject.hits(x));
        assert_eq!(subject.peek(x).unwrap(), Some(2 * x));
        assert_eq!(subject.refresh(x).unwrap(), 2 * x);
        assert!(subject.invalidate(x).unwrap());
        assert!(!subject.hits(x));
    }
    subject.invalidate_all().unwrap();
    assert!(!subject.hits(1));
    assert_eq!(subject.stats().errors, 0, "{:#}", subject.stats());
}
