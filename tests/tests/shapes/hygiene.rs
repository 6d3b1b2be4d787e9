//! The user's names beside ours.

use cache_memoize::cache_memoize;

use crate::{block_on, ran, row};

/// Items with the names that the expansion could have given to its own.
mod items {
    #![allow(dead_code, non_upper_case_globals, unused)]

    use super::{cache_memoize, ran};

    static SITE: u8 = 1;
    static __SITE: u8 = 2;
    const KEY: u8 = 3;
    const turn: u8 = 4;
    const key: u8 = 5;
    static lookup: u8 = 6;
    static body: u8 = 7;
    const policy: u8 = 8;
    const target: u8 = 9;
    const returned: u8 = 10;
    struct Key;
    struct Lookup;
    struct Turn;
    struct Policy;
    struct Memory;
    struct Stats;
    struct Error;
    struct Site;
    struct Nil;
    struct Cons;
    mod __private {}
    mod cache_memoize_ {}
    fn run() {}
    fn join() {}

    #[cache_memoize(on_hit = |_| (), on_miss = |_| (), extra = KEY)]
    pub(super) fn f(x: u8) -> u8 {
        ran();
        x + SITE + __SITE + KEY + turn + key + lookup + body + policy + target + returned
    }
}

#[test]
fn items_of_our_names() {
    row!(items::f(1), items::f(2), items::f_invalidate(1));
    assert_eq!(items::f(1), 56);
}

#[test]
fn arguments_of_our_names() {
    #[cache_memoize(on_hit = |_, _, _, _, _, _| (), on_miss = |_, _, _, _, _, _| (), skip(turn), extra = key + lookup)]
    fn f(key: u8, lookup: u8, value: u8, returned: &str, copies: u8, turn: u8) -> usize {
        ran();
        usize::from(key + lookup + value + copies + turn) + returned.len()
    }
    row!(f(1, 2, 3, "a", 4, 5), f(1, 2, 3, "b", 4, 5), f_invalidate(1, 2, 3, "a", 4));
    f_set(9, 9, 9, "z", 9, 1000);
    assert_eq!(f_peek(9, 9, 9, "z", 9), Some(1000));
}

#[test]
fn arguments_of_our_hidden_names() {
    #[cache_memoize(args_rewrite = |__key, __lookup, __arg0, _| (*__key, *__lookup, __arg0.0), on_miss = |_, _, _, _| ())]
    fn f(__key: u8, __lookup: u8, __arg0: (u8, u8), (a, b): (u8, u8)) -> u8 {
        ran();
        __key + __lookup + __arg0.0 + __arg0.1 + a + b
    }
    row!(f(1, 2, (3, 4), (5, 6)), f(2, 2, (3, 4), (5, 6)), f_invalidate(1, 2, (3, 4), (5, 6)));
}

#[test]
fn arguments_named_like_positions() {
    #[cache_memoize]
    fn f(__arg1: u8, (a, b): (u8, u8), _: u8) -> u8 {
        ran();
        __arg1 + a + b
    }
    row!(f(1, (2, 3), 4), f(1, (3, 2), 4), f_invalidate(1, (2, 3), 4));
}

#[test]
fn variables_of_our_names() {
    #[cache_memoize]
    fn f(x: u8) -> u8 {
        ran();
        let (__lookup, __turn, __key, lookup, turn, key, value) = (1, 2, 3, 4, 5, 6, x);
        let __returned = __lookup + __turn + __key;
        __returned + lookup + turn + key + value
    }
    #[cache_memoize]
    async fn g(x: u8) -> u8 {
        ran();
        let (__lookup, __returned) = (1, x);
        __lookup + __returned
    }
    row!(f(1), f(2), f_invalidate(1));
    row!(block_on(g(1)), block_on(g(2)), block_on(g_invalidate(1)));
}

#[test]
fn an_argument_named_like_the_function() {
    #[cache_memoize]
    fn f(f: u8, f_uncached: u8) -> u8 {
        ran();
        f + f_uncached
    }
    row!(f(1, 2), f(2, 1), f_invalidate(1, 2));
}

#[test]
fn an_argument_named_value() {
    #[cache_memoize]
    fn f(value: u8, new_value: u8) -> u8 {
        ran();
        value + new_value
    }
    row!(f(1, 2), f(2, 1), f_invalidate(1, 2));
    f_set(5, 5, 100);
    assert_eq!(f_peek(5, 5), Some(100));
}

