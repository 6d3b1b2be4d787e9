//! `Sentinels`.

use cache_memoize_tests::servers::{Sentinels, wait_until};

#[test]
fn one_sentinel_fails_over_on_demand_and_when_the_master_dies() {
    let all = Sentinels::start(1, 1);
    assert_eq!((all.master(), all.master_port()), (0, all.server(0).port()));
    all.server(0).command(&["SET", "k", "v"]);
    all.server(0).wait_until_replicated();
    assert!(all.server(1).command(&["SET", "k", "w"]).error().unwrap().starts_with("READONLY"));

    assert_eq!(all.failover(), 1);
    assert_eq!(all.master_port(), all.server(1).port());
    assert_eq!(all.server(1).command(&["GET", "k"]), "v");
    assert_eq!(all.server(1).command(&["SET", "k", "w"]), "OK");
    wait_until("the old master is a replica", || all.server(0).info("role") == "slave");
    all.wait_until_healthy();

    all.server(1).kill();
    assert_eq!(all.wait_for_failover(1), 0);
    assert_eq!(all.server(0).command(&["SET", "k", "x"]), "OK");
}

#[test]
fn three_sentinels_replace_a_master_that_hangs() {
    let all = Sentinels::start(2, 3);
    all.server(0).stop();
    all.sentinels()[0].kill();
    let new = all.wait_for_failover(0);
    assert!([1, 2].contains(&new));
    assert_eq!(all.server(new).command(&["SET", "k", "v"]), "OK");
    all.server(0).cont();
    wait_until("the old master is a replica", || all.server(0).info("role") == "slave");
}
