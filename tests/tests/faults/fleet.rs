//! Two processes: what one is told holds for the other, and what one computes the other need not.

use std::time::{Duration, Instant};

use cache_memoize_tests::servers::{Peer, RedisServer, wait_until};

const PLAIN: [&str; 4] = ["plain", "later", "fleet", "fleet_later"];
const FLEET: [&str; 2] = ["fleet", "fleet_later"];
const ONCE: [&str; 2] = ["once", "once_later"];

fn start(settings: &[&str], server: &RedisServer) -> Peer {
    let url = server.url();
    let words: Vec<_> = settings.iter().copied().chain([url.as_str()]).collect();
    Peer::start(env!("CARGO_BIN_EXE_peer"), &words)
}

/// A computes, and is held after it has read; B says that what it read is old.
#[test]
fn what_another_process_invalidated_is_not_stored() {
    let server = RedisServer::start();
    for f in PLAIN {
        for operation in ["invalidate {f} 7", "invalidate_all {f}", "set {f} 7 new", "refresh {f} 7"] {
            let (a, b) = (start(&[], &server), start(&[], &server));
            let operation = operation.replace("{f}", f);
            b.get(&format!("invalidate {f} 7"));
            a.source("old");
            b.source("new");
            a.hold();
            let call = a.begin(&format!("call {f} 7"));
            a.wait_for_held(1);
            b.ask(&operation).unwrap();
            a.source("new");
            assert_ne!(b.get(&format!("peek {f} 7")), "old", "{operation}");
            a.release();
            let value = call.finish().unwrap();
            assert!(["old", "new"].contains(&value.as_str()), "{operation}: {value}");
            assert_ne!(b.get(&format!("peek {f} 7")), "old", "{operation}");
            for peer in [&a, &b, &a] {
                assert_eq!(peer.get(&format!("call {f} 7")), "new", "{operation}");
            }
        }
    }
}

/// A call that starts in A after B's invalidation does not join what A computes since before.
#[test]
fn what_another_process_invalidated_is_not_joined() {
    let server = RedisServer::start();
    for f in PLAIN {
        let (a, b) = (start(&[], &server), start(&[], &server));
        a.source("old");
        a.hold();
        let old = a.begin(&format!("call {f} 7"));
        a.wait_for_held(1);
        b.get(&format!("invalidate {f} 7"));
        a.source("new");
        let new = a.begin(&format!("call {f} 7"));
        a.wait_for_held(2);
        a.release();
        assert_eq!((old.finish(), new.finish()), (Ok("old".to_owned()), Ok("new".to_owned())), "{f}");
        assert_eq!(b.get(&format!("call {f} 7")), "new", "{f}");
        assert_eq!(b.runs(f), 0, "{f}");
    }
}

/// One computation for all, and everybody is served when it is done.
#[test]
fn one_computes_for_the_fleet() {
    let server = RedisServer::start();
    for f in FLEET {
        let (a, b) = (start(&[], &server), start(&[], &server));
        a.source("from a");
        b.source("from b");
        a.hold();
        let leader = a.begin(&format!("call {f} 7"));
        a.wait_for_held(1);
        let followers: Vec<_> = (0..10).map(|_| b.begin(&format!("call {f} 7"))).collect();
        wait_until("followers who listen", || !server.command(&["PUBSUB", "CHANNELS"]).items().is_empty());
        assert!(followers.iter().all(|follower| follower.answer_if_ready().is_none()));
        a.release();
        let released = Instant::now();
        for follower in followers {
            assert_eq!(follower.finish().as_deref(), Ok("from a"), "{f}");
        }
        let (f, served) = (if f == "fleet" { "sync" } else { "async" }, released.elapsed());
        println!(
            "\n| leader in another process commits, {f} | its value | – | – | {} ms |",
            served.as_millis()
        );
        assert_eq!(leader.finish().as_deref(), Ok("from a"));
        assert_eq!((a.runs(FLEET[0]) + a.runs(FLEET[1]), b.runs(FLEET[0]) + b.runs(FLEET[1])), (1, 0));
    }
}

/// Without `single_flight = "fleet"`, nobody waits for another process.
#[test]
fn others_do_not_wait() {
    let server = RedisServer::start();
    let (a, b) = (start(&[], &server), start(&[], &server));
    for f in ["plain", "later"] {
        a.source("from a");
        b.source("from b");
        a.hold();
        let held = a.begin(&format!("call {f} 7"));
        a.wait_for_held(1);
        assert_eq!(b.get(&format!("call {f} 7")), "from b");
        a.release();
        held.finish().unwrap();
        assert_eq!(a.get(&format!("call {f} 7")), b.get(&format!("call {f} 7")), "one of them stays");
    }
}

/// The leader is killed, or stopped: another takes over when its lease ends.
#[test]
fn a_leader_that_dies_is_taken_over() {
    let server = RedisServer::start();
    for f in FLEET {
        for stop in [false, true] {
            let settings = ["lease=1000", "max_wait=50000"];
            let (a, b) = (start(&settings, &server), start(&settings, &server));
            a.source("from a");
            b.source("from b");
            b.get(&format!("invalidate {f} 7"));
            a.hold();
            let leader = a.begin(&format!("call {f} 7"));
            a.wait_for_held(1);
            let follower = b.begin(&format!("call {f} 7"));
            if stop {
                a.stop()
            } else {
                a.kill()
            }
            let dead = Instant::now();
            assert_eq!(follower.finish().as_deref(), Ok("from b"), "{f}");
            let taken = dead.elapsed();
            assert!(taken < Duration::from_secs(20), "{f}: taken over after {taken:?}");
            let how = if stop { "stopped" } else { "killed" };
            println!(
                "\n| leader {how}, lease 1 s, {f} | a follower's own value | – | – | {} ms |",
                taken.as_millis()
            );
            if stop {
                // Back from the dead, it stores nothing over what came later.
                a.cont();
                a.release();
                assert_eq!(leader.finish().as_deref(), Ok("from a"));
                assert_eq!(b.get(&format!("call {f} 7")), "from b");
                assert_eq!(b.get(&format!("peek {f} 7")), "from b");
            }
        }
    }
}

