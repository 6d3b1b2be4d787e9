//! Stories about `#[cache_memoize]`. Each prints what happens, and asserts what it claims.
//!
//! | run | what it shows |
//! |---|---|
//! | `cargo run --example quickstart` | the main job: miss, hit, invalidate, refresh, statistics |
//! | `cargo run --example related_posts [folder]` | a slow search over real files, and what to invalidate after an edit |
//! | `cargo run --example front_page` | one page under five strategies: reads counted, stale pages counted |
//! | `cargo run --example once_per_hour` | `store_result = false`: something to do at most once per hour |
//! | `cargo run --example async_service` | async: one query for many callers, errors, cancellation, races |
//! | `cargo run --example web_service --features axum` | a web service: handlers, a write, metrics, a test of the app as it is served |
//! | `cargo run --example custom_backend --features shared` | a place for entries of one's own, in fifty lines |
//! | `cargo run --example redis_service --features redis` | two processes over one Redis: one invalidates, the other sees it |
