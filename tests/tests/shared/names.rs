//! Backends by name.

use std::sync::Mutex;

use cache_memoize::{ErrorKind, EventKind, Memory, cache_memoize, observe, register};

#[test]
fn a_name_that_nobody_registered_computes_and_says_so_once() {
    static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());
    observe(|event| {
        if event.backend.contains("nobody's") {
            assert_eq!(event.kind, EventKind::Down);
            TOLD.lock().unwrap().push(event.to_string());
        }
    });

    #[cache_memoize(ttl = 60, backend = "nobody's")]
    fn double(x: u64) -> u64 {
        2 * x
    }

    for _ in 0..10 {
        assert_eq!(double(21), 42);
    }
    let told = TOLD.lock().unwrap().clone();
    let [told] = &told[..] else { panic!("{told:?}") };
    assert!(told.contains(r#"call `cache_memoize::register("nobody's", ..)` at start-up"#), "{told}");
    let error = double_invalidate(21).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Setting);
    assert!(error.to_string().contains("\"nobody's\""), "{error}");
    assert!(double_peek(21).is_err() && double_set(21, 1).is_err() && double_refresh(21).is_err());
    assert_eq!(double_stats().misses, 10);
    assert!(double_stats().errors >= 10, "{:#}", double_stats());
}

#[test]
fn a_name_can_be_registered_later_and_again() {
    #[cache_memoize(ttl = 60, backend = "late")]
    fn double(x: u64) -> u64 {
        2 * x
    }

    assert_eq!(double(1), 2);
    assert!(double_peek(1).is_err());
    register("late", Memory::new(10));
    assert_eq!(double(1), 2);
    assert_eq!(double_peek(1).unwrap(), Some(2));
    register("late", Memory::new(10));
    assert_eq!(double_peek(1).unwrap(), None, "another memory");
}

/// A memory under a name holds bytes, as its stand-in in production would: a bug in a codec shows in development.
#[test]
fn a_registered_memory_encodes() {
    #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    struct Half {
        kept: u8,
        #[serde(skip)]
        lost: u8,
    }

    #[cache_memoize(ttl = 60, backend = "encoding")]
    fn half(x: u8) -> Half {
        Half { kept: x, lost: x }
    }

    register("encoding", Memory::new(10));
    assert_eq!(half(1), Half { kept: 1, lost: 1 });
    assert_eq!(half(1), Half { kept: 1, lost: 0 });
}
