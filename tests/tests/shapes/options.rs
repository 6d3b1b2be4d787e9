//! Options that name arguments: bound by patterns, skipped, or fields of `self`.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, LazyLock};

use cache_memoize::{Memory, cache_memoize};

use crate::{ran, row, runs};

#[derive(Clone, PartialEq, Eq, Hash)]
struct Point {
    x: i32,
    y: i32,
}

#[test]
fn extra_names_what_patterns_bind() {
    static LOCALE: AtomicU32 = AtomicU32::new(0);

    #[cache_memoize(extra = (*x, a.len(), LOCALE.load(Relaxed)), args_rewrite = |point, _| point.y)]
    fn f(Point { x, y }: Point, (mut a, _): (String, u8)) -> String {
        ran();
        a.push_str(&format!("{x}{y}"));
        a
    }
    let call = |x, y| f(Point { x, y }, ("a".into(), 1));
    row!(call(1, 1), call(2, 1), f_invalidate(Point { x: 1, y: 1 }, ("a".into(), 1)));
    LOCALE.store(1, Relaxed);
    assert_eq!(runs(|| call(1, 1)), 1, "another locale");
}

#[test]
fn extra_names_what_reference_patterns_bind() {
    #[cache_memoize(extra = x + z, skip(id))]
    fn f(&x: &i32, &Point { x: z, .. }: &Point, id: u8) -> i32 {
        ran();
        x + z + i32::from(id)
    }
    let p = |x| Point { x, y: 0 };
    row!(f(&1, &p(1), 1), f(&1, &p(2), 1), f_invalidate(&1, &p(1)));
}

#[test]
fn extra_names_what_nested_reference_patterns_bind() {
    #[cache_memoize(extra = a.wrapping_add(*b))]
    fn f((&a, ref b): (&i32, i32), all @ Point { .. }: Point) -> i32 {
        ran();
        a + b + all.x
    }
    let p = |x| Point { x, y: 0 };
    row!(f((&1, 2), p(1)), f((&2, 2), p(1)), f_invalidate((&1, 2), p(1)));
}

#[test]
fn extra_names_a_skipped_argument() {
    struct Db {
        tenant: u8,
    }
    #[cache_memoize(skip(db), extra = db.tenant)]
    fn f(db: &Db, id: u8) -> u8 {
        ran();
        db.tenant + id
    }
    row!(f(&Db { tenant: 1 }, 1), f(&Db { tenant: 2 }, 1), f_invalidate(&Db { tenant: 1 }, 1));
}

#[test]
fn extra_in_a_format_string() {
    #[cache_memoize(skip(tenant), extra = format!("{tenant}"))]
    fn f(tenant: &str, id: u8) -> usize {
        ran();
        tenant.len() + usize::from(id)
    }
    row!(f("a", 1), f("b", 1), f_invalidate("a", 1));
}

#[test]
fn bypass_if_names_skipped_and_bound_arguments() {
    #[cache_memoize(skip(fresh), bypass_if = fresh || *a == 0)]
    fn f(fresh: bool, (a, _b): (u8, u8)) -> u8 {
        ran();
        a
    }
    row!(f(false, (1, 1)), f(false, (2, 1)), f_invalidate((1, 1)));
    assert_eq!(runs(|| (f(true, (1, 1)), f(true, (1, 1)))), 2);
    assert_eq!(runs(|| (f(false, (0, 1)), f(false, (0, 1)))), 2);
    assert_eq!(f_stats().entries, 2);
}

#[test]
fn bypass_if_names_no_argument() {
    static OFF: AtomicBool = AtomicBool::new(false);
    #[cache_memoize(bypass_if = OFF.load(Relaxed))]
    fn f(x: u8) -> u8 {
        ran();
        x
    }
    row!(f(1), f(2), f_invalidate(1));
    OFF.store(true, Relaxed);
    assert_eq!(runs(|| f(1)), 1);
}

struct Repository {
    cache: Memory,
    shared: Arc<LazyLock<Memory>>,
    tenant: String,
}

impl Repository {
    fn new() -> Self {
        Self {
            cache: Memory::new(10),
            shared: Arc::new(LazyLock::new(Memory::default)),
            tenant: "t".to_owned(),
        }
    }
    fn memory(&self) -> &Memory {
        &self.cache
    }
    #[cache_memoize(skip(self), backend = self.cache)]
    fn by_field(&self, id: u8) -> u8 {
        ran();
        id
    }
    #[cache_memoize(skip(self), backend = &self.cache)]
    fn by_reference(&self, id: u8) -> u8 {
        ran();
        id
    }
    #[cache_memoize(skip(self), backend = self.memory())]
    fn by_call(&self, id: u8) -> u8 {
        ran();
        id
    }
    #[cache_memoize(skip(self), backend = self.shared, extra = self.tenant.as_str(), bypass_if = self.tenant.is_empty())]
    fn by_pointer(&self, id: &str) -> usize {
        ran();
        self.tenant.len() + id.len()
    }
    #[cache_memoize(skip(self), backend = Self::global())]
    fn by_associated(&self, id: u8) -> u8 {
        ran();
        id
    }
    fn global() -> &'static Memory {
        static GLOBAL: LazyLock<Memory> = LazyLock::new(Memory::default);
        &GLOBAL
    }
}