/// A leader that computes for longer than its lease keeps it.
#[test]
fn a_leader_that_lives_is_not_taken_over() {
    let server = RedisServer::start();
    for f in FLEET {
        let settings = ["lease=500", "max_wait=50000"];
        let (a, b) = (start(&settings, &server), start(&settings, &server));
        a.source("from a");
        b.source("from b");
        a.hold();
        let leader = a.begin(&format!("call {f} 7"));
        a.wait_for_held(1);
        let follower = b.begin(&format!("call {f} 7"));
        // Time passes; that is what the story is about.
        std::thread::sleep(Duration::from_secs(3));
        assert!(follower.answer_if_ready().is_none() && b.runs(f) == 0, "{f}: taken over from one who lives");
        a.release();
        assert_eq!(
            (leader.finish().as_deref(), follower.finish().as_deref()),
            (Ok("from a"), Ok("from a")),
            "{f}"
        );
    }
}

/// A follower does not wait for ever.
#[test]
fn waiting_has_an_end() {
    let server = RedisServer::start();
    for f in FLEET {
        let (a, b) = (start(&[], &server), start(&["max_wait=300"], &server));
        a.source("from a");
        b.source("from b");
        a.hold();
        let leader = a.begin(&format!("call {f} 7"));
        a.wait_for_held(1);
        assert_eq!(b.get(&format!("call {f} 7")), "from b", "{f}");
        a.release();
        leader.finish().unwrap();
    }
}

/// A leader whose body fails hands over at once.
#[test]
fn a_leader_that_fails_hands_over() {
    let server = RedisServer::start();
    for f in FLEET {
        let settings = ["lease=30000", "max_wait=50000"];
        let (a, b) = (start(&settings, &server), start(&settings, &server));
        a.source("error: none");
        b.source("from b");
        a.hold();
        let leader = a.begin(&format!("call {f} 7"));
        a.wait_for_held(1);
        let follower = b.begin(&format!("call {f} 7"));
        wait_until("a follower who listens", || !server.command(&["PUBSUB", "CHANNELS"]).items().is_empty());
        a.release();
        let began = Instant::now();
        assert_eq!(leader.finish(), Err("error: none".to_owned()));
        assert_eq!(follower.finish().as_deref(), Ok("from b"), "{f}");
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    }
}

/// An invalidation sets followers free from a leader who has read what is old.
#[test]
fn followers_of_what_is_invalidated_compute() {
    let server = RedisServer::start();
    for f in FLEET {
        let (a, b) = (start(&["max_wait=50000"], &server), start(&["max_wait=50000"], &server));
        a.source("old");
        b.source("new");
        a.hold();
        let leader = a.begin(&format!("call {f} 7"));
        a.wait_for_held(1);
        let follower = b.begin(&format!("call {f} 7"));
        wait_until("a follower who listens", || !server.command(&["PUBSUB", "CHANNELS"]).items().is_empty());
        b.get(&format!("invalidate {f} 7"));
        assert_eq!(follower.finish().as_deref(), Ok("new"), "{f}");
        a.release();
        leader.finish().unwrap();
        assert_eq!(b.get(&format!("peek {f} 7")), "new", "{f}");
    }
}

/// `store_result = false`: at most one run in the whole fleet while the mark lasts.
#[test]
fn once_in_the_fleet() {
    let server = RedisServer::start();
    for f in ONCE {
        let peers: Vec<_> = (0..3).map(|_| start(&[], &server)).collect();
        peers[0].hold();
        peers[1].hold();
        peers[2].hold();
        let calls: Vec<_> =
            (0..5).flat_map(|_| &peers).map(|peer| peer.begin(&format!("call {f} 7"))).collect();
        let held = || peers.iter().map(|peer| peer.get("held").parse::<usize>().unwrap()).sum::<usize>();
        wait_until("the one that runs", || held() > 0);
        std::thread::sleep(Duration::from_millis(300));
        assert_eq!(held(), 1, "{f}");
        peers.iter().for_each(Peer::release);
        calls.into_iter().for_each(|call| drop(call.finish().unwrap()));
        assert_eq!(peers.iter().map(|peer| peer.runs(f)).sum::<usize>(), 1, "{f}");
        // Until somebody says so.
        peers[0].get(&format!("invalidate {f} 7"));
        peers[1].get(&format!("call {f} 7"));
        assert_eq!(peers.iter().map(|peer| peer.runs(f)).sum::<usize>(), 2, "{f}");
    }
}

/// Its runner is killed: somebody else runs it when the lease ends.
#[test]
fn once_in_the_fleet_is_taken_over() {
    let server = RedisServer::start();
    for f in ONCE {
        let settings = ["lease=1000"];
        let (a, b) = (start(&settings, &server), start(&settings, &server));
        a.hold();
        let _dead = a.begin(&format!("call {f} 7"));
        a.wait_for_held(1);
        let next = b.begin(&format!("call {f} 7"));
        a.kill();
        next.finish().unwrap();
        assert_eq!(b.runs(f), 1, "{f}");
    }
}
