//! Reads at the same time: whatever they share a command with, everybody gets what is theirs. How many commands there
//! are is seen in `redis/line`, where the line can be kept from its turn.

use std::collections::BTreeMap;

use cache_memoize::backend::{CallMode, Key, Read};
use cache_memoize::{Error, ErrorKind, Redis};
use cache_memoize_tests::servers::RedisServer;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::store::{RUNTIME, both_ways, patient};

/// One thread, on which those who ask all come before the connection does.
fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

type Answers = BTreeMap<String, Result<Option<Vec<u8>>, Error>>;

fn read_all(runtime: &Runtime, redis: &Redis, keys: &[Key]) -> Answers {
    runtime.block_on(async {
        let mut readers = JoinSet::new();
        for key in keys {
            let (redis, key) = (redis.clone(), key.clone());
            readers.spawn(async move {
                let answer = redis.as_shared().backend().read(&key, Read::new(), CallMode::ASYNC).await;
                let answer = answer.map(|found| found.map(|stored| stored.value));
                (key.text().to_owned(), answer)
            });
        }
        readers.join_all().await.into_iter().collect()
    })
}

#[test]
fn readers_of_several_groups_get_what_is_theirs() {
    let (server, runtime) = (RedisServer::start(), runtime());
    let redis = patient(server.url());
    let [store, _] = both_ways(&redis);
    let mut keys = Vec::new();
    for number in 0..90 {
        let key = Key::new(format!("key {number}"), format!("group {}", number % 20));
        if number % 3 > 0 {
            store.set(&key, format!("value {number}").repeat(number).as_bytes());
        }
        keys.push(key);
    }
    // Group 7 is removed, and has another generation.
    RUNTIME.block_on(store.backend().remove_all(&"group 7".into(), CallMode::ASYNC)).unwrap();
    store.set(&Key::new("another", "group 7"), b"value");
    // Connected.
    read_all(&runtime, &redis, &keys[..1]);

    let answers = read_all(&runtime, &redis, &keys);
    for (number, key) in keys.iter().enumerate() {
        let is_there = number % 3 > 0 && number % 20 != 7;
        let expected = is_there.then(|| format!("value {number}").repeat(number).into_bytes());
        assert_eq!(answers[key.text()].as_ref().unwrap(), &expected, "{key:?}");
    }
}

#[test]
fn a_crowd_gets_what_is_theirs() {
    let (server, runtime) = (RedisServer::start(), runtime());
    let redis = patient(server.url());
    let [store, _] = both_ways(&redis);
    let keys: Vec<_> = (0..300).map(|number| Key::new(format!("key {number}"), "group")).collect();
    for key in &keys {
        store.set(key, key.text().as_bytes());
    }
    read_all(&runtime, &redis, &keys[..1]);
    for (text, answer) in read_all(&runtime, &redis, &keys) {
        assert_eq!(answer.unwrap().unwrap(), text.as_bytes());
    }
}

/// They come in pieces, and are larger than what is read at once.
#[test]
fn large_values_and_small_ones_stay_apart() {
    let (server, runtime) = (RedisServer::start(), runtime());
    let redis = patient(server.url());
    let [store, _] = both_ways(&redis);
    let value =
        |number: usize| vec![number as u8; if number.is_multiple_of(4) { number << 14 } else { number }];
    let keys: Vec<_> = (0..60).map(|number| Key::new(format!("{number}"), "group")).collect();
    for (number, key) in keys.iter().enumerate() {
        store.set(key, &value(number));
    }
    for _ in 0..3 {
        let answers = read_all(&runtime, &redis, &keys);
        for (number, key) in keys.iter().enumerate() {
            assert_eq!(answers[key.text()].as_ref().unwrap().as_ref(), Some(&value(number)), "{number}");
        }
    }
}

/// The server refuses the whole command for one key that a user may not read.
#[test]
fn who_may_not_read_a_key_does_not_spoil_it_for_others() {
    let (server, runtime) = (RedisServer::start(), runtime());
    let [store, _] = both_ways(&patient(server.url()));
    let keys = ["may 1", "may 2", "not 3", "may 4"].map(|text| Key::new(text, "group"));
    for key in &keys {
        store.set(key, b"value");
    }
    server
        .command(&["ACL", "SETUSER", "reader", "on", ">secret", "~may*", "~\u{1f}*", "+@all"])
        .expect("ACL");
    let reader = patient(server.url().replace("redis://", "redis://reader:secret@"));
    for _ in 0..2 {
        for (text, answer) in read_all(&runtime, &reader, &keys) {
            match answer {
                Ok(value) => assert_eq!((value.as_deref(), &text[..3]), (Some(&b"value"[..]), "may")),
                Err(error) => {
                    assert_eq!((error.kind(), &text[..3]), (ErrorKind::Backend, "not"), "{error}");
                    assert!(error.to_string().contains("NOPERM"), "{error}");
                }
            }
        }
    }
}
