//! What each method of the trait promises, on a server, over a unix socket and on a cluster, asked in both ways.

use std::time::{Duration, Instant};

use cache_memoize::Redis;
use cache_memoize::backend::{Begun, Commit};
use cache_memoize_tests::servers::{Cluster, RedisServer, wait_until};

use crate::store::{LEASE, Store, begin, both_ways, found, key, patient, token};

/// Runs a story on every kind of server.
fn everywhere(story: impl Fn(&Store)) {
    let server = RedisServer::start();
    for url in [server.url(), server.socket_url()] {
        for store in both_ways(&patient(url)) {
            server.command(&["FLUSHALL"]).expect("FLUSHALL");
            story(&store);
        }
    }
    let cluster = Cluster::start(3, 0);
    let redis = Redis::builder().cluster(cluster.urls()).timeout(Duration::from_secs(10)).build();
    for store in both_ways(&redis.expect("valid settings")) {
        for node in cluster.nodes() {
            node.command(&["FLUSHALL"]).expect("FLUSHALL");
        }
        story(&store);
    }
}

#[test]
fn what_was_committed_is_read() {
    everywhere(|store| {
        let key = key("one");
        assert_eq!(store.read(&key), None);
        let Begun::Fence(fence) = store.begin(&key, begin()) else { panic!("there is no value") };
        assert_eq!(store.read(&key), None, "nothing is stored yet");
        assert!(store.commit(&key, &fence, b"value"));
        assert_eq!(store.read(&key).as_deref(), Some(&b"value"[..]));
        assert_eq!(store.begin(&key, begin()), found(b"value"));
        assert!(matches!(store.begin(&key, begin().over(true)), Begun::Fence(_)));
    });
}

#[test]
fn values_are_bytes() {
    everywhere(|store| {
        let every_byte: Vec<u8> = (0..=255).collect();
        for value in [&b""[..], b"\r\n$-1\r\n", &every_byte, &vec![7; 100_000]] {
            store.set(&key("set"), value);
            assert_eq!(store.read(&key("set")).as_deref(), Some(value));
            assert_eq!(store.begin(&key("set"), begin()), found(value));
            let fence = store.fence(&key("committed"));
            assert!(store.commit(&key("committed"), &fence, value));
            assert_eq!(store.read(&key("committed")).as_deref(), Some(value));
        }
    });
}

#[test]
fn keys_are_text_of_any_kind() {
    everywhere(|store| {
        let texts =
            ["a b", "{", "}", "{}", "}{", "a{b}c", "{}{x}", "\u{1f600}:\"é\"", "x}y{z}", "{{a}}", "a\r\nb"];
        for text in texts {
            store.set(&key(text), text.as_bytes());
            let fence = store.fence(&key(text));
            assert!(store.commit(&key(text), &fence, text.as_bytes()), "{text}");
        }
        for text in texts {
            assert_eq!(store.read(&key(text)).as_deref(), Some(text.as_bytes()), "{text}");
            assert!(store.remove(&key(text)), "{text}");
            assert_eq!(store.read(&key(text)), None, "{text}");
        }
    });
}

#[test]
fn a_removal_says_whether_there_was_a_value() {
    everywhere(|store| {
        let key = key("one");
        assert!(!store.remove(&key));
        store.set(&key, b"value");
        assert!(store.remove(&key));
        assert!(!store.remove(&key));
        assert_eq!(store.read(&key), None);
        store.set(&key, b"value");
        store.remove_all();
        assert!(!store.remove(&key), "what was removed with its group is no value");
    });
}

