//! A master that sentinels replace: because it is told to, because it dies, because it hangs.

use std::time::{Duration, Instant};

use cache_memoize::{ErrorKind, Redis};
use cache_memoize_tests::servers::{Sentinels, wait_until};

use crate::store::{both_ways, key, timed};

fn redis(sentinels: &Sentinels) -> Redis {
    let builder = Redis::builder().sentinel(Sentinels::NAME, sentinels.urls());
    builder.build().expect("valid settings")
}

#[test]
fn the_master_is_found() {
    let sentinels = Sentinels::start(1, 3);
    let master = sentinels.master();
    for store in both_ways(&redis(&sentinels)) {
        store.set(&key("one"), b"value");
        assert_eq!(sentinels.server(master).command(&["EXISTS", "one"]).int(), 1);
        assert!(store.remove(&key("one")));
    }
    // Any one will do, also when others hang.
    sentinels.sentinels()[0].kill();
    sentinels.sentinels()[1].stop();
    let patient =
        Redis::builder().sentinel(Sentinels::NAME, sentinels.urls()).timeout(Duration::from_secs(2));
    for store in both_ways(&patient.build().unwrap()) {
        store.set(&key("one"), b"value");
    }
    sentinels.sentinels()[1].cont();
    for store in both_ways(&Redis::builder().sentinel("no-such", sentinels.urls()).build().unwrap()) {
        let error = store.try_read(&key("one")).expect_err("no such master");
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.to_string().contains("know no master called \"no-such\""), "{error}");
    }
}

#[test]
fn a_master_that_is_replaced_is_left_soon() {
    let sentinels = Sentinels::start(1, 3);
    let stores = both_ways(&redis(&sentinels));
    for store in &stores {
        store.set(&key("one"), b"value");
    }
    let began = Instant::now();
    let new = sentinels.failover();
    println!("failover took {:?}", began.elapsed());
    let agreed = Instant::now();
    for store in &stores {
        // Each writes its own key until it arrives at the new master.
        let name = format!("{:?}", store.call);
        let mut lost = 0;
        loop {
            let set = store.try_set(&key(&name), b"value", None);
            if set.is_ok() {
                if sentinels.server(new).command(&["EXISTS", &name]).int() == 1 {
                    break;
                }
                lost += 1;
            }
            assert!(agreed.elapsed() < Duration::from_secs(5), "not yet at the new master: {set:?}");
        }
        println!(
            "{name}: at the new master {:?} after the sentinels agreed, {lost} writes lost",
            agreed.elapsed()
        );
        assert!(agreed.elapsed() < Duration::from_millis(1200));
    }
}

#[test]
fn a_master_that_dies_or_hangs_is_replaced() {
    let sentinels = Sentinels::start(2, 3);
    let stores = both_ways(&redis(&sentinels));
    for hang in [false, true] {
        for store in &stores {
            wait_until("a master", || store.try_set(&key("one"), b"value", None).is_ok());
        }
        let old = sentinels.master();
        if hang {
            sentinels.server(old).stop();
        } else {
            sentinels.server(old).kill();
        }
        let began = Instant::now();
        std::thread::scope(|scope| {
            for store in &stores {
                scope.spawn(move || {
                    let (mut slowest, mut failed) = (Duration::ZERO, 0);
                    loop {
                        let (set, took) = timed(|| store.try_set(&key("one"), b"value", None));
                        slowest = slowest.max(took);
                        if set.is_ok() {
                            break;
                        }
                        failed += 1;
                        assert!(began.elapsed() < Duration::from_secs(30), "{:?}", set);
                    }
                    let took = began.elapsed();
                    println!("hang {hang} {:?}: {took:?}, {failed} failed, slowest {slowest:?}", store.call);
                    assert!(slowest < Duration::from_millis(250), "{slowest:?}");
                });
            }
        });
        let new = sentinels.wait_for_failover(old);
        println!("hang {hang}: the sentinels took {:?}", began.elapsed());
        assert_ne!(new, old);
        if hang {
            sentinels.server(old).cont();
        } else {
            sentinels.server(old).restart();
        }
        sentinels.wait_until_healthy();
    }
}