#[test]
fn backend_in_a_field() {
    let (a, b) = (Repository::new(), Repository::new());
    row!(a.by_field(1), b.by_field(1), a.by_field_invalidate(1).unwrap());
    row!(a.by_reference(1), b.by_reference(1), a.by_reference_invalidate(1).unwrap());
    row!(a.by_call(1), b.by_call(1), a.by_call_invalidate(1).unwrap());
    row!(a.by_pointer("x"), b.by_pointer("x"), a.by_pointer_invalidate("x").unwrap());
    row!(a.by_associated(1), a.by_associated(2), Repository::by_associated_invalidate(1).unwrap());
    assert_eq!(a.by_field_stats().entries, 1);
    a.by_field_invalidate_all().unwrap();
    assert_eq!((a.by_field_peek(1).unwrap(), b.by_field_peek(1).unwrap()), (None, Some(1)));
    assert_eq!(a.by_field_refresh(1).unwrap(), 1);
    a.by_field_set(1, 9).unwrap();
    assert_eq!(a.by_field(1), 9);
}

#[test]
fn backend_in_an_argument() {
    #[cache_memoize(skip(cache), backend = cache)]
    fn f(cache: &Memory, id: u8) -> u8 {
        ran();
        id
    }
    let (a, b) = (Memory::default(), Memory::default());
    row!(f(&a, 1), f(&b, 1), f_invalidate(&a, 1).unwrap());
    assert_eq!(f_stats(&a).entries, 1);
    f_invalidate_all(&a).unwrap();
    assert_eq!(runs(|| (f(&a, 1), f(&b, 1))), 1);
}

#[test]
fn backend_that_a_pattern_binds() {
    struct Context {
        cache: Memory,
        tenant: u8,
    }
    #[cache_memoize(backend = cache, args_rewrite = |context, id| (context.tenant, *id))]
    fn f(Context { cache, tenant }: &Context, id: u8) -> u8 {
        ran();
        let _ = cache;
        tenant + id
    }
    let context = Context { cache: Memory::default(), tenant: 1 };
    row!(f(&context, 1), f(&context, 2), f_invalidate(&context, 1).unwrap());
    assert_eq!(f_stats(&context).entries, 2);
}

#[test]
fn backend_in_a_generic_argument() {
    #[cache_memoize(skip(cache), backend = cache.as_ref())]
    fn f<C: AsRef<Memory>>(cache: &C, id: u8) -> u8 {
        ran();
        id
    }
    struct Holder(Memory);
    impl AsRef<Memory> for Holder {
        fn as_ref(&self) -> &Memory {
            &self.0
        }
    }
    let (a, b) = (Holder(Memory::default()), Holder(Memory::default()));
    row!(f(&a, 1), f(&b, 1), f_invalidate(&a, 1).unwrap());
    assert_eq!(f_stats(&a).entries, 1);
}

#[test]
fn backend_in_a_static() {
    static SHARED: LazyLock<Memory> = LazyLock::new(|| Memory::new(100));

    #[cache_memoize(backend = SHARED)]
    fn one(x: &str) -> usize {
        ran();
        x.len()
    }
    #[cache_memoize(backend = SHARED)]
    fn two(x: &str) -> usize {
        ran();
        x.len() + 1
    }
    row!(one("a"), two("a"), one_invalidate("a").unwrap());
    one_invalidate_all().unwrap();
    assert_eq!(runs(|| (one("a"), two("a"))), 1);
}

#[test]
fn callbacks_see_every_argument() {
    static HEARD: AtomicU32 = AtomicU32::new(0);

    #[cache_memoize(
        skip(log, out),
        on_miss = |log: &u32, name: &str, (a, _b): &(String, u8), all| {
            HEARD.fetch_add(log + u32::try_from(name.len() + a.len() + all.len()).unwrap(), Relaxed);
        },
        on_hit = |_, name, _, _| {
            if name.is_empty() {
                return;
            }
            HEARD.fetch_add(1000, Relaxed);
        }
    )]
    fn f(log: u32, name: &str, (a, b): (String, u8), all: &[u8], out: &mut Vec<u8>) -> usize {
        ran();
        out.push(1);
        name.len() + a.len() + usize::from(b) + all.len() + log as usize
    }
    let mut out = Vec::new();
    let mut call = |name| f(10, name, ("ab".into(), 1), &[1, 2, 3], &mut out);
    row!(call("x"), call(""), f_invalidate("x", ("ab".into(), 1), &[1, 2, 3]));
    // Misses: 16, 15, 16. Hits on "x": after the first call, in both looks at both.
    assert_eq!(HEARD.load(Relaxed), 16 + 15 + 16 + 3 * 1000);
}