#[test]
fn a_group_is_removed_at_once_and_no_other() {
    everywhere(|store| {
        let other = cache_memoize::backend::Key::new("other", "tests::other");
        store.set(&other, b"stays");
        for text in ["a", "b", "c"] {
            store.set(&key(text), b"goes");
        }
        store.remove_all();
        for text in ["a", "b", "c"] {
            assert_eq!(store.read(&key(text)), None);
            assert!(matches!(store.begin(&key(text), begin()), Begun::Fence(_)));
        }
        assert_eq!(store.read(&other).as_deref(), Some(&b"stays"[..]));
        store.set(&key("a"), b"new");
        assert_eq!(store.read(&key("a")).as_deref(), Some(&b"new"[..]));
        assert_eq!(store.read(&key("b")), None, "a new generation does not bring back the old one");
        store.remove_all();
        store.remove_all();
    });
}

#[test]
fn lifetimes_end() {
    everywhere(|store| {
        let short = Some(Duration::from_millis(1));
        assert!(store.try_set(&key("set"), b"value", short).expect("set"));
        let fence = store.fence(&key("committed"));
        let commit = Commit::new(&fence, Some(b"value")).lifetime(short);
        assert!(store.try_commit(&key("committed"), commit).expect("commit"));
        // Shorter than the server can count: one tick of its clock.
        assert!(store.try_set(&key("nothing"), b"value", Some(Duration::ZERO)).expect("set"));
        assert!(store.try_set(&key("for ever"), b"value", Some(Duration::MAX)).expect("set"));
        for text in ["set", "committed", "nothing"] {
            wait_until("the end of a millisecond", || store.read(&key(text)).is_none());
        }
        assert!(store.read(&key("for ever")).is_some());
    });
}

#[test]
fn computations_are_joined_while_they_stand() {
    everywhere(|store| {
        let key = key("one");
        let fence = store.fence(&key);
        let joining = || begin().joining(Some(fence.clone()));
        assert_eq!(store.begin(&key, joining()), Begun::Standing);
        let later = store.fence(&key);
        assert!(store.commit(&key, &later, b"later"));
        assert_eq!(store.begin(&key, joining()), found(b"later"), "a value comes first");
        assert!(matches!(store.begin(&key, joining().over(true)), Begun::Fence(_)), "a later one has landed");

        let fence = store.fence(&key);
        let joining = || begin().over(true).joining(Some(fence.clone()));
        assert_eq!(store.begin(&key, joining()), Begun::Standing);
        store.remove(&key);
        assert!(matches!(store.begin(&key, joining()), Begun::Fence(_)), "removed");

        let fence = store.fence(&key);
        let joining = || begin().over(true).joining(Some(fence.clone()));
        store.set(&key, b"set");
        assert!(matches!(store.begin(&key, joining()), Begun::Fence(_)), "set");

        let fence = store.fence(&key);
        let joining = || begin().over(true).joining(Some(fence.clone()));
        assert_eq!(store.begin(&key, joining()), Begun::Standing);
        store.remove_all();
        assert!(matches!(store.begin(&key, joining()), Begun::Fence(_)), "its group was removed");
    });
}

#[test]
fn one_leads_until_it_ends() {
    everywhere(|store| {
        let key = key("one");
        let lead = || begin().lead(true);
        let Begun::Fence(first) = store.begin(&key, lead()) else { panic!("nobody leads") };
        assert_eq!(store.begin(&key, lead()), Begun::LedByAnother);
        assert!(matches!(store.begin(&key, begin()), Begun::Fence(_)), "who does not ask does not wait");
        store.release(&key, &first);
        let Begun::Fence(second) = store.begin(&key, lead()) else { panic!("released") };
        assert!(store.commit(&key, &second, b"value"));
        let Begun::Fence(third) = store.begin(&key, lead().over(true)) else { panic!("committed") };
        assert_eq!(store.begin(&key, lead().over(true)), Begun::LedByAnother);
        store.remove(&key);
        let Begun::Fence(_) = store.begin(&key, lead()) else { panic!("removed") };
        assert_eq!(store.begin(&key, lead()), Begun::LedByAnother);
        assert!(!store.commit(&key, &third, b"old"), "fenced off");
        assert_eq!(
            store.begin(&key, lead()),
            Begun::LedByAnother,
            "the end of one that leads no more changes nothing"
        );
        store.remove_all();
        let Begun::Fence(_) = store.begin(&key, lead()) else { panic!("its group was removed") };
    });
}

