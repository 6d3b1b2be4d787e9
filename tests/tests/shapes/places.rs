//! Where functions are, and what is in their bodies.

use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use cache_memoize::cache_memoize;

use crate::{ran, row, runs};

#[test]
fn inside_a_function() {
    fn one(x: u8) -> u8 {
        #[cache_memoize]
        fn inner(x: u8) -> u8 {
            ran();
            x + 1
        }
        inner(x)
    }
    fn two(x: u8) -> u8 {
        #[cache_memoize]
        fn inner(x: u8) -> u8 {
            ran();
            x + 2
        }
        inner(x)
    }
    row!(one(1), two(1));
    assert_eq!((one(1), two(1)), (2, 3));
}

#[test]
fn inside_a_generic_function() {
    fn outer<T>(x: u8) -> u8 {
        #[cache_memoize]
        fn inner(x: u8) -> u8 {
            ran();
            x
        }
        let _ = size_of::<T>();
        inner(x)
    }
    row!(outer::<u8>(1), outer::<u8>(2));
    assert_eq!(runs(|| outer::<u16>(1)), 0, "the inner one is not generic");
}

#[test]
fn inside_a_memoized_function() {
    #[cache_memoize]
    fn outer(x: u8) -> u8 {
        #[cache_memoize]
        fn inner(x: u8) -> u8 {
            ran();
            x * 10
        }
        ran();
        inner(x / 2)
    }
    assert_eq!(runs(|| outer(2)), 2);
    assert_eq!(runs(|| outer(3)), 1, "the inner one knows it");
    assert!(outer_invalidate(2));
    assert_eq!(runs(|| outer(2)), 1);
    assert_eq!(runs(|| outer_refresh(2)), 1, "in every copy");
}

#[test]
fn inside_a_memoized_method() {
    struct Here;
    impl Here {
        #[cache_memoize(skip(self))]
        fn outer(&self, x: u8) -> u8 {
            #[cache_memoize]
            fn inner(x: u8) -> u8 {
                ran();
                x * 10
            }
            ran();
            inner(x / 2)
        }
    }
    assert_eq!(runs(|| Here.outer(2)), 2);
    assert_eq!(runs(|| Here.outer(3)), 1);
}

#[test]
fn inside_a_closure_and_a_const() {
    let call = |x: u8| {
        #[cache_memoize]
        fn inner(x: u8) -> u8 {
            ran();
            x
        }
        inner(x)
    };
    row!(call(1), call(2));

    const CALL: fn(u8) -> u8 = {
        #[cache_memoize]
        fn inner(x: u8) -> u8 {
            ran();
            x
        }
        inner
    };
    row!(CALL(1), CALL(2));
}

#[test]
fn two_blocks_of_one_function() {
    let one = {
        #[cache_memoize]
        fn f(x: u8) -> u8 {
            ran();
            x + 1
        }
        f as fn(u8) -> u8
    };
    let two = {
        #[cache_memoize]
        fn f(x: u8) -> u8 {
            ran();
            x + 2
        }
        f as fn(u8) -> u8
    };
    row!(one(1), two(1));
    assert_eq!((one(1), two(1)), (2, 3));
}

mod left {
    #[cache_memoize::cache_memoize]
    pub(super) fn same(x: u8) -> &'static str {
        super::ran();
        if x == 0 { "" } else { "left" }
    }
}

mod right {
    #[cache_memoize::cache_memoize]
    pub(in crate::places) fn same(x: u8) -> &'static str {
        super::ran();
        if x == 0 { "" } else { "right" }
    }
}

#[test]
fn same_name_in_two_modules() {
    row!(left::same(1), right::same(1), left::same_invalidate(1));
    assert_eq!((left::same(1), right::same(1)), ("left", "right"));
    assert_ne!(left::same_cache_key(1), right::same_cache_key(1));
    assert!(left::same_cache_key(1).ends_with("places::left::same:1"), "{}", left::same_cache_key(1));
}

#[path = "elsewhere/file.rs"]
mod file;

#[test]
fn in_a_file_of_its_own() {
    row!(file::of_its_own(1), file::of_its_own(2), file::of_its_own_invalidate(1));
}

#[test]
fn called_through_an_import_and_a_pointer() {
    use left::same as other;
    assert_eq!(runs(|| (other(7), left::same(7))), 1);
    let pointer: fn(u8) -> &'static str = other;
    assert_eq!(runs(|| pointer(7)), 0);
    assert_eq!([7, 8].map(other), ["left", "left"]);
}

#[test]
fn recursion() {
    #[cache_memoize]
    fn fib(n: u64) -> u64 {
        ran();
        if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
    }
    assert_eq!(runs(|| fib(60)), 61);
    assert_eq!(runs(|| fib(60)), 0);
    assert_eq!(fib(60), 1_548_008_755_920);
}

#[test]
fn mutual_recursion() {
    #[cache_memoize]
    fn even(n: u32) -> bool {
        ran();
        n == 0 || odd(n - 1)
    }
    #[cache_memoize]
    fn odd(n: u32) -> bool {
        ran();
        n != 0 && even(n - 1)
    }
    assert!(even(100));
    assert_eq!(runs(|| (even(100), odd(99), even(98))), 0);
}

