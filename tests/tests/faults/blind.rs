//! A backend that answers with an error answers: others may ask it, and invalidate. So a call that was refused computes for
//! itself, and shares nothing with calls that come later.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;

use cache_memoize::{Error, Redis, cache_memoize};
use cache_memoize_tests::servers::{Cluster, RedisServer, wait_until};
use cache_memoize_tests::{Gate, stored};
use tokio::runtime::Runtime;

use crate::subject::patient;

/// While one call of the process computes what it read, another process changes the row and invalidates. What a later call
/// of the process gets: threads, then tasks.
macro_rules! later_calls {
    ($mine:expr, $invalidate:expr) => {{
        static ROW: AtomicU64 = AtomicU64::new(1);
        static GATES: [Gate; 2] = [const { Gate::closed() }; 2];

        #[cache_memoize(ttl = 300, backend = redis, skip(redis), prefix = "blind")]
        fn thread_reads(redis: &Redis, id: u64) -> u64 {
            let _ = (redis, id);
            let row = ROW.load(SeqCst);
            GATES[0].pass_first();
            row
        }

        #[cache_memoize(ttl = 300, backend = redis, skip(redis), prefix = "blind")]
        async fn task_reads(redis: &Redis, id: u64) -> u64 {
            let _ = (redis, id);
            let row = ROW.load(SeqCst);
            let held = tokio::task::spawn_blocking(|| GATES[1].pass_first());
            held.await.unwrap();
            row
        }

        let (mine, invalidate): (&Redis, &dyn Fn() -> Result<(), Error>) = ($mine, &$invalidate);
        let threads = thread::scope(|scope| {
            let first = scope.spawn(|| thread_reads(mine, 1));
            GATES[0].wait_for(1);
            ROW.store(2, SeqCst);
            invalidate().expect("the other process may");
            let later = thread_reads(mine, 1);
            GATES[0].open();
            assert_eq!(first.join().unwrap(), 1, "it began before");
            later
        });
        ROW.store(1, SeqCst);
        let runtime = Runtime::new().unwrap();
        let (one, other) = (mine.clone(), mine.clone());
        let first = runtime.spawn(async move { task_reads(&one, 2).await });
        GATES[1].wait_for(1);
        ROW.store(2, SeqCst);
        invalidate().expect("the other process may");
        let later = runtime.block_on(async move { task_reads(&other, 2).await });
        GATES[1].open();
        assert_eq!(runtime.block_on(first).unwrap(), 1, "it began before");
        (threads, later)
    }};
}

#[cache_memoize(ttl = 300, backend = redis, skip(redis), prefix = "blind")]
fn other_process(redis: &Redis, id: u64) -> u64 {
    let _ = redis;
    id
}

#[test]
fn what_is_computed_on_a_full_server_is_not_shared() {
    let server = RedisServer::start();
    let (mine, others) = (patient(server.url()), patient(server.url()));
    server.command(&["CONFIG", "SET", "maxmemory", "1"]).expect("CONFIG SET");
    let invalidate = || (1..3).try_for_each(|id| other_process_invalidate(&others, id).map(drop));
    assert_eq!(later_calls!(&mine, invalidate), (2, 2));
}

#[test]
fn what_is_computed_without_permission_is_not_shared() {
    let server = RedisServer::start();
    server.command(&["ACL", "SETUSER", "app", "reset", "on", ">secret", "~*", "+mget"]).expect("ACL SETUSER");
    let mine = Redis::builder().url(server.url()).username("app").password("secret").build().unwrap();
    let others = patient(server.url());
    let invalidate = || (1..3).try_for_each(|id| other_process_invalidate(&others, id).map(drop));
    assert_eq!(later_calls!(&mine, invalidate), (2, 2));
}

#[test]
fn what_is_computed_while_its_slot_moves_is_not_shared() {
    let cluster = Cluster::start(3, 0);
    let open = || Redis::builder().cluster(cluster.urls()).timeout(crate::subject::AMPLE).build().unwrap();
    let (mine, others) = (open(), open());
    // Connected, and with a generation.
    other_process(&mine, 0);
    other_process(&others, 0);
    let slots = (1..3).map(|id| stored::value(&other_process_cache_key(&others, id)));
    let moving: Vec<_> = slots
        .map(|key| cluster.begin_move(cluster.slot_of(&key), (cluster.owner_of(&key) + 1) % 3))
        .collect();
    // The generation is in another slot.
    assert_eq!(later_calls!(&mine, || other_process_invalidate_all(&others)), (2, 2));
    drop(moving);
}

/// Whoever waited for the refused call is not refused one after the other.
#[test]
fn those_who_are_refused_do_not_queue() {
    const CALLERS: usize = 32;
    static GATE: Gate = Gate::closed();

    #[cache_memoize(ttl = 300, backend = redis, skip(redis))]
    fn slow(redis: &Redis, id: u64) -> u64 {
        let _ = redis;
        GATE.pass();
        id
    }

    let server = RedisServer::start();
    let redis = patient(server.url());
    server.command(&["CONFIG", "SET", "maxmemory", "1"]).expect("CONFIG SET");
    thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| assert_eq!(slow(&redis, 1), 1));
        }
        // All at the same time.
        GATE.wait_for(CALLERS);
        GATE.open();
    });
}

/// `store_result = false` on such a server: each call runs, one at a time in the process.
#[test]
fn runs_that_are_refused_are_not_side_by_side() {
    static RUNNING: AtomicU64 = AtomicU64::new(0);
    static RUNS: AtomicU64 = AtomicU64::new(0);

    #[cache_memoize(ttl = 300, backend = redis, skip(redis), store_result = false)]
    fn once(redis: &Redis, id: u64) {
        let _ = (redis, id);
        assert_eq!(RUNNING.fetch_add(1, SeqCst), 0);
        RUNS.fetch_add(1, SeqCst);
        thread::yield_now();
        RUNNING.fetch_sub(1, SeqCst);
    }

    let server = RedisServer::start();
    let redis = patient(server.url());
    server.command(&["CONFIG", "SET", "maxmemory", "1"]).expect("CONFIG SET");
    thread::scope(|scope| (0..8).for_each(|_| drop(scope.spawn(|| once(&redis, 1)))));
    wait_until("all have run", || RUNS.load(SeqCst) == 8);
}
