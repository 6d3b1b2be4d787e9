//! Servers that are none, or mean harm: right values, in time, and no more memory than was asked for.

use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

use cache_memoize::{Redis, cache_memoize};
use cache_memoize_tests::servers::{Act, FakeServer, RedisServer, Words, wait_until};
use cache_memoize_tests::stored;
use tokio::runtime::Runtime;

use crate::no_panic;

const TIMEOUT: Duration = Duration::from_millis(200);
/// What a busy machine adds.
const SLACK: Duration = Duration::from_secs(5);
const MIB: usize = 1 << 20;

#[cache_memoize(ttl = 600, backend = redis, skip(redis), prefix = "on-a-thread")]
fn on_a_thread(redis: &Redis, x: u64) -> String {
    format!("value {x}")
}

#[cache_memoize(ttl = 600, backend = redis, skip(redis), prefix = "in-a-task")]
async fn in_a_task(redis: &Redis, x: u64) -> String {
    format!("value {x}")
}

fn open(server: &FakeServer) -> Redis {
    Redis::builder().url(server.url()).timeout(TIMEOUT).max_value_size(MIB).build().unwrap()
}

fn is(words: &Words, name: &str) -> bool {
    words.first().is_some_and(|word| word.eq_ignore_ascii_case(name.as_bytes()))
}

/// One that goes on when a call has ended, as that of a service does.
fn runtime() -> &'static Runtime {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
    });
    &RUNTIME
}

/// One story at a time has its memory measured, or much of it.
static MEMORY: Mutex<()> = Mutex::new(());

/// By how much this process was larger while something went on, and what came of it.
fn growth<T: Send>(work: impl FnOnce() -> T + Send) -> (usize, T) {
    std::thread::scope(|scope| {
        let before = memory();
        let mut peak = before;
        let work = scope.spawn(work);
        while !work.is_finished() {
            peak = peak.max(memory());
            std::thread::sleep(Duration::from_millis(2));
        }
        (peak - before, work.join().expect("no panic"))
    })
}

fn call_both_ways(redis: &Redis, what: &str) {
    for x in 0..4 {
        let began = Instant::now();
        assert_eq!(on_a_thread(redis, x), format!("value {x}"), "{what}");
        let task = {
            let redis = redis.clone();
            async move { in_a_task(&redis, x).await }
        };
        assert_eq!(runtime().block_on(runtime().spawn(task)).unwrap(), format!("value {x}"), "{what}");
        // An error, or nothing: what matters is that it ends.
        let _ = on_a_thread_peek(redis, x);
        let _ = runtime().block_on(in_a_task_peek(redis, x));
        // A read, a beginning and a commit each.
        assert!(began.elapsed() < 8 * TIMEOUT + SLACK, "{what}: {:?}", began.elapsed());
    }
}

