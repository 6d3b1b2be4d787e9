//! Arguments that other caches trip over.

use std::collections::HashSet;

use cache_memoize::{Redis, cache_memoize};
use cache_memoize_tests::servers::{RedisServer, Value};

use crate::subject::{patient, wait};

#[cache_memoize(ttl = 600, skip(redis), backend = redis)]
fn length(redis: &Redis, text: &str, more: &[String]) -> (usize, usize) {
    let _ = redis;
    (text.len(), more.len())
}

#[cache_memoize(ttl = 600, skip(redis), backend = redis)]
async fn length_later(redis: &Redis, text: &str, more: &[String]) -> (usize, usize) {
    let _ = redis;
    (text.len(), more.len())
}

fn texts() -> Vec<String> {
    let short = [
        "",
        " ",
        "\n",
        "\r\n",
        "\r\n$3\r\nfoo\r\n",
        "\0",
        "a\0b",
        "\u{1f}",
        "\u{7f}",
        "😀",
        "é",
        "e\u{301}",
        "\u{202e}",
        "{",
        "}",
        "{}",
        "}{",
        "{a}",
        "a}b",
        "{a}{b}",
        ":",
        "::",
        "a:b",
        "\"",
        "\\",
        "\\n",
        "*",
        "?",
        "[a-z]",
        "~",
        "…~",
        ":fence",
        "\u{1f}",
        "\u{1f}{a}",
        "\u{feff}",
        "\u{fffd}",
        "\u{10ffff}",
    ];
    let mut texts: Vec<String> = short.iter().map(ToString::to_string).collect();
    for length in [119, 120, 121, 249, 250, 251, 1000, 100_000] {
        for end in ["a", "b", "\n", "}", "😀"] {
            texts.push(format!("{}{end}", "x".repeat(length)));
            texts.push(format!("{}{end}", "é\n😀}".repeat(length / 4)));
        }
    }
    texts.sort_unstable();
    texts.dedup();
    texts
}

#[test]
fn every_text_is_a_key_of_its_own() {
    let server = RedisServer::start();
    let redis = patient(server.url());
    let one =
        |text: &str, more: &[String]| (length_cache_key(&redis, text, more), length(&redis, text, more));
    let texts = texts();
    for text in &texts {
        for more in [vec![], vec![text.clone()], vec![text.clone(), String::new()]] {
            let misses = length_stats(&redis).misses;
            for call in 0..2 {
                assert_eq!(one(text, &more).1, (text.len(), more.len()));
                let runs = length_stats(&redis).misses - misses;
                assert_eq!(runs, 1, "call {call} with {} bytes: {:?}", text.len(), text.chars().take(20));
            }
            assert_eq!(wait(length_later(&redis, text, &more)), (text.len(), more.len()));
            assert_eq!(wait(length_later_peek(&redis, text, &more)).unwrap(), Some((text.len(), more.len())));
        }
    }
    let keys = server.command(&["KEYS", "*"]);
    let keys: HashSet<_> = keys.items().iter().map(Value::bytes).collect();
    assert_eq!(keys.len(), 2 * 3 * texts.len() + 2, "each its entry, and two generations");
    let longest = keys.iter().map(|key| key.len()).max().unwrap();
    assert!(longest <= 300, "no key of {longest} bytes");
    for text in &texts {
        assert!(length_invalidate(&redis, text, &[]).unwrap());
        assert!(wait(length_later_invalidate(&redis, text, &[])).unwrap());
    }
    assert_eq!(length_stats(&redis).errors + length_later_stats(&redis).errors, 0);
}
