//! Functions that `macro_rules!` makes.

use cache_memoize::cache_memoize;

use crate::{ran, row};

macro_rules! functions {
    ($($name:ident, $invalidate:ident => $value:expr;)*) => {$(
        #[cache_memoize]
        fn $name(x: u8) -> &'static str {
            ran();
            if x == 0 { "" } else { $value }
        }
        #[allow(dead_code)]
        const _: fn(u8) -> bool = $invalidate;
    )*};
}
functions! {
    first, first_invalidate => "first";
    second, second_invalidate => "second";
}

#[test]
fn several_functions_in_one_call() {
    row!(first(1), second(1), first_invalidate(1));
    assert_eq!((first(1), second(1)), ("first", "second"));
}

macro_rules! constructors {
    ($($ty:ident),*) => {$(
        #[derive(Debug, Clone, PartialEq)]
        struct $ty(u8);
        impl $ty {
            #[cache_memoize]
            fn new(x: u8) -> Self {
                ran();
                Self(x)
            }
            #[cache_memoize]
            fn name(x: u8) -> String {
                ran();
                format!("{} {x}", stringify!($ty))
            }
            #[cache_memoize(args_rewrite = |this| this.0)]
            fn get(&self) -> String {
                ran();
                format!("{} {}", stringify!($ty), self.0)
            }
        }
    )*};
}
constructors!(Alpha, Beta);

#[test]
fn several_impls_in_one_call() {
    row!(Alpha::new(1), Beta::new(1), Alpha::new_invalidate(1));
    row!(Alpha::name(1), Beta::name(1), Alpha::name_invalidate(1));
    row!(Alpha(1).get(), Beta(1).get(), Alpha(1).get_invalidate());
    assert_eq!((Alpha::new(1), Beta::new(1)), (Alpha(1), Beta(1)));
    assert_eq!((Alpha::name(1), Beta::name(1)), ("Alpha 1".to_owned(), "Beta 1".to_owned()));
}

macro_rules! modules {
    ($($module:ident),*) => {$(
        mod $module {
            #[cache_memoize::cache_memoize]
            pub(super) fn name(x: u8) -> String {
                crate::ran();
                format!("{} {x}", stringify!($module))
            }
        }
    )*};
}
modules!(north, south);

#[test]
fn the_same_name_in_several_modules() {
    row!(north::name(1), south::name(1), north::name_invalidate(1));
    assert_eq!((north::name(1), south::name(1)), ("north 1".to_owned(), "south 1".to_owned()));
}

/// The very same tokens in two blocks of one function.
macro_rules! here {
    ($value:expr) => {{
        #[cache_memoize]
        fn f(x: u8) -> u8 {
            ran();
            x + $value
        }
        f as fn(u8) -> u8
    }};
}

#[test]
fn several_blocks_of_one_function() {
    let (one, two) = (here!(1), here!(2));
    row!(one(1), two(1));
    assert_eq!((one(1), two(1)), (2, 3));
}

/// Functions that differ in nothing but what is around them.
macro_rules! surrounded {
    ($($number:literal)*) => {
        [$({
            const NUMBER: u8 = $number;
            #[cache_memoize]
            fn f(x: u8) -> u8 {
                ran();
                x + NUMBER
            }
            (f as fn(u8) -> u8, f_invalidate as fn(u8) -> bool)
        }),*]
    };
}

#[test]
fn the_same_tokens_in_other_surroundings() {
    let [one, two] = surrounded!(1 2);
    row!((one.0)(1), (two.0)(1), (one.1)(1));
    assert_eq!(((one.0)(1), (two.0)(1)), (2, 3));
}

