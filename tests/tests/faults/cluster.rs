//! Redis Cluster: keys on several servers, which move and die.

use std::time::{Duration, Instant};

use cache_memoize::{EventKind, Redis};
use cache_memoize_tests::servers::{Cluster, wait_for};

use crate::report::{Row, timed};
use crate::subject::{AMPLE, Functions, Subject};

both!(everything_works, a_slot_moves, a_primary_dies);

fn patient(cluster: &Cluster) -> Redis {
    Redis::builder().cluster(cluster.urls()).timeout(AMPLE).build().unwrap()
}

fn everything_works(functions: Functions) {
    let cluster = Cluster::start(3, 0);
    let subject = Subject::new(functions, patient(&cluster));
    let mut owners = [0; 3];
    for x in 0..100 {
        assert!(!subject.hits(x) && subject.hits(x));
        owners[cluster.owner_of(&subject.key(x))] += 1;
        assert_eq!(subject.peek(x).unwrap(), Some(2 * x));
        assert_eq!(subject.refresh(x).unwrap(), 2 * x);
        subject.set(x, 2 * x).unwrap();
        assert!(subject.hits(x));
        if x % 2 == 0 {
            assert!(subject.invalidate(x).unwrap());
            assert!(!subject.invalidate(x).unwrap());
            assert!(!subject.hits(x));
        }
    }
    assert!(owners.iter().all(|keys| *keys > 0), "{owners:?}");
    // One operation for all nodes.
    subject.invalidate_all().unwrap();
    for x in 0..100 {
        assert_eq!(subject.peek(x).unwrap(), None);
        assert!(!subject.hits(x) && subject.hits(x));
    }
    assert_eq!(subject.stats().errors, 0, "{:#}", subject.stats());
    assert!(subject.events().is_empty(), "{:?}", subject.events());
}

/// `ASK` while it moves, `MOVED` when it has. In between the server may say `TRYAGAIN` to those who use a key that is
/// there and one that is not yet: they go without the cache, and keys of other slots do not.
fn a_slot_moves(functions: Functions) {
    let cluster = Cluster::start(2, 0);
    let subject = Subject::new(functions, patient(&cluster));
    (0..20).for_each(|x| subject.warm(x));
    for x in 0..4 {
        let slot = cluster.slot_of(&subject.key(x));
        let others: Vec<_> = (0..20).filter(|x| cluster.slot_of(&subject.key(*x)) != slot).collect();
        let moving = cluster.begin_move(slot, 1 - cluster.owner_of_slot(slot));
        // One that knows of the value, and one that has never heard of it and would begin a computation.
        let stranger = Subject::new(functions, patient(&cluster));
        assert!(subject.hits(x) && stranger.hits(x), "still there: {:#?}", stranger.events());
        moving.move_keys();
        let stranger = Subject::new(functions, patient(&cluster));
        assert!(subject.hits(x) && stranger.hits(x), "`ASK`: {:#?}", stranger.events());
        if let Err(error) = subject.invalidate(x) {
            assert!(error.to_string().contains("TRYAGAIN"), "{error}");
            assert!(subject.hits(x), "it did not claim to be invalidated: {:#?}", subject.events());
        }
        others.iter().for_each(|x| assert!(subject.hits(*x), "{:#?}", subject.events()));
        moving.finish();
        subject.warm(x);
        assert!(subject.invalidate(x).unwrap(), "`MOVED`");
        assert!(!subject.hits(x) && subject.hits(x));
        others.iter().for_each(|x| assert!(subject.hits(*x)));
    }
    let events = subject.events();
    assert!(events.iter().all(|event| event.kind == EventKind::Refused), "the cluster is up: {events:#?}");
}

/// A primary is killed, or hangs; its replica takes over after a second or two.
fn a_primary_dies(functions: Functions) {
    for hang in [false, true] {
        let cluster = Cluster::start(3, 1);
        let redis = Redis::builder().cluster(cluster.urls()).build().unwrap();
        let subject = Subject::new(functions, redis);
        (0..60).for_each(|x| subject.warm(x));
        let key = subject.key(1);
        let primary = cluster.owner_of(&key);
        let node = cluster.node(primary);
        if hang {
            node.stop()
        } else {
            node.kill()
        }
        let began = Instant::now();
        let (_, first) = timed(|| subject.hits(1));
        assert!(first < Duration::from_secs(5), "{first:?}");
        let invalidated = subject.invalidate(1);
        assert!(invalidated.is_err(), "its primary is gone: {invalidated:?}");
        let mut longest = first;
        let mut calls = 0_u32;
        wait_for("a hit on the new primary", || {
            let (hit, time) = timed(|| subject.hits(1));
            longest = longest.max(time);
            calls += 1;
            if hit { Ok(()) } else { Err(subject.events()) }
        });
        let recovered = began.elapsed();
        assert!(longest < Duration::from_secs(5), "{longest:?}");
        let how = if hang { "SIGSTOP" } else { "killed" };
        let fault = format!(
            "cluster: primary {how}, failover included ({calls} calls, the longest {} ms), {}",
            longest.as_millis(),
            functions.way
        );
        Row { fault, first, open: None, invalidated, recovered }.print();
        cluster.wait_for_failover(&key, primary);
        if hang {
            node.cont();
        } else {
            node.restart();
        }
        cluster.wait_until_healthy();
        wait_for("all keys to hit", || {
            let missed: Vec<_> = (0..60).filter(|x| !subject.hits(*x)).collect();
            if missed.is_empty() { Ok(()) } else { Err(missed) }
        });
        is_alive(&subject);
    }
}

fn is_alive(subject: &Subject) {
    wait_for("an invalidation", || subject.invalidate(1));
    wait_for("an invalidation of all", || subject.invalidate_all());
    subject.warm(1);
}
