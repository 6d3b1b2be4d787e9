//! A master that Sentinels replace.

use std::time::{Duration, Instant};

use cache_memoize::Redis;
use cache_memoize_tests::servers::{Sentinels, wait_for};

use crate::report::{Row, timed};
use crate::subject::{Functions, Subject};

both!(replaced_by_command, replaced_because_it_died, replaced_because_it_hung);

fn world(functions: Functions) -> (Sentinels, Subject) {
    let sentinels = Sentinels::start(1, 3);
    let redis = Redis::builder().sentinel(Sentinels::NAME, sentinels.urls()).build().unwrap();
    let subject = Subject::new(functions, redis);
    (0..20).for_each(|x| subject.warm(x));
    (sentinels, subject)
}

/// Calls until they hit on the new master, and the old one is not used any more.
fn follows(sentinels: &Sentinels, subject: &Subject, fault: &str, old: usize, begin: impl FnOnce()) {
    let began = Instant::now();
    begin();
    let (_, first) = timed(|| subject.hits(100));
    assert!(first < Duration::from_secs(5), "{first:?}");
    let invalidated = subject.invalidate(100);
    let new = sentinels.wait_for_failover(old);
    // An entry that only the new master can have: a store went there.
    wait_for("a store on the new master", || {
        subject.hits(100);
        match sentinels.server(new).command(&["EXISTS", &subject.key(100)]).int() {
            1 => Ok(()),
            _ => Err(subject.events()),
        }
    });
    let recovered = began.elapsed();
    wait_for("hits", || if (0..20).all(|x| subject.hits(x)) { Ok(()) } else { Err(subject.events()) });
    wait_for("an invalidation on the new master", || subject.invalidate(1));
    assert_eq!(sentinels.server(new).command(&["EXISTS", &subject.key(1)]).int(), 0);
    let fault = format!("sentinels: {fault}, failover included, {}", subject.functions.way);
    Row { fault, first, open: None, invalidated, recovered }.print();
}

fn replaced_by_command(functions: Functions) {
    let (sentinels, subject) = world(functions);
    let old = sentinels.master();
    follows(&sentinels, &subject, "master replaced by command", old, || {
        sentinels.failover();
    });
    // Once more, back.
    sentinels.wait_until_healthy();
    let old = sentinels.master();
    follows(&sentinels, &subject, "and back", old, || {
        sentinels.failover();
    });
}

fn replaced_because_it_died(functions: Functions) {
    let (sentinels, subject) = world(functions);
    let old = sentinels.master();
    follows(&sentinels, &subject, "master killed", old, || sentinels.server(old).kill());
}

/// When it goes on, the old master takes itself for one still: nothing may be read from it.
fn replaced_because_it_hung(functions: Functions) {
    let (sentinels, subject) = world(functions);
    let old = sentinels.master();
    follows(&sentinels, &subject, "master SIGSTOPped", old, || sentinels.server(old).stop());
    subject.warm(7);
    sentinels.server(old).cont();
    // Whatever is invalidated is so on the master that counts.
    wait_for("an invalidation", || subject.invalidate(7));
    let new = sentinels.server(sentinels.master());
    assert_eq!(new.command(&["EXISTS", &subject.key(7)]).int(), 0);
    sentinels.wait_until_healthy();
    subject.warm(7);
}