macro_rules! fragments {
    ($(#[$meta:meta])* $vis:vis $name:ident($arg:ident: $ty:ty) -> $out:ty $body:block) => {
        $(#[$meta])*
        #[cache_memoize]
        $vis fn $name($arg: $ty) -> $out $body
    };
}
fragments! {
    /// Documented.
    #[must_use]
    pub(crate) measured(text: &str) -> usize {
        ran();
        if text == "x" {
            return 100;
        }
        text.len()
    }
}
fragments! {
    paired(pair: (&str, u8)) -> Result<usize, String> {
        ran();
        let number: u8 = pair.0.parse().map_err(|_| "no number".to_owned())?;
        Ok(usize::from(number + pair.1))
    }
}
fragments! {
    nothing(_x: Option<&str>) -> () { ran(); }
}

#[test]
fn fragments_of_every_kind() {
    row!(measured("a"), measured("x"), measured_invalidate("a"));
    row!(paired(("1", 2)), paired(("1", 3)), paired_invalidate(("1", 2)));
    row!(nothing(None), nothing(Some("")), nothing_invalidate(None));
}

macro_rules! whole_function {
    ($($item:item)*) => { $(#[cache_memoize] $item)* };
}
whole_function! {
    fn whole(x: u8) -> u8 {
        ran();
        x
    }
    async fn whole_async(x: &str) -> usize {
        ran();
        x.len()
    }
}

#[test]
fn an_item_fragment() {
    row!(whole(1), whole(2), whole_invalidate(1));
    row!(
        crate::block_on(whole_async("a")),
        crate::block_on(whole_async("b")),
        crate::block_on(whole_async_invalidate("a"))
    );
}

macro_rules! options {
    ($name:ident, $ttl:expr, $capacity:literal, $key:expr, $($skipped:ident),*) => {
        #[cache_memoize(ttl = $ttl, capacity = $capacity, args_rewrite = $key, skip($($skipped),*))]
        fn $name(x: u8, y: &str, z: f32) -> usize {
            ran();
            usize::from(x) + y.len() + z.to_bits() as usize
        }
    };
}
options!(configured, 60 * 5, 100, |x, y| (*x, y), z);

#[test]
fn fragments_in_options() {
    row!(configured(1, "a", 0.0), configured(1, "b", 0.0), configured_invalidate(1, "a"));
}

macro_rules! patterns {
    ($name:ident, $pat:pat, $ty:ty, $out:expr) => {
        #[cache_memoize]
        fn $name($pat: $ty) -> u8 {
            ran();
            $out
        }
    };
}
patterns!(destructured, (a, b), (u8, u8), a + b);
patterns!(plain, a, u8, a);

#[test]
fn pattern_fragments() {
    row!(destructured((1, 2)), destructured((2, 1)), destructured_invalidate((1, 2)));
    row!(plain(1), plain(2), plain_invalidate(1));
}

macro_rules! methods {
    ($ty:ident { $($name:ident($this:ident, $arg:ident) $body:block)* }) => {
        impl $ty {$(
            #[cache_memoize(skip(self))]
            fn $name(&$this, $arg: u8) -> u8 $body
        )*}
    };
}
struct Counter(u8);
methods!(Counter {
    plus(self, x) { ran(); self.0 + x }
    times(self, x) { ran(); self.0 * x }
});

#[test]
fn self_passed_to_a_macro() {
    row!(Counter(2).plus(1), Counter(2).times(1), Counter::plus_invalidate(1));
}

macro_rules! generic {
    ($name:ident<$($param:ident: $bound:path),*>) => {
        #[cache_memoize]
        fn $name<$($param: $bound + std::hash::Hash + Eq + Clone + Send + Sync + 'static),*>(
            $(#[allow(non_snake_case)] $param: $param),*
        ) -> ($($param,)*) {
            ran();
            ($($param,)*)
        }
    };
}
generic!(several<A: Copy, B: Into<u64>>);

#[test]
fn generated_parameters() {
    row!(several(1_u8, 1_u8), several(1_u8, 2_u8), several_invalidate(1_u8, 1_u8));
    row!(several(1_u16, 1_u8), several(1_u8, 1_u16), several_invalidate(1_u16, 1_u8));
}

/// An argument of the macro's own and one of the caller's, both called `x`.
macro_rules! hygienic {
    ($name:ident, $x:ident) => {
        #[cache_memoize]
        fn $name(x: u8, $x: u8) -> (u8, u8) {
            ran();
            (x, $x)
        }
    };
}
hygienic!(two_of_one_name, x);

#[test]
fn two_arguments_of_one_name() {
    row!(two_of_one_name(1, 2), two_of_one_name(2, 1), two_of_one_name_invalidate(1, 2));
    assert_eq!(two_of_one_name(1, 2), (1, 2));
}
