//! Functions with parameters of their own.

use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::marker::PhantomData;

use cache_memoize::{KeyPart, cache_memoize};

use crate::{ran, row, runs};

trait Key: Hash + Eq + Clone + Send + Sync + 'static {}
impl<T: Hash + Eq + Clone + Send + Sync + 'static> Key for T {}

#[test]
fn separate_entries_per_type() {
    #[cache_memoize]
    fn f<T: Key>(x: T) -> T {
        ran();
        x
    }
    row!(f(1_u8), f(2_u8), f_invalidate(1_u8));
    row!(f(1_u16), f(2_u16), f_invalidate(1_u16));
    row!(f(String::from("1")), f(String::from("2")), f_invalidate(String::from("1")));
    assert_eq!(f_stats().entries, 6, "one cache for all instances");
    f_invalidate_all();
    assert_eq!(runs(|| (f(1_u8), f(1_u16))), 2);
}

#[test]
fn where_clause() {
    #[cache_memoize]
    fn f<K, V>(k: K, v: &V) -> String
    where
        K: Key + Debug,
        V: Key + Debug,
        Vec<K>: Debug,
    {
        ran();
        format!("{k:?}{v:?}")
    }
    row!(f(1_u8, &'a'), f(2_u8, &'a'), f_invalidate(1_u8, &'a'));
}

#[test]
fn const_parameter() {
    #[cache_memoize]
    fn f<const N: usize>(x: [u8; N]) -> usize {
        ran();
        x.len()
    }
    row!(f([1]), f([2]), f_invalidate([1]));
    row!(f([1, 2]), f([2, 1]), f_invalidate([1, 2]));
}

#[test]
fn const_parameter_alone() {
    #[cache_memoize]
    fn f<const N: usize, const B: bool, const C: char>() -> (usize, bool, char) {
        ran();
        (N, B, C)
    }
    row!(f::<1, true, 'a'>(), f::<2, true, 'a'>(), f_invalidate::<1, true, 'a'>());
    row!(f::<1, false, 'a'>(), f::<1, false, 'b'>(), f_invalidate::<1, false, 'a'>());
    assert_eq!(f::<1, false, 'b'>(), (1, false, 'b'));
}

#[test]
fn mixed_parameters() {
    #[cache_memoize]
    fn f<'a, T: Key, const N: usize>(x: &'a str, y: [T; N], z: &'a [T]) -> usize {
        ran();
        x.len() + y.len() + z.len()
    }
    row!(f("a", [1_u8], &[]), f("a", [2_u8], &[]), f_invalidate("a", [1_u8], &[]));
}

struct Metre;
struct Mile;
trait Unit {
    const NAME: &'static str;
}
impl Unit for Metre {
    const NAME: &'static str = "m";
}
impl Unit for Mile {
    const NAME: &'static str = "mi";
}

#[test]
fn phantom_type() {
    #[cache_memoize]
    fn f<U: Unit>(x: u8) -> String {
        ran();
        format!("{x}{}", U::NAME)
    }
    row!(f::<Metre>(1), f::<Mile>(1), f_invalidate::<Metre>(1));
    assert_eq!((f::<Metre>(1), f::<Mile>(1)), ("1m".to_owned(), "1mi".to_owned()));
}

#[test]
fn phantom_type_with_a_prefix() {
    #[cache_memoize(prefix = "show")]
    fn f<U: Unit>(x: u8) -> String {
        ran();
        format!("{x}{}", U::NAME)
    }
    row!(f::<Metre>(1), f::<Mile>(1), f_invalidate::<Metre>(1));
    assert_ne!(f_cache_key::<Metre>(1), f_cache_key::<Mile>(1));
}

#[test]
fn phantom_types_of_one_name() {
    #[cache_memoize]
    fn f<T>() -> usize {
        ran();
        size_of::<T>()
    }
    let small = {
        struct Same;
        row!(f::<Same>(), f::<[Same; 2]>(), f_invalidate::<Same>());
        f::<Same>()
    };
    let large = {
        struct Same(#[expect(dead_code)] u64);
        assert_eq!(runs(f::<Same>), 1);
        f::<Same>()
    };
    assert_eq!((small, large), (0, 8));
}

#[test]
fn types_that_borrow() {
    #[cache_memoize]
    fn f<T>() -> &'static str {
        ran();
        std::any::type_name::<T>()
    }
    fn within<'a>(_: &'a str) {
        row!(f::<&'a str>(), f::<&'a u8>(), f_invalidate::<&'a str>());
    }
    within(&String::from("x"));
}

#[test]
fn unsized_type() {
    #[cache_memoize]
    fn f<T: ?Sized + KeyPart>(x: &T) -> usize {
        ran();
        size_of_val(x)
    }
    row!(f("a"), f("b"), f_invalidate("a"));
    row!(f(&[1_u8][..]), f(&[2_u8][..]), f_invalidate(&[1_u8][..]));
}

#[test]
fn unsized_type_with_an_owned_form() {
    #[cache_memoize]
    fn f<T>(x: &T) -> usize
    where
        T: ?Sized + ToOwned<Owned: Key> + Hash + Eq,
    {
        ran();
        size_of_val(x)
    }
    row!(f("a"), f("b"), f_invalidate("a"));
}

