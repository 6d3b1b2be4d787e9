//! Servers that die, hang, come back and lose connections: what the caller gets, and how soon.

use std::io::{Read as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

use cache_memoize::backend::{Begun, CallMode};
use cache_memoize::{ErrorKind, Redis};
use cache_memoize_tests::servers::{Mode, Proxy};
use cache_memoize_tests::servers::{RedisServer, wait_until};

use crate::store::{Store, begin, both_ways, key, open, patient, timed};

/// The default deadline, and what a busy machine adds.
const DEADLINE: Duration = Duration::from_millis(100);
const SLACK: Duration = Duration::from_millis(150);

fn fails(store: &Store, kind: ErrorKind, within: Duration) {
    let (result, took) = timed(|| store.try_read(&key("one")));
    let error = result.expect_err("the server is not there");
    println!("{:?} {kind:?}: {took:?}: {error}", store.call);
    assert_eq!(error.kind(), kind, "{error}");
    assert!(took < within, "{took:?}: {error}");
}

#[test]
fn an_absent_server_is_refused_at_once() {
    let server = RedisServer::start();
    server.kill();
    for url in [server.url(), server.socket_url()] {
        for store in both_ways(&Redis::open(url).unwrap()) {
            for _ in 0..10 {
                fails(&store, ErrorKind::Unavailable, SLACK);
            }
            let took = (0..50).map(|_| timed(|| store.try_read(&key("one"))).1).min().unwrap();
            println!("{:?}: {took:?} at best", store.call);
            assert!(took < Duration::from_millis(5), "{took:?}");
        }
    }
    server.restart();
    for store in both_ways(&open(&server)) {
        store.set(&key("one"), b"value");
    }
}

#[test]
fn a_restart_between_two_calls_is_not_seen() {
    let server = RedisServer::start();
    for url in [server.url(), server.socket_url()] {
        for store in both_ways(&patient(url)) {
            store.set(&key("one"), b"value");
            server.restart();
            assert_eq!(store.read(&key("one")), None, "it keeps nothing on disk");
            store.set(&key("one"), b"value");
            server.restart();
            store.set(&key("one"), b"value");
            server.restart();
            let fence = store.fence(&key("one"));
            server.command(&["CLIENT", "KILL", "TYPE", "normal"]).expect("CLIENT KILL");
            assert!(store.commit(&key("one"), &fence, b"value"));
            server.command(&["CLIENT", "KILL", "TYPE", "normal"]).expect("CLIENT KILL");
            assert!(store.remove(&key("one")));
        }
    }
}

#[test]
fn a_killed_server_is_used_again_when_it_is_back() {
    let server = RedisServer::start();
    for store in both_ways(&open(&server)) {
        store.set(&key("one"), b"value");
        server.kill();
        fails(&store, ErrorKind::Unavailable, SLACK);
        fails(&store, ErrorKind::Unavailable, SLACK);
        server.restart();
        let (read, took) = timed(|| store.try_read(&key("one")));
        println!("{:?} after the restart: {took:?}", store.call);
        assert_eq!(read.expect("it is back"), None);
    }
}

#[test]
fn a_server_killed_under_load_fails_few_calls() {
    let server = RedisServer::start();
    for store in both_ways(&open(&server)) {
        store.set(&key("one"), b"value");
        let (stop, slowest) = (AtomicBool::new(false), std::sync::Mutex::new(Duration::ZERO));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while !stop.load(SeqCst) {
                        let took = timed(|| store.try_read(&key("one"))).1;
                        let mut slowest = slowest.lock().unwrap();
                        *slowest = took.max(*slowest);
                    }
                });
            }
            for _ in 0..3 {
                server.restart();
                wait_until("an answer", || store.try_read(&key("one")).is_ok());
            }
            stop.store(true, SeqCst);
        });
        let slowest = *slowest.lock().unwrap();
        println!("{:?}: slowest {slowest:?}", store.call);
        assert!(slowest < DEADLINE + SLACK, "{slowest:?}");
    }
}

#[test]
fn a_hanging_server_costs_the_deadline_and_is_used_again() {
    let server = RedisServer::start();
    for url in [server.url(), server.socket_url()] {
        for store in both_ways(&Redis::open(url).unwrap()) {
            store.set(&key("one"), b"value");
            server.stop();
            for _ in 0..5 {
                fails(&store, ErrorKind::Timeout, DEADLINE + SLACK);
            }
            server.cont();
            let began = Instant::now();
            wait_until("an answer", || store.try_read(&key("one")).is_ok());
            println!("{:?}: {:?} after SIGCONT", store.call, began.elapsed());
            assert!(began.elapsed() < Duration::from_secs(1));
            assert_eq!(store.read(&key("one")).as_deref(), Some(&b"value"[..]));
        }
    }
}

