//! The backends that every story is told on, each under a name.

use std::sync::{Arc, LazyLock, Once};
use std::time::Duration;

use cache_memoize::{Memory, Redis, Shared, register};
use cache_memoize_tests::servers::{Cluster, RedisServer, Sentinels};

use crate::waiting::Through;

#[path = "../../../examples/custom_backend.rs"]
#[allow(dead_code, reason = "only its backend is needed")]
pub(crate) mod custom_backend;

/// A server for all stories that do not hurt it.
pub(crate) static SERVER: LazyLock<RedisServer> = LazyLock::new(RedisServer::start);

/// Registers all of them, once.
pub(crate) fn set_up() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        register("memory", Memory::new(100_000));
        register("map", Shared::new(custom_backend::Map::default()));
        register("redis", Redis::open(SERVER.url()).unwrap());
    });
}

/// Long enough for a machine that does other things: nothing here is about time.
const PATIENT: Duration = Duration::from_secs(5);

#[test]
fn they_keep_the_promises_of_a_backend() {
    let memory = Shared::from(Memory::new(10_000));
    cache_memoize::testing::conformance(&[memory.backend(), memory.backend()]);
    let map = Shared::new(custom_backend::Map::default());
    cache_memoize::testing::conformance(&[map.backend(), map.backend()]);
    // One that leaves out what may be left out.
    let bare = Shared::new(Through(map));
    cache_memoize::testing::conformance(&[bare.backend()]);
    // A backend behind a pointer does all that it does itself.
    let pointer = Shared::new(Arc::new(custom_backend::Map::default()));
    cache_memoize::testing::conformance(&[pointer.backend()]);
    let client = || Redis::builder().url(SERVER.url()).timeout(PATIENT).build().unwrap();
    let (one, other) = (Shared::from(client()), Shared::from(client()));
    cache_memoize::testing::conformance(&[one.backend()]);
    cache_memoize::testing::conformance(&[one.backend(), other.backend()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_keep_the_promises_from_tasks() {
    let client = || Redis::builder().url(SERVER.url()).timeout(PATIENT).build().unwrap();
    let (one, other) = (Shared::from(client()), Shared::from(client()));
    cache_memoize::testing::conformance_async(&[one.backend(), other.backend()]).await;
}

#[test]
fn a_cluster_keeps_the_promises_of_a_backend() {
    let cluster = Cluster::start(3, 0);
    let client = || Redis::builder().cluster(cluster.urls()).timeout(PATIENT).build().unwrap();
    let (one, other) = (Shared::from(client()), Shared::from(client()));
    cache_memoize::testing::conformance(&[one.backend(), other.backend()]);
}

#[test]
fn the_master_that_sentinels_name_keeps_the_promises_of_a_backend() {
    let sentinels = Sentinels::start(1, 1);
    let client =
        || Redis::builder().sentinel(Sentinels::NAME, sentinels.urls()).timeout(PATIENT).build().unwrap();
    let (one, other) = (Shared::from(client()), Shared::from(client()));
    cache_memoize::testing::conformance(&[one.backend(), other.backend()]);
}