/// What is said to everything.
#[test]
fn whatever_a_server_says_functions_compute() {
    no_panic();
    let many = |text: &str, count: usize| text.repeat(count).into_bytes();
    let answers: Vec<Vec<u8>> = vec![
        b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
        b"\0\0\0\0\r\n".to_vec(),
        b"\r\n\r\n".to_vec(),
        b"\n".to_vec(),
        b"$9999999999\r\nx".to_vec(),
        b"$9223372036854775807\r\n".to_vec(),
        b"$9223372036854775808\r\n".to_vec(),
        b"*9223372036854775807\r\n".to_vec(),
        b"*4294967296\r\n".to_vec(),
        b"$-2\r\n".to_vec(),
        b"*-2\r\n".to_vec(),
        b"$-1\r\n".to_vec(),
        b"*-1\r\n".to_vec(),
        b"*0\r\n".to_vec(),
        b"*1\r\n$-1\r\n".to_vec(),
        b"*2\r\n*-1\r\n*-1\r\n".to_vec(),
        b"*2\r\n:1\r\n:2\r\n".to_vec(),
        b"*3\r\n$-1\r\n$-1\r\n$-1\r\n".to_vec(),
        many("*1\r\n", 5000),
        b">2\r\n+message\r\n+x\r\n".to_vec(),
        b"%1\r\n+a\r\n+b\r\n".to_vec(),
        b"_\r\n".to_vec(),
        b"#t\r\n".to_vec(),
        b",1.5\r\n".to_vec(),
        b"(12345678901234567890\r\n".to_vec(),
        b"~1\r\n:1\r\n".to_vec(),
        b"=5\r\ntxt:x\r\n".to_vec(),
        b"+OK\r\n".to_vec(),
        b"+OK\r\n+OK\r\n".to_vec(),
        b":0\r\n".to_vec(),
        b":1\r\n".to_vec(),
        b":99999999999999999999\r\n".to_vec(),
        b":-\r\n".to_vec(),
        b"-ERR no\r\n".to_vec(),
        b"-\r\n".to_vec(),
        b"-NOSCRIPT again\r\n".to_vec(),
        b"-MOVED 1 127.0.0.1:1\r\n".to_vec(),
        b"-READONLY no\r\n".to_vec(),
        b"-LOADING soon\r\n".to_vec(),
        b"-WRONGTYPE no\r\n".to_vec(),
        b"-OOM no\r\n".to_vec(),
        b"*2\r\n:0\r\n$3\r\nabc\r\n".to_vec(),
        b"*4\r\n:3\r\n$1\r\na\r\n$1\r\nb\r\n:1\r\n".to_vec(),
        b"*4\r\n:3\r\n$16\r\n0123456789abcdef\r\n$16\r\n0123456789abcdef\r\n:-1\r\n".to_vec(),
        many("+", 100_000),
        many("-", 100_000),
        many(":1\r\n", 10_000),
        b"".to_vec(),
    ];
    for answer in answers {
        let what = format!("{}", answer[..answer.len().min(60)].escape_ascii());
        for last in [false, true] {
            let answer = answer.clone();
            let server = FakeServer::start(move |_| match last {
                true => Act::Last(answer.clone()),
                false => Act::Say(answer.clone()),
            });
            call_both_ways(&open(&server), &what);
        }
    }
}

/// Answers that are right so far: the flood comes in the middle, where memory is asked for.
fn floods() -> Vec<(&'static str, &'static str, Vec<u8>, Vec<u8>)> {
    let x = vec![b'x'; 64 << 10];
    vec![
        (
            "an endless value",
            "MGET",
            b"*2\r\n$16\r\n0123456789abcdef\r\n$9999999999999\r\n".to_vec(),
            x.clone(),
        ),
        ("an endless value, first", "MGET", b"*2\r\n$9999999999999\r\n".to_vec(), x.clone()),
        ("an endless status", "MGET", b"+".to_vec(), x.clone()),
        ("endless answers", "MGET", Vec::new(), b"*2\r\n$-1\r\n$-1\r\n".repeat(5000)),
        ("an endless value of a script", "EVALSHA", b"*2\r\n:0\r\n$9999999999999\r\n".to_vec(), x.clone()),
        ("endless values of a script", "EVALSHA", b"*999999999\r\n".to_vec(), {
            let mut one = b"$65536\r\n".to_vec();
            one.extend_from_slice(&x);
            one.extend_from_slice(b"\r\n");
            one
        }),
        ("an endless array", "EVALSHA", b"*999999999\r\n".to_vec(), b":1\r\n".repeat(10_000)),
        ("endless arrays", "EVALSHA", Vec::new(), b"*1\r\n".repeat(10_000)),
        ("an endless error", "EVALSHA", b"-ERR ".to_vec(), x),
    ]
}

#[test]
fn a_flood_is_neither_kept_nor_read_for_ever() {
    no_panic();
    let _alone = MEMORY.lock();
    for (what, to, first, again) in floods() {
        let server = FakeServer::start(move |words| match is(words, to) {
            true => Act::Flood(first.clone(), again.clone()),
            false if is(words, "MGET") => Act::say("*2\r\n$-1\r\n$-1\r\n"),
            false => Act::say("+OK\r\n"),
        });
        let redis = open(&server);
        let (grown, ()) = growth(|| {
            call_both_ways(&redis, what);
            wait_until(what, || server.floods() == 0);
        });
        println!("{what}: {} MiB more, {} MiB sent", grown / MIB, server.sent() >> 20);
        assert!(grown < 60 * MIB, "{what}: {} MiB", grown / MIB);
    }
}

