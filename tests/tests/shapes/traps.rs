//! What other crates got wrong about keys. (What they got wrong about time is in the promises.)

use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use cache_memoize::{Memory, cache_memoize};

use crate::{ran, row, runs};

#[test]
fn a_joined_key() {
    #[cache_memoize]
    fn f(a: &str, b: &str) -> String {
        ran();
        format!("{a}-{b}")
    }
    row!(f("a|b", "c"), f("a", "b|c"), f_invalidate("a|b", "c"));
    row!(f("a:b", "c"), f("a", "b:c"), f_invalidate("a:b", "c"));
    row!(f("a\", \"b", "c"), f("a", "b\", \"c"), f_invalidate("a\", \"b", "c"));
    row!(f("", "ab"), f("ab", ""), f_invalidate("", "ab"));
    assert_ne!(f_cache_key("a:b", "c"), f_cache_key("a", "b:c"));
}

/// Its `Debug` hides what tells values apart.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Secret(u8);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[test]
fn a_debug_based_key() {
    #[cache_memoize]
    fn f(x: Secret) -> u8 {
        ran();
        x.0
    }
    row!(f(Secret(1)), f(Secret(2)), f_invalidate(Secret(1)));
    assert_ne!(f_cache_key(Secret(1)), f_cache_key(Secret(2)));
    assert_eq!((f(Secret(1)), f(Secret(2))), (1, 2));
}

/// Its hash says nothing.
#[derive(Clone, PartialEq, Eq)]
struct Colliding(u8);

impl Hash for Colliding {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

#[test]
fn a_hash_taken_for_the_value() {
    #[cache_memoize]
    fn f(x: Colliding) -> u8 {
        ran();
        x.0
    }
    // They take each other's place, but never each other's value.
    for _ in 0..3 {
        assert_eq!((f(Colliding(1)), f(Colliding(2))), (1, 2));
    }
}

/// Its serde form hides what tells values apart.
#[derive(Clone, PartialEq, Eq, Hash, serde::Serialize)]
struct Partly {
    id: u8,
    #[serde(skip)]
    revision: u8,
}

#[test]
fn a_serialised_key() {
    #[cache_memoize]
    fn f(x: &Partly) -> u8 {
        ran();
        x.id + x.revision
    }
    let partly = |revision| Partly { id: 1, revision };
    row!(f(&partly(1)), f(&partly(2)), f_invalidate(&partly(1)));
}

#[test]
fn equality_decides() {
    #[derive(Clone, Debug)]
    struct Caseless(&'static str);
    impl PartialEq for Caseless {
        fn eq(&self, other: &Self) -> bool {
            self.0.eq_ignore_ascii_case(other.0)
        }
    }
    impl Eq for Caseless {}
    impl Hash for Caseless {
        fn hash<H: Hasher>(&self, state: &mut H) {
            self.0.to_ascii_lowercase().hash(state);
        }
    }
    #[cache_memoize]
    fn f(x: Caseless) -> &'static str {
        ran();
        x.0
    }
    row!(f(Caseless("Ab")), f(Caseless("c")), f_invalidate(Caseless("aB")));
    assert_eq!(runs(|| f(Caseless("AB"))), 0);
}

#[test]
fn one_default_memory_for_everyone() {
    #[cache_memoize(prefix = "same", version = 1)]
    fn one(x: u8) -> u8 {
        ran();
        x + 1
    }
    #[cache_memoize(prefix = "same", version = 1)]
    fn two(x: u8) -> u8 {
        ran();
        x + 2
    }
    row!(one(1), two(1), one_invalidate(1));
    one_invalidate_all();
    assert_eq!(runs(|| two(1)), 0);
}

#[test]
fn one_memory_one_prefix_two_types() {
    static SHARED: std::sync::LazyLock<Memory> = std::sync::LazyLock::new(Memory::default);

    #[cache_memoize(prefix = "same", backend = SHARED)]
    fn number(x: u8) -> u8 {
        ran();
        x
    }
    #[cache_memoize(prefix = "same", backend = SHARED)]
    fn text(x: u8) -> String {
        ran();
        x.to_string()
    }
    #[cache_memoize(prefix = "same", backend = SHARED)]
    fn again(x: u8) -> u8 {
        ran();
        x + 100
    }
    // A value of another type is nobody's.
    assert_eq!((number(1), text(1), number(1)), (1, "1".to_owned(), 1));
    // A value of the same type is shared, as was asked for.
    assert_eq!(runs(|| again(1)), 0);
    assert_eq!(again(1), 1);
}

#[test]
fn entries_of_one_generic_function() {
    struct In<U>(PhantomData<U>);
    #[cache_memoize(args_rewrite = |_, x| *x)]
    fn f<U>(_in: In<U>, x: u8) -> String {
        ran();
        format!("{x} {}", std::any::type_name::<U>())
    }
    row!(f(In::<u8>(PhantomData), 1), f(In::<u16>(PhantomData), 1), f_invalidate(In::<u8>(PhantomData), 1));
    assert!(f(In::<u16>(PhantomData), 1).ends_with("u16"));
}

#[test]
fn entries_of_closures() {
    fn f<G: Fn() -> u8>(g: G) -> u8 {
        #[cache_memoize(skip(g))]
        fn inner<G: Fn() -> u8>(g: &G, x: u8) -> u8 {
            ran();
            g() + x
        }
        inner(&g, 1)
    }
    assert_eq!((f(|| 1), f(|| 2)), (2, 3), "each closure has a type of its own");
}

#[test]
fn values_are_shared_between_instances_only_by_value() {
    #[cache_memoize]
    fn f(x: u32, y: u32) -> u32 {
        ran();
        x * 10 + y
    }
    row!(f(1, 2), f(2, 1), f_invalidate(1, 2));
    row!(f(12, 0), f(1, 20), f_invalidate(12, 0));
}

/// Needs no feature and no dependency of the user's: see also the crate `tests/newcomer`.
#[test]
fn an_error_through_an_alias() {
    type Outcome<T> = std::io::Result<T>;
    #[cache_memoize]
    fn f(x: u8) -> Outcome<u8> {
        ran();
        if x == 0 { Err(std::io::ErrorKind::Other.into()) } else { Ok(x) }
    }
    row!(f(1).unwrap(), f(2).unwrap(), f_invalidate(1));
    assert_eq!(runs(|| (f(0), f(0))), 2);
}

#[test]
fn functions_are_listed_once() {
    #[cache_memoize]
    fn listed<T: 'static>(x: u8) -> usize {
        ran();
        size_of::<T>() + usize::from(x)
    }
    listed::<u8>(1);
    listed::<u16>(1);
    listed_invalidate::<u32>(1);
    let all = cache_memoize::functions();
    let mut found =
        all.iter().filter(|function| function.name.ends_with("functions_are_listed_once::listed"));
    let function = found.next().unwrap();
    assert_eq!((function.stats.misses, found.count()), (2, 0));
    assert!(function.location.file.ends_with("traps.rs"));
}
