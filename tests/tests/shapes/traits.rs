//! Functions in traits and their implementations.

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use cache_memoize::cache_memoize;

use crate::{block_on, ran, row, runs};

trait Area {
    fn area(&self, scale: u32) -> u32;
    fn unit(x: u8) -> String
    where
        Self: Sized;
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Square(u32);
#[derive(Clone, PartialEq, Eq, Hash)]
struct Rect(u32, u32);

impl Area for Square {
    #[cache_memoize(companions = false)]
    fn area(&self, scale: u32) -> u32 {
        ran();
        self.0 * self.0 * scale
    }
    #[cache_memoize(companions = false)]
    fn unit(x: u8) -> String {
        ran();
        format!("square {x}")
    }
}

impl Area for Rect {
    #[cache_memoize(companions = false)]
    fn area(&self, scale: u32) -> u32 {
        ran();
        self.0 * self.1 * scale
    }
    #[cache_memoize(companions = false)]
    fn unit(x: u8) -> String {
        ran();
        format!("rect {x}")
    }
}

#[test]
fn trait_impl() {
    row!(Square(2).area(1), Rect(2, 3).area(1));
    row!(Square::unit(1), Rect::unit(1));
    assert_eq!((Square(2).area(1), Rect(2, 3).area(1)), (4, 6));
    assert_eq!((Square::unit(1), Rect::unit(1)), ("square 1".to_owned(), "rect 1".to_owned()));
}

#[test]
fn through_a_trait_object() {
    trait Named {
        fn name(&self) -> String;
    }
    impl Named for Square {
        #[cache_memoize(companions = false)]
        fn name(&self) -> String {
            ran();
            format!("square of {}", self.0)
        }
    }
    let shapes: [Box<dyn Named>; 2] = [Box::new(Square(1)), Box::new(Square(2))];
    row!(shapes[0].name(), shapes[1].name());
}

/// One trait for many types at once.
trait Shown {
    fn shown(&self) -> String;
}
impl<T: Debug + Hash + Eq + Clone + Send + Sync + 'static> Shown for T {
    #[cache_memoize(companions = false)]
    fn shown(&self) -> String {
        ran();
        format!("{self:?}")
    }
}

#[test]
fn blanket_impl() {
    row!(1_u8.shown(), 2_u8.shown());
    row!(1_u16.shown(), 'a'.shown());
}

/// The same trait twice for one type.
trait Into2<T> {
    fn into2(x: u8) -> T;
}
impl Into2<u16> for Square {
    #[cache_memoize(companions = false)]
    fn into2(x: u8) -> u16 {
        ran();
        u16::from(x) + 1
    }
}
impl Into2<u32> for Square {
    #[cache_memoize(companions = false)]
    fn into2(x: u8) -> u32 {
        ran();
        u32::from(x) + 2
    }
}

#[test]
fn one_generic_trait_twice() {
    row!(<Square as Into2<u16>>::into2(1), <Square as Into2<u32>>::into2(1));
    assert_eq!(<Square as Into2<u16>>::into2(1), 2);
    assert_eq!(<Square as Into2<u32>>::into2(1), 3);
}

/// Two traits with a method of one name, for one type.
#[test]
fn two_traits_with_the_same_method_name() {
    trait One {
        fn f(&self) -> u8;
    }
    trait Two {
        fn f(&self) -> u8;
    }
    impl One for Square {
        #[cache_memoize(companions = false)]
        fn f(&self) -> u8 {
            ran();
            1
        }
    }
    impl Two for Square {
        #[cache_memoize(companions = false)]
        fn f(&self) -> u8 {
            ran();
            2
        }
    }
    row!(One::f(&Square(9)), Two::f(&Square(9)));
    assert_eq!((One::f(&Square(9)), Two::f(&Square(9))), (1, 2));
}

trait Describe: Sized + Hash + Eq + Clone + Send + Sync + 'static {
    const NAME: &'static str;

    #[cache_memoize(companions = false)]
    fn bare(&self, x: u8) -> String {
        ran();
        format!("{} {x}", Self::NAME)
    }
    #[cache_memoize]
    fn described(&self, x: u8) -> String {
        ran();
        format!("{} {x}", Self::NAME)
    }
    #[cache_memoize]
    fn made(x: u8) -> String {
        ran();
        format!("{} {x}", Self::NAME)
    }
    /// Never says which type it is for.
    #[cache_memoize]
    fn anonymous(x: u8) -> u8 {
        ran();
        x
    }
    #[cache_memoize]
    fn generic<T: Hash + Eq + Clone + Send + Sync + 'static>(&self, x: T) -> (T, String) {
        ran();
        (x, Self::NAME.to_owned())
    }
    #[cache_memoize]
    fn counted(x: u8) -> (u8, u8)
    where
        Self: Sized,
    {
        static CALLS: AtomicU8 = AtomicU8::new(0);
        ran();
        (x, CALLS.fetch_add(1, Relaxed))
    }
}

