//! §1 Every operation against every computation, at every point: the deterministic race matrix on every place where
//! entries can live. What is in the matrix, and what is checked, says `cache_memoize::testing::race_matrix`.
#![allow(missing_docs)]

use std::sync::Arc;
use std::time::Duration;

use cache_memoize::testing::{race_matrix, race_matrix_in_memory};
use cache_memoize::{Memory, Redis, RedisBuilder, Shared};
use cache_memoize_tests::servers::{Cluster, RedisServer, Sentinels};

#[path = "../../../examples/custom_backend.rs"]
#[allow(dead_code, reason = "only its backend is needed")]
mod custom_backend;

/// 4 operations × 3 points × 3 fates of a thread or 5 of a task × what happens meanwhile, for 2 functions each.
const STORIES: usize = 480;

/// And for functions that share their entries with another one, which removes all.
const SHARING: usize = STORIES / 2;

/// A machine that does other things is no fault of the backend's.
fn patient(builder: RedisBuilder) -> Shared {
    Shared::from(builder.timeout(Duration::from_secs(20)).build().unwrap())
}

#[test]
fn in_memory() {
    assert_eq!(race_matrix_in_memory(), STORIES + SHARING);
}

#[test]
fn in_a_memory_of_bytes() {
    assert_eq!(race_matrix(&[Memory::new(10_000).into()]), STORIES);
}

/// Two processes, as far as the library can tell.
#[test]
fn in_a_backend_of_the_users_with_two_clients() {
    let map = Arc::new(custom_backend::Map::default());
    race_matrix(&[Shared::new(map.clone()), Shared::new(map)]);
}

#[test]
fn in_redis() {
    let server = RedisServer::start();
    race_matrix(&[patient(Redis::builder().url(server.url()))]);
}

#[test]
fn in_redis_with_two_clients() {
    let server = RedisServer::start();
    race_matrix(&[patient(Redis::builder().url(server.url())), patient(Redis::builder().url(server.url()))]);
}

#[test]
fn in_a_cluster_with_two_clients() {
    let cluster = Cluster::start(3, 0);
    let client = || patient(Redis::builder().cluster(cluster.urls()));
    race_matrix(&[client(), client()]);
}

#[test]
fn at_the_master_that_sentinels_name() {
    let sentinels = Sentinels::start(1, 1);
    let client = || patient(Redis::builder().sentinel(Sentinels::NAME, sentinels.urls()));
    race_matrix(&[client(), client()]);
}
