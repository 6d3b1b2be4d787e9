//! `Peer`: requests, answers, bodies that are held.

use std::panic::{AssertUnwindSafe, catch_unwind};

use cache_memoize_tests::servers::{Cluster, Peer, RedisServer, Sentinels};

use crate::again::is_alive;

const FUNCTIONS: [&str; 4] = ["plain", "later", "fleet", "fleet_later"];

fn peer(server: &RedisServer) -> Peer {
    Peer::start(env!("CARGO_BIN_EXE_peer"), &[server.url()])
}

#[test]
fn every_function_and_companion_can_be_reached() {
    let server = RedisServer::start();
    let peer = peer(&server);
    for f in FUNCTIONS {
        peer.source("one two");
        assert_eq!(peer.get(&format!("peek {f} 7")), "none");
        assert_eq!(peer.get(&format!("call {f} 7")), "one two");
        peer.source("three");
        assert_eq!(peer.get(&format!("call {f} 7")), "one two");
        assert_eq!(peer.get(&format!("peek {f} 7")), "one two");
        assert_eq!(peer.get(&format!("refresh {f} 7")), "three");
        assert_eq!(peer.runs(f), 2);
        peer.get(&format!("set {f} 7 four five"));
        assert_eq!(peer.get(&format!("call {f} 7")), "four five");
        assert_eq!(peer.get(&format!("invalidate {f} 7")), "true");
        assert_eq!(peer.get(&format!("invalidate {f} 7")), "false");
        assert_eq!(peer.get(&format!("call {f} 7")), "three");
        peer.get(&format!("invalidate_all {f}"));
        assert_eq!(peer.get(&format!("peek {f} 7")), "none");
        assert!(peer.get(&format!("key {f} 7")).contains('7'));
        assert!(peer.get(&format!("stats {f}")).contains('2'), "two hits");
    }
    for f in ["once", "once_later"] {
        peer.source("error: full");
        assert_eq!(peer.ask(&format!("call {f} 7")), Err("error: full".to_owned()));
        peer.source("fine");
        assert_eq!(peer.get(&format!("call {f} 7")), "done");
        assert_eq!(peer.get(&format!("call {f} 7")), "done");
        assert_eq!(peer.runs(f), 2);
    }
}

#[test]
fn peers_share_what_is_on_the_server() {
    let server = RedisServer::start();
    let (one, other) = (peer(&server), peer(&server));
    one.source("from one");
    other.source("from the other");
    for f in FUNCTIONS {
        assert_eq!(one.get(&format!("call {f} 1")), "from one");
        assert_eq!(other.get(&format!("call {f} 1")), "from one");
        assert_eq!(one.get(&format!("key {f} 1")), other.get(&format!("key {f} 1")));
        assert_eq!((one.runs(f), other.runs(f)), (1, 0));
        assert_eq!(other.get(&format!("invalidate {f} 1")), "true");
        assert_eq!(one.get(&format!("peek {f} 1")), "none");
    }
}

#[test]
fn a_peer_works_on_a_cluster_and_behind_sentinels() {
    let cluster = Cluster::start(2, 0);
    let sentinels = Sentinels::start(1, 1);
    let words = |kind: &[&str], urls: Vec<String>| {
        kind.iter().map(ToString::to_string).chain(urls).collect::<Vec<_>>()
    };
    for backend in [
        words(&["lease=2000", "cluster"], cluster.urls()),
        words(&["sentinel", Sentinels::NAME], sentinels.urls()),
    ] {
        let peer = Peer::start(env!("CARGO_BIN_EXE_peer"), &backend);
        peer.source("v");
        for id in 0..10 {
            assert_eq!(peer.get(&format!("call plain {id}")), "v");
            assert_eq!(peer.get(&format!("call later {id}")), "v");
            assert_eq!(peer.get(&format!("peek later {id}")), "v");
        }
    }
    let keys = |server: &RedisServer| server.command(&["DBSIZE"]).int();
    assert!(cluster.nodes().iter().all(|node| keys(node) > 0) && keys(sentinels.server(0)) > 0);
}

#[test]
fn bodies_are_held_after_they_have_read() {
    let server = RedisServer::start();
    let peer = peer(&server);
    for f in FUNCTIONS {
        peer.source("old");
        peer.hold();
        let call = peer.begin(&format!("call {f} 1"));
        peer.wait_for_held(1);
        peer.source("new");
        peer.get(&format!("invalidate {f} 1"));
        assert_eq!(call.answer_if_ready(), None);
        peer.release();
        assert_eq!(call.finish().unwrap(), "old");
        assert_eq!(peer.get(&format!("call {f} 1")), "new");
    }
}

#[test]
fn panics_and_nonsense_are_answers() {
    let server = RedisServer::start();
    let peer = peer(&server);
    peer.source("panic at once");
    for f in ["plain", "later"] {
        assert_eq!(peer.ask(&format!("call {f} 1")), Err("panicked: panic at once".to_owned()));
    }
    assert!(peer.errors().contains("panic at once"));
    assert_eq!(peer.ask("call nothing 1"), Err("there is no function `nothing`".to_owned()));
    assert_eq!(peer.ask("call plain x"), Err("`x` is no id".to_owned()));
    assert_eq!(peer.ask("frobnicate plain"), Err("`frobnicate` is no request".to_owned()));
    assert_eq!(peer.runs("plain"), 1);
}

#[test]
fn a_peer_can_be_stopped_and_killed() {
    let server = RedisServer::start();
    let peer = peer(&server);
    peer.stop();
    let waiting = peer.begin("held");
    assert_eq!(waiting.answer_if_ready(), None);
    peer.cont();
    assert_eq!(waiting.finish().unwrap(), "0");
    peer.hold();
    let call = peer.begin("call plain 1");
    peer.wait_for_held(1);
    peer.kill();
    assert_eq!(call.finish_or_die(), None, "no answer from the dead");
    assert!(catch_unwind(AssertUnwindSafe(|| peer.get("held"))).is_err(), "nobody can ask");
}

#[test]
fn dropped_it_is_gone_whatever_it_does() {
    let server = RedisServer::start();
    let peer = peer(&server);
    peer.hold();
    drop(peer.begin("call plain 1"));
    peer.wait_for_held(1);
    peer.stop();
    let id = peer.id();
    assert!(is_alive(id));
    drop(peer);
    assert!(!is_alive(id));
}
