//! What eviction does to claims. It prints figures, and asserts what the guide says of `noeviction` alone:
//! `cargo test -p cache-memoize-tests --test faults -- evicted:: --ignored --nocapture --test-threads=1`.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use cache_memoize::{Redis, cache_memoize};
use cache_memoize_tests::servers::RedisServer;

const KEYS: usize = 4;

static RUNNING: [AtomicUsize; KEYS] = [const { AtomicUsize::new(0) }; KEYS];
static RUNS: AtomicUsize = AtomicUsize::new(0);
static TWICE: AtomicUsize = AtomicUsize::new(0);

#[cache_memoize(ttl = "500ms", skip(redis), backend = redis, store_result = false)]
fn claimed(redis: &Redis, key: usize) {
    let _ = redis;
    RUNS.fetch_add(1, SeqCst);
    if RUNNING[key].fetch_add(1, SeqCst) > 0 {
        TWICE.fetch_add(1, SeqCst);
    }
    thread::sleep(Duration::from_millis(1000));
    RUNNING[key].fetch_sub(1, SeqCst);
}

/// How often the body ran, how often beside another run, and how many keys were evicted.
fn runs(policy: &str, memory: &str, lease: Duration) -> (usize, usize, String) {
    RUNS.store(0, SeqCst);
    TWICE.store(0, SeqCst);
    let server = RedisServer::start_with(&["--maxmemory", memory, "--maxmemory-policy", policy]);
    let open = || Redis::builder().url(server.url()).lease(lease).timeout(Duration::from_secs(5)).build();
    let processes: Vec<_> = (0..3).map(|_| open().expect("a URL")).collect();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for (number, redis) in processes.iter().cycle().take(12).enumerate() {
            let is_over = &is_over;
            scope.spawn(move || {
                while !is_over.load(SeqCst) {
                    claimed(redis, number % KEYS);
                }
            });
        }
        // Some five thousand keys a second.
        let fill =
            "for i = 1, 50 do redis.pcall('SET', ARGV[1] .. ':' .. i, string.rep('x', 500), 'EX', 100) end";
        let mut connection = server.connect().expect("a connection");
        let began = Instant::now();
        for round in 0.. {
            connection.command(&["EVAL", fill, "0", &format!("filler:{round}")]).expect("an answer");
            thread::sleep(Duration::from_millis(10));
            if began.elapsed() > Duration::from_secs(6) {
                break;
            }
        }
        is_over.store(true, SeqCst);
    });
    (RUNS.load(SeqCst), TWICE.load(SeqCst), server.info("evicted_keys"))
}

#[test]
#[ignore = "it prints figures, and takes a minute"]
fn claims() {
    println!(
        "\n| `maxmemory-policy` | lease | runs | beside another run | keys evicted |\n|---|---|---|---|---|"
    );
    let policies =
        ["allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-ttl", "volatile-random"];
    for policy in policies {
        for lease in [Duration::from_secs(10), Duration::from_millis(100)] {
            let (runs, twice, evicted) = runs(policy, "4mb", lease);
            println!("| `{policy}` | {lease:?} | {runs} | {twice} | {evicted} |");
        }
    }
    let (runs, twice, _) = runs("noeviction", "100mb", Duration::from_secs(10));
    println!("| `noeviction` | 10s | {runs} | {twice} | 0 |");
    assert_eq!(twice, 0, "nothing is evicted");
}