#[test]
fn recursion_in_an_associated_function() {
    struct Fib;
    impl Fib {
        #[cache_memoize]
        fn at(n: u64) -> u64 {
            ran();
            if n < 2 { n } else { Self::at(n - 1) + Fib::at(n - 2) }
        }
        #[cache_memoize]
        fn of(&self, n: u64) -> u64
        where
            Self: 'static,
        {
            ran();
            if n < 2 { n } else { Fib.of(n - 1) + Self::of(self, n - 2) }
        }
    }
    impl Clone for Fib {
        fn clone(&self) -> Self {
            Self
        }
    }
    impl PartialEq for Fib {
        fn eq(&self, _: &Self) -> bool {
            true
        }
    }
    impl Eq for Fib {}
    impl std::hash::Hash for Fib {
        fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
    }
    assert_eq!(runs(|| Fib::at(30)), 31);
    assert_eq!(runs(|| Fib.of(30)), 31);
}

#[test]
fn a_static_in_the_body() {
    #[cache_memoize]
    fn f(x: u8) -> (u8, u8) {
        static CALLS: AtomicU8 = AtomicU8::new(0);
        (x, CALLS.fetch_add(1, Relaxed))
    }
    assert_eq!(f(1), (1, 0));
    assert_eq!(f(1), (1, 0));
    assert_eq!(f_refresh(1), (1, 1));
    assert_eq!(f_uncached(1), (1, 2));
    assert_eq!(f(2), (2, 3));
}

#[test]
fn a_thread_local_in_the_body() {
    #[cache_memoize]
    fn f(x: u8) -> (u8, u8) {
        thread_local! {
            static CALLS: std::cell::Cell<u8> = const { std::cell::Cell::new(0) };
        }
        CALLS.set(CALLS.get() + 1);
        (x, CALLS.get())
    }
    assert_eq!((f(1).1, f_refresh(1).1, f_uncached(1).1), (1, 2, 3));
}

#[test]
fn items_in_the_body() {
    #[cache_memoize]
    fn f(x: u8) -> String {
        use std::fmt;
        const SUFFIX: &str = "!";
        #[derive(Debug)]
        struct Local(u8);
        impl Local {
            fn new(x: u8) -> Self {
                Self(x)
            }
        }
        impl fmt::Display for Local {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
        macro_rules! twice {
            ($x:expr) => {
                format!("{} {}", $x, $x)
            };
        }
        fn helper(x: &str) -> String {
            x.to_owned() + SUFFIX
        }
        ran();
        helper(&twice!(Local::new(x)))
    }
    row!(f(1), f(2), f_invalidate(1));
    assert_eq!(f(1), "1 1!");
    assert_eq!(f_refresh(1), "1 1!");
}

#[test]
fn a_trait_in_the_body() {
    #[cache_memoize]
    fn f(x: u8) -> u8 {
        trait Plus {
            fn plus(&self) -> u8;
        }
        impl Plus for u8 {
            fn plus(&self) -> u8 {
                self + 1
            }
        }
        ran();
        x.plus()
    }
    row!(f(1), f(2), f_invalidate(1));
}

#[test]
fn a_body_that_consumes_its_arguments() {
    #[cache_memoize]
    fn f(x: String, y: Vec<String>) -> (String, Vec<String>) {
        ran();
        let consume = move || (x, y);
        consume()
    }
    row!(
        f("a".into(), vec!["b".into()]),
        f("b".into(), vec!["a".into()]),
        f_invalidate("a".into(), vec!["b".into()])
    );
}

#[test]
fn an_empty_body() {
    #[cache_memoize]
    fn f(_x: u8) {}
    f(1);
    assert!(f_invalidate(1));
}

#[test]
fn a_function_as_a_value() {
    #[cache_memoize]
    fn f(x: u8) -> u8 {
        ran();
        x
    }
    assert_eq!(runs(|| [1, 1, 2].map(f)), 2);
    assert_eq!([1, 2, 3].map(f_invalidate), [true, true, false]);
}

#[test]
fn called_from_many_threads() {
    #[cache_memoize]
    fn f(x: u8) -> usize {
        static CALLS: AtomicU8 = AtomicU8::new(0);
        usize::from(x) + usize::from(CALLS.fetch_add(1, Relaxed))
    }
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(f(5), 5));
        }
    });
}

#[test]
fn a_backend_that_is_made_at_each_call_is_told_once() {
    use cache_memoize::{EventKind, Memory, observe};
    use std::sync::Mutex;

    static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());
    fn memory() -> Memory {
        Memory::new(5)
    }
    #[cache_memoize(backend = memory())]
    fn made_anew(x: u64) -> u64 {
        x
    }
    #[cache_memoize(backend = memory, skip(memory))]
    fn of_a_request(memory: &Memory, x: u64) -> u64 {
        x
    }
    observe(|event| {
        if event.kind == EventKind::Misuse && event.function.contains("a_backend_that_is_made_at_each_call") {
            TOLD.lock().unwrap().push(event.function.clone());
        }
    });
    for x in 0..300 {
        made_anew(x % 2);
    }
    for x in 0..300 {
        let memory = memory();
        assert_eq!((of_a_request(&memory, x), of_a_request(&memory, x)), (x, x));
    }
    let kept: Vec<Memory> = (0..300).map(|_| memory()).collect();
    kept.iter().for_each(|memory| _ = of_a_request(memory, 1));
    let told = TOLD.lock().unwrap();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].ends_with("made_anew"), "{told:?}");
}