#[test]
fn closures_with_return_inside() {
    #[cache_memoize(
        args_rewrite = |x| {
            if *x > 100 {
                return 100;
            }
            *x
        },
        ttl = |value: &u8| {
            if *value == 0 {
                return std::time::Duration::ZERO;
            }
            std::time::Duration::from_secs(60)
        },
        cache_if = |value: &u8| -> bool {
            if *value == 7 {
                return false;
            }
            true
        }
    )]
    fn f(x: u8) -> u8 {
        ran();
        x
    }
    row!(f(1), f(2), f_invalidate(1));
    assert_eq!(runs(|| (f(100), f(101), f(200))), 1);
    assert_eq!(runs(|| (f(0), f(0), f(7), f(7))), 4);
}

#[test]
fn key_text() {
    #[cache_memoize(key = |user, page| format!("{user}/{page}"))]
    fn f(user: &str, page: u8) -> usize {
        ran();
        user.len() + usize::from(page)
    }
    row!(f("a", 1), f("a", 2), f_invalidate("a", 1));
    assert_eq!(f_cache_key("a", 1), "a/1");
}

#[test]
fn key_by_a_path_and_of_a_str() {
    fn name(x: &str) -> &str {
        x.trim()
    }
    #[cache_memoize(key_generator_callable = name)]
    fn f(x: &str) -> usize {
        ran();
        x.len()
    }
    row!(f("a"), f("b"), f_invalidate(" a "));
}

#[test]
fn args_rewrite_takes_self_first() {
    struct User {
        id: u32,
        name: &'static str,
    }
    impl User {
        #[cache_memoize(args_rewrite = |user, page, _| (user.id, page), skip(trace))]
        fn f(&self, page: &str, _unused: u8, trace: &mut u8) -> usize {
            ran();
            *trace += 1;
            self.name.len() + page.len()
        }
        #[cache_memoize(args_rewrite = Self::identity)]
        fn g(&self, page: u8) -> usize {
            ran();
            self.name.len() + usize::from(page)
        }
        fn identity(&self, page: &u8) -> (u32, u8) {
            (self.id, *page)
        }
    }
    let (a, b) = (User { id: 1, name: "a" }, User { id: 2, name: "a" });
    let mut trace = 0;
    row!(a.f("x", 1, &mut trace), b.f("x", 1, &mut trace), a.f_invalidate("x", 9));
    row!(a.g(1), b.g(1), a.g_invalidate(1));
}

#[test]
fn companions_with_a_visibility() {
    mod inner {
        #[cache_memoize::cache_memoize(companions = pub(in crate::options))]
        pub(super) fn f(x: u8) -> u8 {
            crate::ran();
            x
        }
        #[cache_memoize::cache_memoize(companions = false)]
        pub(super) fn g(x: u8) -> u8 {
            crate::ran();
            x
        }
        // The name is free.
        pub(super) fn g_invalidate() -> bool {
            false
        }
    }
    row!(inner::f(1), inner::f(2), inner::f_invalidate(1));
    row!(inner::g(1), inner::g(2));
    assert!(!inner::g_invalidate());
}

#[test]
fn the_first_option_may_be_bare() {
    const HOUR: u64 = 60 * 60;
    #[cache_memoize(HOUR * 2)]
    fn f(x: u8) -> u8 {
        ran();
        x
    }
    #[cache_memoize("1h 30m")]
    fn g(x: u8) -> u8 {
        ran();
        x
    }
    #[cache_memoize(std::time::Duration::from_secs(1))]
    fn h(x: u8) -> u8 {
        ran();
        x
    }
    #[cache_memoize()]
    fn i(x: u8) -> u8 {
        ran();
        x
    }
    row!(f(1), f(2), f_invalidate(1));
    row!(g(1), g(2), g_invalidate(1));
    row!(h(1), h(2), h_invalidate(1));
    row!(i(1), i(2), i_invalidate(1));
}

#[test]
fn prefixes() {
    const NAME: &str = "named";
    struct One;
    struct Two;
    impl One {
        #[cache_memoize(prefix = NAME, version = "v2")]
        fn f(x: u8) -> u8 {
            ran();
            x
        }
    }
    impl Two {
        #[cache_memoize(prefix = NAME, version = "v2")]
        fn f(x: u8) -> Option<Self> {
            ran();
            let _ = x;
            None
        }
    }
    impl Clone for Two {
        fn clone(&self) -> Self {
            Self
        }
    }
    row!(One::f(1), One::f(2), One::f_invalidate(1));
    row!(Two::f(1), Two::f(2), Two::f_invalidate(1));
    assert_eq!(One::f_cache_key(1), "named@v2:1");
}
