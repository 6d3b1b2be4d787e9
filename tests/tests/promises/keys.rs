//! §4 A key names exactly one call.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use cache_memoize::{Memory, cache_memoize};
use cache_memoize_tests::Gate;

#[test]
fn arguments_do_not_run_into_each_other() {
    #[cache_memoize]
    fn joined(a: &str, b: &str) -> String {
        format!("{a}|{b}")
    }
    assert_eq!(joined("a|b", "c"), "a|b|c");
    assert_eq!(joined("a", "b|c"), "a|b|c");
    assert_eq!(joined("a:b", "c"), "a:b|c");
    assert_eq!(joined("a", "b:c"), "a|b:c");
    assert_eq!(joined("", "abc"), "|abc");
    assert_eq!(joined("abc", ""), "abc|");
    assert_eq!(joined_stats().misses, 6);
}

/// Equal hashes are no equality: all of these collide on purpose.
#[test]
fn equality_decides_and_not_the_hash() {
    #[derive(Clone, PartialEq, Eq)]
    struct Colliding(u64);
    impl std::hash::Hash for Colliding {
        fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
    }

    #[cache_memoize]
    fn value(key: Colliding) -> u64 {
        key.0
    }
    for _ in 0..3 {
        for id in 0..10 {
            assert_eq!(value(Colliding(id)), id);
            assert_eq!(value_peek(Colliding(id)), Some(id));
        }
    }
    assert!(value_invalidate(Colliding(3)));
    assert!(!value_invalidate(Colliding(10)), "the entries there are of other keys");
}

/// Nor does one join the computation of another.
#[test]
fn colliding_flights_are_not_joined() {
    static GATE: Gate = Gate::closed();
    #[derive(Clone, PartialEq, Eq)]
    struct Colliding(u64);
    impl std::hash::Hash for Colliding {
        fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
    }

    #[cache_memoize]
    fn value(key: Colliding) -> u64 {
        GATE.pass_first();
        key.0
    }
    let held = std::thread::spawn(|| value(Colliding(1)));
    GATE.wait_for(1);
    assert_eq!(value(Colliding(2)), 2);
    GATE.open();
    assert_eq!(held.join().unwrap(), 1);
    assert_eq!(value(Colliding(1)), 1);
}

#[test]
fn floats_are_keys_by_their_bits() {
    #[cache_memoize]
    fn bits(x: f64, y: Option<f32>) -> (u64, Option<u32>) {
        (x.to_bits(), y.map(f32::to_bits))
    }
    assert_ne!(bits(0.0, None), bits(-0.0, None));
    bits(f64::NAN, Some(f32::NAN));
    bits(f64::NAN, Some(f32::NAN));
    assert_eq!((bits_stats().misses, bits_stats().hits), (3, 1));
}

mod one {
    #[cache_memoize::cache_memoize]
    pub(super) fn same_name(x: u64) -> &'static str {
        let _ = x;
        "one"
    }
}
mod two {
    #[cache_memoize::cache_memoize]
    pub(super) fn same_name(x: u64) -> &'static str {
        let _ = x;
        "two"
    }
}

#[test]
fn functions_of_one_name_share_nothing() {
    assert_eq!((one::same_name(1), two::same_name(1)), ("one", "two"));
    assert_eq!((one::same_name(1), two::same_name(1)), ("one", "two"));
    one::same_name_invalidate_all();
    assert_eq!(two::same_name_peek(1), Some("two"));

    // Nor on a memory that they share.
    assert_eq!((three::same_name(1), four::same_name(1)), ("three", "four"));
    assert_eq!((three::same_name(1), four::same_name(1)), ("three", "four"));
}

mod three {
    #[cache_memoize::cache_memoize(backend = super::SHARED)]
    pub(super) fn same_name(x: u64) -> &'static str {
        let _ = x;
        "three"
    }
}
mod four {
    #[cache_memoize::cache_memoize(backend = super::SHARED)]
    pub(super) fn same_name(x: u64) -> &'static str {
        let _ = x;
        "four"
    }
}

static SHARED: std::sync::LazyLock<Memory> = std::sync::LazyLock::new(Memory::default);

#[test]
fn a_prefix_shares_and_nothing_else_does() {
    static RUNS: AtomicU64 = AtomicU64::new(0);

    #[cache_memoize(backend = SHARED, prefix = "shared")]
    fn writer(id: u64) -> u64 {
        RUNS.fetch_add(1, SeqCst);
        id
    }
    #[cache_memoize(backend = SHARED, prefix = "shared")]
    fn reader(id: u64) -> u64 {
        RUNS.fetch_add(1, SeqCst);
        id
    }
    #[cache_memoize(backend = SHARED)]
    fn stranger(id: u64) -> u64 {
        RUNS.fetch_add(1, SeqCst);
        id
    }
    #[cache_memoize(backend = SHARED, prefix = "shared", version = 2)]
    fn newer(id: u64) -> u64 {
        RUNS.fetch_add(1, SeqCst);
        id
    }
    #[cache_memoize(backend = SHARED, prefix = "shared")]
    fn of_another_type(id: u64) -> String {
        RUNS.fetch_add(1, SeqCst);
        id.to_string()
    }

    writer(1);
    reader(1);
    assert_eq!(RUNS.load(SeqCst), 1);
    stranger(1);
    newer(1);
    assert_eq!(RUNS.load(SeqCst), 3);
    assert_eq!(of_another_type(1), "1", "another type under the same key is a miss");
    assert_eq!(reader(1), 1);
    assert!(writer_invalidate(1).unwrap());
    assert_eq!(reader_peek(1).unwrap(), None);
    writer(2);
    reader(3);
    reader_invalidate_all().unwrap();
    assert_eq!((reader_peek(2).unwrap(), reader_peek(3).unwrap()), (None, None), "all under the prefix");
    assert_eq!((newer_peek(1).unwrap(), stranger_peek(1).unwrap()), (Some(1), Some(1)), "and no others");
}