impl Describe for Square {
    const NAME: &'static str = "square";
}
impl Describe for Rect {
    const NAME: &'static str = "rect";
}

#[test]
fn default_method() {
    row!(Square(1).bare(1), Square(1).bare(2));
    row!(Rect(1, 1).bare(1), Rect(1, 1).bare(2));
    assert_eq!(Rect(1, 1).bare(1), "rect 1");
}

#[test]
fn default_method_with_companions() {
    row!(Square(1).described(1), Square(1).described(2), Square(1).described_invalidate(1));
    row!(Rect(1, 1).described(1), Rect(1, 1).described(2), Rect(1, 1).described_invalidate(1));
    row!(Rect(1, 1).generic('a'), Rect(1, 1).generic('b'), Rect(1, 1).generic_invalidate('a'));
    assert_eq!(Square(1).described(1), "square 1");
    assert_eq!(Square(1).described_refresh(1), "square 1");
}

#[test]
fn default_function_without_receiver() {
    row!(Square::made(1), Rect::made(1), Square::made_invalidate(1));
    row!(Square::anonymous(1), Square::anonymous(2), Square::anonymous_invalidate(1));
    assert_eq!(runs(|| Rect::anonymous(1)), 1, "an instance of its own");
    assert_eq!((Square::made(1), Rect::made(1)), ("square 1".to_owned(), "rect 1".to_owned()));
    assert_eq!(
        (Square::counted(1).1, Square::counted_refresh(1).1, Square::counted_uncached(1).1),
        (0, 1, 2)
    );
}

#[test]
fn default_method_of_a_generic_trait() {
    trait Parse<T: Hash + Eq + Clone + Send + Sync + 'static> {
        #[cache_memoize(skip(self))]
        fn parse(&self, x: T) -> Option<T> {
            ran();
            Some(x)
        }
    }
    impl<T: Hash + Eq + Clone + Send + Sync + 'static> Parse<T> for Square {}
    row!(Square(1).parse('a'), Square(1).parse('b'), <Square as Parse<char>>::parse_invalidate('a'));
    row!(Square(1).parse(1_u8), Square(1).parse(2_u8), <Square as Parse<u8>>::parse_invalidate(1));
}

#[test]
fn async_trait_impl() {
    trait Fetch {
        fn fetch(&self, id: u32) -> impl Future<Output = u32> + Send;
    }
    impl Fetch for Square {
        #[cache_memoize(companions = false)]
        async fn fetch(&self, id: u32) -> u32 {
            ran();
            tokio::task::yield_now().await;
            self.0 + id
        }
    }
    row!(block_on(Square(1).fetch(1)), block_on(Square(2).fetch(1)));
}

#[test]
fn skipped_impl_trait_in_a_default_method() {
    trait Query: Sized {
        #[cache_memoize(skip(self, db))]
        fn query<T: Into<u64> + Hash + Eq + Clone + Send + Sync + 'static>(
            &self,
            db: &impl Debug,
            id: T,
        ) -> u64 {
            ran();
            let _ = db;
            id.into()
        }
    }
    impl Query for Square {}
    impl Query for Rect {}
    row!(Square(1).query(&1, 1_u8), Square(1).query(&1, 1_u16), <Square as Query>::query_invalidate(1_u8));
    assert_eq!(runs(|| Square(1).query(&"another", 1_u8)), 0);
    assert_eq!(runs(|| Rect(1, 1).query(&1, 1_u8)), 1);
}

#[test]
fn mutable_bindings_in_a_trait_impl() {
    trait Grow {
        fn grown(self, by: u32, more: (u32, u32)) -> Square;
        fn grown_by(by: Vec<u32>) -> Vec<u32>;
    }
    impl Grow for Square {
        #[cache_memoize(companions = false)]
        fn grown(mut self, mut by: u32, (mut a, b): (u32, u32)) -> Square {
            ran();
            a += b;
            by += a;
            self.0 += by;
            self
        }
        #[cache_memoize(companions = false)]
        fn grown_by(mut by: Vec<u32>) -> Vec<u32> {
            ran();
            by.push(1);
            by
        }
    }
    row!(Square(1).grown(1, (1, 1)), Square(2).grown(1, (1, 1)));
    row!(Square::grown_by(vec![1]), Square::grown_by(vec![2]));
}
