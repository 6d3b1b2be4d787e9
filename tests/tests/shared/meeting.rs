//! How calls meet, and what comes too late: on a real server, with a network that can be slowed.

use std::pin::pin;
use std::rc::Rc;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Poll;
use std::time::Duration;

use cache_memoize::backend::{Begin, Begun, CallMode, Commit, Fence, Key, Read};
use cache_memoize::testing::Faulty;
use cache_memoize::{Memory, Redis, Shared, cache_memoize};
use cache_memoize_tests::servers::{Mode, Proxy, RedisServer, wait_until};
use cache_memoize_tests::{finish, poll};

fn patient(url: String) -> Redis {
    Redis::builder().url(url).timeout(Duration::from_secs(20)).build().unwrap()
}

/// How many scripts the server has run.
fn scripts(server: &RedisServer) -> u64 {
    let stats = server.command(&["INFO", "commandstats"]).text();
    let calls = stats.split("cmdstat_evalsha:calls=").nth(1).unwrap_or("0");
    calls.split(',').next().unwrap().parse().unwrap()
}

/// A call that asks the backend and is not polled any more does not keep others from asking.
#[tokio::test]
async fn a_call_that_is_held_while_it_asks_delays_nobody_for_long() {
    let server = RedisServer::start();
    let proxy = Proxy::new(&server);
    let redis = patient(proxy.url());

    #[cache_memoize(ttl = 600, backend = redis, skip(redis))]
    async fn id(redis: &Redis, x: u64) -> u64 {
        let _ = redis;
        x
    }

    id(&redis, 0).await;
    proxy.set(Mode::Hold);
    let mut held = pin!(id(&redis, 1));
    tokio::select! { biased; _ = &mut held => unreachable!(), () = tokio::task::yield_now() => {} }
    proxy.set(Mode::Forward);
    let limit = Duration::from_secs(15);
    assert_eq!(tokio::time::timeout(limit, id(&redis, 1)).await, Ok(1), "of the same task");
    let other = redis.clone();
    let other = tokio::spawn(async move { id(&other, 1).await });
    assert_eq!(tokio::time::timeout(limit, other).await.unwrap().unwrap(), 1, "of another task");
    assert_eq!(held.await, 1);
}

/// A process that does not know yet that a value is there asks once; then all who waited read it, not in turn.
#[tokio::test]
async fn callers_of_a_value_that_is_there_do_not_queue() {
    static RUNS: AtomicUsize = AtomicUsize::new(0);

    #[cache_memoize(ttl = 600, backend = redis, skip(redis))]
    async fn id(redis: &Redis, x: u64) -> u64 {
        let _ = redis;
        RUNS.fetch_add(1, SeqCst);
        x
    }

    let server = RedisServer::start();
    id(&patient(server.url()), 1).await;
    let redis = patient(server.url());
    let callers = 100;
    let asked = scripts(&server);
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let redis = redis.clone();
            tokio::spawn(async move { id(&redis, 1).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), 1);
    }
    assert_eq!(RUNS.load(SeqCst), 1);
    let asked = scripts(&server) - asked;
    assert!(asked > 0 && asked < callers / 4, "{asked} of {callers} asked to begin");
}

/// A commit that got no answer and arrives after all does not undo what came after its computation began.
#[test]
fn a_commit_that_comes_late_changes_nothing() {
    let server = RedisServer::start();
    let proxy = Proxy::new(&server);
    let slow = Shared::from(Redis::open(proxy.url()).unwrap());
    let direct = Shared::from(patient(server.url()));
    let key = Key::new("late:1", "late");
    let begin = |shared: &Shared, token| {
        let begin = Begin::new([token; 16], Duration::from_secs(60)).over(true);
        match finish(shared.backend().begin(&key, begin, CallMode::BLOCKING)).unwrap() {
            Begun::Fence(fence) => fence,
            other => panic!("{other:?}"),
        }
    };
    let commit = |shared: &Shared, fence: &Fence, value: &[u8]| {
        let commit = Commit::new(fence, Some(value)).refresh(true);
        finish(shared.backend().commit(&key, commit, CallMode::BLOCKING))
    };
    let read = || {
        finish(direct.backend().read(&key, Read::new(), CallMode::BLOCKING))
            .unwrap()
            .map(|stored| stored.value)
    };

    for removed in [false, true] {
        let old = begin(&slow, 1);
        // Keeps the fence there: what decides must be the fence, not its absence.
        let beside = begin(&direct, 3);
        proxy.set_existing(Mode::Hold);
        commit(&slow, &old, b"old").unwrap_err();
        let now = match removed {
            true => {
                finish(direct.backend().remove(&key, CallMode::BLOCKING)).unwrap();
                None
            }
            false => {
                let new = begin(&direct, 2);
                assert!(commit(&direct, &new, b"new").unwrap());
                Some(b"new".to_vec())
            }
        };
        let before = scripts(&server);
        proxy.set(Mode::Forward);
        wait_until("the old commit arrives", || scripts(&server) > before);
        assert_eq!(read(), now);
        finish(direct.backend().release(&key, &beside, CallMode::BLOCKING)).unwrap();
    }
}

/// The future of a function whose error is not `Send` can be sent, as it can in memory.
#[test]
fn futures_hold_no_error_that_cannot_be_sent() {
    fn sent<F: Send>(future: F) {
        drop(future);
    }

    #[cache_memoize(ttl = 600, backend = redis, skip(redis))]
    async fn id(redis: &Redis, x: u64) -> Result<u64, Rc<str>> {
        let _ = redis;
        Ok(x)
    }

    let redis = Redis::open("redis://127.0.0.1:1/").unwrap();
    sent(id(&redis, 1));
    sent(id_refresh(&redis, 1));
    sent(id_peek(&redis, 1));
    sent(id_invalidate(&redis, 1));
}

/// Who joins while the value is on its way to the backend shares it, also when it comes too late to be stored.
#[test]
fn who_joins_while_the_value_is_stored_shares_it() {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    static FAULTY: LazyLock<Faulty> = LazyLock::new(|| Faulty::new(Memory::default(), 1));
    static SHARED: LazyLock<Shared> = LazyLock::new(|| Shared::new(FAULTY.clone()));

    #[cache_memoize(backend = SHARED)]
    async fn row(id: u64) -> u64 {
        id + RUNS.fetch_add(1, SeqCst) as u64
    }

    // Each answer needs one more poll before anything is done.
    FAULTY.steps(1, 0);
    let (mut leader, mut joiner) = (pin!(row(7)), pin!(row(7)));
    assert!(poll(leader.as_mut()).is_pending(), "asks to begin");
    assert!(poll(leader.as_mut()).is_pending(), "asks to store");
    assert_eq!(RUNS.load(SeqCst), 1);
    assert!(poll(joiner.as_mut()).is_pending(), "asks to begin");
    assert!(poll(joiner.as_mut()).is_pending(), "shares the computation");
    let mut invalidation = pin!(row_invalidate(7));
    assert!(poll(invalidation.as_mut()).is_pending());
    assert!(matches!(poll(invalidation), Poll::Ready(Ok(false))));
    assert_eq!(poll(leader), Poll::Ready(7));
    assert_eq!(poll(joiner), Poll::Ready(7));
    assert_eq!(RUNS.load(SeqCst), 1);
}
