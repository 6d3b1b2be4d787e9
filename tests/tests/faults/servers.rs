//! Faults of the server process.

use std::time::Duration;

use cache_memoize::{EventKind, Redis};
use cache_memoize_tests::servers::{Port, Proxy, RedisServer, wait_until};

use crate::outage::{Outage, is_well, survive};
use crate::report::{Row, timed};
use crate::subject::{Functions, Subject, patient};

both!(
    down_at_start,
    killed,
    killed_mid_request,
    restarted,
    restarted_on_a_unix_socket,
    stopped,
    stopped_on_a_unix_socket,
    loading,
    out_of_clients,
);

/// Nothing answers where a closed port is.
const REFUSED: &[&str] = &["refused", "No such file"];

/// What a connection says that ended under a request.
const ENDED: &[&str] = &["refused", "reset", "pipe", "end of file", "closed", "terminated", "No such file"];

const SILENCE: &[&str] = &["no answer in time"];

fn down_at_start(functions: Functions) {
    let server = RedisServer::start();
    server.kill();
    let subject = Subject::new(functions, Redis::open(server.url()).unwrap());
    let fault = "down at start";
    survive(&subject, Outage { fault, warm: false, begin: || (), end: || server.restart(), words: REFUSED });
}

fn killed(functions: Functions) {
    let server = RedisServer::start();
    let subject = Subject::new(functions, Redis::open(server.url()).unwrap());
    let outage = Outage {
        fault: "killed",
        warm: true,
        begin: || server.kill(),
        end: || server.restart(),
        words: REFUSED,
    };
    survive(&subject, outage);
}

/// The server has the request, hangs, and dies. The time limit is so long that it cannot be what helps.
fn killed_mid_request(functions: Functions) {
    let server = RedisServer::start();
    let proxy = Proxy::new(&server);
    let subject = Subject::new(functions, patient(proxy.url()));
    subject.warm(1);
    server.stop();
    let sent = proxy.bytes_to_server();
    let (_, first) = std::thread::scope(|scope| {
        let call = scope.spawn(|| timed(|| (functions.call)(&subject.redis, 1)));
        wait_until("a request that the server has", || proxy.bytes_to_server() > sent);
        proxy.refuse_new();
        server.kill();
        let (value, time) = call.join().unwrap();
        assert_eq!(value, 2);
        (value, time)
    });
    assert!(first < Duration::from_secs(5), "it waited for a dead server: {first:?}");
    let invalidated = subject.invalidate(1);
    let error = invalidated.as_ref().expect_err("it is down");
    assert!(ENDED.iter().any(|words| error.to_string().contains(words)), "{error}");
    subject.wait_until_down(1);
    server.restart();
    proxy.accept_new();
    let (_, recovered) = timed(|| subject.warm(1));
    is_well(&subject, "killed mid-request");
    let fault = format!("killed mid-request, {}", functions.way);
    Row { fault, first, open: None, invalidated, recovered }.print();
}

/// Between two calls. Nobody notices but for the entries that are gone.
fn restarted(functions: Functions) {
    let server = RedisServer::start();
    nobody_notices(functions, &server, patient(server.url()));
}

fn restarted_on_a_unix_socket(functions: Functions) {
    let server = RedisServer::start();
    nobody_notices(functions, &server, patient(server.socket_url()));
}

fn nobody_notices(functions: Functions, server: &RedisServer, redis: Redis) {
    let subject = Subject::new(functions, redis);
    subject.warm(1);
    server.restart();
    let (hit, first) = timed(|| subject.hits(1));
    assert!(!hit, "it keeps nothing on disk");
    assert!(subject.hits(1), "the value was stored");
    server.restart();
    let invalidated = subject.invalidate(1);
    assert!(!*invalidated.as_ref().expect("an idle connection that ended is replaced"));
    for _ in 0..10 {
        server.restart();
        subject.peek(1).expect("an idle connection that ended is replaced");
        subject.set(1, 2).unwrap();
        server.restart();
        subject.refresh(1).unwrap();
        assert!(subject.hits(1));
    }
    assert_eq!(subject.stats().errors, 0);
    assert!(subject.events().is_empty(), "{:?}", subject.events());
    let fault = format!("restarted while idle, {}", functions.way);
    Row { fault, first, open: None, invalidated, recovered: Duration::ZERO }.print();
}

fn stopped(functions: Functions) {
    let server = RedisServer::start();
    hang(functions, &server, Redis::open(server.url()).unwrap(), "SIGSTOP, then SIGCONT");
}

fn stopped_on_a_unix_socket(functions: Functions) {
    let server = RedisServer::start();
    hang(
        functions,
        &server,
        Redis::open(server.socket_url()).unwrap(),
        "SIGSTOP on a unix socket, then SIGCONT",
    );
}

fn hang(functions: Functions, server: &RedisServer, redis: Redis, fault: &'static str) {
    let subject = Subject::new(functions, redis);
    let (begin, end) = (|| server.stop(), || server.cont());
    survive(&subject, Outage { fault, warm: true, begin, end, words: SILENCE });
}

fn loading(functions: Functions) {
    let server = RedisServer::start();
    let subject = Subject::new(functions, Redis::open(server.url()).unwrap());
    let outage = Outage {
        fault: "`LOADING`",
        warm: true,
        begin: || server.restart_loading(),
        end: || server.finish_loading(),
        words: &["LOADING"],
    };
    survive(&subject, outage);
}

/// The server closes at once what is too much.
fn out_of_clients(functions: Functions) {
    let server = RedisServer::start();
    let mut control = server.connect().unwrap();
    let control = std::cell::RefCell::new(&mut control);
    let run = |words: &[&str]| control.borrow_mut().command(words).unwrap().expect("a control command");
    let subject = Subject::new(functions, Redis::open(server.url()).unwrap());
    let outage = Outage {
        fault: "max clients",
        warm: true,
        begin: || {
            run(&["CONFIG", "SET", "maxclients", "1"]);
            run(&["CLIENT", "KILL", "TYPE", "normal"]);
        },
        end: || drop(run(&["CONFIG", "SET", "maxclients", "1000"])),
        words: &["max number of clients", "reset", "pipe", "end of file", "closed"],
    };
    survive(&subject, outage);
}

/// A port that nobody ever listened on, for ever: the cost does not grow.
#[test]
fn never_there() {
    let port = Port::free();
    let subject =
        Subject::new(threads!(), Redis::open(format!("redis://127.0.0.1:{}/", port.number())).unwrap());
    subject.wait_until_down(1);
    let (_, time) = timed(|| (0..100_000).for_each(|x| assert!(!subject.hits(x))));
    assert!(time < Duration::from_secs(60), "100000 calls took {time:?}");
    let kinds: Vec<_> = subject.events().iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::Down]);
}
