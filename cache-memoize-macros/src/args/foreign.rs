//! Options of other caches: what they are called here, and which of them this release has not.

/// What other caches call our options; too far off for a slip of the finger.
const ELSEWHERE: &[(&str, &str)] = &[
    ("cache", "backend"),
    ("cache_errors", "cache_err"),
    ("cache_manager", "backend"),
    ("cache_name", "prefix"),
    ("cache_names", "prefix"),
    ("cache_prefix_block", "prefix"),
    ("condition", "cache_if"),
    ("convert", "args_rewrite"),
    ("custom_hasher", "args_rewrite"),
    ("expire", "ttl"),
    ("expire_after", "ttl"),
    ("expire_after_write", "ttl"),
    ("expires", "ttl"),
    ("expiry", "ttl"),
    ("ignore", "skip"),
    ("key_builder", "key"),
    ("key_generator", "key"),
    ("mask", "redact"),
    ("max_capacity", "capacity"),
    ("max_entries", "capacity"),
    ("max_size", "capacity"),
    ("maximum_size", "capacity"),
    ("maximum_weight", "capacity"),
    ("maxsize", "capacity"),
    ("name", "prefix"),
    ("namespace", "prefix"),
    ("secret", "redact"),
    ("sensitive", "redact"),
    ("serializer", "codec"),
    ("size", "capacity"),
    ("store", "backend"),
    ("sync", "single_flight"),
    ("sync_lock", "single_flight"),
    ("sync_writes", "single_flight"),
    ("time", "ttl"),
    ("time_to_live", "ttl"),
    ("unless", "bypass_if"),
    ("valid_for", "ttl"),
];

const LIVES: &str = "an entry lives from the store onwards, `ttl = 60`";
const REFRESH: &str = "call the companion `_refresh` before the entry expires, from a task or a thread";
const KEEPS: &str = "the companion `_refresh` keeps the old value if the body fails";
const GONE: &str = "the companion `_stats` counts evictions and expirations";
const TAGS: &str = "invalidate by arguments, with the companion `_invalidate`, or all with `_invalidate_all`";
const NEAR: &str = "entries are in this process without a shared `backend`, and on it with one";
const JITTER: &str = "let a closure vary it, `ttl = |value| ..`";
const TIMEOUT: &str = "give the body a deadline of its own";
const BATCH: &str = "memoize the function of one element";

/// What this release has not, and what to do meanwhile.
const NOT_YET: &[(&str, &str)] = &[
    ("batch", BATCH),
    ("batch_max", BATCH),
    ("consistency", NEAR),
    ("error_backoff", KEEPS),
    ("eviction_listener", GONE),
    ("expire_after_access", LIVES),
    ("fallback", KEEPS),
    ("grace", KEEPS),
    ("hard_timeout", TIMEOUT),
    ("idle", LIVES),
    ("jitter", JITTER),
    ("l1", NEAR),
    ("near", NEAR),
    ("on_evict", GONE),
    ("on_eviction", GONE),
    ("on_expire", GONE),
    ("on_remove", GONE),
    ("on_stale", KEEPS),
    ("refresh", REFRESH),
    ("refresh_after_write", REFRESH),
    ("refresh_ahead", REFRESH),
    ("refresh_interval", REFRESH),
    ("removal_listener", GONE),
    ("result_fallback", KEEPS),
    ("revalidate", REFRESH),
    ("soft_timeout", TIMEOUT),
    ("stale", KEEPS),
    ("stale_if", KEEPS),
    ("stale_if_error", KEEPS),
    ("stale_ttl", KEEPS),
    ("stale_while_revalidate", REFRESH),
    ("swr", REFRESH),
    ("tag", TAGS),
    ("tags", TAGS),
    ("time_refresh", LIVES),
    ("time_to_idle", LIVES),
    ("tti", LIVES),
    ("ttl_jitter", JITTER),
    ("value_tags", TAGS),
    ("verify", "compare with the companion `_uncached` in a test"),
];