#[test]
fn type_without_static_by_args_rewrite() {
    #[cache_memoize(args_rewrite = |x| x.as_ref())]
    fn f<T: AsRef<str>>(x: T) -> usize {
        ran();
        x.as_ref().len()
    }
    let text = String::from("a");
    row!(f(text.as_str()), f("b"), f_invalidate("a"));
    assert_eq!(runs(|| f(&text)), 1, "`&String` is another instance");
}

#[test]
fn type_without_static_by_skip() {
    #[cache_memoize(skip(show))]
    fn f<T: Display>(id: u8, show: &T) -> String {
        ran();
        format!("{id}{show}")
    }
    let text = String::from("a");
    row!(f(1, &text.as_str()), f(2, &"b"), f_invalidate::<&str>(1));
}

#[test]
fn containers_of_a_parameter() {
    #[cache_memoize]
    fn f<T: Key>(a: Vec<T>, b: Option<&T>, c: &[T], d: (T, &str)) -> usize {
        ran();
        let (_, d) = d;
        a.len() + usize::from(b.is_some()) + c.len() + d.len()
    }
    row!(
        f(vec![1_u8], None, &[], (1, "a")),
        f(vec![1_u8], Some(&0), &[], (1, "a")),
        f_invalidate(vec![1_u8], None, &[], (1, "a"))
    );
}

#[test]
fn higher_ranked_bound() {
    #[cache_memoize(skip(g))]
    fn f<G>(x: &str, g: G) -> usize
    where
        G: for<'a> Fn(&'a str) -> &'a str,
    {
        ran();
        g(x).len()
    }
    let g: fn(&str) -> &str = str::trim;
    row!(f("a", g), f(" b", g), f_invalidate::<fn(&str) -> &str>("a"));
}

#[test]
fn impl_trait_beside_a_parameter() {
    #[cache_memoize(args_rewrite = |x, y| (x.to_string(), y.clone()))]
    fn f<T: Key>(x: impl ToString, y: T) -> T {
        ran();
        let _ = x.to_string();
        y
    }
    row!(f::<u8>(1, 1), f::<u8>(1, 2), f_invalidate::<u8>(1, 1));
}

#[test]
fn state_in_the_body_of_a_generic_function() {
    use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

    #[cache_memoize]
    fn f<T: Key>(x: T) -> (T, u8) {
        static CALLS: AtomicU8 = AtomicU8::new(0);
        ran();
        (x, CALLS.fetch_add(1, Relaxed))
    }
    assert_eq!((f('a').1, f('b').1, f_refresh('a').1, f_uncached('a').1), (0, 1, 2, 3));
}

/// The types of an `impl` count as well as those of the function.
struct Holder<T>(PhantomData<T>);

impl<T: 'static> Holder<T> {
    #[cache_memoize]
    fn pair<U: 'static>(x: u8) -> (String, u8) {
        ran();
        (format!("{}, {}", std::any::type_name::<T>(), std::any::type_name::<U>()), x)
    }
}

#[test]
fn parameters_of_both_impl_and_function() {
    row!(Holder::<u8>::pair::<u8>(1), Holder::<u8>::pair::<u16>(1), Holder::<u8>::pair_invalidate::<u8>(1));
    row!(
        Holder::<u16>::pair::<u8>(1),
        Holder::<u16>::pair::<u16>(1),
        Holder::<u16>::pair_invalidate::<u8>(1)
    );
    assert_eq!(Holder::<u16>::pair::<u8>(1).0, "u16, u8");
    assert_eq!(Holder::<u8>::pair_stats().entries, Holder::<u16>::pair_stats().entries, "one cache");
    let _ = Holder::<u8>(PhantomData).0;
}

struct Buffer<const N: usize>;

impl<const N: usize> Buffer<N> {
    #[cache_memoize]
    fn capacity(x: usize) -> usize {
        ran();
        N + x
    }
}

#[test]
fn const_parameter_of_the_impl() {
    row!(Buffer::<1>::capacity(0), Buffer::<2>::capacity(0), Buffer::<1>::capacity_invalidate(0));
    assert_eq!((Buffer::<1>::capacity(0), Buffer::<2>::capacity(0)), (1, 2));
    let Buffer = Buffer::<1>;
}

#[test]
fn recursion_with_parameters() {
    #[cache_memoize]
    fn f<T: Key + From<u8>>(n: u8, base: T) -> Vec<T> {
        ran();
        if n == 0 {
            return vec![base];
        }
        let mut all = f::<T>(n - 1, base.clone());
        all.push(T::from(n));
        all
    }
    assert_eq!(runs(|| f(9, 0_u64)), 10);
    assert_eq!(runs(|| f(10, 0_u64)), 1);
}

#[test]
fn parameters_of_skipped_arguments() {
    #[cache_memoize(skip(db))]
    fn f<'a, D: Debug>(db: &'a D, name: &'a str) -> usize {
        ran();
        let _ = db;
        name.len()
    }
    row!(f(&1, "a"), f(&1, "b"), f_invalidate::<i32>("a"));
    assert_eq!(runs(|| f(&"another type", "a")), 1, "a named parameter is part of the key");
}