#[test]
fn a_key_of_the_users_own_is_the_whole_key() {
    #[cache_memoize(backend = SHARED, key = |id: &u64| format!("row/{id}"))]
    fn by_number(id: u64) -> u64 {
        id
    }
    #[cache_memoize(backend = SHARED, key = |name: &str| format!("row/{name}"))]
    fn by_name(name: &str) -> u64 {
        name.len() as u64
    }
    assert_eq!(by_number_cache_key(7), "row/7");
    by_number(7);
    assert_eq!(by_name("7"), 7);
}

#[derive(serde::Serialize, Hash, PartialEq, Eq, Clone)]
struct Query {
    text: String,
    tags: Vec<&'static str>,
    page: Option<u32>,
    kind: Kind,
    filters: BTreeMap<&'static str, bool>,
}

#[derive(serde::Serialize, Hash, PartialEq, Eq, Clone)]
enum Kind {
    Plain,
    Fuzzy(u8),
}

#[cache_memoize]
#[allow(dead_code, reason = "only its keys are asked for")]
fn golden(a: u64, b: &str, c: (f32, char), d: Option<&str>, e: &Query) -> u64 {
    let _ = (a, b, c, d, e);
    1
}
#[cache_memoize(prefix = "users", version = 3, extra = locale)]
#[allow(dead_code, reason = "only its keys are asked for")]
fn golden_extra(id: u64, locale: &'static str) -> u64 {
    let _ = locale;
    id
}
#[cache_memoize]
#[allow(dead_code, reason = "only its keys are asked for")]
fn golden_none() -> u64 {
    1
}
#[cache_memoize(prefix = "a:b", args_rewrite = |x, y| (x + y, x * y), version = "spring 2026")]
#[allow(dead_code, reason = "only its keys are asked for")]
fn golden_rewrite(x: u64, y: u64) -> u64 {
    x + y
}

/// Stable for ever: what these say, another process with another release of this crate reads.
#[test]
fn golden_texts() {
    let query = Query {
        text: "a \"b\"\n🦀".into(),
        tags: vec!["x", "y z"],
        page: Some(3),
        kind: Kind::Fuzzy(2),
        filters: BTreeMap::from([("b", false), ("a", true)]),
    };
    assert_eq!(
        golden_cache_key(7, "alice", (1.5, 'x'), Some("none"), &query),
        "promises::keys::golden:7:alice:(1.5,'x'):some(\"none\"):\
         {text=\"a \\\"b\\\"\\n🦀\",tags=[x,\"y z\"],page=some(3),kind=Kind::Fuzzy(2),filters=map{a=true,b=false}}"
    );
    let plain =
        Query { kind: Kind::Plain, tags: vec![], page: None, filters: BTreeMap::new(), text: "7".into() };
    assert_eq!(
        golden_cache_key(0, "7", (-0.0, '"'), None, &plain),
        "promises::keys::golden:0:\"7\":(-0.0,'\\\"'):none:\
         {text=\"7\",tags=[],page=none,kind=Kind::Plain,filters=map{}}"
    );
    assert_eq!(golden_extra_cache_key(9, "de"), "users@3:9:de;de");
    assert_eq!(golden_none_cache_key(), "promises::keys::golden_none");
    assert_eq!(golden_rewrite_cache_key(3, 4), "\"a:b\"@\"spring 2026\":(7,12)");
}

#[derive(Hash, PartialEq, Eq, Clone)]
struct NoSerde(u8);

#[test]
fn what_serde_cannot_write_is_a_marked_digest() {
    #[cache_memoize]
    #[allow(dead_code, reason = "only its keys are asked for")]
    fn digested(x: NoSerde) -> u8 {
        x.0
    }
    let (one, two) = (digested_cache_key(NoSerde(1)), digested_cache_key(NoSerde(2)));
    assert_ne!(one, two);
    assert_eq!(one, digested_cache_key(NoSerde(1)));
    assert!(one.contains(":#") && one.len() > 32, "{one}");
}

#[test]
fn type_parameters_are_part_of_the_key() {
    struct Metre;
    struct Mile;

    #[cache_memoize]
    fn show<T>(x: u64) -> String {
        format!("{x} {}", std::any::type_name::<T>().rsplit("::").next().unwrap())
    }
    #[cache_memoize(backend = SHARED, prefix = "show")]
    fn show_shared<T>(x: u64) -> String {
        format!("{x} {}", std::any::type_name::<T>().rsplit("::").next().unwrap())
    }
    assert_eq!((show::<Metre>(1), show::<Mile>(1)), ("1 Metre".into(), "1 Mile".into()));
    assert_eq!((show_shared::<Metre>(1), show_shared::<Mile>(1)), ("1 Metre".into(), "1 Mile".into()));
    assert_ne!(show_shared_cache_key::<Metre>(1), show_shared_cache_key::<Mile>(1));
    assert_eq!(show_stats().entries, 2);
    show_invalidate_all();
    assert_eq!((show_peek::<Metre>(1), show_peek::<Mile>(1)), (None, None));
}