#[test]
fn a_server_that_hangs_from_the_start_costs_the_deadline() {
    let server = RedisServer::start_with(&["--requirepass", "secret"]);
    server.stop();
    for url in [server.url(), server.socket_url()] {
        let redis = Redis::builder().url(url).password("secret").build().unwrap();
        for store in both_ways(&redis) {
            for _ in 0..3 {
                fails(&store, ErrorKind::Timeout, DEADLINE + SLACK);
            }
        }
    }
    server.cont();
}

#[test]
fn slow_answers_cost_the_deadline() {
    let server = RedisServer::start();
    let proxy = Proxy::new(&server);
    for store in both_ways(&Redis::open(proxy.url()).unwrap()) {
        proxy.set(Mode::Forward);
        store.set(&key("one"), &[7; 20_000]);
        proxy.set(Mode::Delay(Duration::from_millis(20)));
        assert!(store.try_read(&key("one")).is_ok());
        proxy.set(Mode::Delay(Duration::from_millis(500)));
        fails(&store, ErrorKind::Timeout, DEADLINE + SLACK);
    }
}

/// Each byte comes well within the deadline, the last one does not.
#[test]
fn answers_that_trickle_in_do_not_stretch_the_deadline() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            std::thread::spawn(move || {
                let _ = client.read(&mut [0; 1000]);
                for byte in b"*2\r\n$100\r\n".iter().chain(&[b'x'; 100]) {
                    if client.write_all(&[*byte]).is_err() {
                        return;
                    }
                    std::thread::sleep(Duration::from_millis(20));
                }
            });
        }
    });
    for store in both_ways(&Redis::open(format!("redis://{address}/")).unwrap()) {
        fails(&store, ErrorKind::Timeout, DEADLINE + SLACK);
    }
}

/// An address whose handshake is never answered, as behind a firewall: a listener whose queue is full.
#[test]
fn a_connection_that_is_never_accepted_costs_the_deadline() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    let full = loop {
        match std::net::TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
            Ok(waiting) => queue.push(waiting),
            Err(_) => break true,
        }
        if queue.len() > 10_000 {
            break false;
        }
    };
    assert!(full, "the queue has an end");
    for store in both_ways(&Redis::open(format!("redis://{address}/")).unwrap()) {
        for _ in 0..2 {
            fails(&store, ErrorKind::Timeout, DEADLINE + SLACK);
        }
    }
}

#[test]
fn a_half_open_connection_is_replaced() {
    let server = RedisServer::start();
    let proxy = Proxy::new(&server);
    for store in both_ways(&Redis::open(proxy.url()).unwrap()) {
        proxy.set(Mode::Forward);
        store.set(&key("one"), b"value");
        proxy.set_existing(Mode::BlackHole);
        let began = Instant::now();
        let mut failed = 0;
        while let Err(error) = store.try_read(&key("one")) {
            assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
            failed += 1;
            assert!(failed < 10, "never replaced");
        }
        println!("{:?}: {failed} timeouts, {:?}", store.call, began.elapsed());
        let most = if store.call == CallMode::BLOCKING { 1 } else { 5 };
        assert!((1..=most).contains(&failed), "{failed}");
    }
}

#[test]
fn a_connection_cut_in_a_reply_is_replaced() {
    let server = RedisServer::start();
    let proxy = Proxy::new(&server);
    for store in both_ways(&Redis::open(proxy.url()).unwrap()) {
        proxy.set(Mode::Forward);
        store.set(&key("one"), &[7; 1000]);
        for bytes in [0, 1, 3, 10, 500] {
            proxy.set_existing(Mode::CutReplies(bytes));
            assert_eq!(store.read(&key("one")).as_deref(), Some(&[7; 1000][..]), "after {bytes} bytes");
        }
        proxy.set(Mode::Bytewise);
        assert_eq!(store.read(&key("one")).as_deref(), Some(&[7; 1000][..]));
    }
}

#[test]
fn a_leader_that_nobody_waits_for_leads_no_more() {
    let server = RedisServer::start();
    for store in both_ways(&open(&server)) {
        let key = key("led");
        let fence = store.fence(&key);
        store.release(&key, &fence);
        server.stop();
        let error = store.try_begin(&key, begin().lead(true)).expect_err("it hangs");
        assert_eq!(error.kind(), ErrorKind::Timeout);
        server.cont();
        // The server has carried it out by now, or never will.
        wait_until("an answer", || store.try_read(&key).is_ok());
        let led = || matches!(store.begin(&key, begin().lead(true)), Begun::LedByAnother);
        let began = Instant::now();
        wait_until("the end of a leader that is gone", || !led());
        println!("{:?}: {:?}", store.call, began.elapsed());
        assert!(began.elapsed() < Duration::from_secs(2), "not by its lease");
        store.remove(&key);
    }
}