#[test]
fn type_parameters_of_our_names() {
    #[cache_memoize]
    #[allow(non_camel_case_types)]
    fn f<K, P, S, __SITE>(k: K, p: P, s: S, site: __SITE) -> (K, P, S, __SITE)
    where
        K: Key,
        P: Key,
        S: Key,
        __SITE: Key,
    {
        ran();
        (k, p, s, site)
    }
    trait Key: std::hash::Hash + Eq + Clone + Send + Sync + 'static {}
    impl Key for u8 {}
    row!(f(1_u8, 2_u8, 3_u8, 4_u8), f(2_u8, 2_u8, 3_u8, 4_u8), f_invalidate(1_u8, 2_u8, 3_u8, 4_u8));
}

/// Methods that everything has, called like ours.
#[test]
fn methods_of_our_names_on_everything() {
    #[allow(dead_code)]
    trait Everything {
        fn run(&self) {}
        fn join(self) -> Self
        where
            Self: Sized,
        {
            self
        }
        fn lookup(&self) {}
        fn own(&self) {}
        fn instance(&self) {}
        fn on_hit(self)
        where
            Self: Sized,
        {
        }
        fn invalidate(self)
        where
            Self: Sized,
        {
        }
        fn peek(&self) {}
        fn part(&self) {}
    }
    impl<T: ?Sized> Everything for T {}

    #[cache_memoize(on_hit = |_| (), on_miss = |_| ())]
    fn f(x: &str) -> usize {
        ran();
        x.len()
    }
    row!(f("a"), f("b"), f_invalidate("a"));
}

mod std_shadowed {
    #![allow(dead_code, unused)]

    use super::{cache_memoize, ran};

    mod std {
        pub(super) mod result {}
        pub(super) mod string {}
    }
    mod core {
        pub(super) mod option {}
        pub(super) mod time {}
    }

    macro_rules! vec {
        () => {
            compile_error!("not this one")
        };
    }
    macro_rules! format {
        () => {
            compile_error!("not this one")
        };
    }
    macro_rules! unreachable {
        () => {
            compile_error!("not this one")
        };
    }

    #[cache_memoize(ttl = "1m")]
    pub(super) fn f(x: Option<&str>) -> Result<String, String> {
        ran();
        x.map(ToOwned::to_owned).ok_or_else(String::new)
    }
}

#[test]
fn modules_named_std_and_core() {
    row!(std_shadowed::f(Some("a")), std_shadowed::f(Some("b")), std_shadowed::f_invalidate(Some("a")));
}

mod prelude_shadowed {
    #![allow(dead_code)]

    use super::{cache_memoize, ran};

    pub(super) type Result<T> = ::std::result::Result<T, ::std::string::String>;
    pub(super) struct String;
    pub(super) struct Vec;
    pub(super) enum Option {
        Some,
        None,
    }
    #[allow(unused_imports)]
    use Option::{None, Some};
    #[allow(non_snake_case)]
    pub(super) fn Ok() {}
    #[allow(non_snake_case)]
    pub(super) fn Err() {}

    #[cache_memoize(ttl = 60, cache_err = true, bypass_if = x > 100)]
    pub(super) fn f(x: u8) -> Result<u8> {
        ran();
        Result::Ok(x)
    }
}

#[test]
fn prelude_names_of_the_user() {
    row!(prelude_shadowed::f(1), prelude_shadowed::f(2), prelude_shadowed::f_invalidate(1));
}

#[test]
fn without_a_prelude() {
    use crate::no_prelude::{
        Here, keyed, keyed_invalidate, many_options, many_options_invalidate, marked, marked_invalidate,
        more_options, more_options_invalidate, plain, plain_invalidate, waiting, waiting_invalidate,
    };

    row!(plain(1), plain(2), plain_invalidate(1));
    row!(many_options("a", None), many_options("b", None), many_options_invalidate("a", None));
    row!(more_options("a"), more_options("b"), more_options_invalidate("a"));
    row!(keyed("a"), keyed("b"), keyed_invalidate("a"));
    row!(marked(1), marked(2), marked_invalidate(1));
    row!(
        block_on(waiting(1, (2, "a"))),
        block_on(waiting(1, (2, ""))),
        block_on(waiting_invalidate(1, (2, "a")))
    );
    let here = Here { cache: Default::default(), value: 'a' };
    row!(here.get(1), here.get(2), here.get_invalidate(1).unwrap());
}