/// What this process has in memory. Nothing where that is not told.
fn memory() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}

/// One that is as large as it may be is had, and in time.
#[test]
fn large_answers_are_taken_apart_once() {
    no_panic();
    let _alone = MEMORY.lock();
    let mut value = format!("*2\r\n$16\r\n0123456789abcdef\r\n${}\r\n", 20 * MIB).into_bytes();
    value.extend(vec![b'x'; 20 * MIB]);
    value.extend(b"\r\n");
    let server = FakeServer::start(move |words| match is(words, "MGET") {
        true => Act::Say(value.clone()),
        false => Act::say("+OK\r\n"),
    });
    let builder = Redis::builder().url(server.url()).timeout(Duration::from_secs(30));
    let redis = builder.max_value_size(64 * MIB).build().unwrap();
    let began = Instant::now();
    assert_eq!(runtime().block_on(in_a_task(&redis, 1)), "value 1");
    assert_eq!(on_a_thread(&redis, 1), "value 1");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

/// A value under our key that another program made, longer than what may be read: a miss that heals.
#[test]
fn a_value_that_is_too_long_is_passed_over_and_overwritten() {
    no_panic();
    let _alone = MEMORY.lock();
    let server = RedisServer::start();
    let builder = Redis::builder().url(server.url()).timeout(Duration::from_secs(20));
    let redis = builder.max_value_size(MIB).build().unwrap();
    let runtime = runtime();
    let length = (40 * MIB).to_string();
    let spoil = |text: &str| {
        let key = &stored::value(text);
        server.command(&["DEL", key]);
        server.command(&["SETRANGE", key, &length, "x"]).expect("SETRANGE");
    };
    let (grown, ()) = growth(|| {
        for _ in 0..3 {
            spoil(&on_a_thread_cache_key(&redis, 1));
            assert_eq!(on_a_thread(&redis, 1), "value 1");
            assert_eq!(on_a_thread_peek(&redis, 1).expect("peek").as_deref(), Some("value 1"));
            spoil(&in_a_task_cache_key(&redis, 1));
            assert_eq!(runtime.block_on(in_a_task(&redis, 1)), "value 1");
            let peeked = runtime.block_on(in_a_task_peek(&redis, 1)).expect("peek");
            assert_eq!(peeked.as_deref(), Some("value 1"));
        }
    });
    assert!(grown < 30 * MIB, "{} MiB: nothing of it is kept", grown / MIB);
    let stats = (on_a_thread_stats(&redis), in_a_task_stats(&redis));
    assert_eq!((stats.0.errors, stats.1.errors), (0, 0));
}

#[test]
fn remove_all_looks_at_its_answer() {
    no_panic();
    for answer in ["$-1\r\n", "*-1\r\n", "+OK\r\n", ":7\r\n", "*0\r\n", "$0\r\n\r\n", ":-1\r\n"] {
        let server = FakeServer::start(move |words| match is(words, "DEL") {
            true => Act::say(answer),
            false => Act::say("*2\r\n$-1\r\n$-1\r\n"),
        });
        let redis = open(&server);
        on_a_thread_invalidate_all(&redis).expect_err(answer);
        runtime().block_on(in_a_task_invalidate_all(&redis)).expect_err(answer);
    }
}

/// The last byte comes too late, and then there is another request.
#[test]
fn a_late_answer_is_nobody_elses() {
    no_panic();
    let trickle = b"*2\r\n$16\r\n0123456789abcdef\r\n$3\r\nabc\r\n".to_vec();
    let server = FakeServer::start(move |words| match is(words, "MGET") {
        true => Act::Trickle(trickle.clone(), Duration::from_millis(10)),
        false => Act::say("+OK\r\n"),
    });
    call_both_ways(&open(&server), "a trickle");
}
