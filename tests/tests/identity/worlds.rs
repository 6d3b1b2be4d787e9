//! In an isolated scope all of that holds as well.

use cache_memoize::testing::Scope;
use cache_memoize::{Error, ErrorKind, cache_memoize};

use super::news::{listen, news_of};
use super::{BYTES, TYPED, ran, runs};

macro_rules! rates {
    ($backend:tt) => {
        (
            {
                #[cache_memoize(backend = $backend)]
                fn rate(x: u64) -> u64 {
                    ran();
                    x + 1
                }
                (rate as fn(u64) -> u64, rate_invalidate as fn(u64) -> Result<bool, Error>)
            },
            {
                #[cache_memoize(backend = $backend)]
                fn rate(x: u64) -> u64 {
                    ran();
                    x + 2
                }
                (rate as fn(u64) -> u64, rate_invalidate as fn(u64) -> Result<bool, Error>)
            },
        )
    };
}

#[test]
fn functions_are_apart_there_too() {
    for (one, other) in [rates!(TYPED), rates!(BYTES)] {
        let both = || (one.0(7), other.0(7));
        for _ in 0..2 {
            let _entered = Scope::isolated().enter();
            assert_eq!(both(), (8, 9));
            assert_eq!(runs(both), 0);
            assert!(one.1(7).unwrap());
            assert_eq!(runs(both), 1);
        }
        assert_eq!(runs(both), 2, "and here is another world");
    }
}

#[cache_memoize(backend = BYTES, prefix = "worlds")]
fn scaled<T: Factor>(x: u64) -> u64 {
    ran();
    x * T::FACTOR
}
trait Factor {
    const FACTOR: u64;
}

#[test]
fn claims_are_of_one_world() {
    listen();
    let rows = || {
        let small = {
            struct Row;
            impl Factor for Row {
                const FACTOR: u64 = 1;
            }
            (scaled::<Row>(7), scaled_peek::<Row>(7))
        };
        let large = {
            struct Row;
            impl Factor for Row {
                const FACTOR: u64 = 10;
            }
            (scaled::<Row>(7), scaled_peek::<Row>(7))
        };
        (small, large)
    };
    for world in 1..3 {
        let _entered = Scope::isolated().enter();
        let ((small, found), (large, refused)) = rows();
        assert_eq!((small, large), (7, 70));
        assert_eq!(found.unwrap(), Some(7));
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Setting);
        assert_eq!(news_of("worlds::scaled").len(), world, "each world hears of it");
    }
}

#[test]
fn everything_under_a_prefix_is_that_of_one_world() {
    #[cache_memoize(backend = TYPED, prefix = "group-worlds")]
    fn one(x: u64) -> u64 {
        ran();
        x
    }
    #[cache_memoize(backend = TYPED, prefix = "group-worlds")]
    fn other(x: u64) -> u64 {
        ran();
        x
    }
    assert_eq!(runs(|| one(1)), 1);
    let isolated = Scope::isolated();
    isolated.run(|| {
        assert_eq!(runs(|| (one(1), other(1))), 1);
        other_invalidate_all().unwrap();
        assert_eq!(runs(|| one(1)), 1);
    });
    assert_eq!(runs(|| (one(1), other(1))), 0, "outside nothing was removed");
    other_invalidate_all().unwrap();
    assert_eq!(runs(|| one(1)), 1);
    assert_eq!(isolated.run(|| runs(|| other(1))), 0);
}