/// What needs a word of its own.
const ANSWERS: &[(&str, &str)] = &[
    ("cache_null", "`None` is cached like any other value; write `cache_none = false` to leave it out"),
    ("create", "the memory is made with `capacity = ..` and `ttl = ..`, or is named, `backend = MEMORY`"),
    ("disk", "entries live in memory or on a shared `backend`; write a `Backend` for others"),
    ("eviction_policy", "there is one, S3-FIFO: leave it out"),
    ("force_refresh", "call the companion `_refresh`, or let some calls pass by with `bypass_if = ..`"),
    ("in_impl", "methods and associated functions need no option: leave it out"),
    ("initial_capacity", "memory grows with the entries: leave it out, or bound it with `capacity = ..`"),
    ("io_error", "the function never fails because of the cache: leave it out"),
    ("lock", "calls of one key wait for each other anyway, `single_flight`: leave it out"),
    ("map_error", "the function never fails because of the cache: leave it out"),
    ("noself", "write `skip(self)`"),
    ("option", "`None` is cached like any other value; write `cache_none = false` to leave it out"),
    ("record_stats", "calls are counted anyway, see the companion `_stats`: leave it out"),
    ("redis", "name one, `backend = REDIS`"),
    (
        "result",
        "only `Ok` is cached anyway, which is the default here: leave it out, or write `cache_err = true`",
    ),
    ("self_method", "methods and associated functions need no option: leave it out"),
    ("shared_cache", "entries are shared between threads anyway: leave it out"),
    ("thread_local", "entries are shared between threads: leave it out"),
    ("timeout_ms", "write `ttl = \"60ms\"`"),
    ("timeout_secs", "write `ttl = 60`, in seconds"),
    ("ttl_millis", "write `ttl = \"60ms\"`"),
    ("ttl_ms", "write `ttl = \"60ms\"`"),
    ("ttl_nanos", "write `ttl = \"60us\"` or a `Duration`"),
    ("ttl_sec", "write `ttl = 60`, in seconds"),
    ("ttl_seconds", "write `ttl = 60`, in seconds"),
    ("ttl_secs", "write `ttl = 60`, in seconds"),
    ("ty", "the memory is made with `capacity = ..` and `ttl = ..`, or is named, `backend = MEMORY`"),
    ("type", "the memory is made with `capacity = ..` and `ttl = ..`, or is named, `backend = MEMORY`"),
    ("typed", "arguments of different types are different functions anyway: leave it out"),
    ("unbound", "write `capacity = unbounded`"),
    ("unbounded", "write `capacity = unbounded`"),
    ("unsync_reads", "hits take no lock anyway: leave it out"),
    ("with_cached_flag", "`on_hit = |..| ..` tells of hits, and so does the companion `_stats`"),
];

/// What is called that elsewhere is called this here.
pub(super) fn ours(name: &str) -> Option<&'static str> {
    let name = snake(name);
    ELSEWHERE.iter().find(|(theirs, _)| *theirs == name).map(|(_, ours)| *ours)
}

/// What to say of a name that other caches have.
pub(super) fn told(name: &str) -> Option<String> {
    let theirs = snake(name);
    let find = |table: &[(&str, &'static str)]| table.iter().find(|row| row.0 == theirs).map(|row| row.1);
    if let Some(ours) = ours(name) {
        return Some(format!("unknown option `{name}`: did you mean `{ours}`?"));
    }
    if let Some(meanwhile) = find(NOT_YET) {
        return Some(format!("`{name}` is not in this release: {meanwhile}"));
    }
    find(ANSWERS).map(|answer| format!("unknown option `{name}`: {answer}"))
}

/// `TimeToLive` and `cacheNames` as `time_to_live` and `cache_names`.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for (at, char) in name.char_indices() {
        if char.is_uppercase() && at > 0 {
            snake.push('_');
        }
        snake.extend(char.to_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::options::Opt;

    #[test]
    fn nothing_foreign_is_an_option_here() {
        let names = ELSEWHERE.iter().chain(NOT_YET).chain(ANSWERS).map(|(name, _)| *name);
        let mut seen = std::collections::HashSet::new();
        for name in names {
            assert!(Opt::called(name).is_none(), "{name} is an option");
            assert!(seen.insert(name), "{name} is there twice");
        }
        assert!(ELSEWHERE.iter().all(|(_, ours)| Opt::called(ours).is_some()));
    }

    #[test]
    fn other_cases_are_read() {
        assert_eq!(ours("TimeToLive"), Some("ttl"));
        assert_eq!(ours("cacheNames"), Some("prefix"));
        assert!(told("timeToIdle").is_some_and(|told| told.contains("not in this release")));
    }
}
