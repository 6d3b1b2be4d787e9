//! TLS with a real server: whom the client trusts, who it is, and what becomes of a call when either is wrong.

use std::time::Duration;

use cache_memoize::{ErrorKind, Redis, RedisBuilder, cache_memoize};
use cache_memoize_tests::servers::{Authority, Identity, RedisServer, TlsServer, wait_until};

/// Long enough for a handshake on a busy machine.
const PATIENT: Duration = Duration::from_secs(20);

#[cache_memoize(ttl = 300, backend = redis, skip(redis), prefix = "tls-doubled")]
fn doubled(redis: &Redis, x: u64) -> u64 {
    2 * x
}

#[cache_memoize(ttl = 300, backend = redis, skip(redis), prefix = "tls-tripled")]
async fn tripled(redis: &Redis, x: u64) -> u64 {
    3 * x
}

fn of(server: &TlsServer, authority: &Authority) -> RedisBuilder {
    Redis::builder().url(server.url()).ca_certificate(authority.pem()).timeout(PATIENT)
}

fn hits(redis: &Redis) {
    assert_eq!((doubled(redis, 7), doubled(redis, 7)), (14, 14));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        assert_eq!((tripled(redis, 7).await, tripled(redis, 7).await), (21, 21));
        assert!(tripled_invalidate(redis, 7).await.expect("the server answers"));
    });
    assert_eq!((doubled_stats(redis).hits, tripled_stats(redis).hits), (1, 1));
    assert!(doubled_invalidate(redis, 7).expect("the server answers"));
}

/// The function computes, and whoever needs an answer learns why there is none.
fn is_refused(redis: Redis, reason: &str) {
    assert_eq!(doubled(&redis, 7), 14);
    let error = doubled_invalidate(&redis, 7).expect_err("nobody is there to be trusted");
    assert!(
        matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Setting | ErrorKind::Timeout),
        "{error:?}"
    );
    assert!(error.to_string().contains(reason), "{error}");
}

#[test]
fn an_authority_of_our_own() {
    let authority = Authority::new();
    let server = TlsServer::start(&authority.certify("127.0.0.1", 2100), None);
    hits(&of(&server, &authority).build().unwrap());
}

#[test]
fn who_is_not_trusted_is_not_asked() {
    let (authority, other) = (Authority::new(), Authority::new());
    let shows = |identity: &Identity| TlsServer::start(identity, None);
    let right = shows(&authority.certify("127.0.0.1", 2100));
    is_refused(of(&right, &other).build().unwrap(), "UnknownIssuer");
    // Without a word about authorities, those of the system count.
    is_refused(Redis::builder().url(right.url()).timeout(PATIENT).build().unwrap(), "UnknownIssuer");
    let expired = shows(&authority.certify("127.0.0.1", 2001));
    is_refused(of(&expired, &authority).build().unwrap(), "xpired");
    let elsewhere = shows(&authority.certify("example.org", 2100));
    is_refused(of(&elsewhere, &authority).build().unwrap(), "not valid for name");
}

#[test]
fn a_server_may_demand_to_know_its_clients() {
    let (authority, other) = (Authority::new(), Authority::new());
    let server = TlsServer::start(&authority.certify("127.0.0.1", 2100), Some(&authority));
    let as_client = |authority_of_us: &Authority| {
        let us = authority_of_us.certify("app", 2100);
        of(&server, &authority).client_certificate(us.certificate, us.key).build().unwrap()
    };
    hits(&as_client(&authority));
    // What the server says differs by the moment at which it says so.
    is_refused(of(&server, &authority).build().unwrap(), "");
    is_refused(as_client(&other), "");
}

/// Killed, started again, and stopped: as without TLS.
#[test]
fn outages_are_survived() {
    let authority = Authority::new();
    let tls = TlsServer::start(&authority.certify("127.0.0.1", 2100), None);
    let redis = of(&tls, &authority).timeout(Duration::from_secs(2)).build().unwrap();
    let is_hit = || {
        let before = doubled_stats(&redis).hits;
        assert_eq!(doubled(&redis, 1), 2);
        doubled_stats(&redis).hits > before
    };
    wait_until("a hit", is_hit);
    tls.server.kill();
    assert_eq!(doubled(&redis, 1), 2);
    tls.server.restart();
    wait_until("a hit after it came back", is_hit);
    tls.server.stop();
    assert_eq!(doubled(&redis, 1), 2);
    assert!(doubled_invalidate(&redis, 1).is_err());
    tls.server.cont();
    wait_until("a hit after it went on", is_hit);
}

#[test]
fn what_cannot_work_is_said_before_anything_connects() {
    let authority = Authority::new();
    let us = authority.certify("app", 2100);
    let tls = || Redis::builder().url("rediss://127.0.0.1/");
    for (builder, words) in [
        (tls().ca_certificate("/etc/redis/ca.crt"), "ca_certificate: there is no certificate in it"),
        (tls().ca_certificate(""), "ca_certificate: there is no certificate in it"),
        (
            tls().client_certificate(us.key.clone(), us.key.clone()),
            "client_certificate: there is no certificate",
        ),
        (tls().client_certificate(us.certificate.clone(), us.certificate.clone()), "no private key"),
        (Redis::builder().url("redis://127.0.0.1/").ca_certificate(authority.pem()), "write rediss://"),
        (Redis::builder().sentinel("main", ["redis://a"]).ca_certificate(authority.pem()), "write rediss://"),
        (Redis::builder().cluster(["redis://a"]).ca_certificate(authority.pem()), "write rediss://"),
    ] {
        let error = builder.build().map(drop).expect_err(words);
        assert_eq!(error.kind(), ErrorKind::Setting);
        assert!(error.to_string().contains(words), "{error}");
    }
    // Both kinds of place take them.
    tls().ca_certificate(authority.pem()).build().unwrap();
    Redis::builder().sentinel("main", ["rediss://a"]).ca_certificate(authority.pem()).build().unwrap();
    Redis::builder().cluster(["rediss://a"]).ca_certificate(authority.pem()).build().unwrap();
    // A key is a secret.
    let secret = us.key.lines().nth(1).expect("a line of it").to_owned();
    let shown = format!("{:?}", tls().client_certificate(us.certificate, us.key));
    assert!(!shown.contains(&secret), "{shown}");
}

/// What a plain server answers to a handshake is no certificate.
#[test]
fn a_server_without_tls_is_not_spoken_to() {
    let server = RedisServer::start();
    let url = server.url().replace("redis://", "rediss://");
    // It waits for the end of what it takes for a command.
    is_refused(
        Redis::builder().url(url).timeout(Duration::from_secs(2)).build().unwrap(),
        "no answer in time",
    );
}