#[test]
fn a_leader_that_says_nothing_leads_for_its_lease() {
    everywhere(|store| {
        let key = key("one");
        let mut dead = begin().lead(true);
        dead.lease = Duration::from_millis(30);
        assert!(matches!(store.begin(&key, dead), Begun::Fence(_)));
        // Others keep the fence, not its leadership.
        let _other = store.fence(&key);
        let began = Instant::now();
        wait_until("somebody else leads", || {
            matches!(store.begin(&key, begin().lead(true)), Begun::Fence(_))
        });
        assert!(began.elapsed() < LEASE / 2, "{:?}", began.elapsed());
    });
}

#[test]
fn a_begin_that_is_repeated_leads_still() {
    everywhere(|store| {
        let key = key("one");
        let same = begin().lead(true);
        let Begun::Fence(first) = store.begin(&key, same.clone()) else { panic!("nobody leads") };
        let Begun::Fence(second) = store.begin(&key, same) else { panic!("it leads itself") };
        assert_eq!(first.epoch, second.epoch);
        assert!(first.ticket < second.ticket);
        assert!(store.commit(&key, &second, b"value"));
    });
}

#[test]
fn fences_are_renewed_while_they_stand() {
    everywhere(|store| {
        let key = key("one");
        let mut short = begin();
        short.lease = Duration::from_millis(400);
        let Begun::Fence(fence) = store.begin(&key, short) else { panic!("no value") };
        assert!(store.renew(&key, &fence, LEASE));
        std::thread::sleep(Duration::from_millis(500));
        assert!(store.renew(&key, &fence, Duration::from_millis(1)), "a lease is not made shorter");
        assert!(store.commit(&key, &fence, b"value"));
        assert!(!store.renew(&key, &fence, LEASE), "it has ended");

        let fence = store.fence(&key);
        let mut short = begin().over(true);
        short.lease = Duration::from_millis(1);
        assert!(matches!(store.begin(&key, short), Begun::Fence(_)));
        std::thread::sleep(Duration::from_millis(20));
        assert!(store.renew(&key, &fence, LEASE), "somebody else's lease does not shorten it");
        store.remove(&key);
        assert!(!store.renew(&key, &fence, LEASE));
        let fence = store.fence(&key);
        store.remove_all();
        assert!(!store.renew(&key, &fence, LEASE));
    });
}

#[test]
fn a_lease_that_ends_costs_the_store() {
    everywhere(|store| {
        let key = key("one");
        let mut short = begin();
        short.lease = Duration::from_millis(1);
        let Begun::Fence(fence) = store.begin(&key, short) else { panic!("no value") };
        wait_until("the end of the lease", || !store.renew(&key, &fence, Duration::from_millis(1)));
        assert!(!store.commit(&key, &fence, b"late"));
        assert_eq!(store.read(&key), None);
    });
}

#[test]
fn nothing_is_left_when_computations_end() {
    let server = RedisServer::start();
    for store in both_ways(&patient(server.url())) {
        for number in 0..10 {
            let key = key(&format!("unknown {number}"));
            store.remove(&key);
            let (one, two) = (store.fence(&key), store.fence(&key));
            store.remove(&key);
            store.release(&key, &one);
            assert!(!store.commit(&key, &two, b"fenced off"));
        }
        let keys = server.command(&["KEYS", "*"]).expect("KEYS");
        let keys: Vec<String> = keys.items().iter().map(|key| key.text()).collect();
        assert_eq!(keys, ["\u{1f}{tests::group}"]);
    }
}

#[test]
fn a_token_names_its_computation() {
    everywhere(|store| {
        let token = token();
        let begin = cache_memoize::backend::Begin::new(token, LEASE);
        let Begun::Fence(fence) = store.begin(&key("one"), begin) else { panic!("no value") };
        assert_eq!(fence.token, token);
    });
}
