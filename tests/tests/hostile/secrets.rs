//! Nothing that can be printed has a password or a user name in it, whatever goes wrong with a login.

use std::sync::Mutex;
use std::time::Duration;

use cache_memoize::{Redis, RedisBuilder, cache_memoize, functions, observe};
use cache_memoize_tests::servers::{Act, Cluster, FakeServer, RedisServer, Sentinels, Words};

use crate::no_panic;

const USER: &str = "canary-user";
const PASSWORD: &str = "canary@secret/#1";
/// As a URL has them.
const LOGIN: &str = "canary-user:canary%40secret%2F%231";
/// In every spelling.
const CANARIES: [&str; 3] = ["canary-user", "canary@secret", "canary%40secret"];

#[cache_memoize(ttl = 600, backend = redis, skip(redis), prefix = "canary", single_flight = "fleet")]
fn threaded(redis: &Redis, x: u64) -> u64 {
    x + 1
}

#[cache_memoize(ttl = 600, backend = redis, skip(redis), prefix = "canary-async", single_flight = "fleet")]
async fn awaited(redis: &Redis, x: u64) -> u64 {
    x + 1
}

static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn say(text: String) {
    SAID.lock().unwrap().push(text);
}

/// All that a program could print of it.
fn print(builder: RedisBuilder) {
    say(format!("{builder:?} {builder:#?}"));
    let redis = match builder.timeout(Duration::from_millis(500)).build() {
        Ok(redis) => redis,
        Err(error) => return say(format!("{error} {error:?} {error:#?}")),
    };
    say(format!("{redis:?} {redis:#?} {:?}", redis.as_shared()));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut errors = Vec::new();
    for x in 0..3 {
        assert_eq!(threaded(&redis, x), x + 1);
        assert_eq!(runtime.block_on(awaited(&redis, x)), x + 1);
        errors.extend(threaded_invalidate(&redis, x).err());
        errors.extend(threaded_peek(&redis, x).err());
        errors.extend(threaded_set(&redis, x, 1).err());
        errors.extend(threaded_invalidate_all(&redis).err());
        errors.extend(runtime.block_on(awaited_peek(&redis, x)).err());
    }
    assert!(!errors.is_empty(), "this login works: {redis:?}");
    for error in errors {
        say(format!("{error} {error:?} {error:#?} {:?}", std::error::Error::source(&error)));
    }
}

/// A server or a proxy that quotes whatever it is asked.
fn quoting(code: &'static str) -> FakeServer {
    FakeServer::start(move |words: &Words| {
        let quoted: Vec<_> =
            words.iter().map(|word| format!("'{}'", String::from_utf8_lossy(word))).collect();
        let line = quoted.join(" ").replace(['\r', '\n'], " ");
        Act::say(&format!("-{code}unknown command, with args beginning with: {line}\r\n"))
    })
}

#[test]
fn nothing_printed_has_a_login_in_it() {
    no_panic();
    observe(|event| say(format!("{event} {event:?} {event:#?}")));
    let url = |port: u16| format!("redis://{LOGIN}@127.0.0.1:{port}/");
    let of = |url: String| print(Redis::builder().url(url));
    let beside = |builder: RedisBuilder| print(builder.username(USER).password(PASSWORD));

    let wrong = RedisServer::start_with(&["--requirepass", "another"]);
    let renamed = RedisServer::start_with(&["--rename-command", "AUTH", ""]);
    let open = RedisServer::start();
    let fakes =
        ["ERR ", "WRONGPASS ", "NOAUTH ", "NOPERM ", "LOADING ", "READONLY ", "canary@secret/#1 ", ""]
            .map(quoting);
    let ports = [wrong.port(), renamed.port(), open.port(), 1].into_iter();
    for port in ports.chain(fakes.iter().map(FakeServer::port)) {
        of(url(port));
        beside(Redis::builder().url(format!("redis://127.0.0.1:{port}/")));
        of(format!("redis://:canary%40secret%2F%231@127.0.0.1:{port}/"));
        print(Redis::builder().cluster([url(port)]));
        beside(Redis::builder().cluster([format!("redis://127.0.0.1:{port}/")]));
        print(Redis::builder().sentinel("master", [url(port)]));
        beside(Redis::builder().sentinel("master", [format!("redis://127.0.0.1:{port}/")]));
    }
    of(format!("redis://{LOGIN}@no-such-host.invalid/"));
    of(format!("redis+unix:///no/such.sock?user={USER}&pass=canary%40secret"));
    for rest in
        ["127.0.0.1:1/#canary@secret", "127.0.0.1:1/?db=canary@secret", "127.0.0.1:port/", "h/canary@secret"]
    {
        of(format!("redis://{LOGIN}@{rest}"));
    }
    of("redis://127.0.0.1:1/#canary-user".to_owned());
    of("redis://127.0.0.1:1#canary-user".to_owned());
    of(format!("redis://{USER}:canary@secret@127.0.0.1:1/"));

    let sentinels = Sentinels::start(0, 1);
    beside(Redis::builder().sentinel(Sentinels::NAME, sentinels.urls()));
    let cluster = Cluster::start_with(3, 0, &["--rename-command", "AUTH", ""]);
    beside(Redis::builder().cluster(cluster.urls()));
    say(format!("{:?} {:#?}", functions(), functions()));

    let said = SAID.lock().unwrap();
    println!("{} texts, such as {}", said.len(), said[said.len() / 2]);
    for text in said.iter() {
        for canary in CANARIES {
            assert!(!text.contains(canary), "{text}");
        }
    }
}
