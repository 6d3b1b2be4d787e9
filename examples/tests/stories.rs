//! Runs every story: each asserts what it claims.

use std::path::PathBuf;

#[path = "../async_service.rs"]
mod async_service;
#[cfg(feature = "shared")]
#[path = "../custom_backend.rs"]
mod custom_backend;
#[path = "../front_page.rs"]
mod front_page;
#[path = "../once_per_hour.rs"]
mod once_per_hour;
#[path = "../quickstart.rs"]
mod quickstart;
#[cfg(feature = "redis")]
#[path = "../redis_service.rs"]
#[expect(dead_code, reason = "its `main` starts its own program again, which here is the test runner")]
mod redis_service;
#[path = "../related_posts/main.rs"]
#[expect(dead_code, reason = "its `main` reads the command line, which here is the test runner's")]
mod related_posts;
#[cfg(feature = "axum")]
#[path = "../web_service.rs"]
mod web_service;

#[test]
fn quickstart() {
    quickstart::main();
}

#[test]
fn front_page() {
    front_page::main();
}

#[test]
fn once_per_hour() {
    once_per_hour::main();
}

#[test]
fn async_service() {
    async_service::main();
}

#[cfg(feature = "shared")]
#[test]
fn custom_backend() {
    custom_backend::main().unwrap();
}

#[cfg(feature = "redis")]
#[test]
fn redis_service() {
    let mut worker = std::process::Command::new(std::env::current_exe().unwrap());
    worker.args(["--exact", "redis_service_worker", "--nocapture"]);
    redis_service::run(worker).unwrap();
}

/// The second process of the story above; otherwise there is nothing to do.
#[cfg(feature = "redis")]
#[test]
fn redis_service_worker() {
    if redis_service::is_worker() {
        redis_service::work().unwrap();
    }
}

#[test]
fn related_posts() {
    related_posts::run(None).unwrap();
}

#[test]
fn related_posts_of_a_bad_folder() {
    let missing = related_posts::run(Some(PathBuf::from("no/such/folder"))).unwrap_err().to_string();
    assert!(missing.starts_with("cannot read the folder no/such/folder: "), "{missing}");

    // This folder has Rust in it, but no Markdown.
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests");
    let empty = related_posts::run(Some(here)).unwrap_err().to_string();
    assert!(empty.contains("no posts in "), "{empty}");
}

#[cfg(feature = "axum")]
#[test]
fn web_service() {
    web_service::main();
}
